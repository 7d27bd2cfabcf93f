"""What a run is to compute: recipe, axes, key and paths, as a run directory keeps them."""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import Mistake, memory
from superpose.core.text import from_json, to_json
from superpose.runs.cells import identities
from superpose.store.sealed import Damaged
from superpose.train.axes import Axes, Grid, named
from superpose.train.choose import agreed, choose
from superpose.train.fit import precision
from superpose.train.paths import Path
from superpose.train.recipe import Recipe
from superpose.train.sweep import laid_out
from superpose.train.units import Cells

UNITS = {
    "density": "chance that a feature is on", "seed": "", "learning_rate": "change a step", "steps": "steps",
    "batch": "samples a step", "importance": "weight of the error", "decay": "ratio of neighbours' importance",
    "n_features": "features", "n_hidden": "dimensions", "rate": "weight of the penalty",
}  # fmt: skip
"""What the numbers of an axis count, by the last word of its name; anything else is a plain number."""


CELL = 1000
"""Bytes that a cell takes in memory at the least, with its key, its identity and its place: so many can be read."""


@dataclasses.dataclass(frozen=True)
class Part:
    """The cells that one program trains."""

    number: int
    recipe: Recipe
    cells: Cells
    path: Path

    @functools.cached_property
    def ids(self) -> np.ndarray:
        return identities(self.recipe, self.cells, self.path)


@dataclasses.dataclass(frozen=True)
class Job:
    """`over` is None for one long fit, whose key is the run's own. `paths` has one for each program."""

    recipe: Recipe
    over: Axes | None
    key: Any
    data: str
    paths: tuple[Path, ...]

    @functools.cached_property
    def laid(self) -> tuple[Grid, Cells]:
        plan, cells = laid_out(self.recipe, self.over or {}, self.key, self.data, memory() // CELL)
        if self.over is None:
            cells = Cells(points={}, keys=jnp.reshape(self.key, 1), data=cells.data)
        return plan, cells

    @property
    def grid(self) -> Grid:
        return self.laid[0]

    def parts(self) -> Iterator[Part]:
        for number, recipe in enumerate(self.grid.recipes(self.recipe)):
            yield Part(number, recipe, self.laid[1], self.paths[number])

    @property
    def count(self) -> int:
        return len(self.paths) * self.laid[1].keys.shape[0]


def job(recipe: Recipe, over: Axes | None, key: Any, data: str, max_cells: int, path: Path | None = None) -> Job:
    """The job, checked before any work; paths are chosen here, once, and hold on every machine."""
    over = None if over is None else named(over)
    plan, cells = laid_out(recipe, over or {}, key, data, max_cells)
    paths = []
    for each in plan.recipes(recipe):
        with precision(each):
            paths.append(agreed(path, each, cells.points) if path else choose(each, cells.points))
    ticks = None if over is None else {name: (plan.looped | plan.given)[name] for name in over}
    return Job(recipe, ticks, key, data, tuple(paths))


def to_body(job: Job) -> dict[str, Any]:
    axes = job.grid
    return {
        "recipe": json.loads(to_json(job.recipe)),
        "axes": None if job.over is None else [
            {"name": name, "unit": UNITS.get(name.rpartition(".")[2], "1"), "ticks": json.loads(to_json(tuple(ticks))),
             "rides": "a program a value" if name in axes.looped else "inside one program"}
            for name, ticks in job.over.items()
        ],
        "key": {"impl": str(jax.random.key_impl(job.key)), "words": np.asarray(jax.random.key_data(job.key)).tolist()},
        "data": job.data,
        "paths": json.loads(to_json(job.paths)),
        "cells": job.count,
    }  # fmt: skip


def from_body(body: dict[str, Any], name: str) -> Job:
    try:
        over = None if body["axes"] is None else {a["name"]: list(_read(a["ticks"])) for a in body["axes"]}
        words = np.asarray(body["key"]["words"], np.uint32)
        key = jax.random.wrap_key_data(jnp.asarray(words), impl=body["key"]["impl"])
        job = Job(_read(body["recipe"]), over, key, body["data"], _read(body["paths"]))
        job.grid  # noqa: B018  what does not fit together says so here
        return job
    except Mistake as wrong:
        raise type(wrong)(f"{name}: {wrong}") from None
    except (LookupError, TypeError, ValueError, OverflowError) as wrong:
        raise Damaged(f"{name} describes no run: {wrong!r}") from None


def _read(packed: Any) -> Any:
    return from_json(json.dumps(packed))
