"""What no packing can beat: how far apart directions can be, how many there can be, and what a linear readout loses.

Compare cosines without their sign (`coherence`) with Welch and orthoplex; those with it (`signed_coherence`), which are
what a rectifier minds, with Rankin.
"""

import math

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from superpose.core.shapes import Array, Float
from superpose.geometry.checks import check_counts, on_directions


def welch(n_features: ArrayLike, n_hidden: ArrayLike) -> Float[Array, "..."]:
    r"""Some |cosine| of n directions in m dimensions is at least $\sqrt{(n - m) / (m (n - 1))}$; 0 where they fit.

    It is also the floor of any linear readout: if $G = V W$ has ones on its diagonal, its rank of at most m leaves a
    mean square off the diagonal of at least $(n - m) / (m (n - 1))$, whatever V. Reached by equiangular tight frames.
    """
    check_counts(n_features=n_features, n_hidden=n_hidden)
    return _welch(*_floats(n_features, n_hidden))


def orthoplex(n_features: ArrayLike, n_hidden: ArrayLike) -> Float[Array, "..."]:
    r"""Beyond $m (m + 1) / 2$ directions, some |cosine| is at least $1 / \sqrt m$; 0 up to there."""
    check_counts(n_features=n_features, n_hidden=n_hidden)
    return _orthoplex(*_floats(n_features, n_hidden))


def least_coherence(n_features: ArrayLike, n_hidden: ArrayLike) -> Float[Array, "..."]:
    r"""The largest |cosine| cannot be less: the better of Welch and orthoplex; in a plane $\cos(\pi / n)$, exactly."""
    check_counts(n_features=n_features, n_hidden=n_hidden)
    return _least_coherence(*_floats(n_features, n_hidden))


def rankin(n_features: ArrayLike, n_hidden: ArrayLike) -> Float[Array, "..."]:
    r"""The largest signed cosine cannot be less.

    $-1 / (n - 1)$ for as many as a simplex has, m + 1, and 0 up to 2m, both exact; beyond, above 0. In a plane
    $\cos(2\pi / n)$, exactly. -1 for one feature, which has no other.
    """
    check_counts(n_features=n_features, n_hidden=n_hidden)
    return _rankin(*_floats(n_features, n_hidden))


def most_without_interference(n_hidden: int) -> int:
    """How many directions can have no two at a cosine above 0: 2m, in opposite pairs (or simplices side by side)."""
    check_counts(n_hidden=n_hidden)
    return 2 * n_hidden


def johnson_lindenstrauss(n_points: ArrayLike, distortion: ArrayLike) -> Float[Array, "..."]:
    r"""Dimensions in which a random projection keeps all distances to 1 ± ε: about $8 \ln N / \epsilon^2$.

    The leading order in ε: for squared distances it falls somewhat short unless ε is small.
    """
    check_counts(n_points=n_points)
    if not isinstance(distortion, jax.core.Tracer) and not (jnp.min(jnp.asarray(distortion)) > 0):
        raise ValueError(f"distortion is {distortion}; it must be above 0")
    n, distortion = _floats(n_points, distortion)
    return 8.0 * jnp.log(n) / distortion**2


def one_hot_linear_mse(n_features: ArrayLike, rank: ArrayLike) -> Float[Array, "..."]:
    r"""The least mean squared error of a linear readout of one-hot inputs, $(T - D) / T^2$, whatever the geometry.

    The best decoder makes the projector onto the D dimensions that the encoder keeps, and every such projector leaves
    T - D of the squared norm of the identity. So no geometry is better than another: superposition takes a rectifier.
    """
    check_counts(n_features=n_features)
    T, D = _floats(n_features, rank)
    return jnp.maximum(T - D, 0.0) / T**2


@on_directions
def linear_decoder(W: Float[Array, "... hidden features"]) -> Float[Array, "... features hidden"]:
    """What reads features back with the least squared error when one is on at a time: the pseudoinverse."""
    return jnp.linalg.pinv(W, rtol=10 * min(W.shape[-2:]) * float(jnp.finfo(W.dtype).eps))


@jax.jit
def _welch(n, m):
    crowded = n > m
    return jnp.sqrt(jnp.where(crowded, (n - m) / (m * jnp.where(crowded, n - 1.0, 1.0)), 0.0))


@jax.jit
def _orthoplex(n, m):
    return jnp.where(n > m * (m + 1.0) / 2.0, 1.0 / jnp.sqrt(m), 0.0)


@jax.jit
def _least_coherence(n, m):
    plane = jnp.where(n > 1.0, jnp.cos(math.pi / n), 0.0)
    return jnp.where(m == 2.0, jnp.maximum(plane, 0.0), jnp.maximum(_welch(n, m), _orthoplex(n, m)))


@jax.jit
def _rankin(n, m):
    fits = n <= m + 1.0
    simplex = -1.0 / jnp.where(fits & (n > 1.0), n - 1.0, 1.0)
    beyond = jnp.where(m == 1.0, 1.0, jnp.where(m == 2.0, jnp.maximum(jnp.cos(2.0 * math.pi / n), 0.0), 0.0))
    return jnp.where(fits, simplex, beyond)


def _floats(*values):
    dtype = jnp.result_type(float)
    return tuple(jnp.asarray(v).astype(dtype) for v in values)
