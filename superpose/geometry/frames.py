"""Equiangular tight frames: the few packings that reach Welch's bound, from their formulae."""

import itertools

import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float
from superpose.geometry.polytopes import icosahedron, simplex


def equiangular(n: int, m: int) -> Float[Array, "hidden features"]:
    """n unit columns in m dimensions, all |cosines| alike and the least possible, `bounds.welch(n, m)`.

    (m + 1, m) is a simplex; (6, 3) the diagonals of an icosahedron; (16, 6) and (28, 7) need no more than signs and
    pairs. Real frames of few other sizes exist.
    """
    if (n, m) in _KNOWN:
        return _KNOWN[n, m]()
    if n == m + 1 and m >= 1:
        return simplex(m)
    raise ValueError(f"no frame is kept for n = {n}, m = {m}; there are n = m + 1 and {sorted(_KNOWN)}")


def _six():
    """One end of each diagonal."""
    W = np.asarray(icosahedron())
    first = [i for i in range(12) if (W[:, :i].T @ W[:, i] > -0.9).all()]
    return jnp.asarray(W[:, first])


def _sixteen():
    r"""Signs $(-1)^{d \cdot x}$ over all x of four bits, one row for each d with $d_1 d_2 + d_3 d_4$ odd."""
    x = np.array(list(itertools.product((0, 1), repeat=4)))
    odd = x[(x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3]) % 2 == 1]
    return jnp.asarray((-1.0) ** (odd @ x.T) / np.sqrt(6))


def _twenty_eight():
    """Two 3s and six -1s in eight places: at right angles to (1, …, 1), so seven dimensions hold them."""
    eight = np.full((8, 28), -1.0)
    for column, pair in enumerate(itertools.combinations(range(8), 2)):
        eight[list(pair), column] = 3.0
    step = np.arange(1.0, 8)[:, None]
    rows = (np.tril(np.ones((7, 8))) - step * np.eye(7, 8, k=1)) / np.sqrt(step * (step + 1))
    return jnp.asarray(rows @ eight / np.sqrt(24))


_KNOWN = {(6, 3): _six, (16, 6): _sixteen, (28, 7): _twenty_eight}
