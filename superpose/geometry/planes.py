"""Which of the critical polygons a model in a plane is nearest to, and how far from it."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float, Int
from superpose.geometry.gram import norms
from superpose.geometry.kgons import critical_polygon


class PlaneShape(NamedTuple):
    """`corners` features make a polygon, `plus` of the others answer by a bias, and W and b are `distance` off it.

    The distance is the root of the mean square over features, after the best rotation, reflection and order. 0 is a
    critical polygon; what is no polygon at all is tenths away.
    """

    corners: Int[Array, "..."]
    plus: Int[Array, "..."]
    distance: Float[Array, "..."]


@functools.partial(jax.jit, static_argnames="least")
def nearest_polygon(
    W: Float[Array, "... hidden features"], b: Float[Array, "... features"], least: float = 0.5
) -> PlaneShape:
    r"""A corner is a feature longer than `least` that hears itself, $|W_i|^2 + b_i > 0$: a model may keep a silent one.

    Plus is a feature left out with a bias above 1/(4c) of c features, half the way to the best, 1/(2c). Biases below 0
    of the others count as no distance, since none of them costs anything.
    """
    W, b = jnp.asarray(W), jnp.asarray(b)
    if W.ndim < 2 or W.shape[-2] != 2 or b.shape[-1] != W.shape[-1]:
        raise ValueError(f"W has shape {W.shape} and b {b.shape}; they must end in (2, features) and (features,)")
    c = W.shape[-1]
    kept = (norms(W) > least) & ((W**2).sum(-2) + b > 0.0)
    plus = ~kept & (b > 1 / (4 * c))
    corners = kept.sum(-1)
    radius, bias = (jnp.asarray(column, W.dtype)[corners][..., None] for column in _critical(c))
    ideal = radius[..., None, :] * _unit(W, kept, corners)
    left = jnp.where(kept[..., None, :], W - ideal, W)
    tilt = jnp.where(kept, b - bias, jnp.where(plus, b - 1 / (2 * c), jnp.maximum(b, 0.0)))
    far = jnp.sqrt(((left**2).sum(-2) + tilt**2).mean(-1))
    return PlaneShape(corners, plus.sum(-1), far)


def _critical(c: int) -> np.ndarray:
    """Radius and bias by the number of corners. A lone feature has a dimension to itself."""
    pairs = [(0.0, 0.0), (1.0, 0.0)] + [critical_polygon(k)[1:3] for k in range(2, c + 1)]
    return np.array(pairs[: c + 1]).T


def _unit(W, kept, corners):
    """The corners of a regular polygon in the order of the features' angles, turned to lie best on them."""
    angle = jnp.where(kept, jnp.arctan2(W[..., 1, :], W[..., 0, :]), jnp.inf)
    place = jnp.argsort(jnp.argsort(angle, axis=-1), axis=-1).astype(W.dtype)
    even = 2 * jnp.pi * place / jnp.maximum(corners, 1).astype(W.dtype)[..., None]
    x, y = (jnp.where(kept, W[..., i, :], 0.0) for i in (0, 1))
    across = (x * jnp.cos(even) + y * jnp.sin(even)).sum(-1)
    up = (y * jnp.cos(even) - x * jnp.sin(even)).sum(-1)
    at = even + jnp.arctan2(up, across)[..., None]
    return jnp.stack([jnp.cos(at), jnp.sin(at)], axis=-2)
