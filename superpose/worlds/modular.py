"""Sums on a clock."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from superpose.core.mistakes import check_room
from superpose.core.shapes import Array, Int, Key
from superpose.core.trees import pytree, whole, word
from superpose.worlds.base import Batch
from superpose.worlds.features import check_rows


@pytree
class ModularSumWorld:
    """Two residues, each as likely as the others; the target is the class (a + b) mod modulus.

    The input is both residues one-hot, side by side, or the two as integer tokens.
    """

    modulus: int = whole(least=2)
    encoding: str = word(default="onehot", among=("onehot", "tokens"))

    def __post_init__(self) -> None:
        check_room("one row of ModularSumWorld", 2 * self.modulus)

    def sample(self, key: Key, n: int) -> Batch:
        check_rows(self, n, *self._row())
        return self._asked(jax.random.randint(key, (n, 2), 0, self.modulus))

    def everything(self) -> Batch:
        """All modulus² pairs, (0, 0), (0, 1), …"""
        check_rows(self, self.modulus**2, *self._row())
        a = jnp.arange(self.modulus)
        return self._asked(jnp.stack(jnp.meshgrid(a, a, indexing="ij"), axis=-1).reshape(-1, 2))

    def _row(self) -> tuple[int, ...]:
        return (2, self.modulus) if self.encoding == "onehot" else (2,)

    def _asked(self, pairs: Int[Array, "batch 2"]) -> Batch:
        onehot = self.encoding == "onehot"
        x = jax.nn.one_hot(pairs, self.modulus, dtype=float).reshape(len(pairs), -1) if onehot else pairs
        a, b = pairs[:, 0], pairs[:, 1]
        return Batch(x=x, y=jnp.where(a < self.modulus - b, a + b, a - (self.modulus - b)))
