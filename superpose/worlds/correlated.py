"""Features in sets that come on together."""

from __future__ import annotations

import jax.numpy as jnp

from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import pytree, real, whole, word
from superpose.worlds.base import Batch
from superpose.worlds.exact import enumerate_sets
from superpose.worlds.features import check_features, check_length, importances, vector
from superpose.worlds.laws import VALUES, together
from superpose.worlds.points import POINTS, draw
from superpose.worlds.quadrature import MOST_NODES


@pytree
class CorrelatedWorld:
    """A set is on with chance density, and then all of its features are, each of its own size.

    Set s holds features s·set_size to (s + 1)·set_size − 1. Feature i has importance_i · decay^i.
    `points` and `nodes` are SparseWorld's.
    """

    n_sets: int = whole()
    set_size: int = whole(default=2)
    density: float | tuple = real(default=0.1, above=0, most=1)
    decay: float = real(default=1.0, above=0)
    importance: float | tuple = real(default=1.0, least=0)
    values: str = word(default="uniform", among=VALUES)
    points: str = word(default="random", among=POINTS)
    nodes: int = whole(default=0, least=0, most=MOST_NODES)

    def __post_init__(self) -> None:
        check_features(self, self.n_features)
        check_length("CorrelatedWorld.density", self.density, self.n_sets, "set")

    @property
    def n_features(self) -> int:
        return self.n_sets * self.set_size

    def sample(self, key: Key, n: int) -> Batch:
        return draw(self, key, n)

    @property
    def n_uniforms(self) -> int:
        apart = {"one": self.n_sets, "normal": self.n_sets + self.n_features}
        return apart.get(self.values, self.n_features)

    def columns(self, u: Float[Array, "uniforms batch"]) -> Float[Array, "features batch"]:
        """What uniform numbers become."""
        on, size = together(u, self.densities(), self.set_size, self.values)
        return jnp.where(on, size, 0.0)

    def everything(self) -> Batch:
        """Rows whose weighted mean is the expectation: up to 6 features in all, or 16 sets of features of value one."""
        x, chance = enumerate_sets(self, self.densities(), together=self.set_size)
        return Batch(x=x, y=x, weight=self.importances(), chance=chance)

    def importances(self) -> Float[Array, "features"]:
        return importances(self.n_features, self.importance, self.decay)

    def densities(self) -> Float[Array, "sets"]:
        return vector(self.density, self.n_sets)
