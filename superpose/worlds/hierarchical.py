"""Features in trees: one can be on only if its parent is."""

from __future__ import annotations

import functools
import itertools

import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import pytree, real, whole, word
from superpose.worlds.base import Batch
from superpose.worlds.exact import Pattern, check_count, rows
from superpose.worlds.features import check_features, check_length, check_number, importances, vector
from superpose.worlds.laws import VALUES, Drawn, draws, one_of, sometimes
from superpose.worlds.points import POINTS, draw
from superpose.worlds.quadrature import MOST_NODES


@pytree
class HierarchicalWorld:
    """Trees of features, each feature of its own size; `depth` counts levels, so 1 is roots alone.

    Features are numbered level by level: the roots, then the children of root 0, of root 1, ... A root is on with
    chance density. Below a parent that is on, each child is on with chance child_density (`children="independent"`),
    or with that chance one of them is, each as likely as the others (`children="exclusive"`).
    `points` and `nodes` are SparseWorld's.
    """

    n_roots: int = whole()
    branching: int = whole(default=2)
    depth: int = whole(default=2, most=32)
    density: float | tuple = real(default=0.1, above=0, most=1)
    child_density: float = real(default=0.5, above=0, most=1)
    children: str = word(default="independent", among=("independent", "exclusive"))
    decay: float = real(default=1.0, above=0)
    importance: float | tuple = real(default=1.0, least=0)
    values: str = word(default="uniform", among=VALUES)
    points: str = word(default="random", among=POINTS)
    nodes: int = whole(default=0, least=0, most=MOST_NODES)

    def __post_init__(self) -> None:
        check_features(self, self.n_features)
        check_length("HierarchicalWorld.density", self.density, self.n_roots, "root")
        check_number("HierarchicalWorld.child_density", self.child_density)

    @property
    def n_features(self) -> int:
        return self.n_roots * sum(self.branching**level for level in range(self.depth))

    def sample(self, key: Key, n: int) -> Batch:
        return draw(self, key, n)

    @property
    def n_uniforms(self) -> int:
        return sum(self._uniforms())

    def _uniforms(self) -> list[int]:
        """How many each level takes: its own number, or where one is chosen in a family, that of its parents."""
        sizes = [self.n_roots * self.branching**level for level in range(self.depth)]
        decisions = [self.n_roots, *sizes[:-1]] if self.children == "exclusive" else sizes
        return [draws(n, self.values) for n in decisions]

    def columns(self, u: Float[Array, "uniforms batch"]) -> Float[Array, "features batch"]:
        """What uniform numbers become, level by level."""
        u_roots, *u_levels = jnp.split(u, np.cumsum(self._uniforms())[:-1].tolist())
        on, size = sometimes(u_roots, self.densities(), self.values)
        levels = [jnp.where(on, size, 0.0)]
        for u_level in u_levels:
            chosen, size = self._families(u_level)
            on = on[:, None] & chosen
            levels.append(jnp.where(on, size, 0.0).reshape(-1, u.shape[-1]))
            on = on.reshape(-1, u.shape[-1])
        return jnp.concatenate(levels)

    def _families(self, u: Float[Array, "draws batch"]) -> Drawn:
        """The children of every parent, as if it were on: parents, children, batch."""
        q = jnp.asarray(self.child_density, dtype=float)
        if self.children == "exclusive":
            return one_of(u, q, self.branching, self.values)
        on, size = sometimes(u, q, self.values)
        shape = (-1, self.branching, u.shape[-1])
        return on.reshape(shape), size.reshape(shape)

    def everything(self) -> Batch:
        """Rows whose weighted mean is the expectation: up to 6 features on together, and 16 in all."""
        exclusive = self.children == "exclusive"
        check_count(self, 2 ** min(self.n_features, 30), self.n_roots * self.depth if exclusive else self.n_features)
        patterns, roots, ons, offs = _patterns(self.n_roots, self.branching, self.depth, exclusive)
        p, q = self.densities(), jnp.asarray(self.child_density, dtype=float)
        chance = jnp.where(roots, p, 1.0 - p).prod(axis=-1)
        each = q / self.branching if exclusive else q
        chance *= each ** jnp.asarray(ons, dtype=float) * (1.0 - q) ** jnp.asarray(offs, dtype=float)
        x, chance = rows(self, patterns, chance)
        return Batch(x=x, y=x, weight=self.importances(), chance=chance)

    def importances(self) -> Float[Array, "features"]:
        return importances(self.n_features, self.importance, self.decay)

    def densities(self) -> Float[Array, "roots"]:
        return vector(self.density, self.n_roots)


@functools.lru_cache(maxsize=16)
def _patterns(
    n_roots: int, branching: int, depth: int, exclusive: bool
) -> tuple[tuple[Pattern, ...], np.ndarray, np.ndarray, np.ndarray]:
    """What can be on together; which roots are; how many choices below them came out on, and how many off."""
    starts = np.cumsum([0, *(n_roots * branching**level for level in range(depth))]).tolist()

    def tree(level: int, place: int) -> list[tuple[Pattern, int, int]]:
        """The ways of a feature that is on: it and those below it, choices on, choices off."""
        here = ((starts[level] + place,), 0, 0)
        if level == depth - 1:
            return [here]
        below = [
            [(pattern, on + 1, off) for pattern, on, off in tree(level + 1, place * branching + child)]
            for child in range(branching)
        ]
        none = ((), 0, 1)
        families = [[none, *itertools.chain(*below)]] if exclusive else [[none, *ways] for ways in below]
        return [_together((here, *ways)) for ways in itertools.product(*families)]

    forest = [_together(ways) for ways in itertools.product(*([((), 0, 0), *tree(0, r)] for r in range(n_roots)))]
    roots = np.array([[r in pattern for r in range(n_roots)] for pattern, _, _ in forest])
    return tuple(w[0] for w in forest), roots, np.array([w[1] for w in forest]), np.array([w[2] for w in forest])


def _together(ways: tuple[tuple[Pattern, int, int], ...]) -> tuple[Pattern, int, int]:
    patterns, ons, offs = zip(*ways, strict=True)
    return tuple(sorted(itertools.chain(*patterns))), sum(ons), sum(offs)
