"""Small shifts of the input that hurt a toy: along the rows of its gram, as TMS tries them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from superpose.core.shapes import Array, Float
from superpose.geometry.gram import ABSENT, gram, norms


class Harm(NamedTuple):
    """What an attack adds to the error, summed over features, the mean over inputs.

    `together` is by the one shift that is worst for all inputs at once, `alone` by the worst for each.
    """

    together: Float[Array, "..."]
    alone: Float[Array, "..."]


@jax.jit
def attacks(W: Float[Array, "hidden features"]) -> Float[Array, "attacks features"]:
    r"""Shifts of length 1: $+\hat G_i$ of every feature, then $-\hat G_i$, where $G = W^\top W$. Absent rows are 0."""
    G = gram(W)
    length = norms(G)
    absent = length <= ABSENT**2
    away = jnp.where(absent, 0.0, G / jnp.where(absent, 1.0, length)).T
    return jnp.concatenate([away, -away])


@jax.jit
def vulnerability(
    W: Float[Array, "hidden features"], b: Float[Array, "features"], x: Float[Array, "inputs features"], size: float
) -> Harm:
    r"""What the worst of `attacks`, of length `size`, adds to the error of $\mathrm{relu}(W^\top W x + b)$.

    The target stays the clean x. Where all outputs are active, shift i adds $\|W_i\|^4 / D_i$ times size² on average.
    """
    hidden = jnp.matmul(x, W.T, precision="highest")

    def error(shift: Float[Array, "features"]) -> Float[Array, "inputs"]:
        moved = hidden + jnp.matmul(W, size * shift, precision="highest")
        out = jax.nn.relu(jnp.matmul(moved, W, precision="highest") + b)
        return ((out - x) ** 2).sum(-1)

    more = jax.lax.map(error, attacks(W)) - error(jnp.zeros_like(b))
    return Harm(more.mean(1).max(), more.max(0).mean())
