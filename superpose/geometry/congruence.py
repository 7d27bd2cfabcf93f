"""Laying one set of directions on another: the rotation and the renaming of corners that bring them nearest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import qr
from scipy.optimize import linear_sum_assignment

from superpose.core.mistakes import BadValue

TRIES = 1320
"""How many places are tried for a first few corners, nearest cosines first: all there are in an icosahedron."""


class Match(NamedTuple):
    """How U lies on V: `turn @ V[:, order]` is as near to U as rotating, mirroring and renaming can bring it.

    `residual` is the root mean square, over corners, of the distance that is left; for unit directions, in radians
    when small. Symmetries of V give equal matches, of which one is returned.
    """

    residual: float
    order: tuple[int, ...]
    turn: np.ndarray


def align(U: Any, V: Any) -> Match:
    """The best match of the columns of U to as many columns of V, which may live in fewer dimensions. On the host.

    Exact where the residual is small against the gaps between V's cosines; beyond that the best of many starts.
    """
    U, V = (np.asarray(A, np.float64) for A in (U, V))
    if U.ndim != 2 or V.ndim != 2 or U.shape[1] != V.shape[1]:
        raise BadValue(f"U has shape {U.shape} and V {V.shape}; align() lays as many columns on as many")
    if len(V) > len(U):
        U = np.vstack([U, np.zeros((len(V) - len(U), U.shape[1]))])
    enough, best = _certain(V.tobytes(), V.shape), None
    for order in itertools.islice(_starts(U, V, _unlike(V.tobytes(), V.shape)), TRIES):
        found = _settle(U, V, order)
        if best is None or found.residual < best.residual:
            best = found
        if best.residual <= enough:
            break
    return best or _settle(U, V, np.arange(V.shape[1]))


def rotation(U: np.ndarray, V: np.ndarray) -> np.ndarray:
    """The orthonormal columns Q for which Q V is nearest to U, column for column."""
    left, _, right = np.linalg.svd(U @ V.T, full_matrices=False)
    return left @ right


def at_least(U: np.ndarray, V: np.ndarray) -> float:
    """A residual that no match can be below, in no time: spreads and grams differ little after a little movement."""
    power, other = (np.linalg.svd(A, compute_uv=False) for A in (U, V))
    most = max(len(power), len(other))
    spread = np.linalg.norm(np.pad(power, (0, most - len(power))) - np.pad(other, (0, most - len(other))))
    apart = np.linalg.norm(np.sort((U.T @ U).ravel()) - np.sort((V.T @ V).ravel()))
    return float(max(spread, apart / (power[0] + other[0])) / np.sqrt(U.shape[1]))


def _settle(U: np.ndarray, V: np.ndarray, order: np.ndarray, rounds: int = 8) -> Match:
    """Rotate, rename, and again until nothing changes. An order may begin with some corners only."""
    turn = rotation(U[:, order >= 0], V[:, order[order >= 0]])
    for _ in range(rounds):
        again = linear_sum_assignment(U.T @ turn @ V, maximize=True)[1]
        if (again == order).all():
            break
        order, turn = again, rotation(U, V[:, again])
    left = np.linalg.norm(U - turn @ V[:, order]) / np.sqrt(U.shape[1])
    return Match(float(left), tuple(order.tolist()), turn)


def _starts(U: np.ndarray, V: np.ndarray, first: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Orders to begin with: corners of V for a well-conditioned few of U, with one of `first` to lead."""
    G, H, k = U.T @ U, V.T @ V, V.shape[1]
    if _all_alike(H):
        yield np.arange(k)  # every order is as good
        return
    dimensions = np.linalg.matrix_rank(V, tol=1e-6)
    if dimensions == 2:
        yield from _round(U, V)
        return
    few = qr(U, mode="economic", pivoting=True)[2][:dimensions]

    def extend(taken: list[int]) -> Iterator[np.ndarray]:
        if len(taken) == len(few):
            order = np.full(k, -1)
            order[few] = taken
            yield order
            return
        here, before = few[len(taken)], few[: len(taken)]
        off = np.abs(H[:, taken] - G[here, before]).max(1, initial=0.0)
        for corner in np.argsort(off, kind="stable") if taken else first:
            if corner not in taken:
                yield from extend([*taken, int(corner)])

    yield from extend([])


def _round(U: np.ndarray, V: np.ndarray) -> Iterator[np.ndarray]:
    """In a plane the order is that of the angles, from any of them on and either way round; one, if V is regular."""
    here, there = (np.argsort(np.arctan2(*(np.linalg.svd(A)[2][:2]))) for A in (U, V))
    H = (V.T @ V)[np.ix_(there, there)]
    regular = np.abs(H - np.roll(H, (1, 1), (0, 1))).max() < 1e-5
    for shift in range(1 if regular else len(here)):
        for way in (1, -1)[: 1 if regular else 2]:
            order = np.empty(len(here), int)
            order[here] = np.roll(there[::way], shift)
            yield order


@lru_cache(maxsize=256)
def _unlike(data: bytes, shape: tuple[int, int]) -> tuple[int, ...]:
    """Corners that may lead: of those that a symmetry of V carries one corner to, one is enough."""
    V = np.frombuffer(data).reshape(shape)
    lead = int(qr(V, mode="economic", pivoting=True)[2][0])

    def symmetric(corner: int) -> bool:
        found = (_settle(V, V, order) for order in itertools.islice(_starts(V, V, (corner,)), 20))
        return any(match.residual < 1e-6 and match.order[lead] == corner for match in found)

    return (lead, *(corner for corner in range(shape[1]) if corner != lead and not symmetric(corner)))


@lru_cache(maxsize=256)
def _certain(data: bytes, shape: tuple[int, int]) -> float:
    """Below this residual no other order can be better, symmetries aside.

    Two such orders would move V's gram by at most 4 |V| √k residual, and a move that is no symmetry changes four
    entries or more by the least gap between two different cosines.
    """
    V = np.frombuffer(data).reshape(shape)
    H = V.T @ V
    values = np.sort(H[~np.eye(len(H), dtype=bool)])
    gaps = np.diff(values)
    gaps = gaps[gaps > 1e-5]
    if not len(gaps):
        return np.inf
    return float(gaps.min() / (2 * np.linalg.norm(V, 2) * np.sqrt(shape[1])))


def _all_alike(H: np.ndarray) -> bool:
    return bool(np.ptp(H[~np.eye(len(H), dtype=bool)]) < 1e-5) if len(H) > 1 else True
