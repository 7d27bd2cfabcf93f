r"""The cosines between features: the worst of them, all of them, and what random directions would have.

For random directions in m dimensions, $\cos^2$ follows Beta(1/2, (m - 1)/2). A pair counts if both features are longer
than `least`.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betainc, gammaln
from jax.typing import ArrayLike

from superpose.core.shapes import Array, Bool, Float, Int
from superpose.geometry.checks import check_counts, on_directions
from superpose.geometry.gram import ABSENT, directions, norms


class Overlaps(NamedTuple):
    """Every pair of features once, in the order 01, 02, …, 12, …"""

    cosine: Float[Array, "... pairs"]
    """0 where a feature is absent."""
    counted: Bool[Array, "... pairs"]
    """Whether both features are long enough to count."""


class Moments(NamedTuple):
    """Of squared cosines, over the pairs that count; 0 where none does."""

    mean: Float[Array, "..."]
    variance: Float[Array, "..."]
    pairs: Int[Array, "..."]


@on_directions
def overlaps(W: Float[Array, "... hidden features"], least: float = ABSENT) -> Overlaps:
    """The cosine of every pair, for a histogram: `cosine[counted]`."""
    i, j = np.triu_indices(W.shape[-1], k=1)
    return Overlaps(cosines(W)[..., i, j], _pairs(W, least)[..., i, j])


@on_directions
def cosines(W: Float[Array, "... hidden features"]) -> Float[Array, "... features features"]:
    """Of every two features, and of each with itself; 0 where one is absent."""
    U = directions(W)
    return jnp.clip(jnp.matmul(U.mT, U, precision="highest"), -1.0, 1.0)


@on_directions
def coherence(W: Float[Array, "... hidden features"], least: float = ABSENT) -> Float[Array, "..."]:
    """The largest |cosine| of two features; 0 where there are none. `bounds.least_coherence` is the least there is."""
    return jnp.abs(cosines(W)).max((-2, -1), initial=0.0, where=_pairs(W, least))


@on_directions
def signed_coherence(W: Float[Array, "... hidden features"], least: float = ABSENT) -> Float[Array, "..."]:
    """The largest cosine of two features, -1 where there are none: what a rectifier lets through.

    A pair of opposite features has -1, a triangle -1/2, a cross-polytope 0; `bounds.rankin` is the least there is.
    """
    return cosines(W).max((-2, -1), initial=-1.0, where=_pairs(W, least))


@on_directions
def overlap_moments(W: Float[Array, "... hidden features"], least: float = ABSENT) -> Moments:
    """Mean and variance of the squared cosine of two features. A tight frame has the least mean there is."""
    square, counted = cosines(W) ** 2, _pairs(W, least)
    pairs = counted.sum((-2, -1))
    size = jnp.maximum(pairs, 1).astype(W.dtype)
    mean = square.sum((-2, -1), where=counted) / size
    off = (square - mean[..., None, None]) ** 2
    return Moments(mean, off.sum((-2, -1), where=counted) / size, pairs // 2)


@on_directions
def overlap_distance(W: Float[Array, "... hidden features"], least: float = ABSENT) -> Float[Array, "..."]:
    r"""Kolmogorov's distance between the cosines of W and those of random directions: 0 is alike, 1 the most.

    Of n random directions it is about $0.9 / \sqrt{n (n - 1) / 2}$, as cosines are independent pair by pair. 0 where no
    pair counts.
    """
    counted = _pairs(W, least)
    pairs = jnp.maximum(counted.sum((-2, -1)), 1)[..., None].astype(W.dtype)
    if W.shape[-2] == 1:  # cosines are ±1, as often
        gap = (jnp.sign(cosines(W)) * counted.astype(W.dtype)).sum((-2, -1)) / pairs[..., 0]
        return jnp.abs(gap) / 2.0
    flat = (*W.shape[:-2], -1)
    x = jnp.sort(jnp.where(counted, cosines(W), jnp.inf).reshape(flat), axis=-1)
    law = random_overlap_cdf(jnp.minimum(x, 1.0), W.shape[-2])
    below = jnp.arange(x.shape[-1], dtype=W.dtype) / pairs
    gap = jnp.maximum(below + 1.0 / pairs - law, law - below)
    return jnp.where(jnp.isinf(x), 0.0, gap).max(-1)


def random_overlap_moments(n_hidden: int) -> tuple[float, float]:
    r"""Mean $1/m$ and variance $2(m - 1) / (m^2 (m + 2))$ of $\cos^2$ between random directions."""
    check_counts(n_hidden=n_hidden)
    return 1 / n_hidden, 2 * (n_hidden - 1) / (n_hidden**2 * (n_hidden + 2))


def random_overlap_density(cosine: ArrayLike, n_hidden: int) -> Float[Array, "..."]:
    r"""$\Gamma(m/2) / (\sqrt\pi\, \Gamma((m - 1)/2)) \cdot (1 - c^2)^{(m - 3)/2}$ from m = 2 on.

    In a plane it is infinite at ±1.
    """
    if n_hidden < 2:
        raise ValueError(f"n_hidden is {n_hidden}; on a line cosines are ±1, and have a density from 2 dimensions on")
    return _density(_floats(cosine), n_hidden)


def random_overlap_cdf(cosine: ArrayLike, n_hidden: int) -> Float[Array, "..."]:
    """The chance that two random directions have at most this cosine."""
    check_counts(n_hidden=n_hidden)
    return _cdf(_floats(cosine), n_hidden)


@functools.partial(jax.jit, static_argnums=1)
def _density(c, m):
    inside = jnp.abs(c) <= 1.0
    rest = jnp.where(inside, 1.0 - c**2, 1.0)
    constant = jnp.exp(gammaln(jnp.asarray(m / 2, c.dtype)) - gammaln(jnp.asarray((m - 1) / 2, c.dtype)))
    return jnp.where(inside, constant / np.sqrt(np.pi).item() * rest ** ((m - 3) / 2), 0.0)


@functools.partial(jax.jit, static_argnums=1)
def _cdf(c, m):
    if m == 1:
        return jnp.where(c < -1.0, 0.0, jnp.where(c < 1.0, 0.5, 1.0)).astype(c.dtype)
    if m == 2:  # an even angle
        return 1.0 - jnp.arccos(jnp.clip(c, -1.0, 1.0)) / np.pi
    half, rest = (jnp.asarray(a, c.dtype) for a in (0.5, (m - 1) / 2))
    return 0.5 + 0.5 * jnp.sign(c) * betainc(half, rest, jnp.clip(c, -1.0, 1.0) ** 2)


def _floats(c):
    c = jnp.asarray(c)
    return c if jnp.issubdtype(c.dtype, jnp.floating) else c.astype(float)


def _pairs(W, least):
    long = norms(W) > least
    return long[..., :, None] & long[..., None, :] & ~jnp.eye(W.shape[-1], dtype=bool)
