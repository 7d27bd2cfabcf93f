"""`fit`: one recipe and one key to one trained model."""

from __future__ import annotations

import contextlib
from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.keys import check_key
from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float, Int, Key
from superpose.core.trees import index, leaf, pytree
from superpose.train.engine import State
from superpose.train.recipe import Recipe, check_recipe
from superpose.train.units import Cells, advance_units, begin_units, width


@pytree
class Run:
    """One trained model, or a stack of them. `loss` is the training loss at the last step of every `log_every`.

    `diverged` is the step at which a model stopped being finite (it stays where it was before), −1 if it never did.
    `history` holds the model at `recipe.snapshots`.
    """

    recipe: Recipe = leaf()
    model: Any = leaf()
    loss: Float[Array, "... logs"] = leaf()
    diverged: Int[Array, "..."] = leaf()
    history: Any = leaf(default=None)


def fit(recipe: Recipe, key: Key, *, data: Key | None = None) -> Run:
    """Train one model. Pure: jit it, vmap it, or call it as it is.

    A point of a sweep equals this to the bit on a CPU, given `fold_in(key, seed)`. `data` is the key of the samples
    where they are shared with other runs; by default they follow from `key`.
    """
    check_recipe("fit's recipe", recipe)
    check_key("fit's key", key)
    with precision(recipe, key):
        wide = width(recipe)
        cells = Cells(points={}, keys=jnp.broadcast_to(key, (1, wide)), data=data)
        state = jax.lax.optimization_barrier(_begin(recipe, cells))
        return as_run(recipe, index(_advance(recipe, cells, state, 0, recipe.steps), (0, 0)))


_begin = jax.jit(begin_units)
_advance = jax.jit(advance_units)


def as_run(recipe: Recipe, state: State) -> Run:
    return Run(recipe=recipe, model=state.model, loss=state.loss, diverged=state.diverged, history=state.history)


def precision(recipe: Recipe, key: Any = None) -> contextlib.AbstractContextManager:
    """Double precision while this recipe trains, if it asks for it."""
    wanted = recipe.precision == "float64"
    if wanted == jax.config.read("jax_enable_x64"):
        return contextlib.nullcontext()
    if isinstance(key, jax.core.Tracer):
        raise BadValue(
            f"this recipe has precision={recipe.precision!r}; call fit outside jit, which traces in the other"
        )
    return jax.enable_x64(wanted)
