"""Directions that share space evenly, as matrices `hidden features` of unit columns.

They come in JAX's default precision: exact to 1e-15 under `jax.enable_x64`. Heights default to what costs least when
one feature is on at a time (`one_sparse_optimum`), which is not where the directions spread over space most evenly.
"""

import itertools

import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import block_diag
from jax.typing import ArrayLike

from superpose.core.shapes import Array, Float


def polygon(n: int) -> Float[Array, "hidden features"]:
    """n directions evenly round a plane; each owns 2/n of a dimension."""
    return _ring(_at_least(n, 3, "a polygon has at least 3 corners"))


def simplex(m: int) -> Float[Array, "hidden features"]:
    """m + 1 directions in m dimensions, every two at cosine -1/m; each owns m/(m + 1).

    1 is the digon, 2 the triangle, 3 the tetrahedron. It is the basis of m + 1 dimensions seen along (1, …, 1).
    """
    _at_least(m, 1, "a simplex has at least 1 dimension")
    step = np.arange(1.0, m + 1)[:, None]
    rows = np.tril(np.ones((m, m + 1))) - step * np.eye(m, m + 1, k=1)
    return _unit(rows / np.sqrt(step * (step + 1)))


def cross_polytope(m: int) -> Float[Array, "hidden features"]:
    """m antipodal pairs on the axes, features i and i + m; each owns 1/2. 2 is the square, 3 the octahedron."""
    axes = np.eye(_at_least(m, 1, "a cross-polytope has at least 1 dimension"))
    return jnp.asarray(np.hstack([axes, -axes]))


def cube() -> Float[Array, "hidden features"]:
    """Eight corners in three dimensions; each owns 3/8."""
    return _unit(np.array(list(itertools.product((-1.0, 1.0), repeat=3))).T)


def icosahedron() -> Float[Array, "hidden features"]:
    """Twelve corners in three dimensions, cosines ±1/√5 and -1; each owns 1/4."""
    golden = (1 + 5**0.5) / 2
    corner = [(0.0, s, t * golden) for s in (-1, 1) for t in (-1, 1)]
    return _unit(np.array([np.roll(c, k) for k in range(3) for c in corner]).T)


def square_antiprism(height: ArrayLike = 0.5182347) -> Float[Array, "hidden features"]:
    """Two squares at ± height, turned by 45° against each other; each corner owns 0.3681 (3/8 at height 1/√3)."""
    return _layers(_ring(4), _ring(4, turn=np.pi / 4), height)


def triangular_prism(height: ArrayLike = 0.6521652) -> Float[Array, "hidden features"]:
    """Two triangles at ± height, facing each other; each corner owns 0.4817 (1/2 at height 1/√3)."""
    return _layers(_ring(3), _ring(3), height)


def tegum(*factors: Float[Array, "_hidden _features"]) -> Float[Array, "hidden features"]:
    """Factors set in orthogonal subspaces, where each feature owns what it owned. Octahedron = three digons."""
    if not factors:
        raise ValueError("tegum() was given no factors; it joins at least one matrix of directions")
    return block_diag(*factors)


def _unit(columns):
    return jnp.asarray(columns / np.linalg.norm(columns, axis=0))


def _ring(n, turn=0.0):
    angles = 2 * np.pi * np.arange(n) / n + turn
    return jnp.asarray(np.stack([np.cos(angles), np.sin(angles)]))


def _layers(above, below, height):
    height = jnp.asarray(height, above.dtype)
    flat = jnp.hstack([above, below]) * jnp.sqrt(1.0 - height**2)
    sides = jnp.repeat(jnp.array([1.0, -1.0], above.dtype), above.shape[1])
    return jnp.vstack([flat, sides * height])


def _at_least(n, least, why):
    if n < least:
        raise ValueError(f"{why}; got {n}")
    return n
