"""The same training in PyTorch: the public notebook's way, and the fastest ways we could write.

A faster one sent by anyone is accepted and becomes the comparator. Runs in an environment of its own: see setup.sh.

notebook   eager, layout `batch instance feature`, two draws, autograd, a loss every step
compiled   the same through torch.compile
minor      batch-minor, one draw, gradient in closed form, fused AdamW, batched matmuls: best for many features
unrolled   the same without matrices, every product written out, through torch.compile: best for few features
loop       the notebook's step on one model, as a loop over models would call it
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import torch

from benchmarks.worker import WARM, Job, serve
from benchmarks.workloads import DECAY, RATE, Workload, workload

Step = Callable[[], None]


def notebook(work: Workload, wrap: Callable = lambda f: f) -> tuple[Step, torch.Tensor, torch.Tensor]:
    n, m, models, batch = work.n, work.m, work.models, work.batch
    density, importance = map(torch.asarray, work.flat())
    W = torch.nn.Parameter(torch.nn.init.xavier_normal_(torch.empty(models, n, m)))
    b = torch.nn.Parameter(torch.zeros(models, n))
    optimizer = torch.optim.AdamW([W, b], lr=RATE, weight_decay=DECAY)

    @wrap
    def loss_of(W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        size = torch.rand((batch, models, n))
        x = torch.where(torch.rand((batch, models, n)) <= density[:, None], size, torch.zeros(()))
        hidden = torch.einsum("...if,ifh->...ih", x, W)
        out = torch.relu(torch.einsum("...ih,ifh->...if", hidden, W) + b)
        error = importance * (x - out) ** 2
        return error.mean(dim=(0, 2)).sum()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(W, b)
        loss.backward()
        optimizer.step()

    return step, W, b


def minor(work: Workload) -> tuple[Step, torch.Tensor, torch.Tensor]:
    n, m, models, batch = work.n, work.m, work.models, work.batch
    density, importance = map(torch.asarray, work.flat())
    p, weight = density[:, None, None], importance[:, :, None] * (2 / (batch * n))
    one_over_p, nothing = 1 / p, torch.zeros(())
    W = torch.randn(models, n, m) * (2 / (n + m)) ** 0.5
    b = torch.zeros(models, n, 1)
    optimizer = _fused([W, b])
    u = torch.empty(models, n, batch)

    @torch.no_grad()
    def step() -> None:
        u.uniform_()
        x = torch.where(u < p, u * one_over_p, nothing)
        hidden = torch.bmm(W.mT, x)
        z = torch.baddbmm(b, W, hidden)
        g = torch.where(z > 0, z - x, nothing)
        back = torch.bmm((W * weight).mT, g)
        W.grad = torch.baddbmm(torch.bmm(g, hidden.mT) * weight, x, back.mT)
        b.grad = g.sum(-1, keepdim=True) * weight
        optimizer.step()

    return step, W, b


def unrolled(work: Workload) -> tuple[Step, torch.Tensor, torch.Tensor]:
    n, m, models, batch = work.n, work.m, work.models, work.batch
    density, importance = map(torch.asarray, work.flat())
    p, one_over_p, weight = (
        density[:, None],
        1 / density[:, None],
        importance.T.contiguous()[:, :, None] * (2 / (batch * n)),
    )
    W = torch.randn(n, m, models, 1) * (2 / (n + m)) ** 0.5
    b = torch.zeros(n, models, 1)
    optimizer = _fused([W, b])

    @torch.compile
    def gradient(W: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        u = [torch.rand(models, batch) for _ in range(n)]
        x = [torch.where(v < p, v * one_over_p, 0.0) for v in u]
        hidden = [sum(W[i, j] * x[i] for i in range(n)) for j in range(m)]
        z = [sum(W[i, j] * hidden[j] for j in range(m)) + b[i] for i in range(n)]
        g = [torch.where(z[i] > 0, (z[i] - x[i]) * weight[i], 0.0) for i in range(n)]
        back = [sum(W[i, j] * g[i] for i in range(n)) for j in range(m)]
        slope = [(g[i] * hidden[j] + x[i] * back[j]).sum(-1, keepdim=True) for i in range(n) for j in range(m)]
        return torch.stack(slope).reshape(n, m, models, 1), torch.stack([a.sum(-1, keepdim=True) for a in g])

    @torch.no_grad()
    def step() -> None:
        W.grad, b.grad = gradient(W, b)
        optimizer.step()

    return step, W, b


def _fused(parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=RATE, weight_decay=DECAY, fused=True)


KINDS: dict[str, Callable] = {
    "notebook": notebook,
    "compiled": lambda work: notebook(work, torch.compile),
    "minor": minor,
    "unrolled": unrolled,
    "loop": notebook,
}


def make(spec: dict) -> Job:
    torch.manual_seed(0)
    torch.set_num_threads(os.cpu_count() or 1)
    gpu = spec["device"] == "gpu" and torch.cuda.is_available()
    torch.set_default_device("cuda" if gpu else "cpu")
    step, W, b = KINDS[spec["kind"]](workload(spec))

    def run(steps: int) -> None:
        for _ in range(steps):
            step()
        if gpu:
            torch.cuda.synchronize()

    def save(path: str) -> None:
        np.savez(path, W=W.detach().cpu().numpy(), b=b.detach().cpu().numpy())

    about = {"torch": torch.__version__, "threads": torch.get_num_threads(), "done": WARM, "gpu": gpu}
    return Job(run, workload(spec).models, save, about)


if __name__ == "__main__":
    serve(make)
