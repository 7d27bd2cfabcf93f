"""Sums of random sign vectors, and the question what was added."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import BadValue, check_room
from superpose.core.shapes import Array, Float, Int, Key
from superpose.core.streams import threefry
from superpose.core.trees import pytree, whole, word
from superpose.geometry.bundling import BINDINGS, bind, unbind
from superpose.worlds.base import Batch
from superpose.worlds.features import check_rows


@pytree
class BundleWorld:
    """Some of the items added up, each a vector of `width` signs that stays the same; the target says which.

    With `binding="none"`, n_bundled different items are added, and y is 1 for each of them. With a binding there are
    n_bundled roles, each of which takes any item, bound to the role's own vector; y is one-hot for each role, side by
    side. `geometry.bundling.retrieval_error` is how often the plain decoder, `scores`, confuses two items.
    """

    n_items: int = whole()
    width: int = whole()
    n_bundled: int = whole()
    binding: str = word(default="none", among=BINDINGS)
    seed: int = whole(default=0, least=0)

    def __post_init__(self) -> None:
        check_room("the vectors of BundleWorld", self.n_items + self.n_bundled, self.width)
        check_room("one row of BundleWorld", self.n_bundled, self.n_items + self.width)
        if self.binding == "none" and self.n_bundled > self.n_items:
            raise BadValue(f"BundleWorld.n_bundled is {self.n_bundled}; there are {self.n_items} items to choose from")

    def sample(self, key: Key, n: int) -> Batch:
        check_rows(self, n, self.n_bundled, self.n_items + self.width)
        chosen = self._chosen(key, n)
        parts = self.items()[chosen]
        if self.binding == "none":
            return Batch(x=parts.sum(-2), y=jax.nn.one_hot(chosen, self.n_items, dtype=float).sum(-2))
        x = bind(parts, self.roles(), self.binding).sum(-2)
        return Batch(x=x, y=jax.nn.one_hot(chosen, self.n_items, dtype=float).reshape(n, -1))

    def scores(self, x: Float[Array, "batch width"]) -> Float[Array, "batch answers"]:
        """The plain decoder: unbind each role, and multiply with every item. As many as there are targets."""
        if self.binding == "none":
            return x @ self.items().T
        parts = unbind(x[:, None, :], self.roles(), self.binding)
        return (parts @ self.items().T).reshape(len(x), -1)

    def items(self) -> Float[Array, "items width"]:
        """Drawn from the seed, bit for bit the same everywhere."""
        return jnp.asarray(_signs(self.seed, 0, self.n_items, self.width), dtype=float)

    def roles(self) -> Float[Array, "roles width"]:
        return jnp.asarray(_signs(self.seed, 1, self.n_bundled, self.width), dtype=float)

    def _chosen(self, key: Key, n: int) -> Int[Array, "batch bundled"]:
        if self.binding != "none":
            return jax.random.randint(key, (n, self.n_bundled), 0, self.n_items)
        return jax.lax.top_k(jax.random.uniform(key, (n, self.n_items)), self.n_bundled)[1]


@functools.lru_cache(maxsize=8)
def _signs(seed: int, book: int, n: int, width: int) -> np.ndarray:
    """On the host, so that a training step finds them made."""
    counter = np.arange(-(-n * width // 64), dtype=np.uint64)
    high, low = ((counter >> np.uint64(32 * up)).astype(np.uint32) for up in (1, 0))
    first, second = np.array([[seed], [book]], np.uint32)
    words = threefry(first, second, high, low)
    bits = np.unpackbits(np.stack(words, -1).view(np.uint8))[: n * width]
    return (2 * bits.astype(np.int8) - 1).reshape(n, width)
