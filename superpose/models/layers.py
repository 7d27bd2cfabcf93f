"""Two layers of weights, as toys and computers have them: what they answer, and the gradient in closed form.

A model says by `wiring` which of its parameters plays which part; both functions read the same description. The
gradient keeps the batch on the last axis, where it fills vector registers however few features there are. Only the
linear algebra is written out: elementwise functions and the objective are differentiated where they stand.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.shapes import Array, Float
from superpose.core.trees import named_leaves
from superpose.models.parts import ACTIVATIONS
from superpose.taps import Tap

FORMS = ("direct", "gram")
"""`V (W x)`, or `(V W) x`, where the layer between is linear and the same matrix reads and writes."""


@dataclasses.dataclass(frozen=True)
class Wiring:
    """out = activation(V hidden(W x + b_into) + b_out), by the names of parameters; V is W transposed if not named."""

    into: str
    out: str | None
    into_bias: str | None
    out_bias: str | None
    hidden: str
    activation: str

    @property
    def gram(self) -> bool:
        """Whether the two matrices may be multiplied together first."""
        return self.out is None and self.hidden == "identity" and self.into_bias is None


def answer(model: Any, x: Float[Array, "... inputs"], tap: Tap) -> Float[Array, "... outputs"]:
    wiring: Wiring = model.wiring
    W, V, b_into, b_out = parameters(model)
    back = W if V is None else V.T
    pre = x @ W.T if b_into is None else x @ W.T + b_into
    hidden = tap("hidden", ACTIVATIONS[wiring.hidden](tap("hidden.pre", pre)))
    out = hidden @ back if b_out is None else hidden @ back + b_out
    return tap("out", ACTIVATIONS[wiring.activation](tap("out.pre", out)))


def loss(model: Any, batch: Any, objective: Any) -> Float[Array, ""]:
    """What `objective(model, batch, key)` is, for one that can do with the output and the hidden layer."""
    batch = _columns(batch)
    hidden, out, _, _ = _forward(model, batch.x, "direct")
    return objective.given(out, {"hidden": hidden}, model, batch, axis=0)


def slope(model: Any, batch: Any, objective: Any, form: str) -> Any:
    """The gradient of `loss`, shaped like the model."""
    wiring: Wiring = model.wiring
    W, V, _, _ = parameters(model)
    V = W.T if V is None else V
    batch = _columns(batch)
    x = batch.x
    hidden, out, pull_hidden, pull_out = _forward(model, x, form)

    def given(out: Array, hidden: Any, model: Any) -> Array:
        return objective.given(out, {} if hidden is None else {"hidden": hidden}, model, batch, axis=0)

    d_out, d_hidden, d_model = jax.grad(given, (0, 1, 2))(out, hidden, model)
    r = pull_out(d_out)
    slopes = named_leaves(d_model)
    if form == "gram":
        both = r @ x.T
        slopes[wiring.into] += W @ (both + both.T)
    else:
        s = pull_hidden(V.T @ r + d_hidden)
        slopes[wiring.into] += s @ x.T + (0 if wiring.out else hidden @ r.T)
        if wiring.out:
            slopes[wiring.out] += r @ hidden.T
        if wiring.into_bias:
            slopes[wiring.into_bias] += s.sum(1)
    if wiring.out_bias:
        slopes[wiring.out_bias] += r.sum(1)
    return jax.tree.unflatten(jax.tree.structure(model), list(slopes.values()))


def _columns(batch: Any) -> Any:
    """The same rows as columns. Worlds draw them so; a transpose of a transpose costs nothing."""
    weight = jnp.asarray(batch.weight)
    weight = weight[:, None] if weight.ndim == 1 else weight.T
    return dataclasses.replace(batch, x=batch.x.T, y=batch.y.T, weight=weight)


def _forward(model: Any, x: Float[Array, "inputs batch"], form: str) -> tuple[Any, Array, Any, Any]:
    """Hidden layer and output, each with the way back through its elementwise function."""
    wiring: Wiring = model.wiring
    W, V, b_into, b_out = parameters(model)
    V = W.T if V is None else V
    if form == "gram":
        hidden, pull_hidden, pre_out = None, None, (V @ W) @ x
    else:
        pre = W @ x if b_into is None else W @ x + b_into[:, None]
        hidden, pull_hidden = through(wiring.hidden, pre)
        pre_out = V @ hidden
    out, pull_out = through(wiring.activation, pre_out if b_out is None else pre_out + b_out[:, None])
    return hidden, out, pull_hidden, pull_out


def through(word: str, pre: Array) -> tuple[Array, Any]:
    out, pull = jax.vjp(ACTIVATIONS[word], pre)
    return out, lambda d: pull(d)[0]


def parameters(model: Any) -> tuple[Array, Any, Any, Any]:
    """W, V, and their biases; None for what the model does not have."""
    w: Wiring = model.wiring
    W, V, b_into, b_out = (n and getattr(model, n)[...] for n in (w.into, w.out, w.into_bias, w.out_bias))
    return W, V, b_into, b_out
