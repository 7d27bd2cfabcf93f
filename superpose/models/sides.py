"""The second of two layers, by output: what a tile of its outputs and what single outputs are."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.shapes import Array, Float, Int
from superpose.core.trees import leaf, pytree

TILE = 2**18
"""Numbers of outputs that are looked at together."""


@pytree
class Side:
    """V transposed, its bias, and what an error weighs."""

    D: Float[Array, "hidden features"] = leaf()
    b: Float[Array, "features"] = leaf()
    weight: Float[Array, "features"] = leaf()

    def tiles(self, rows: int) -> int:
        return -(-len(self.b) // self._size(rows))

    def tile(self, i: Any, rows: int) -> tuple[Side, Any, Array]:
        """A tile, its first feature, and its weights: 0 for what the last tile, as long as all, shares with another."""
        size = self._size(rows)
        start = jnp.minimum(i * size, len(self.b) - size)
        part = jax.tree.map(lambda a: jax.lax.dynamic_slice_in_dim(a, start, size, axis=-1), self)
        return part, start, jnp.where(start + jnp.arange(size) >= i * size, part.weight, 0.0)

    def at(self, index: Int[Array, "batch"]) -> Side:
        """One output for each row."""
        return jax.tree.map(lambda a: columns(a, index), self)

    def every(self, hidden: Float[Array, "hidden batch"]) -> Float[Array, "features batch"]:
        """All outputs of all rows, before their activation."""
        return self.D.T @ hidden + self.b[:, None]

    def each(self, hidden: Float[Array, "hidden batch"]) -> Float[Array, "batch"]:
        """Of `at`: each row's own output."""
        return (self.D * hidden).sum(0) + self.b

    def _size(self, rows: int) -> int:
        return min(len(self.b), max(1, TILE // rows))


def columns(a: Float[Array, "... features"], index: Int[Array, "batch"]) -> Float[Array, "... batch"]:
    """A column for each row of the batch, 0 past the last feature."""
    return jnp.take(a, index, axis=-1, mode="fill", fill_value=0)


def add_at(a: Array, start: Any, more: Array) -> Array:
    """`a` with `more` added to its columns from `start` on."""
    old = jax.lax.dynamic_slice_in_dim(a, start, more.shape[-1], axis=-1)
    return jax.lax.dynamic_update_slice_in_dim(a, old + more, start, axis=-1)


def scattered(a: Array, index: Array, factor: Array, column: Array) -> Array:
    """Add to a's columns `column` times each place's factor."""
    place = lambda a, on: (a.at[..., on[0]].add(column * on[1], mode="drop"), None)
    return jax.lax.scan(place, a, (index, factor))[0]
