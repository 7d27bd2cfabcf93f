"""Which path a recipe takes: from its structure, and where that leaves doubt by a clock."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from flax import nnx
from jax.extend.core import jaxprs_in_params

from superpose.core.mistakes import BadValue, check_room
from superpose.train import calibrate, fused
from superpose.train.engine import Clock, advance, begin
from superpose.train.fastest import wanted
from superpose.train.paths import Path, closed, forms
from superpose.train.recipe import Recipe
from superpose.worlds import active
from superpose.worlds.sparse import SparseWorld

CACHE = 2**17
"""Numbers of the widest array in a step that a unit may hold on a CPU: 512 KB, half a core's L2."""
DEVICE = 2**26
"""The same on an accelerator, where width is what keeps it busy."""
WIDEST, WIDEST_SHARED = 64, 256
"""Most models of a unit: where each has rows of its own, and where all have the same, which makes them cheap."""


def choose(recipe: Recipe, points: Mapping[str, Any] | None = None) -> Path:
    """The same for all recipes of one structure, on one machine; `points` are the values that a sweep gives a field.

    Few features of very many are the exception. There the largest density counts, which says how many may be on.
    """
    room = _room(recipe, points or {})
    leaves, tree = jax.tree.flatten(dataclasses.replace(recipe, log_every=recipe.steps, snapshots=()))
    shapes = tuple(jax.ShapeDtypeStruct(np.shape(a), jax.dtypes.result_type(a)) for a in leaves)
    return _choose(shapes, tree, room, jax.default_backend(), jax.config.read("jax_enable_x64"))


def agreed(path: Path, recipe: Recipe, points: Mapping[str, Any] | None = None) -> Path:
    """The path asked for, if it leaves no feature out."""
    if path.slope == "fused" and (why := _unfused(recipe)):
        raise BadValue(f'a path of slope "fused" cannot be taken here: {why}')
    if path.slope == "active":
        room = _room(recipe, points or {}, few=0)
        if not room or not closed(recipe, *jax.eval_shape(functools.partial(_example, rows=1), recipe)):
            raise BadValue("this path looks only at features that are on, and here it cannot: take another")
        if room > path.active:
            raise BadValue(f"this path has room for {path.active} features that are on; here it takes {room}")
    return path


def _unfused(recipe: Recipe) -> str:
    model, _ = jax.eval_shape(functools.partial(_example, rows=1 if recipe.batch != "all" else "all"), recipe)
    return fused.lacks(recipe, model) or fused.unbuilt(recipe, model)


def _room(recipe: Recipe, points: Mapping[str, Any], few: int = active.FEW) -> int:
    if recipe.batch == "all" or any(name.startswith(("world.density.", "world.exponent")) for name in points):
        return 0
    density = np.max(points["world.density"]) if "world.density" in points else getattr(recipe.world, "density", 0.0)
    return active.room(recipe.world, density, few)


@functools.lru_cache(maxsize=256)
def _choose(shapes: tuple, tree: Any, room: int, backend: str, x64: bool) -> Path:
    recipe = jax.tree.unflatten(tree, shapes)
    vector = calibrate.vector() if backend == "cpu" else 0
    slope = _slope(recipe, room, backend, vector)
    path = Path(slope=slope, vector=vector, active=room if slope == "active" else 0)
    return dataclasses.replace(path, width=_width(recipe, path, backend))


def _slope(recipe: Recipe, room: int, backend: str, vector: int) -> str:
    """Where few features are on, a row is enough to say what fits together: a batch might not fit in memory."""
    rows = 1 if room else recipe.batch
    model, batch = jax.eval_shape(functools.partial(_example, rows=rows), recipe)
    worth = forms(recipe, model, batch, room, backend)
    if worth[-1] == "fused":
        if wanted() and not fused.unbuilt(recipe, model) and calibrate.kernel(vector):
            return "fused"
        worth = worth[:-1]
    if len(worth) == 1 or backend != "cpu":
        return worth[0]
    rows, features = batch.x.shape
    hidden = getattr(model, model.wiring.into).shape[0]
    if "active" in worth:
        world = SparseWorld(n_features=features, density=room / (2 * features), values=recipe.world.values)  # type: ignore[attr-defined]
        return calibrate.sparse(worth, world, hidden, recipe.batch, room, recipe.stream, vector)
    return calibrate.form(worth, features, hidden, rows, recipe.batch == "all", vector)


def _example(recipe: Recipe, rows: Any) -> tuple[Any, Any]:
    """A model and a batch that have met: what does not fit together has said so."""
    key = jax.random.key(0)
    model = recipe.model.build(nnx.Rngs(key))
    batch = recipe.world.everything() if rows == "all" else recipe.world.sample(key, rows)  # type: ignore[attr-defined]
    recipe.objective(model, batch, key)
    return model, batch


def _width(recipe: Recipe, path: Path, backend: str) -> int:
    """How many instances make a unit: a power of two, so that the arrays of one step stay in a core's cache."""
    widest = _widest(recipe, path)
    check_room("one training step, at eight arrays like its largest,", 8, widest)
    room = (CACHE if backend == "cpu" else DEVICE) // max(widest, 1)
    shared = recipe.batch == "all" and path.slope != "autodiff"
    most = (WIDEST_SHARED if shared else WIDEST) if backend == "cpu" else 2**14
    return 2 ** int(math.log2(min(max(room, 1), most)))


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
