"""Features in sets that exclude each other: one at a time."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import pytree, real, whole, word
from superpose.worlds.base import Batch
from superpose.worlds.exact import check_count, enumerate_sets, rows
from superpose.worlds.features import check_features, check_length, importances, vector
from superpose.worlds.laws import VALUES, draws, one_of
from superpose.worlds.points import POINTS, draw
from superpose.worlds.quadrature import MOST_NODES


@pytree
class AnticorrelatedWorld:
    """A set is on with chance density, and then exactly one of its features is, each as likely as the others.

    A feature is thus on with chance density / set_size, as in the paper; `per="feature"` makes density its own chance.
    `points` and `nodes` are SparseWorld's.
    """

    n_sets: int = whole()
    set_size: int = whole(default=2)
    density: float | tuple = real(default=0.1, above=0, most=1)
    decay: float = real(default=1.0, above=0)
    importance: float | tuple = real(default=1.0, least=0)
    per: str = word(default="set", among=("set", "feature"))
    values: str = word(default="uniform", among=VALUES)
    points: str = word(default="random", among=POINTS)
    nodes: int = whole(default=0, least=0, most=MOST_NODES)

    def __post_init__(self) -> None:
        check_features(self, self.n_features)
        check_length("AnticorrelatedWorld.density", self.density, self.n_sets, "set")
        if self.per == "feature" and any(d * self.set_size > 1 + 1e-6 for d in _known(self.density)):
            raise BadValue(
                f"AnticorrelatedWorld.density is {self.density}; with per='feature' it must be at most "
                f"1/set_size, {1 / self.set_size:g}: only one of a set is on at a time"
            )

    @property
    def n_features(self) -> int:
        return self.n_sets * self.set_size

    def sample(self, key: Key, n: int) -> Batch:
        return draw(self, key, n)

    @property
    def n_uniforms(self) -> int:
        return draws(self.n_sets, self.values)

    def columns(self, u: Float[Array, "uniforms batch"]) -> Float[Array, "features batch"]:
        """What uniform numbers become."""
        on, size = one_of(u, self.densities(), self.set_size, self.values)
        return jnp.where(on, size, 0.0).reshape(self.n_features, -1)

    def everything(self) -> Batch:
        """Rows whose weighted mean is the expectation."""
        x, chance = enumerate_sets(self, self.densities(), choices=self.set_size)
        return Batch(x=x, y=x, weight=self.importances(), chance=chance)

    def importances(self) -> Float[Array, "features"]:
        return importances(self.n_features, self.importance, self.decay)

    def densities(self) -> Float[Array, "sets"]:
        """The chance that a set is on."""
        return vector(self.density, self.n_sets) * (self.set_size if self.per == "feature" else 1)


@pytree
class OneHotWorld:
    """Exactly one feature is on, each as likely as the others. `points` and `nodes` are SparseWorld's."""

    n_features: int = whole()
    decay: float = real(default=1.0, above=0)
    importance: float | tuple = real(default=1.0, least=0)
    values: str = word(default="one", among=VALUES)
    points: str = word(default="random", among=POINTS)
    nodes: int = whole(default=0, least=0, most=MOST_NODES)

    def __post_init__(self) -> None:
        check_features(self, self.n_features)

    def sample(self, key: Key, n: int) -> Batch:
        return draw(self, key, n)

    @property
    def n_uniforms(self) -> int:
        return draws(1, self.values)

    def columns(self, u: Float[Array, "uniforms batch"]) -> Float[Array, "features batch"]:
        """What uniform numbers become."""
        on, size = one_of(u, jnp.ones(()), self.n_features, self.values)
        return jnp.where(on, size, 0.0)[0]

    def everything(self) -> Batch:
        """Every feature in turn."""
        check_count(self, self.n_features, 1)
        alone = tuple((i,) for i in range(self.n_features))
        x, chance = rows(self, alone, jnp.full(self.n_features, 1 / self.n_features))
        return Batch(x=x, y=x, weight=self.importances(), chance=chance)

    def importances(self) -> Float[Array, "features"]:
        return importances(self.n_features, self.importance, self.decay)


def _known(density: Any) -> list[float]:
    """The numbers that are not being traced."""
    parts = density if isinstance(density, tuple) else (density,)
    return [float(d) for p in parts if not isinstance(p, jax.core.Tracer) for d in np.ravel(p)]
