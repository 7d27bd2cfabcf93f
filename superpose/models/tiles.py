"""Two layers on rows of which little is on: their loss and gradient, a tile of the outputs at a time.

Almost all targets are 0. So every output is first held against a target of 0, in tiles that are no sooner made than
summed; then what is on is put right, place by place. No array has a number for each feature of each row.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.shapes import Array, Float
from superpose.core.trees import named_leaves
from superpose.models.layers import Wiring, parameters, through
from superpose.models.parts import ACTIVATIONS
from superpose.models.sides import Side, add_at, columns, scattered
from superpose.worlds.active import Active
from superpose.worlds.base import Batch


def loss(model: Any, active: Active, objective: Any) -> Float[Array, ""]:
    """What `objective` makes of the rows written out."""
    side, hidden, _ = _begin(model, active, objective)
    error = _error(model, objective)

    def tile(i: Any, total: Array) -> Array:
        part, _, mine = side.tile(i, hidden.shape[1])
        return total + error(part.every(hidden), 0.0, mine[:, None])

    def place(total: Array, on: tuple) -> tuple[Array, None]:
        part = side.at(on[0])
        return total + _mended(error)(part.each(hidden), on[1], part.weight), None

    total = jax.lax.fori_loop(0, side.tiles(hidden.shape[1]), tile, _costs(hidden, model, objective))
    return jax.lax.scan(place, total, (active.index, active.value))[0]


def slope(model: Any, active: Active, objective: Any) -> Any:
    """The gradient of `loss`, shaped like the model."""
    wiring: Wiring = model.wiring
    side, hidden, pull = _begin(model, active, objective)
    error = _error(model, objective)
    d_hidden, d_model = jax.grad(_costs, (0, 1))(hidden, model, objective)
    s, d_D, d_b = _without(error, side, hidden, d_hidden)
    s, r = _with(error, side, hidden, active, s)
    s, slopes = pull(s), named_leaves(d_model)
    d_D = scattered(d_D, active.index, r, hidden)
    d_W = scattered(jnp.zeros_like(d_D) if wiring.out else d_D, active.index, active.value, s)
    slopes[wiring.into] += d_W
    if wiring.out:
        slopes[wiring.out] += d_D.T
    if wiring.into_bias:
        slopes[wiring.into_bias] += s.sum(1)
    if wiring.out_bias:
        slopes[wiring.out_bias] += scattered(d_b, active.index, r, jnp.ones((), r.dtype))
    return jax.tree.unflatten(jax.tree.structure(model), list(slopes.values()))


def _without(error: Callable, side: Side, hidden: Array, s: Array) -> tuple[Array, Array, Array]:
    """Slopes of the hidden layer, V and its bias as if nothing were on."""

    def tile(i: Any, sums: tuple) -> tuple:
        (s, d_D, d_b), (part, start, mine) = sums, side.tile(i, hidden.shape[1])
        r = jax.grad(error)(part.every(hidden), 0.0, mine[:, None])
        d_D, d_b = add_at(d_D, start, hidden @ r.T), add_at(d_b, start, r.sum(1))
        return s + part.D @ r, d_D, d_b

    start = (s, jnp.zeros_like(side.D), jnp.zeros_like(side.b))
    return jax.lax.fori_loop(0, side.tiles(hidden.shape[1]), tile, start)


def _with(error: Callable, side: Side, hidden: Array, active: Active, s: Array) -> tuple[Array, Array]:
    """What is on by its row: the slope of the hidden layer put right, and by how much that of each output changes."""

    def place(s: Array, on: tuple) -> tuple[Array, Array]:
        part = side.at(on[0])
        r = jax.grad(_mended(error))(part.each(hidden), on[1], part.weight)
        return s + part.D * r, r

    return jax.lax.scan(place, s, (active.index, active.value))


def _begin(model: Any, active: Active, objective: Any) -> tuple[Side, Array, Callable]:
    """The second layer; the hidden layer, and the way back through its elementwise function."""
    W, V, b_into, b_out = parameters(model)
    bias = jnp.zeros(()) if b_into is None else b_into[:, None]

    def place(pre: Array, on: tuple) -> tuple[Array, None]:
        return pre + columns(W, on[0]) * on[1], None

    start = jnp.broadcast_to(bias, (len(W), active.index.shape[1])).astype(W.dtype)
    pre, _ = jax.lax.scan(place, start, (active.index, active.value))
    n = W.shape[1]
    weight = active.weight / (n if objective.reduce == "mean" else 1)
    side = Side(
        D=W if model.wiring.out is None else V.T, b=jnp.zeros(n, W.dtype) if b_out is None else b_out, weight=weight
    )
    return side, *through(model.wiring.hidden, pre)


def _error(model: Any, objective: Any) -> Callable:
    """The error of some outputs, before their activation, against a target; its mean over rows."""
    bare = dataclasses.replace(objective, penalties=(), reduce="sum")

    def error(pre: Array, target: Any, weight: Array) -> Array:
        out = ACTIVATIONS[model.wiring.activation](pre)
        return bare.given(out, {}, model, Batch(x=None, y=target, weight=weight), axis=0)

    return error


def _mended(error: Callable) -> Callable:
    """What an error grows by when its target is no longer 0."""

    def change(pre: Array, target: Array, weight: Array) -> Array:
        one = (pre[None], target[None], weight[None])
        return error(*one) - error(one[0], 0.0, one[2])

    return change


def _costs(hidden: Array, model: Any, objective: Any) -> Array:
    """The penalties: all that there is to the loss of no outputs."""
    none = jnp.zeros((0, hidden.shape[1]), hidden.dtype)
    alone = dataclasses.replace(objective, reduce="sum")
    return alone.given(none, {"hidden": hidden}, model, Batch(x=None, y=none), axis=0)
