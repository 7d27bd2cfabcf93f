r"""What each arrangement of features costs: expected losses in closed form.

Each is $E \sum_i I_i (x_i - x_i')^2$ with $x' = \mathrm{ReLU}(W^\top W x + b)$ unless said otherwise; a feature is
on with probability p and then uniform on [0, 1]. Tags L1 to L13 are those of the project's TMS specification.
"""

from fractions import Fraction
from math import comb, factorial

import jax.numpy as jnp
from jax.typing import ArrayLike

from superpose.core.shapes import Array, Float
from superpose.geometry.gram import gram


def ignored(p: ArrayLike, importance: ArrayLike = 1.0, bias: ArrayLike | None = None) -> Float[Array, "..."]:
    """A feature answered by its bias alone, $I (p/3 - p b + b^2)$: $I (p/3 - p^2/4)$ at the best bias, p/2. (L1)"""
    p, importance = jnp.asarray(p), jnp.asarray(importance)
    b = p / 2.0 if bias is None else jnp.asarray(bias)
    return importance * (p / 3.0 - p * b + b**2)


def dedicated(p: ArrayLike, importance: ArrayLike = 1.0) -> Float[Array, "..."]:
    """A feature with a dimension to itself: nothing. (L2)"""
    return 0.0 * jnp.asarray(p) * jnp.asarray(importance)


def linear_optimum(p: ArrayLike, importance: Float[Array, "features"], n_hidden: int) -> Float[Array, "..."]:
    r"""The best linear model keeps the most important: $(p/3 - p^2/4) \sum_{i \ge m} I_i$. (L3)"""
    return ignored(p) * _beyond(importance, n_hidden)


def linear(
    W: Float[Array, "hidden features"], b: Float[Array, "features"], p: ArrayLike, importance: ArrayLike = 1.0
) -> Float[Array, ""]:
    r"""What any linear model $x' = W^\top W x + b$ costs, from the mean and the variance of a feature."""
    p, importance = (jnp.broadcast_to(jnp.asarray(v), jnp.shape(b)) for v in (p, importance))
    mean, variance = p / 2.0, p / 3.0 - p**2 / 4.0
    error = gram(W) - jnp.eye(len(mean), dtype=W.dtype)
    return importance @ (error**2 @ variance + (error @ mean + b) ** 2)


def antipodal(p: ArrayLike, q: ArrayLike, first: ArrayLike = 1.0, second: ArrayLike = 1.0) -> Float[Array, "..."]:
    """Two features of densities p and q at W = ±1: $(I_1 + I_2) p q / 6$. Both err by the smaller value. (L4)"""
    return (jnp.asarray(first) + jnp.asarray(second)) * jnp.asarray(p) * jnp.asarray(q) / 6.0


def triangle(p: ArrayLike) -> Float[Array, "..."]:
    """Three unit features in a plane: $3p^2/8 + p^3/8$. (L5)"""
    p = jnp.asarray(p)
    return 3.0 * p**2 / 8.0 + p**3 / 8.0


def collapsed_set(p: ArrayLike, k: int = 2) -> Float[Array, "..."]:
    r"""k features that come on together, all at $1/\sqrt k$ on one dimension: $p (k - 1) / 12$. (L6)

    The model answers with their mean, so what is lost is their variance.
    """
    return jnp.asarray(p) * (_size(k) - 1) / 12.0


def crossed_sets(p: ArrayLike, k: int = 2) -> Float[Array, "..."]:
    """Two correlated sets of k, every feature antipodal to one of the other set: $k p^2 / 3$. (L7)"""
    return _size(k) * antipodal(p, p)


def anticorrelated_digon(p: ArrayLike) -> Float[Array, "..."]:
    """Two features that are never on together, antipodal: nothing. (L8)"""
    return 0.0 * jnp.asarray(p)


def crossed_anticorrelated(p: ArrayLike) -> Float[Array, "..."]:
    """Two anticorrelated pairs, each feature antipodal to one of the other pair: $p^2/6$. (L9)

    p is the chance that a pair is on, so each of its features has p/2.
    """
    half = jnp.asarray(p) / 2.0
    return 2.0 * antipodal(half, half)


def collapsed_antipodal(p: ArrayLike, k: int = 2) -> Float[Array, "..."]:
    r"""Two collapsed sets of k on one dimension: $p (k-1)/6 + 2 k p^2\, E \min(\bar X_k, \bar Y_k)^2$. (L10)"""
    p = jnp.asarray(p)
    return 2.0 * collapsed_set(p, k) + 2.0 * k * p**2 * float(smaller_mean_squared(k))


def smaller_mean_squared(k: int) -> Fraction:
    r"""$E \min(\bar X, \bar Y)^2$ of two means of k uniforms, exactly.

    Reflecting every value in 1/2 gives $E (\bar X + \bar Y)|\bar X - \bar Y| = E |\bar X - \bar Y|$, which leaves the
    mean deviation of a sum of 2k uniforms.
    """
    k = _size(k)
    volumes = sum((-1) ** j * comb(2 * k, j) * (k - j) ** (2 * k + 1) for j in range(k))
    return Fraction(1, 4) + Fraction(1, 12 * k) - Fraction(volumes, k * factorial(2 * k + 1))


def confused(p: ArrayLike, r: ArrayLike = 1.0) -> Float[Array, "..."]:
    r"""Importances 1 and r, both at $1/\sqrt 2$ on one dimension, no bias: $(1 + r)(p/6 - p^2/8)$. (L11)"""
    p = jnp.asarray(p)
    return (1.0 + jnp.asarray(r)) * (p / 6.0 - p**2 / 8.0)


def absolute_top_features(p: ArrayLike, importance: Float[Array, "features"], n_hidden: int) -> Float[Array, "..."]:
    r"""Computing |x| with two neurons for each top feature: $(p/3 - p^2/4) \sum_{i \ge \lfloor m/2 \rfloor} I_i$. (L12)

    The signed world is on with probability p and then uniform on [-1, 1].
    """
    return ignored(p) * _beyond(importance, n_hidden // 2)


def pca_spectrum(p: ArrayLike, k: int = 2) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Covariance eigenvalues of a correlated set of k: its sum's (once), its differences' (k - 1 times). (L13)"""
    p = jnp.asarray(p)
    variance, covariance = p / 3.0 - p**2 / 4.0, p * (1.0 - p) / 4.0
    return variance + (_size(k) - 1) * covariance, variance - covariance


def whitened_linear(W: Float[Array, "hidden features"], importance: ArrayLike = 1.0) -> Float[Array, ""]:
    r"""$x' = W^\top W x$ on standard normal x: $\sum_i I_i (1 - \|W_i\|^2)^2 + \sum_{i \ne j} I_i (W_i \cdot W_j)^2$.

    Saxe's form: what features gain by being kept, and what they lose by interfering.
    """
    G = gram(W)
    return (jnp.asarray(importance) * ((G - jnp.eye(len(G), dtype=G.dtype)) ** 2).sum(-1)).sum()


def _beyond(importance, kept):
    if kept < 0:
        raise ValueError(f"n_hidden is {kept}; a model has no fewer than 0 dimensions")
    return -jnp.sort(-jnp.asarray(importance), axis=-1)[..., kept:].sum(-1)


def _size(k):
    if k < 1:
        raise ValueError(f"k is {k}; a set has at least one feature")
    return k
