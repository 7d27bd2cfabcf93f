"""A fixed dataset as a world: drawn from often, or read whole."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Key
from superpose.core.trees import leaf, pytree
from superpose.worlds.base import Batch, World
from superpose.worlds.features import check_rows


@pytree
class ArrayWorld:
    """Rows `x` with targets `y`, which are `x` itself if left out.

    `weight` broadcasts against `y`. One with as many axes and rows as `y` belongs to the rows, and is drawn with them.
    """

    x: Any = leaf()
    y: Any = leaf(default=None)
    weight: Any = leaf(default=1.0)

    def __post_init__(self) -> None:
        n = _length("x", self.x)
        if self.y is not None and _length("y", self.y) != n:
            raise BadValue(f"ArrayWorld.y has {len(self.y)} rows; it must have as many as x, {n}")

    def sample(self, key: Key, n: int) -> Batch:
        """Rows drawn with replacement, each as likely as the others."""
        x, y, weight = jnp.asarray(self.x), self._targets(), jnp.asarray(self.weight)
        check_rows(self, n, *x.shape[1:])
        drawn = jax.random.randint(key, (n,), 0, len(x))
        by_row = weight.ndim == y.ndim and len(weight) == len(y)
        rows = x[drawn]
        return Batch(x=rows, y=rows if self.y is None else y[drawn], weight=weight[drawn] if by_row else weight)

    def everything(self) -> Batch:
        """Every row once."""
        return Batch(x=jnp.asarray(self.x), y=self._targets(), weight=jnp.asarray(self.weight))

    def _targets(self):
        return jnp.asarray(self.x if self.y is None else self.y)


def freeze(world: World, key: Key, n: int) -> ArrayWorld:
    """`n` rows of a world, sampled once: cheap to draw from when the world itself is not."""
    batch = world.sample(key, n)
    return ArrayWorld(x=batch.x, y=None if batch.y is batch.x else batch.y, weight=batch.weight)


def _length(field: str, value: Any) -> int:
    shape = getattr(value, "shape", None)
    if not shape or 0 in shape:
        said = f"has shape {shape}" if shape is not None else f"is {value!r}"[:80]
        raise BadValue(f"ArrayWorld.{field} {said}; it must be an array with at least one row")
    return shape[0]
