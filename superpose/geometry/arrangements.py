r"""The best that ignoring, dedicating and sharing can do, for any number of features in any number of dimensions.

All features have density p. Each dimension holds one feature (cost 0) or an antipodal pair ($p^2/6$ per unit of
importance), and a feature without one costs $p/3 - p^2/4$. The most important are dedicated, the next ones paired, the
rest ignored: with I falling, one more pair sets feature m - s - 1, the last that is dedicated, beside feature m + s,
the first that is ignored. That pays below $p = 4r / (2 + 5r)$, where r is the ratio of the two importances: 4/7 for
equals, a sparsity of 3/7.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from superpose.core.shapes import Array, Float, Int
from superpose.geometry.losses import antipodal, ignored

FATES = ("ignored", "dedicated", "antipodal")


class Model(NamedTuple):
    r"""Of $x' = \mathrm{ReLU}(W^\top W x + b)$."""

    W: Float[Array, "hidden features"]
    b: Float[Array, "features"]


def best_loss(p: ArrayLike, importance: Float[Array, "features"], n_hidden: int) -> Float[Array, "..."]:
    """What the best arrangement costs."""
    return losses(p, importance, n_hidden).min(-1)


def best_pairs(p: ArrayLike, importance: Float[Array, "features"], n_hidden: int) -> Int[Array, "..."]:
    """How many dimensions the best arrangement shares; the fewer on a boundary."""
    return (jnp.asarray(p)[..., None] < boundaries(importance, n_hidden)).sum(-1)


def boundaries(importance: Float[Array, "features"], n_hidden: int) -> Float[Array, "pairs"]:
    """The density below which a first, second, … pair pays: falling, and as many as there can be pairs."""
    return _boundaries(*_asked(importance, n_hidden))


def losses(p: ArrayLike, importance: Float[Array, "features"], n_hidden: int) -> Float[Array, "... pairs"]:
    """What the best arrangement with 0, 1, 2, … shared dimensions costs."""
    return _losses(jnp.asarray(p), *_asked(importance, n_hidden))


def fates(p: ArrayLike, importance: Float[Array, "features"], n_hidden: int) -> Int[Array, "... features"]:
    """What becomes of each feature in the best arrangement, an index into `FATES`."""
    rank, pairs = _rank(jnp.asarray(importance)), best_pairs(p, importance, n_hidden)[..., None]
    return jnp.where(rank < n_hidden - pairs, 1, jnp.where(rank < n_hidden + pairs, 2, 0))


def arranged(p: ArrayLike, importance: Float[Array, "features"], n_hidden: int) -> Model:
    """The best arrangement, as a model at its best biases. Which features pair up makes no difference."""
    importance, m = _asked(importance, n_hidden)
    rank, pairs = _rank(importance), best_pairs(p, importance, m)
    second = rank >= m
    place = jnp.where(second, 2 * m - 1 - rank, rank)  # partners at equal distance from rank m
    kept = rank < m + pairs
    W = jnp.where(second, -1.0, 1.0) * (place == np.arange(m)[:, None]) * kept
    return Model(W, jnp.where(kept, 0.0, jnp.asarray(p) / 2.0))


@functools.partial(jax.jit, static_argnums=1)
def _boundaries(importance, m):
    """Written without a quotient of importances, which may both be 0."""
    I = -jnp.sort(-importance)
    s = np.arange(_most_pairs(len(I), m))
    last, first = I[m - s - 1], I[m + s]
    least = 2.0 * last + 5.0 * first
    return 4.0 * first / jnp.where(least > 0.0, least, 1.0)


@functools.partial(jax.jit, static_argnums=2)
def _losses(p, importance, m):
    I = -jnp.sort(-importance)
    rank, s = np.arange(len(I)), np.arange(_most_pairs(len(I), m) + 1)[:, None]
    shared = ((rank >= m - s) & (rank < m + s)) * I
    missed = (rank >= m + s) * I
    p = p[..., None]
    return antipodal(p, p, 1.0, 0.0) * shared.sum(-1) + ignored(p) * missed.sum(-1)


def _most_pairs(n, m):
    return min(m, max(n - m, 0))


@jax.jit
def _rank(importance):
    """0 for the most important; the earlier of equals first."""
    return jnp.argsort(jnp.argsort(-importance))


def _asked(importance, n_hidden):
    importance = jnp.asarray(importance)
    if importance.ndim != 1 or not len(importance):
        raise ValueError(f"importance has shape {importance.shape}; it must be one number for each feature")
    if n_hidden < 1:
        raise ValueError(f"n_hidden is {n_hidden}; it must be at least 1")
    importance = importance if jnp.issubdtype(importance.dtype, jnp.floating) else importance.astype(float)
    if not isinstance(importance, jax.core.Tracer) and (bad := np.flatnonzero(~(np.asarray(importance) >= 0))).size:
        raise ValueError(f"importance of feature {bad[0]} is {importance[bad[0]]}; it must be 0 or more")
    return importance, n_hidden
