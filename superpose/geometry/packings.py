r"""What an arrangement of equal features costs at any density, exactly.

$x' = \mathrm{ReLU}(W^\top W x + b)$ with one squared norm a and one bias b for all; a feature is on with chance p and
then uniform on [0, 1]. Given what is on, an answer is a sum of uniform numbers under a rectifier, and the mean of a
power of that is a sum of powers over the corners of their cube. In NumPy and double precision, on the host.
"""

import functools
import itertools
import math
from typing import Any

import numpy as np

from superpose.core.shapes import Float
from superpose.geometry.energies import Packing

MOST_FEATURES = 10
"""3^9 corners."""
_RIGHT = 1e-6  # directions closer to a right angle than this do not disturb each other
_LEAST = 0.1  # of a, where an optimum is looked for: below, the sums cancel to nothing, and so do the features
_ROUNDS = 24
_GRID = np.array(list(itertools.product(np.linspace(-1, 1, 7), repeat=2)))


def packing_loss(W: Float[Any, "hidden features"], p: Any, a: Any, b: Any) -> Any:
    """Expected loss, summed over features. Lengths in W are ignored; p, a and b broadcast."""
    return _total(_views(W), *(np.asarray(v, float) for v in (p, a, b)))


def packing_optimum(W: Float[Any, "hidden features"], p: Any) -> Packing:
    """The least of `packing_loss` over one common norm and one common bias, and where it is, for every p.

    By a grid that zooms, over b and the answer a + b to a full feature, which lies near 1.
    """
    views, p = _views(W), np.asarray(p, float)[..., None]
    centre, reach = np.broadcast_to([0.55, -1.7], (*p.shape[:-1], 2)), np.array([0.65, 2.3])
    for _ in range(_ROUNDS):
        y, b = np.moveaxis(centre[..., None, :] + reach * _GRID, -1, 0)
        lost = _total(views, p, np.maximum(y - b, _LEAST), b)
        best = lost.argmin(-1)[..., None]
        centre = np.concatenate([np.take_along_axis(v, best, -1) for v in (y, b)], -1)
        reach = reach / 2
    found: Any = np.take_along_axis(lost, best, -1)[..., 0], *np.moveaxis(centre, -1, 0)
    least, full, bias = found
    return Packing(least, np.sqrt(np.maximum(full - bias, _LEAST)), bias)


def _total(views, p, a, b):
    return sum(count * _one(row, p, a, b) for row, count in views)


def _views(W):
    """The cosines that a feature has with the others, and how many features see just these."""
    U = np.asarray(W, np.float64)
    n = U.shape[1]
    if n > MOST_FEATURES:
        raise ValueError(f"W has {n} features; packings are worked out for up to {MOST_FEATURES}")
    U = U / np.linalg.norm(U, axis=0)
    others = np.sort((U.T @ U)[~np.eye(n, dtype=bool)].reshape(n, n - 1), axis=1)
    rows, counts = np.unique(others.round(5), axis=0, return_counts=True)
    exact = [others[np.abs(others - row).max(1, initial=0).argmin()] for row in rows]
    return [(tuple(row[np.abs(row) > _RIGHT]), int(count)) for row, count in zip(exact, counts, strict=True)]


def _one(cosines, p, a, b):
    """One feature's error: while it is off, E ReLU(aY + b)²; while on, E (x - ReLU(ax + aY + b))². Y is the others.

    Wanted are the means of t₊²/2 and t₊³/6 where t = a (x + Y) + b, at x = 0 and 1.
    """
    (silent, low), (full, high) = (_means(cosines, p, a, b, x) for x in (0.0, 1.0))
    grown = (high - low) / a
    on = 1 / 3 - 2.0 * (full - grown) / a + 2.0 * grown
    return (1.0 - p) * 2.0 * silent + p * on


def _means(cosines, p, a, b, x):
    """Sums over corners of powers of t: two more than the dimension of the corner's cube, and three more."""
    n, second, third = len(cosines), 0.0, 0.0
    for m, (at, shares) in enumerate(_corners(cosines)):
        chance = p**m * (1.0 - p) ** (n - m) / a**m
        t = np.maximum(a[..., None] * (at + x) + b[..., None], 0.0)
        power = _power(t, m + 2)
        second = second + chance * (power @ shares) / math.factorial(m + 2)
        third = third + chance * ((power * t) @ shares) / math.factorial(m + 3)
    return second, third


def _power(t, n):
    """By squaring: NumPy's own takes a logarithm."""
    half = t if n < 4 else _power(t, n // 2)
    return half * half * (t if n % 2 else 1.0) if n > 1 else t


@functools.lru_cache(maxsize=64)
def _corners(cosines):
    """For 0, 1, 2, … others on: the sums at the corners of all their cubes, and what each counts for."""
    state = np.array(list(itertools.product((0, 1, 2), repeat=len(cosines))), int).reshape(3 ** len(cosines), -1)
    on, full = state > 0, state == 2
    dimension, at = on.sum(1), full @ np.array(cosines)
    share = (-1.0) ** (dimension - full.sum(1)) / np.where(on, cosines, 1.0).prod(1)
    return [_alike(at[dimension == m], share[dimension == m]) for m in range(len(cosines) + 1)]


def _alike(at, share):
    """Corners with the same sum are one."""
    _, first, which = np.unique(at.round(9), return_index=True, return_inverse=True)
    return at[first], np.bincount(which.ravel(), share)
