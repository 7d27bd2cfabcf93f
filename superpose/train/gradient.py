"""What a step needs of its batch, by each path: the gradient, and at the steps that keep it the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.keys import stream
from superpose.core.shapes import Array, Float, Key
from superpose.models import layers, tiles
from superpose.train import fused
from superpose.train.paths import Path
from superpose.train.recipe import Recipe
from superpose.worlds import active

Draw = Callable[[Any], Any]
"""The batch of a step by its number: a `Batch`, `Active` rows or a `Drawing`, as the path has it."""


def drawer(recipe: Recipe, model: Any, key: Key, path: Path) -> Draw:
    """Always the same rows, or fresh ones from a key that belongs to the step."""
    data = stream(key, "data")
    if path.slope == "fused":
        return fused.drawer(recipe, model, data)
    if recipe.batch == "all":
        rows = recipe.world.everything()  # type: ignore[attr-defined]
        return lambda t: rows
    if path.slope == "active":
        few = active.drawer(recipe.world, recipe.batch, path.active)  # type: ignore[arg-type]
        return lambda t: few(jax.random.fold_in(data, t))
    return lambda t: recipe.world.sample(jax.random.fold_in(data, t), recipe.batch)


def closed(recipe: Recipe, path: Path, model: Any, draw: Draw, t: Any, kept: Any) -> tuple[Float[Array, ""], Any]:
    """Loss and gradient in closed form, which has no use for the loss: it is 0 at the steps that do not keep it.

    Those that do draw their batch again: what a branch takes from outside is written out whole at every step, whether
    it is taken or not.
    """
    objective = recipe.objective
    if path.slope == "fused":
        return fused.loss_and_slope(model, draw(t), kept)
    if path.slope == "active":
        loss: Any = tiles.loss
        slope = tiles.slope(model, draw(t), objective)
    else:
        loss, slope = layers.loss, layers.slope(model, draw(t), objective, path.slope)
    zero = jnp.zeros((), jnp.result_type(float))
    return jax.lax.cond(kept, lambda: loss(model, draw(t), objective), lambda: zero), slope
