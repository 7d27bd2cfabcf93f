"""Sparse samples by what is on: where, and how large. Their cost grows with the features that are on, not with all.

The features of a row that are on stand a geometric number of places apart, each gap drawn by itself from where the
last ended. A gap has two parts, whole blocks of places and places within the block, because a float32 counts well
to thousands but not to millions: each part is right to 1e-4 of a place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float, Int, Key, UInt
from superpose.core.trees import leaf, pytree
from superpose.worlds.base import Batch
from superpose.worlds.laws import LAWS
from superpose.worlds.sparse import SparseWorld

BLOCK = 1024
FEW = 64
"""How many times all features are those that may be on. With more of them on, rows written out are faster."""
UNLIKELY = 1e-12
"""The chance that a row has more features on than there is room for; those last ones are then off."""


@pytree
class Active:
    """For each row of a batch the features that are on, ascending, and their values: room for as many as may be.

    A place that is not needed has a feature past the last, and the value 0. Targets are the inputs.
    """

    index: Int[Array, "room batch"] = leaf()
    value: Float[Array, "room batch"] = leaf()
    weight: Float[Array, "features"] = leaf()

    def batch(self) -> Batch:
        """The same rows written out."""
        rows = jnp.arange(self.index.shape[1])
        x = jnp.zeros((len(self.weight), len(rows)), self.value.dtype)
        x = x.at[self.index, rows].set(self.value, mode="drop").T
        return Batch(x=x, y=x, weight=self.weight)


def room(world: Any, density: Any, few: int = FEW) -> int:
    """How many features may be on together at `density`; 0 if `few` times as many are more than all.

    0 too where features are not on each by itself, all with one chance that is known.
    """
    if not isinstance(world, SparseWorld) or world.points != "random" or not _number(density, world.exponent):
        return 0
    n = world.n_features
    if world.exponent != 0 or n >= 2**30:
        return 0
    sizes = (size for power in range(3, 30) for size in (2**power, 3 * 2 ** (power - 1)) if few * size <= n)
    return next((size for size in sizes if _more(size, n, float(density)) < UNLIKELY), 0)


def _more(size: int, n: int, p: float) -> float:
    """The chance that more than `size` of `n` are on. SciPy takes long to import, and small worlds never ask."""
    from scipy.special import bdtrc

    return bdtrc(size, n, p)


def _number(*values: Any) -> bool:
    """Whether each is one number, and known: not while it is traced."""
    return not any(isinstance(v, (tuple, jax.core.Tracer)) or np.ndim(v) for v in values)


def drawer(world: SparseWorld, rows: int, room: int) -> Callable[[Key], Active]:
    """What draws rows of the world from a key. More room changes nothing but the places that are not needed."""
    n, p, weight = world.n_features, jnp.asarray(world.density, dtype=float), world.importances()

    def draw(key: Key) -> Active:
        k_gap, k_value = jax.random.split(key)
        index = positions(k_gap, p, n, (room, rows))
        size = LAWS[world.values](jax.random.uniform(k_value, index.shape))
        return Active(index=index, value=jnp.where(index < n, size, 0.0), weight=weight)

    return draw


def positions(key: Key, p: Float[Array, ""], n: int, shape: tuple[int, int]) -> Int[Array, "room batch"]:
    """The successes of `n` trials, n where there are no more."""
    gaps = _gaps(jax.random.bits(key, (shape[0], 2, shape[1]), jnp.uint32), p, n)

    def place(last: Array, gap: Array) -> tuple[Array, Array]:
        here = jnp.minimum(last + 1 + jnp.minimum(gap, n), n)
        return here, here

    return jax.lax.scan(place, jnp.full(shape[1], -1, jnp.int32), gaps)[1]


def _gaps(bits: UInt[Array, "room 2 batch"], p: Float[Array, ""], n: int) -> Int[Array, "room batch"]:
    """Failures before each success: blocks of failures alone, then some within a block that has a success."""
    rate = jnp.maximum(-jnp.log1p(-p), 1e-30)
    some = -jnp.expm1(-BLOCK * rate)
    blocks = jnp.floor(_exponential(bits[:, 0], p.dtype) / (BLOCK * rate))
    share = jnp.minimum(some * _unit(bits[:, 1], p.dtype), 1 - 2.0**-24)
    within = jnp.minimum(jnp.floor(-jnp.log1p(-share) / rate), BLOCK - 1.0)
    return BLOCK * jnp.minimum(blocks, n // BLOCK + 1.0).astype(jnp.int32) + within.astype(jnp.int32)


def _exponential(bits: UInt[Array, "..."], dtype: Any) -> Float[Array, "..."]:
    """-log(1 - u), all 32 bits of u alive near 0 and near 1 alike."""
    near = -jnp.log1p(-jnp.minimum(_unit(bits, dtype), 0.5))
    return jnp.where(bits < np.uint32(2**31), near, -jnp.log(_unit(~bits, dtype)))


def _unit(bits: UInt[Array, "..."], dtype: Any) -> Float[Array, "..."]:
    return (bits.astype(dtype) + 0.5) * 2.0**-32
