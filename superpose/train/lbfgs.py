"""L-BFGS for many small smooth problems at once.

A problem that has converged asks for no more trials, so that under vmap it does not hold up its neighbours; the
direction falls back to the gradient where the curvature pairs mislead.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree

from superpose.core.shapes import Array, Float

SHORTEN = 0.4
SHORTEST = 1e-7
CONVERGED = 1e-16
"""The promised gain, relative to the value, below which rounding is all that is left."""


class Curvature(NamedTuple):
    """The last `pairs` moves and the changes of gradient they made, newest first."""

    point: Float[Array, "params"]
    slope: Float[Array, "params"]
    moves: Float[Array, "pairs params"]
    turns: Float[Array, "pairs params"]
    inverse: Float[Array, "pairs"]


def lbfgs(pairs: int = 12) -> optax.GradientTransformationExtraArgs:
    def init(params: Any) -> Curvature:
        x, _ = ravel_pytree(params)
        none = jnp.zeros((pairs, x.size), x.dtype)
        return Curvature(x, jnp.zeros_like(x), none, none, jnp.zeros(pairs, x.dtype))

    def update(updates: Any, state: Curvature, params: Any = None, *, value_fn: Any, value: Any, **_: Any) -> Any:
        x, unravel = ravel_pytree(params)
        g = ravel_pytree(updates)[0]
        state = _learn(state, x, g)
        d = _direction(state, g)
        step = _enough(lambda s: value_fn(unravel(x + s * d)), value, g @ d)
        return unravel(step * d), state

    return optax.GradientTransformationExtraArgs(init, update)


def _learn(state: Curvature, x: Array, g: Array) -> Curvature:
    """Push the newest pair, unless it shows no positive curvature (as on the first step, or when nothing moved)."""
    move, turn = x - state.point, g - state.slope
    bend = move @ turn
    first = jnp.all(state.slope == 0)
    good = ~first & (bend > 1e-10 * jnp.sqrt((move @ move) * (turn @ turn)))

    def push(old: Array, new: Array) -> Array:
        return jnp.where(good, jnp.concatenate([new[None], old[:-1]]), old)

    inverse = 1 / jnp.where(good, bend, 1.0)
    return Curvature(x, g, push(state.moves, move), push(state.turns, turn), push(state.inverse, inverse))


def _direction(state: Curvature, g: Float[Array, "params"]) -> Float[Array, "params"]:
    """The two-loop recursion; minus the gradient, shortened to length 1, where nothing is known yet."""
    q, weights = g, []
    for s, y, r in zip(state.moves, state.turns, state.inverse, strict=True):
        weights.append(r * (s @ q))
        q = q - weights[-1] * y
    s, y, known = state.moves[0], state.turns[0], state.inverse[0] > 0
    q = q * jnp.where(known, (s @ y) / jnp.where(known, y @ y, 1.0), 1.0)
    for s, y, r, a in reversed(list(zip(state.moves, state.turns, state.inverse, weights, strict=True))):
        q = q + s * (a - r * (y @ q))
    plain = g / jnp.maximum(1.0, jnp.sqrt(g @ g))
    return -jnp.where(known & (q @ g > 0), q, plain)


def _enough(f: Any, here: Array, slope: Array) -> Array:
    """The first of 1, 0.4, 0.16, … that goes down by a fair share of what the slope promises; 0 if none does."""

    def short(length: Array) -> Array:
        return ~(f(length) <= here + 1e-4 * length * slope)

    def going_on(trial: tuple[Array, Array]) -> Array:
        return trial[1] & (trial[0] > SHORTEST)

    def shorten(trial: tuple[Array, Array]) -> tuple[Array, Array]:
        return trial[0] * SHORTEN, short(trial[0] * SHORTEN)

    one = jnp.ones_like(slope)
    done = -slope <= CONVERGED * jnp.abs(here)
    length, failed = jax.lax.while_loop(going_on, shorten, (one, ~done & short(one)))
    return jnp.where(failed | done, 0.0, length)
