"""The shapes that have a name, and which of them a handful of directions makes."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax
import numpy as np
from scipy.optimize import minimize_scalar

from superpose.geometry.congruence import Match, align, at_least, rotation
from superpose.geometry.polytopes import cube, icosahedron, polygon, simplex, square_antiprism, triangular_prism

SIMPLICES = {1: "digon", 2: "triangle", 3: "tetrahedron"}
POLYGONS = {5: "pentagon", 6: "hexagon"}
UNNAMED = ("unknown", "diffuse")
"""What a component is called that matches no shape, and features that crowd together below a fifth of a dimension."""


class Named(NamedTuple):
    """A shape's name, the root mean square distance of its corners from where they should be, and its dimensions."""

    name: str
    residual: float
    dimension: int


class Tall(NamedTuple):
    """A shape whose layers stand at ± a height that is free within limits."""

    corners: Callable[[float], np.ndarray]
    low: float
    high: float


def name_of(U: np.ndarray, within: float) -> Named:
    """The nearest shape whose corners are `within` reach of the unit columns of U; else "unknown", infinitely far."""
    k = U.shape[1]
    found = [*_rigid(U, within), *_tall(U, within)]
    near = [each for each in found if each.residual <= within]
    if not near:
        near = [each for each in _equiangular(U, within) if each.residual <= within]
    return min(near, key=lambda each: each.residual) if near else Named("unknown", np.inf, rank(U) if k else 0)


def shapes(k: int) -> dict[str, np.ndarray]:
    """Every rigid shape of k corners that does not fall into orthogonal parts."""
    return _shapes(k)


@lru_cache(maxsize=128)
def _shapes(k: int) -> dict[str, np.ndarray]:
    if k == 1:
        return {"dedicated": np.ones((1, 1))}
    with jax.enable_x64(True):
        found = {SIMPLICES.get(k - 1, f"{k - 1}-simplex"): simplex(k - 1)}
        if k >= 5:
            found[POLYGONS.get(k, f"{k}-gon")] = polygon(k)
        found |= {8: {"cube": cube()}, 12: {"icosahedron": icosahedron()}}.get(k, {})
        return {name: np.asarray(V, np.float64) for name, V in found.items()}


TALL = {
    6: ("triangular prism", triangular_prism, 0.35, 0.85),
    8: ("square antiprism", square_antiprism, 0.35, 0.75),
}
"""Layers of a trained antiprism stand at 0.51 to 0.59, as density has it; near 0 it would be an octagon."""


def _rigid(U, within):
    for name, V in shapes(U.shape[1]).items():
        if at_least(U, V) <= within:
            yield Named(name, align(U, V).residual, len(V))


def _tall(U, within):
    """Heights are read off the spread along the axis, which is the widest or the narrowest way, then polished."""
    if (k := U.shape[1]) not in TALL or min(U.shape) < 3:
        return
    name, _, low, high = TALL[k]
    spread = np.linalg.svd(U, compute_uv=False)[[0, 2]] / np.sqrt(k)
    for height in np.clip(spread, low, high):
        V = corners(name, float(height))
        if at_least(U, V) <= 2 * within:
            yield Named(name, _polished(U, name, align(U, V), low, high), 3)


def corners(name: str, height: float) -> np.ndarray:
    """A prism or antiprism of this height, in double precision."""
    V = _flat(name)
    return np.vstack([V[:2] * np.sqrt(1 - height**2), V[2:] * height])


@lru_cache(maxsize=8)
def _flat(name):
    """Its layers as they are before they are raised: unit vectors in the plane, and ± 1."""
    build = next(build for known, build, *_ in TALL.values() if known == name)
    with jax.enable_x64(True):
        V = np.asarray(build(0.5), np.float64)
    return np.vstack([V[:2] / np.sqrt(0.75), V[2:] / 0.5])


def _polished(U: np.ndarray, name: str, found: Match, low: float, high: float) -> float:
    """The residual at the best height, corners keeping their names."""
    order = list(found.order)

    def left(height):
        V = corners(name, height)[:, order]
        return np.linalg.norm(U - rotation(U, V) @ V) / np.sqrt(len(order))

    best = minimize_scalar(left, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return float(min(best.fun, found.residual))


def _equiangular(U, within):
    r"""Lines at one angle, $\sqrt{(k-r)/(r(k-1))}$ by Welch, with U's own signs: tight if its square is k/r of it."""
    k, r = U.shape[1], rank(U)
    if not 1 < r < k - 1:  # one dimension more is a simplex with signs turned, too easily met by luck
        return
    welch = np.sqrt((k - r) / (r * (k - 1)))
    T = np.where(U.T @ U > 0, welch, -welch)
    np.fill_diagonal(T, 1.0)
    power, ways = np.linalg.eigh(T)
    if np.abs(power - np.where(np.arange(k) < k - r, 0, k / r)).max() < 1e-6:
        V = (ways[:, k - r :] * np.sqrt(k / r)).T
        yield Named(f"ETF({k},{r})", float(np.linalg.norm(U - rotation(U, V) @ V) / np.sqrt(k)), r)


def rank(U: np.ndarray) -> int:
    """How many dimensions directions really span: those with a tenth of the strongest one's power."""
    power = np.linalg.svd(U, compute_uv=False) ** 2
    return int((power > 0.1 * power[0]).sum())
