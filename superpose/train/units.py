"""Instances are trained in units of a fixed width, so that their bits do not depend on how many there are.

Compiled arithmetic may round differently for a stack of 8 and a stack of 16. So a unit of a recipe is always as
wide, a lone `fit` is a unit of copies, and a sweep maps over units: chunks, devices and neighbours then change nothing.
The time loop runs inside a unit, whose arrays fit in a core's cache.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import jaxprs_in_params

from superpose.core.keys import stream
from superpose.core.mistakes import check_room
from superpose.core.shapes import Key
from superpose.core.trees import leaf, pytree, replace_at
from superpose.train.engine import State, advance, begin
from superpose.train.recipe import Recipe

CACHE = 2**16
"""Numbers of the widest array in a step that a unit may hold on a CPU: 256 KB, a quarter of a core's L2."""
DEVICE = 2**26
"""The same on an accelerator, where width is what keeps it busy."""
WIDEST = 64


@pytree
class Cells:
    """Points of a grid, flat: the swept values, and the key each run starts from. `data` is one key, if shared."""

    points: dict[str, Any] = leaf()
    keys: Key = leaf()
    data: Any = leaf(default=None)


def width(recipe: Recipe) -> int:
    """How many instances make a unit: a power of two that follows from the recipe alone."""
    cpu, widest = jax.default_backend() == "cpu", _widest(recipe)
    check_room("one training step, at eight arrays like its largest,", 8, widest)
    room = (CACHE if cpu else DEVICE) // max(widest, 1)
    return 2 ** int(math.log2(min(max(room, 1), WIDEST if cpu else 2**14)))


def _widest(recipe: Recipe) -> int:
    """Numbers in the largest array of one training step, whatever is kept of the run beside it."""
    recipe = dataclasses.replace(recipe, log_every=recipe.steps, snapshots=())
    state = jax.eval_shape(begin, recipe, _key())
    jaxpr = jax.make_jaxpr(lambda s: advance(recipe, s, (_key(), _key()), 0, 1))(state)
    return max(_sizes(jaxpr.jaxpr), default=1)


def _key() -> Key:
    return jax.random.key(0)


def _sizes(jaxpr: Any) -> Any:
    for equation in jaxpr.eqns:
        yield from (v.aval.size for v in equation.outvars if hasattr(v.aval, "size"))
        for inner in jaxprs_in_params(equation.params):
            yield from _sizes(inner)


def begin_units(base: Recipe, cells: Cells) -> State:
    """`cells` with leading axes [units, width] → their states, likewise."""
    return _over(begin, base, cells, lambda cell: (cell.keys,))


def advance_units(base: Recipe, cells: Cells, state: State, start: Any, stop: Any) -> State:
    shared = None if cells.data is None else stream(cells.data, "shared")

    def one(recipe: Recipe, state: State, own: Key) -> State:
        return advance(recipe, state, (own if shared is None else shared, own), start, stop)

    return _over(one, base, cells, lambda cell, state: (state, cell.keys), state)


def _over(f: Any, base: Recipe, cells: Cells, arguments: Any, *rest: Any) -> Any:
    """Map over units, and side by side within each. Cells come without their shared data key: it has no axis."""
    numbers, rebuild = _numbers(base, cells.keys.shape)

    def cell(numbers: list, cell: Cells, *rest: Any) -> Any:
        recipe = rebuild(numbers)
        for path, value in cell.points.items():
            recipe = replace_at(recipe, path, value)
        return f(recipe, *arguments(cell, *rest))

    cells = Cells(points=cells.points, keys=cells.keys)
    return jax.lax.map(lambda unit: jax.vmap(cell)(*unit), (numbers, cells, *rest))


def _numbers(base: Recipe, shape: tuple[int, ...]) -> tuple[list, Any]:
    """The recipe's scalars, one for each cell whether a sweep varies them or not, and the way back to a recipe.

    A scalar and a row of equal numbers may be rounded differently, so swept and unswept fields take the same road.
    """
    leaves, tree = jax.tree.flatten(base)
    scalar = [i for i, leaf in enumerate(leaves) if jnp.ndim(leaf) == 0]
    wide = jax.lax.optimization_barrier([jnp.broadcast_to(leaves[i], shape) for i in scalar])

    def rebuild(numbers: list) -> Recipe:
        filled = dict(zip(scalar, numbers, strict=True))
        return jax.tree.unflatten(tree, [filled.get(i, leaf) for i, leaf in enumerate(leaves)])

    return wide, rebuild
