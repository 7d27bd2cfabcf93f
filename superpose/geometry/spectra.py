r"""How many dimensions a matrix uses, read off its singular values, and how evenly it uses them.

The frame operator is $F = W W^\top$; W is a tight frame where F is a multiple of the identity.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float, Num
from superpose.geometry.checks import on_directions, on_matrices


@on_directions
def singular_values(W: Float[Array, "... hidden features"]) -> Float[Array, "... modes"]:
    """From the largest; as many as the shorter side."""
    return jnp.linalg.svd(W, compute_uv=False)


@on_directions
def effective_rank(W: Float[Array, "... hidden features"]) -> Float[Array, "..."]:
    r"""$\exp H(\sigma / \sum \sigma)$: k equal singular values give k. 0 for a matrix of zeros. (Roy and Vetterli)"""
    return _exp_entropy(jnp.linalg.svd(_scaled(W), compute_uv=False))


@on_directions
def participation_ratio(W: Float[Array, "... hidden features"]) -> Float[Array, "..."]:
    r"""$(\sum \sigma^2)^2 / \sum \sigma^4$: how many dimensions the variance lies in. Never more than effective rank.

    0 for a matrix of zeros.
    """
    F = _scaled_frame(W if W.shape[-2] <= W.shape[-1] else W.mT)
    squares = (F**2).sum((-2, -1))
    zero = squares == 0.0
    return jnp.where(zero, 0.0, _trace(F) ** 2 / jnp.where(zero, 1.0, squares))


@on_directions
def frame_operator(W: Float[Array, "... hidden features"]) -> Float[Array, "... hidden hidden"]:
    r"""$W W^\top$: along which hidden directions features lie, and how strongly."""
    return jnp.matmul(W, W.mT, precision="highest")


@on_directions
def frame_spectrum(W: Float[Array, "... hidden features"]) -> Float[Array, "... hidden"]:
    """The frame operator's eigenvalues, from the largest: squared singular values, and 0 for what no feature uses."""
    squares = jnp.linalg.svd(W, compute_uv=False) ** 2
    unused = W.shape[-2] - squares.shape[-1]
    return jnp.concatenate([squares, jnp.zeros((*squares.shape[:-1], unused), squares.dtype)], -1)


@on_directions
def tight_frame_defect(W: Float[Array, "... hidden features"]) -> Float[Array, "..."]:
    r"""How far features are from filling space evenly: $\|F - \frac{\mathrm{tr} F}{m} I\|_F / \|F\|_F$.

    0 is a tight frame (every regular shape), $\sqrt{1 - 1/m}$ all features along one line; its square is
    1 - participation ratio / m. 0 for a matrix of zeros.
    """
    F = _scaled_frame(W)
    m = F.shape[-1]
    off = F - (_trace(F) / m)[..., None, None] * jnp.eye(m, dtype=F.dtype)
    squares = (F**2).sum((-2, -1))
    zero = squares == 0.0
    return jnp.where(zero, 0.0, _root((off**2).sum((-2, -1)) / jnp.where(zero, 1.0, squares)))


def effective_count(mass: Num[Array, "... things"]) -> Float[Array, "..."]:
    r"""How many things share a mass, in effect: $\exp H(p)$ of the shares p.

    k equal masses give k, and nothing gives 0. On the mean activation of each latent of a dictionary, it is the
    number of effective features of Bereska et al.; counts will do.
    """
    mass = jnp.asarray(mass)
    if mass.ndim < 1 or mass.shape[-1] == 0:
        raise ValueError(f"mass has shape {mass.shape}; its last axis must hold at least one thing")
    mass = mass if jnp.issubdtype(mass.dtype, jnp.floating) and mass.dtype.itemsize >= 4 else mass.astype(float)
    if not isinstance(mass, jax.core.Tracer) and (wrong := np.argwhere(~(np.asarray(mass) >= 0))).size:
        place = tuple(int(i) for i in wrong[0])
        raise ValueError(f"mass at {place} is {mass[place]}; a mass is 0 or more")
    return _exp_entropy(mass)


class Principal(NamedTuple):
    """What the best linear code keeps."""

    W: Float[Array, "... hidden features"]
    """The first principal directions, each of unit length: code by W, decode by its transpose."""
    shares: Float[Array, "... features"]
    """Each direction's part of the variance, from the largest, summing to 1."""
    lost: Float[Array, "..."]
    """Squared error that remains, summed over features."""


def principal(covariance: Float[Array, "... features features"], n_hidden: int) -> Principal:
    """The best linear code in n_hidden dimensions of data with this covariance: its leading eigenvectors."""
    n = np.shape(covariance)[-1] if np.ndim(covariance) else 0
    if not 1 <= n_hidden <= max(n, 1):
        raise ValueError(f"n_hidden is {n_hidden}; principal directions of {n} features are 1 to {n}")
    values, directions = _eigen(covariance)
    total = values.sum(-1, keepdims=True)
    shares = jnp.where(total > 0.0, values / jnp.where(total > 0.0, total, 1.0), 0.0)
    return Principal(directions[..., :n_hidden, :], shares, values[..., n_hidden:].sum(-1))


@on_matrices("covariance", "features", "features")
def _eigen(C):
    """Rounding's negative eigenvalues are none."""
    values, vectors = jnp.linalg.eigh(C)
    return jnp.maximum(values[..., ::-1], 0.0), vectors.mT[..., ::-1, :]


@jax.jit
def _exp_entropy(mass):
    empty = mass.max(-1, keepdims=True) == 0.0
    mass = _scaled(mass[..., None])[..., 0]
    share = mass / jnp.where(empty, 1.0, mass.sum(-1, keepdims=True))
    entropy = -(share * jnp.log(jnp.where(share > 0.0, share, 1.0))).sum(-1)
    return jnp.where(empty[..., 0], 0.0, jnp.exp(entropy))


def _scaled(W):
    """In units of its largest entry, for what has no units: or fourth powers would overflow or vanish, and slopes."""
    largest = jax.lax.stop_gradient(jnp.abs(W).max((-2, -1), keepdims=True))
    return W / jnp.where(largest == 0.0, 1.0, largest)


def _scaled_frame(W):
    W = _scaled(W)
    return jnp.matmul(W, W.mT, precision="highest")


def _trace(F):
    return jnp.trace(F, axis1=-2, axis2=-1)


def _root(x):
    """With a finite slope at 0."""
    zero = x == 0.0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, x)))
