"""Independent sparse features of decaying importance and, if wished, decaying density."""

from __future__ import annotations

import jax.numpy as jnp

from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import pytree, real, whole, word
from superpose.worlds.base import Batch
from superpose.worlds.exact import enumerate_sets
from superpose.worlds.features import check_features, check_length, check_number, importances, vector
from superpose.worlds.laws import VALUES, draws, sometimes
from superpose.worlds.points import POINTS, draw
from superpose.worlds.quadrature import MOST_NODES


@pytree
class SparseWorld:
    """Each feature is on with its own chance, whatever the others do.

    Feature i, counted from 0, has importance_i · decay^i and density_i · (i + 1)^(-exponent): exponent 1 is Zipf's law.
    `points="lattice"` spreads the rows of a sample evenly: gradients as right as from random rows, and less noisy.
    `nodes`, 0 or from 8, is how many points `everything()` takes along an axis; 0 takes as many as are accurate.
    """

    n_features: int = whole()
    density: float | tuple = real(default=0.1, above=0, most=1)
    decay: float = real(default=1.0, above=0)
    importance: float | tuple = real(default=1.0, least=0)
    exponent: float = real(default=0.0, least=0)
    values: str = word(default="uniform", among=VALUES)
    points: str = word(default="random", among=POINTS)
    nodes: int = whole(default=0, least=0, most=MOST_NODES)

    def __post_init__(self) -> None:
        check_features(self, self.n_features)
        check_length("SparseWorld.density", self.density, self.n_features, "feature")
        check_number("SparseWorld.exponent", self.exponent)

    def sample(self, key: Key, n: int) -> Batch:
        return draw(self, key, n)

    @property
    def n_uniforms(self) -> int:
        return draws(self.n_features, self.values)

    def columns(self, u: Float[Array, "uniforms batch"]) -> Float[Array, "features batch"]:
        """What uniform numbers become."""
        on, size = sometimes(u, self.densities(), self.values)
        return jnp.where(on, size, 0.0)

    def everything(self) -> Batch:
        """Rows whose weighted mean is the expectation: up to 6 features, or 16 whose value is one."""
        x, chance = enumerate_sets(self, self.densities())
        return Batch(x=x, y=x, weight=self.importances(), chance=chance)

    def importances(self) -> Float[Array, "features"]:
        return importances(self.n_features, self.importance, self.decay)

    def densities(self) -> Float[Array, "features"]:
        rank = jnp.arange(1, self.n_features + 1, dtype=float)
        return vector(self.density, self.n_features) * rank ** -jnp.asarray(self.exponent, dtype=float)
