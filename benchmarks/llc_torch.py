"""The peer's learning coefficient of a k-gon: devinterp's own loop and SGLD, over the exact loss written in PyTorch.

Run by `benchmarks.llc` with the interpreter of an environment that has devinterp; answers over a pipe.
"""

from __future__ import annotations

import warnings
from typing import Any

import torch
from devinterp.optim.sgmcmc import SGMCMC
from devinterp.slt.sampler import sample_single_chain

from benchmarks.worker import Job, serve


class KGon(torch.nn.Module):
    """x' = ReLU(WᵀWx + b), in single precision, as is usual there."""

    def __init__(self, W: list, b: list):
        super().__init__()
        self.W, self.b = torch.nn.Parameter(torch.tensor(W)), torch.nn.Parameter(torch.tensor(b))

    def forward(self) -> torch.Tensor:
        """The loss for x = u e_i, u uniform: elementary pieces, no sample."""
        G, b = self.W.T @ self.W, self.b
        own = _own(G.diagonal(), b).sum()
        others = _spill(G, b[:, None])
        return (own + others.sum() - others.diagonal().sum()) / len(b)


def _own(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    positive = a > 0
    silent = torch.clip(-b / torch.where(positive, a, 1.0), 0.0, 1.0)
    t = torch.where(positive, silent, (b <= 0).to(a.dtype))
    return t**3 / 3 + (1 - a) ** 2 * (1 - t**3) / 3 - (1 - a) * b * (1 - t**2) + b**2 * (1 - t)


def _spill(g: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    start, end = torch.relu(b).expand_as(g), torch.relu(g + b)
    always = torch.minimum(start, end) > 0
    awake = torch.where(always, 1.0, (end - start) / torch.where(g == 0, 1.0, g))
    return awake * (start**2 + start * end + end**2) / 3


def make(spec: dict) -> Job:
    torch.set_num_threads(1)  # matrices of eight columns: more threads only wait for each other
    warnings.simplefilter("ignore")
    model = KGon(spec["W"], spec["b"])
    start = float(model())
    found: list[list[float]] = []

    def run(steps: int) -> None:
        found.clear()
        for chain in range(spec["chains"]):
            found.append(_chain(model, spec, chain, steps))

    def save(path: str) -> None:
        kept = [c[len(c) // 2 :] for c in found]
        each = [spec["nbeta"] * (sum(c) / len(c) - start) for c in kept]
        mean = sum(each) / len(each)
        error = (sum((e - mean) ** 2 for e in each) / (len(each) * max(len(each) - 1, 1))) ** 0.5
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"{mean} {error}")

    return Job(run=run, models=spec["chains"], save=save, about={"torch": torch.__version__})


def _chain(model: KGon, spec: dict, chain: int, steps: int) -> list[float]:
    """Losses along one chain: there is no data, so what the loader hands out is a placeholder."""
    losses: list[float] = []

    def evaluate(model: KGon, _: Any) -> tuple[torch.Tensor, dict]:
        return model().reshape(1), {}

    def keep(loss: torch.Tensor, **_: Any) -> None:
        losses.append(float(loss))

    sample_single_chain(
        model, [{"input_ids": torch.zeros(1, dtype=torch.long)}], evaluate, {"W": None, "b": None},
        num_draws=steps, sampling_method=SGMCMC.sgld, chain=chain, seed=chain, callbacks=[keep], batch_size=1,
        sampling_method_kwargs={"lr": spec["step"] / spec["nbeta"], "nbeta": spec["nbeta"], "localization": 1.0},
    )  # fmt: skip
    return losses


if __name__ == "__main__":
    serve(make)
