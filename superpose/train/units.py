"""Instances are trained in units of a fixed width, so that their bits do not depend on how many there are.

Compiled arithmetic may round differently for a stack of 8 and a stack of 16. So a unit of a recipe is always as
wide, a lone `fit` is a unit of copies, and a sweep maps over units: chunks, devices and neighbours then change nothing.
The time loop runs inside a unit, whose arrays fit in a core's cache.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.keys import stream
from superpose.core.shapes import Key
from superpose.core.trees import leaf, pytree, replace_at
from superpose.train.engine import Clock, State, advance, begin
from superpose.train.paths import Path
from superpose.train.recipe import Recipe


@pytree
class Cells:
    """Points of a grid, flat: the swept values, and the key each run starts from. `data` is one key, if shared."""

    points: dict[str, Any] = leaf()
    keys: Key = leaf()
    data: Any = leaf(default=None)


def open_ended(recipe: Recipe) -> Recipe:
    """The same recipe with room for more steps, so that one program serves many lengths."""
    room = 2 ** max(4, (recipe.logs - 1).bit_length())
    return dataclasses.replace(recipe, steps=room * recipe.log_every)


def begin_units(base: Recipe, cells: Cells) -> State:
    """`cells` with leading axes [units, width] → their states, likewise."""
    return _over(begin, base, cells, lambda cell: (cell.keys,))


def advance_units(base: Recipe, cells: Cells, state: State, clock: Clock, path: Path) -> State:
    shared = None if cells.data is None else stream(cells.data, "shared")

    def one(recipe: Recipe, state: State, own: Key) -> State:
        return advance(recipe, state, (own if shared is None else shared, own), clock, path)

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
