"""Langevin walks around a minimum: many at once, walks on the last axis, the steps inside one loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Bool, Float, UInt
from superpose.landscape.noise import at_step, chances, normals

Values = Float[Array, "walks"]
Points = Float[Array, "params walks"]
Slope = Callable[[Points, Any], tuple[Values, Points]]
"""`(points, t)` to each walk's loss and gradient there."""


class Settings(NamedTuple):
    """What a walk depends on: $n\\beta$, the restoring force γ, and the squared step ε of each; the rest is common."""

    nbeta: Values
    gamma: Values
    step: Values


class Lengths(NamedTuple):
    """Steps before the count begins, steps that count, and how many pieces the trace of both is averaged over."""

    burn_in: int
    draws: int
    pieces: int


class Walked(NamedTuple):
    """Of each walk: the mean of loss − loss at the centre over the draws, its trace, and the share of moves taken."""

    excess: Values
    trace: Float[Array, "pieces walks"]
    taken: Values
    finite: Bool[Array, "walks"]


class _State(NamedTuple):
    point: Points
    value: Values
    slope: Points
    sum: Values
    taken: Values
    piece: Values


def walk(
    slope: Slope,
    base: Callable[[Any], Values],
    centre: Points,
    keys: UInt[Array, "2 walks"],
    given: Settings,
    lengths: Lengths,
    accept: bool,
) -> Walked:
    r"""$w' = w - \frac{\epsilon}{2} (n\beta \nabla L(w) + \gamma (w - w^*)) + N(0, \epsilon)$, from $w = w^*$.

    `base(t)` is the loss at the centre by the measure of step t. With `accept`, a move is taken as Metropolis would.
    """
    steps = lengths.burn_in + lengths.draws

    def step(t: Any, s: _State) -> _State:
        words = at_step(keys, t)
        kick = jnp.sqrt(given.step) * normals(words, centre.shape[0]).astype(centre.dtype)
        point = s.point + _drift(given, centre, s.point, s.slope) + kick
        value, g = slope(point, t)
        yes = _accepts(given, centre, s, (point, value, g), kick, words) if accept else None
        new = (point, value, g) if yes is None else _chosen(yes, (point, value, g), (s.point, s.value, s.slope))
        excess = new[1] - base(t)
        counted = jnp.where(t >= lengths.burn_in, excess, 0.0)
        taken = s.taken + (1.0 if yes is None else yes.astype(centre.dtype))
        return _State(new[0], new[1], new[2], s.sum + counted, taken, s.piece + excess)

    def piece(i: Any, carried: tuple[_State, Array]) -> tuple[_State, Array]:
        state, trace = carried
        start, stop = i * steps // lengths.pieces, (i + 1) * steps // lengths.pieces
        state = jax.lax.fori_loop(start, stop, step, state._replace(piece=jnp.zeros_like(state.piece)))
        mean = state.piece / jnp.asarray(stop - start, centre.dtype)
        return state, trace.at[i].set(mean)

    zero = jnp.zeros_like(given.nbeta)
    value, g = slope(centre, steps)  # a batch that no step sees
    begun = _State(centre, value, g, zero, zero, zero)
    room = jnp.zeros((lengths.pieces, centre.shape[1]), centre.dtype)
    end, trace = jax.lax.fori_loop(0, lengths.pieces, piece, (begun, room))
    return Walked(end.sum / lengths.draws, trace, end.taken / steps, jnp.isfinite(end.sum + end.piece))


def _drift(given: Settings, centre: Points, point: Points, slope: Points) -> Points:
    return -0.5 * given.step * (given.nbeta * slope + given.gamma * (point - centre))


def _accepts(given: Settings, centre: Points, old: _State, new: tuple, kick: Points, words: Any) -> Any:
    """Metropolis–Hastings: the odds of the way there against the way back. To what is not finite the answer is no."""
    point, value, slope = new
    back = old.point - point - _drift(given, centre, point, slope)
    ways = ((kick**2).sum(0) - (back**2).sum(0)) / (2 * given.step)
    pull = 0.5 * given.gamma * (((old.point - centre) ** 2).sum(0) - ((point - centre) ** 2).sum(0))
    odds = given.nbeta * (old.value - value) + pull + ways
    return jnp.log(jnp.maximum(chances(words), np.float32(2**-24))).astype(odds.dtype) < odds


def _chosen(yes: Bool[Array, "walks"], new: tuple, old: tuple) -> tuple:
    return tuple(jnp.where(yes, a, b) for a, b in zip(new, old, strict=True))
