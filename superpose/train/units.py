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
    """Points of a grid, flat: the swept values, and the key each run starts from. `data` is one key, if shared.

    `start` are the models to go on from, if there are any.
    """

    points: dict[str, Any] = leaf()
    keys: Key = leaf()
    data: Any = leaf(default=None)
    start: Any = leaf(default=None)


def open_ended(recipe: Recipe) -> Recipe:
    """The same recipe with room for more steps, so that one program serves many lengths."""
    room = 2 ** max(4, (recipe.logs - 1).bit_length())
    return dataclasses.replace(recipe, steps=room * recipe.log_every)


def begin_units(base: Recipe, cells: Cells) -> State:
    """`cells` with leading axes [units, width] → their states, likewise."""
    unit = _abreast(begin, base, cells)
    return jax.lax.map(lambda cells: unit(*cells), (cells.points, cells.keys, cells.start))


def advance_units(base: Recipe, cells: Cells, state: State, clock: Clock, path: Path) -> State:
    """Each unit in turn is taken out of the states, trained, and put back in its place: no copy of them is made."""
    shared = None if cells.data is None else stream(cells.data, "shared")

    def one(recipe: Recipe, own: Key, state: State) -> State:
        return advance(recipe, state, (own if shared is None else shared, own), clock, path)

    unit, own = _abreast(one, base, cells), (cells.points, cells.keys)

    def train(i: Any, states: State) -> State:
        return _put(states, i, unit(*_take((*own, states), i)))

    return jax.lax.fori_loop(0, cells.keys.shape[0], train, state)


def _take(tree: Any, i: Any) -> Any:
    """Unit `i` of each leaf. The index is known not to be negative, which spares the program a check of each."""
    return jax.tree.map(
        lambda a: jax.lax.dynamic_index_in_dim(a, i, keepdims=False, allow_negative_indices=False), tree
    )


def _put(tree: Any, i: Any, unit: Any) -> Any:
    def put(a: Any, new: Any) -> Any:
        return jax.lax.dynamic_update_index_in_dim(a, new, i, 0, allow_negative_indices=False)

    return jax.tree.map(put, tree, unit)


def _abreast(f: Any, base: Recipe, cells: Cells) -> Any:
    """`f(recipe, key, …)` for the cells of one unit, side by side, as a function of their points, keys, ….

    A scalar and a row of equal numbers may be rounded differently, so the recipe's scalars are made rows whether a
    sweep varies them or not.
    """
    leaves, tree = jax.tree.flatten(base)
    scalar = [i for i, leaf in enumerate(leaves) if jnp.ndim(leaf) == 0]
    rows = jax.lax.optimization_barrier([jnp.broadcast_to(leaves[i], cells.keys.shape[1:]) for i in scalar])

    def cell(row: list, points: dict[str, Any], *rest: Any) -> Any:
        filled = dict(zip(scalar, row, strict=True))
        recipe = jax.tree.unflatten(tree, [filled.get(i, leaf) for i, leaf in enumerate(leaves)])
        for path, value in points.items():
            recipe = replace_at(recipe, path, value)
        return f(recipe, *rest)

    return lambda *unit: jax.vmap(cell)(rows, *unit)
