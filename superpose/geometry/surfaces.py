r"""The whole loss of two features on one dimension without a bias, so that its valleys can be drawn.

McGrath's comment on TMS: ignoring, antipodal, and the "confused" valley $W_1 = W_2 = 1/\sqrt 2$ that a bias takes away.
"""

import jax.numpy as jnp
from jax.typing import ArrayLike

from superpose.core.shapes import Array, Float

_TINY = 1e-12


def two_on_a_line(w: ArrayLike, v: ArrayLike, p: ArrayLike, r: ArrayLike = 1.0) -> Float[Array, "..."]:
    r"""Expected loss of $x' = \mathrm{ReLU}(W^\top W x)$, $W = (w, v)$, both of density p, importances 1 and r."""
    w, v, p = jnp.asarray(w), jnp.asarray(v), jnp.asarray(p)
    cross = w * v
    return _error(w**2, cross, p) + jnp.asarray(r) * _error(v**2, cross, p)


def _error(own, cross, p):
    """One feature's share: E (x - ReLU(own x + cross y))², by which of x and y are on."""
    alone = (1.0 - own) ** 2 / 3.0
    stray = jnp.maximum(cross, 0.0) ** 2 / 3.0
    both = jnp.where(cross < 0.0, _against(own, -cross), alone - (1.0 - own) * cross / 2.0 + stray)
    return p * (1.0 - p) * (alone + stray) + p**2 * both


def _against(own, d):
    """E (x - ReLU(own x - d y))²: the rectifier silences y > own x / d, which is part of every x below s."""
    top = jnp.maximum(jnp.maximum(own, d), _TINY)
    s = d / top
    partly = s**3 / 3.0 - s**3 * own**2 * (1.0 - own / 3.0) / (4.0 * top)
    never = (1.0 - own) ** 2 * (1.0 - s**3) / 3.0 + (1.0 - own) * d * (1.0 - s**2) / 2.0 + d**2 * (1.0 - s) / 3.0
    return partly + never
