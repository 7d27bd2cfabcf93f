"""Worlds small enough to be written out: every pattern of what is on, and in each the points that integrate sizes.

Which rows there are depends on static fields alone; densities enter through the chances, so they may be swept.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from typing import Any

import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float
from superpose.worlds.quadrature import RULES, Grid, cube, most_active

MOST_ROWS = 2**17
FINE_ROWS = 40_000
"""Where this many are enough to integrate each pattern finely, it is done."""

Pattern = tuple[int, ...]
"""The features that are on together."""

Rows = tuple[Float[Array, "rows features"], Float[Array, "rows"]]
"""Inputs, and the chance of each."""


def enumerate_sets(world: Any, p: Float[Array, "sets"], choices: int = 1, together: int = 1) -> Rows:
    """Sets that come on independently, set s with chance p_s, and then as one of `choices` equally likely patterns.

    Features are numbered by set, then by choice, then among the `together` that a choice switches on.
    """
    check_count(world, (choices + 1) ** min(len(p), 20), len(p) * together)
    patterns, on, share = _combine(len(p), choices, together)
    return rows(world, patterns, jnp.where(on, p, 1.0 - p).prod(axis=-1) * jnp.asarray(share, dtype=float))


def rows(world: Any, patterns: tuple[Pattern, ...], chance: Float[Array, "patterns"]) -> Rows:
    """The points of every pattern, each with its part of the pattern's chance."""
    check_count(world, len(patterns), max(map(len, patterns)))
    x, part, which = _table(patterns, world.n_features, world.values, _grid(world, Counter(map(len, patterns))))
    return jnp.asarray(x, dtype=float), chance[which] * jnp.asarray(part, dtype=float)


def _grid(world: Any, sizes: Counter[int]) -> Grid:
    """What the world asks for, or the best that its number of patterns allows."""

    def total(grid: Grid) -> int:
        return sum(n * len(cube(k, world.values, grid)[0]) for k, n in sizes.items())

    grid: Grid = world.nodes or ("fine" if total("fine") <= FINE_ROWS else "coarse")
    if total(grid) > MOST_ROWS:
        raise _too_large(world)
    return grid


def check_count(world: Any, n_patterns: int, active: int) -> None:
    """Refuse a world with too much in it, before listing what it has."""
    known = [*RULES, "one"]
    if world.values not in known:
        raise BadValue(f"{type(world).__name__}.everything() is for values among {known}, not {world.values!r}")
    limit = most_active(world.values)
    if n_patterns > MOST_ROWS or (limit is not None and active > limit):
        raise _too_large(world)


def _too_large(world: Any) -> BadValue:
    limit = most_active(world.values)
    together = "" if limit is None else f" and {limit} features on together"
    return BadValue(
        f"{type(world).__name__}.everything() would take too many rows for {world.n_features} features: it goes up to "
        f"{MOST_ROWS:,} rows{together}; take a batch from sample(key, n) instead"
    )


@functools.lru_cache(maxsize=64)
def _combine(n_sets: int, choices: int, together: int) -> tuple[tuple[Pattern, ...], np.ndarray, np.ndarray]:
    """Every pattern of the whole, which sets are on in it, and its share among patterns with the same sets on."""
    features = np.arange(n_sets * choices * together).reshape(n_sets, choices, together).tolist()
    combinations = list(itertools.product(*([[], *of_set] for of_set in features)))
    on = np.array([[bool(choice) for choice in c] for c in combinations])
    return tuple(tuple(itertools.chain(*c)) for c in combinations), on, (1 / choices) ** on.sum(axis=1)


@functools.lru_cache(maxsize=16)
def _table(
    patterns: tuple[Pattern, ...], n_features: int, values: str, grid: Grid
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows `x`, the part of its pattern's chance that each carries, and which pattern that is."""
    cubes = [cube(len(active), values, grid, sum(active) % max(len(active), 1)) for active in patterns]
    blocks = []
    for active, (sizes, _) in zip(patterns, cubes, strict=True):
        block = np.zeros((len(sizes), n_features))
        block[:, active] = sizes
        blocks.append(block)
    which = np.repeat(np.arange(len(patterns), dtype=np.int32), [len(part) for _, part in cubes])
    return np.concatenate(blocks), np.concatenate([part for _, part in cubes]), which
