"""Many runs at once, along named axes."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

import numpy as np

from superpose.core.keys import check_key, children
from superpose.core.mistakes import BadName, BadValue, said
from superpose.core.shapes import Key
from superpose.core.text import from_json, to_json
from superpose.train import hosts
from superpose.train.axes import Axes, Grid, grid
from superpose.train.begun import begun
from superpose.train.choose import agreed, choose
from superpose.train.fit import as_run, precision
from superpose.train.paths import Path
from superpose.train.progress import Progress
from superpose.train.recipe import Recipe, check_recipe
from superpose.train.segments import train
from superpose.train.swept import Sweep
from superpose.train.units import Cells


def sweep(
    recipe: Recipe,
    over: Axes,
    key: Key,
    *,
    data: Literal["own", "shared"] = "own",
    budget: int | None = None,
    devices: int | None = None,
    max_cells: int = 10_000_000,
    quiet: bool = False,
    path: Path | None = None,
    start: Any = None,
) -> Sweep:
    """Fit `recipe` at every point of the grid `over`, whose axes are dotted field names or "seed".

    Axes naming float fields, and "seed", ride in one program; those naming static fields (sizes, words, whole
    worlds) compile one program a value and come first in the results. The run at a seed is
    `fit(recipe, fold_in(key, seed))` whatever else is in the grid, so the cells of one seed start alike; without a
    "seed" axis all are seed 0. An axis called by several fields, ("world.density", "learning_rate") or the same two
    joined by a comma, moves them together; its ticks are tuples.

    `data="shared"` draws the same samples for all cells, which is faster; seeds then differ by initialisation alone.
    `budget` bounds the memory, in bytes, and `devices` how many of this machine's are used; no result depends on
    either. Processes that `jax.distributed` joined share the work, and all get all of it. `path` is how to compute, as
    an earlier run has it, to repeat its bits elsewhere. `start` are models to go on from in place of new ones, one for
    each cell, as `swept.runs.model` of an earlier sweep has them; no recipe tells of them.
    """
    check_limit("budget", budget)
    check_limit("devices", devices)
    plan, cells = laid_out(recipe, over, key, data, max_cells)
    recipes, count = list(plan.recipes(recipe)), cells.keys.shape[0]
    if start is not None:
        cells = dataclasses.replace(cells, start=begun(recipes, start, plan.sizes))
    progress = Progress(
        sum(r.steps for r in recipes) * count, f"{count * len(recipes):,} models", quiet=quiet or not hosts.first()
    )
    stacks = []
    try:
        for each in recipes:
            with precision(each):
                way = agreed(path, each, cells.points) if path else _chosen(each, cells)
                stacks.append(as_run(each, train(each, cells, way, progress, budget, devices), way))
    finally:
        progress.close()
    return Sweep(moving=plan.given, looped=plan.looped, stacks=stacks, points=cells.points, key=key)


def _chosen(recipe: Recipe, cells: Cells) -> Path:
    """A clock may have chosen, so among several processes it is the first one's."""
    way: Path = from_json(hosts.same(lambda: to_json(choose(recipe, cells.points)).encode()).decode())
    return agreed(way, recipe, cells.points)


def laid_out(
    recipe: Recipe, over: Axes, key: Any, data: str = "own", max_cells: int = 10_000_000
) -> tuple[Grid, Cells]:
    """The grid that was asked for, and the cells that each of its programs has."""
    if data not in ("own", "shared"):
        raise BadName(f"data is {data!r}; it must be 'own' or 'shared'")
    check_recipe("sweep's recipe", recipe)
    check_key("sweep's key", key)
    check_limit("max_cells", max_cells)
    plan = grid(recipe, over, max_cells)
    points, count = plan.flat(), math.prod(plan.sizes)
    seeds = points.pop("seed", np.zeros(count, np.uint32))
    return plan, Cells(points=points, keys=children(key, seeds), data=key if data == "shared" else None)


def check_limit(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float, type(None))) or not (value is None or value > 0):
        raise BadValue(f"{name} is {said(value)}; it must be a number above 0")
