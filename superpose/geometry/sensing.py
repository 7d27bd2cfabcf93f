r"""How many features can be on and still be found by the best convex decoder: the limits of compressed sensing.

k of N features are on, and d random products of them are known. As N grows, $\ell_1$ minimisation finds them, or does
not, on either side of a sharp line $k/d = \rho^*(d/N)$: Donoho and Tanner's weak threshold. It is where d equals the
statistical dimension of the cone of descent (Amelunxen et al.), and both run along one parameter t, the shrinkage:
with $a(t) = c\,E(g - t)_+$ of a normal g, a share $a / (a + t)$ of features is on. c is 2 for signed features, and 1
where they are known not to be negative.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import log_ndtr
from jax.typing import ArrayLike

from superpose.core.mistakes import unknown
from superpose.core.shapes import Array, Float

SIGNS = {"any": 2.0, "positive": 1.0}
"""What is known of the values beforehand: nothing, or that none is negative."""
_LEAST, _MOST = 1e-12, 30.0  # the range of t: beyond, the share of features on is below 1e-190
_HALVINGS = 60


def threshold(delta: ArrayLike, signs: str = "any") -> Float[Array, "..."]:
    r"""$\rho^*(\delta)$: the most features on, per known product, when there are δ = d/N products for a feature.

    1 from δ = 1 on, where all features are known; 0 at δ = 0.
    """
    return _threshold(_floats(delta), _sides(signs))


def most_active(n_hidden: ArrayLike, n_features: ArrayLike, signs: str = "any") -> Float[Array, "..."]:
    r"""How many of N features may be on in d dimensions: $d\,\rho^*(d/N)$."""
    d, N = _floats(n_hidden), _floats(n_features)
    return jnp.minimum(d, N) * threshold(d / N, signs)


def dimensions_needed(n_active: ArrayLike, n_features: ArrayLike, signs: str = "any") -> Float[Array, "..."]:
    """The other way round: in how many dimensions k of N features can be found. 0 for none, N for all."""
    k, N = _floats(n_active), _floats(n_features)
    return N * _products(k / N, _sides(signs))


@functools.partial(jax.jit, static_argnums=1)
def _threshold(delta, sides):
    share = _share(_solve(lambda t: _dimension(t, sides) > delta, delta), sides)
    rho = share / jnp.where(delta > 0.0, delta, 1.0)
    return jnp.where(delta >= 1.0, 1.0, jnp.where(delta > 0.0, rho, jnp.where(delta <= 0.0, 0.0, delta)))


@functools.partial(jax.jit, static_argnums=1)
def _products(share, sides):
    found = _dimension(_solve(lambda t: _share(t, sides) > share, share), sides)
    return jnp.where(share >= 1.0, 1.0, jnp.where(share > 0.0, found, jnp.where(share <= 0.0, 0.0, share)))


def _solve(too_little, like):
    """Where what falls with t stops being too much, by halving the range of its logarithm."""
    low, high = (jnp.full_like(like, np.log(t)) for t in (_LEAST, _MOST))

    def halve(_, ends):
        low, high = ends
        middle = (low + high) / 2.0
        further = too_little(jnp.exp(middle))
        return jnp.where(further, middle, low), jnp.where(further, high, middle)

    low, high = jax.lax.fori_loop(0, _HALVINGS, halve, (low, high))
    return jnp.exp((low + high) / 2.0)


def _share(t, sides):
    """Of features that are on, where t is the best shrinkage."""
    a, _ = _excess(t, sides)
    return a / (a + t)


def _dimension(t, sides):
    """Statistical dimension per feature: (1 + t²) for one that is on, E (g - t)₊² for each side of one that is off."""
    on = _share(t, sides)
    return on * (1.0 + t**2) + (1.0 - on) * _excess(t, sides)[1]


def _excess(t, sides):
    """Means of (g - t)₊ and of its square, from Mills' ratio R: density (1 - t R) and density ((1 + t²) R - t)."""
    log_density = -(t**2) / 2.0 - np.log(2 * np.pi).item() / 2.0
    mills = jnp.exp(log_ndtr(-t) - log_density)
    density = sides * jnp.exp(log_density)
    return density * jnp.maximum(1.0 - t * mills, 0.0), density * jnp.maximum((1.0 + t**2) * mills - t, 0.0)


def _sides(signs):
    if signs not in SIGNS:
        raise unknown("signs cannot be", signs, SIGNS)
    return SIGNS[signs]


def _floats(value):
    value = jnp.asarray(value)
    if not isinstance(value, jax.core.Tracer) and not (np.asarray(value) >= 0).all():
        raise ValueError(f"{value} is no number of features or of dimensions; it must be 0 or more")
    return value if jnp.issubdtype(value.dtype, jnp.floating) else value.astype(float)
