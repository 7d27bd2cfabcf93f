"""What a world is: something that can be sampled, and sometimes enumerated."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import leaf, pytree


@pytree
class Batch:
    """Inputs, targets, and how much each error counts.

    `weight` multiplies squared errors and broadcasts against `y`: a feature's importance. `chance` is the
    probability of each row, summing to 1; None where all rows are alike, as in a sample.
    """

    x: Any = leaf()
    y: Any = leaf()
    weight: Any = leaf(default=1.0)
    chance: Any = leaf(default=None)

    def mean(self, per_row: Float[Array, "batch"]) -> Float[Array, ""]:
        """The expectation over rows."""
        return per_row.mean() if self.chance is None else (self.chance * per_row).sum()


@runtime_checkable
class World(Protocol):
    """A distribution of batches. Float fields may be swept; static fields shape the batch."""

    def sample(self, key: Key, n: int) -> Batch: ...


@runtime_checkable
class Enumerable(World, Protocol):
    """A world whose expectations can be taken exactly: rows with their chances, the same rows for any float field."""

    def everything(self) -> Batch: ...
