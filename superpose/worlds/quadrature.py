"""Points and weights that integrate over the sizes of the features that are on.

A ReLU loss has kinks where two features cancel. A tensor of equal Gauss rules puts points on that diagonal and is
1.4e-3 off for an antipodal pair at 24 × 24; with a different count along every axis it is 1.1e-5 off at 20 × 28.
What a descent can gain from the error is what matters: one feature alone is cheap, so it has points to spare.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Literal

import numpy as np

COARSE = ((), (256,), (28, 36), (6, 8, 15), (4, 5, 6, 7), (3, 4, 5, 6, 7), (3, 3, 4, 4, 5, 5))
"""Points along each axis, by how many features are on together; all that five independent features can afford."""

FINE = (*COARSE[:3], (10, 13, 29))
"""The same for worlds of few patterns. Beyond three features, scattered points do better than so large a grid."""

N_SCATTERED = 2**13
LEAST_NODES, MOST_NODES = 8, 256

Rule = tuple[np.ndarray, np.ndarray]
Grid = int | Literal["coarse", "fine"]
"""A number is a world's `nodes`: few enough for a phase diagram of a hundred thousand models."""


def cheap(nodes: int) -> tuple[tuple[int, ...], ...]:
    """About `nodes` points along an axis of two, half as many along one of three, and never two counts alike.

    An antipodal pair is 5.7e-5 off at 10 × 14, and 5.3e-3 at 12 × 12 for four rows more.
    """
    half = nodes // 2
    return ((), (nodes,), (nodes - 2, nodes + 2), (half - 1, half, half + 1), *COARSE[4:])


def most_active(values: str) -> int | None:
    """How many features may be on together; None if there is no limit."""
    return None if values == "one" else len(COARSE) - 1


@functools.lru_cache(maxsize=256)
def cube(active: int, values: str, grid: Grid, turn: int = 0) -> Rule:
    """Points `rows active` and weights summing to 1. `turn` says which axis has the fewest points."""
    if values == "one":
        return np.ones((1, active)), np.ones(1)
    if grid == "fine" and active >= len(FINE):
        return _scattered(active, values)
    counts = (cheap(grid) if isinstance(grid, int) else {"coarse": COARSE, "fine": FINE}[grid])[active]
    axes = [RULES[values](counts[(j + turn) % active]) for j in range(active)]
    places = np.array(list(itertools.product(*(x for x, _ in axes))))
    weights = functools.reduce(np.multiply.outer, (w for _, w in axes), np.ones(()))
    return places, weights.ravel() / weights.sum()


def _scattered(active: int, values: str) -> Rule:
    """Sobol points, which favour no axis, weighted so that every product of two powers of one comes out exactly."""
    from scipy.stats.qmc import Sobol

    u = Sobol(active, scramble=False).random(N_SCATTERED) + 0.5 / N_SCATTERED
    x = u if values == "uniform" else 2 * u - 1
    weights = np.full(N_SCATTERED, 1 / N_SCATTERED)
    axis, axis_weights = RULES[values](8)
    means = [axis_weights @ f(axis) for f in POWERS[values]]
    lines = [[f(x[:, j]) for f in POWERS[values]] for j in range(active)]
    moments, wanted = [np.ones(N_SCATTERED)], [1.0]
    for j, (f, mean) in itertools.product(range(active), enumerate(means)):
        moments.append(lines[j][f])
        wanted.append(mean)
        for i, (g, other) in itertools.product(range(j), enumerate(means)):
            moments.append(lines[i][g] * lines[j][f])
            wanted.append(mean * other)
    table = np.array(moments)
    weights = weights + np.linalg.lstsq(table, np.array(wanted) - table @ weights, rcond=None)[0]
    return x, weights


def _uniform(q: int) -> Rule:
    x, w = np.polynomial.legendre.leggauss(q)
    return (x + 1) / 2, w / w.sum()


def _signed(q: int) -> Rule:
    """Half of the points on either side of 0, where |x| has its corner."""
    x, w = _uniform((q + 1) // 2)
    return np.concatenate([-x[::-1], x]), np.concatenate([w[::-1], w]) / 2


RULES: dict[str, Callable[[int], Rule]] = {"uniform": _uniform, "signed": _signed}

POWERS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], ...]] = {
    "uniform": (lambda x: x, np.square),
    "signed": (lambda x: x, np.abs, np.square),
}
