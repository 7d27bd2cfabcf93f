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

FEW = 8
"""Features up to which a product is written as a sum."""
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
    pre = x @ W.T if b_into is None else x @ W.T + b_into
    hidden = tap("hidden", ACTIVATIONS[wiring.hidden](tap("hidden.pre", pre)))
    out = hidden @ (V.T if wiring.out else W)
    out = out if b_out is None else out + b_out
    return tap("out", ACTIVATIONS[wiring.activation](tap("out.pre", out)))


def loss(model: Any, batch: Any, objective: Any) -> Float[Array, ""]:
    """What `objective(model, batch, key)` is, for one that can do with the output and the hidden layer."""
    batch = _columns(batch)
    hidden, out, _, _ = _forward(model, batch.x)
    return objective.given(out, {"hidden": hidden}, model, batch, axis=0)


def slope(model: Any, batch: Any, objective: Any, form: str) -> Any:
    """The gradient of `loss`, shaped like the model."""
    slopes = (_gram if form == "gram" else _direct)(model, _columns(batch), objective)
    return jax.tree.unflatten(jax.tree.structure(model), list(slopes.values()))


def _direct(model: Any, batch: Any, objective: Any) -> dict[str, Array]:
    wiring: Wiring = model.wiring
    _, V, _, _ = parameters(model)
    hidden, out, pull_hidden, pull_out = _forward(model, batch.x)

    def given(out: Array, hidden: Array, model: Any) -> Array:
        return objective.given(out, {"hidden": hidden}, model, batch, axis=0)

    d_out, d_hidden, d_model = jax.grad(given, (0, 1, 2))(out, hidden, model)
    r, slopes = pull_out(d_out), named_leaves(d_model)
    s = pull_hidden(V.T @ r + d_hidden)
    slopes[wiring.into] += s @ batch.x.T + (0 if wiring.out else hidden @ r.T)
    if wiring.out:
        slopes[wiring.out] += r @ hidden.T
    if wiring.into_bias:
        slopes[wiring.into_bias] += s.sum(1)
    if wiring.out_bias:
        slopes[wiring.out_bias] += r.sum(1)
    return slopes


def _gram(model: Any, batch: Any, objective: Any) -> dict[str, Array]:
    """A row of ones beneath the inputs lets one product give the slopes of the matrix and of the bias."""
    wiring: Wiring = model.wiring
    W, V, _, b = parameters(model)
    x = jnp.concatenate([batch.x, jnp.ones_like(batch.x[:1])])
    if batch.y is batch.x:
        x = jax.lax.optimization_barrier(x)  # drawn once, not once for each of its uses
        batch = dataclasses.replace(batch, x=x[:-1], y=x[:-1])
    pre = _times(V @ W, batch.x)
    out, pull_out = through(wiring.activation, pre if b is None else pre + b[:, None])
    d_out, d_model = jax.grad(lambda out, m: objective.given(out, {}, m, batch, axis=0), (0, 1))(out, model)
    both, slopes = pull_out(d_out) @ x.T, named_leaves(d_model)
    slopes[wiring.into] += W @ (both[:, :-1] + both[:, :-1].T)
    if wiring.out_bias:
        slopes[wiring.out_bias] += both[:, -1]
    return slopes


def _times(A: Float[Array, "rows features"], x: Float[Array, "features batch"]) -> Float[Array, "rows batch"]:
    """A x. A sum over few features fuses with what follows; a matrix product would write it out first."""
    if len(x) > FEW:
        return A @ x
    return sum((A[:, k, None] * x[k] for k in range(1, len(x))), A[:, :1] * x[0])


def _columns(batch: Any) -> Any:
    """The same rows as columns. Worlds draw them so; a transpose of a transpose costs nothing."""
    weight = jnp.asarray(batch.weight)
    weight = weight[:, None] if weight.ndim == 1 else weight.T
    x = batch.x.T
    return dataclasses.replace(batch, x=x, y=x if batch.y is batch.x else batch.y.T, weight=weight)


def _forward(model: Any, x: Float[Array, "inputs batch"]) -> tuple[Array, Array, Any, Any]:
    """Hidden layer and output, each with the way back through its elementwise function."""
    wiring: Wiring = model.wiring
    W, V, b_into, b_out = parameters(model)
    pre = W @ x if b_into is None else W @ x + b_into[:, None]
    hidden, pull_hidden = through(wiring.hidden, pre)
    pre_out = V @ hidden
    out, pull_out = through(wiring.activation, pre_out if b_out is None else pre_out + b_out[:, None])
    return hidden, out, pull_hidden, pull_out


def through(word: str, pre: Array) -> tuple[Array, Any]:
    out, pull = jax.vjp(ACTIVATIONS[word], pre)
    return out, lambda d: pull(d)[0]


def parameters(model: Any) -> tuple[Array, Array, Any, Any]:
    """W, V, and their biases; None for a bias that the model does not have."""
    w: Wiring = model.wiring
    W = getattr(model, w.into)[...]
    V = getattr(model, w.out)[...] if w.out else W.T
    b_into, b_out = (getattr(model, name)[...] if name else None for name in (w.into_bias, w.out_bias))
    return W, V, b_into, b_out
