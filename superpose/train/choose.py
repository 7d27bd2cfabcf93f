"""Which path a recipe takes: from its structure, and where that leaves doubt by a clock."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax.extend.core import jaxprs_in_params

from superpose.core.mistakes import check_room
from superpose.train import calibrate
from superpose.train.engine import Clock, advance, begin
from superpose.train.paths import Path, forms
from superpose.train.recipe import Recipe

CACHE = 2**17
"""Numbers of the widest array in a step that a unit may hold on a CPU: 512 KB, half a core's L2."""
DEVICE = 2**26
"""The same on an accelerator, where width is what keeps it busy."""
WIDEST = 64


def choose(recipe: Recipe) -> Path:
    """The same for all recipes of one structure, on one machine."""
    leaves, tree = jax.tree.flatten(dataclasses.replace(recipe, log_every=recipe.steps, snapshots=()))
    shapes = tuple(jax.ShapeDtypeStruct(np.shape(a), jax.dtypes.result_type(a)) for a in leaves)
    return _choose(shapes, tree, jax.default_backend(), jax.config.read("jax_enable_x64"))


@functools.lru_cache(maxsize=256)
def _choose(shapes: tuple, tree: Any, backend: str, x64: bool) -> Path:
    recipe = jax.tree.unflatten(tree, shapes)
    vector = calibrate.vector() if backend == "cpu" else 0
    path = Path(slope=_slope(recipe, backend, vector), vector=vector)
    return dataclasses.replace(path, width=_width(recipe, path, backend))


def _slope(recipe: Recipe, backend: str, vector: int) -> str:
    model, batch = jax.eval_shape(_example, recipe)
    worth = forms(recipe, model, batch)
    if len(worth) == 1 or backend != "cpu":
        return worth[0]
    rows, features = batch.x.shape
    hidden = getattr(model, model.wiring.into).shape[0]
    return calibrate.form(worth, features, hidden, rows, recipe.batch == "all", vector)


def _example(recipe: Recipe) -> tuple[Any, Any]:
    """A model and a batch that have met: what does not fit together has said so."""
    key = jax.random.key(0)
    model = recipe.model.build(nnx.Rngs(key))
    batch = recipe.world.everything() if recipe.batch == "all" else recipe.world.sample(key, recipe.batch)  # type: ignore[attr-defined]
    recipe.objective(model, batch, key)
    return model, batch


def _width(recipe: Recipe, path: Path, backend: str) -> int:
    """How many instances make a unit: a power of two, so that the arrays of one step stay in a core's cache."""
    widest = _widest(recipe, path)
    check_room("one training step, at eight arrays like its largest,", 8, widest)
    room = (CACHE if backend == "cpu" else DEVICE) // max(widest, 1)
    return 2 ** int(math.log2(min(max(room, 1), WIDEST if backend == "cpu" else 2**14)))


def _widest(recipe: Recipe, path: Path) -> int:
    """Numbers in the largest array of one training step, whatever is kept of the run beside it."""

    def step(recipe: Recipe) -> Any:
        key = jax.random.key(0)
        clock = Clock(start=0, stop=1, steps=recipe.steps)
        return advance(recipe, begin(recipe, key), (key, key), clock, path)

    return max(_sizes(jax.make_jaxpr(step)(recipe).jaxpr), default=1)


def _sizes(jaxpr: Any) -> Any:
    for equation in jaxpr.eqns:
        yield from (v.aval.size for v in equation.outvars if hasattr(v.aval, "size"))
        for inner in jaxprs_in_params(equation.params):
            yield from _sizes(inner)
