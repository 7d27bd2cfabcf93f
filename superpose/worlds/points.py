"""A sample of a world that is a function of uniform numbers: where they come from, and which way round they lie."""

from __future__ import annotations

from typing import Protocol

import jax

from superpose.core.shapes import Array, Float, Key
from superpose.worlds.base import Batch
from superpose.worlds.features import check_rows
from superpose.worlds.lattice import check_lattice, lattice

POINTS = ("random", "lattice")
"""Each row by itself; all rows spread evenly together, for gradients of less noise. Either way fresh at every step."""


class Columns(Protocol):
    """A world by what it makes of uniform numbers: `n_uniforms` of them for a row, features first and batch last."""

    @property
    def n_features(self) -> int: ...

    @property
    def points(self) -> str: ...

    @property
    def n_uniforms(self) -> int: ...

    def columns(self, u: Float[Array, "uniforms batch"]) -> Float[Array, "features batch"]: ...

    def importances(self) -> Float[Array, "features"]: ...


def draw(world: Columns, key: Key, n: int) -> Batch:
    """Drawn features first, so that `batch.x.T` costs nothing; half the time on a CPU."""
    check_rows(world, n, world.n_features)
    x = world.columns(_uniforms(world, key, n)).T
    return Batch(x=x, y=x, weight=world.importances())


def _uniforms(world: Columns, key: Key, n: int) -> Float[Array, "uniforms batch"]:
    if world.points == "random":
        return jax.random.uniform(key, (world.n_uniforms, n))
    check_lattice(type(world).__name__, world.n_uniforms, n)
    return lattice(key, world.n_uniforms, n)
