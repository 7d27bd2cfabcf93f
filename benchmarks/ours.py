"""The worker that runs superpose, through what a user calls: whole sweeps, from recipe to trained models on the host.

A repeat is one `sp.sweep` call, so initialisation, losses every `LOG_EVERY` steps and copies back are in every rate;
compiling is not, for a repeat of the same length has been run before.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

import superpose as sp
from benchmarks.worker import Job, serve
from benchmarks.workloads import DECAY, LOG_EVERY, RATE, Alike, Workload, workload

STREAMS = ("threefry", "fast")


def make(spec: dict) -> Job:
    import jax

    devices = sp.cli.use_cores()
    work = workload(spec)
    recipe, over = plan(work, spec["kind"])
    key = jax.random.key(0)
    last: list[Any] = []

    def run(steps: int) -> None:
        last[:] = [sp.sweep(lasting(recipe, steps), over, key, quiet=True)]

    def save(path: str) -> None:
        model = last[0].runs.model
        W, b = np.asarray(model.W[...]), np.asarray(model.b[...])
        np.savez(path, W=W.reshape(-1, *W.shape[-2:]).swapaxes(1, 2), b=b.reshape(-1, b.shape[-1]))

    about = {"jax": jax.__version__, "threads": devices, "stream": spec["kind"], "log_every": LOG_EVERY}
    return Job(run, work.models, save, about)


def plan(work: Workload, stream: str) -> tuple[sp.Recipe, dict[str, Any]]:
    """The workload in our words: a recipe, and the axes of its sweep."""
    optimizer = sp.Optimizer(kind="adamw", weight_decay=DECAY)
    recipe = sp.Recipe(
        world=sp.SparseWorld(n_features=work.n, importance=_ones(work.n)),
        model=sp.ToyConfig(n_features=work.n, n_hidden=work.m),
        objective=sp.Reconstruct(reduce="mean"),
        optimizer=optimizer,
        learning_rate=RATE,
        batch=work.batch,
        log_every=LOG_EVERY,
        stream=stream,
    )
    if isinstance(work, Alike):
        world = sp.SparseWorld(n_features=work.n, density=work.density, decay=work.decay)
        model = sp.ToyConfig(n_features=work.n, n_hidden=work.m, init="faithful", instances=work.models)
        return dataclasses.replace(recipe, world=world, model=model), {"seed": range(work.models)}
    over = {"world.density": work.densities(), f"world.importance.{work.n - 1}": work.importances()}
    return recipe, over


def _ones(n: int) -> Any:
    """A tuple, as one would write it, or an array where nobody would."""
    return (1.0,) * n if n <= 20 else np.ones(n, np.float32)


def lasting(recipe: sp.Recipe, steps: int) -> sp.Recipe:
    return dataclasses.replace(recipe, steps=steps)


if __name__ == "__main__":
    serve(make)
