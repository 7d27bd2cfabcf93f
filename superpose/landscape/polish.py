"""Down to the bottom of the valley: a local learning coefficient is of a minimum, not of where training stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from superpose.core.shapes import Array, Float
from superpose.train.lbfgs import lbfgs

PAIRS = 12


class Polish(NamedTuple):
    """What polishing did: how far the loss fell, how steep it still is, and how far the parameters moved."""

    fell: Float[Array, "..."]
    slope: Float[Array, "..."]
    moved: Float[Array, "..."]


def polish(loss: Callable[[Any], Any], params: Any, steps: int) -> tuple[Any, Polish]:
    """`steps` of L-BFGS, none of which goes up. Where there is nothing finite to gain, the parameters stay."""
    start, unravel = ravel_pytree(params)
    rule = lbfgs(PAIRS)

    def value_fn(x: Array) -> Array:
        return loss(unravel(x))

    def step(_: Any, state: tuple[Array, Any]) -> tuple[Array, Any]:
        x, memory = state
        value, slope = jax.value_and_grad(value_fn)(x)
        change, memory = rule.update(slope, memory, x, value=value, value_fn=value_fn)
        lower = value_fn(x + change) <= value
        return jnp.where(lower, x + change, x), memory

    end = jax.lax.fori_loop(0, steps, step, (start, rule.init(start)))[0] if steps else start
    before, (after, slope) = value_fn(start), jax.value_and_grad(value_fn)(end)
    length = jnp.sqrt((slope**2).sum())
    return unravel(end), Polish(before - after, length, jnp.sqrt(((end - start) ** 2).sum()))
