"""Which features interfere with which, and what shape each such group makes.

A component is a group that cannot be split: features joined by a chain of cosines, orthogonal to all others. So a
square is two digons and an octahedron three, in orthogonal subspaces (a tegum); `joint` names such a whole.
A group has a shape's name if its corners are `WITHIN` reach of the shape's at the best rotation and renaming, and it
stands `APART` from all other features; both are root mean squares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float
from superpose.geometry.catalogue import Named, name_of, rank
from superpose.geometry.gram import dimensionality, directions, norms

WITHIN, APART = 0.1, 0.05
"""Set on trained toys, whose shapes bend by up to 0.1, and on random matrices, in which nothing has a shape."""

STEPS = (1.0, 0.5, 0.25, 2.0)
"""Thresholds tried in turn, as multiples: lower ones find large simplices, higher ones see through noise."""


class Component(NamedTuple):
    """Features that interfere among themselves and with no others, and the name of the shape they make.

    `residual` is how far its corners are from the shape's, root mean square, and infinite for no shape. `leak` is how
    much of other features lies along it, root mean square, over long ones or over short, whichever is more.
    `dimension` is how many it spans; `share` what part of one each feature owns, on average. "unknown" is a group of
    no known shape; "diffuse" are features that own less than `least_share` each and would tie everything together.
    """

    name: str
    features: tuple[int, ...]
    residual: float
    leak: float
    dimension: int
    share: float


class Measured(NamedTuple):
    """What is read off a stack of matrices at once, before shapes are looked for."""

    U: np.ndarray
    length: np.ndarray
    share: np.ndarray
    cosines: np.ndarray


def recognise(
    W: Float[Array, "hidden features"],
    threshold: float = 0.1,
    least_share: float = 0.2,
    least_norm: float = 0.5,
    within: float = WITHIN,
    apart: float = APART,
) -> list[Component]:
    """Name every component of W, by first feature. Runs on the host, whatever W's scale.

    Features shorter than `least_norm` of a typical length, |W|⁴ over |W|² summed over features, count as absent.
    """
    found = measured(_one_matrix(W)[None])
    return sift(found, threshold, least_share, least_norm, within, apart)[0]


def components(
    W: Float[Array, "hidden features"], threshold: float = 0.1, least_share: float = 0.2, least_norm: float = 0.5
) -> list[tuple[int, ...]]:
    """Groups of features joined by cosines beyond ± threshold, each in order, by first feature.

    Short features and those owning less than `least_share` of a dimension are left out.
    """
    found = measured(_one_matrix(W)[None])
    kept = _long(found, least_norm) & (found.share >= least_share)
    return [group for _, group in _islands(found.cosines, kept, threshold)]


@jax.jit
def _measures(W: Float[Array, "models hidden features"]) -> Any:
    U = directions(W)
    return U, norms(W), dimensionality(W), jax.numpy.matmul(U.mT, U, precision="highest")


def measured(W: Float[Array, "models hidden features"], first: int | None = None) -> Measured:
    """One compiled call for all matrices. A column that is not finite is refused by name; `first` numbers matrices."""
    found = Measured(*(np.asarray(a) for a in _measures(W)))
    bad = np.argwhere(~np.isfinite(found.length))
    if len(bad):
        model, column = bad[0].tolist()
        where = "" if first is None else f"matrix {first + model}, "
        raise BadValue(f"W has values that are not finite, in {where}column {column}; leave such features out")
    return found


def sift(
    found: Measured, threshold: float, least_share: float, least_norm: float, within: float, apart: float
) -> list[list[Component]]:
    """The components of every matrix: at each threshold in turn, groups that make a shape are taken out.

    Then features that own little are set aside as diffuse, and the rest is tried again.
    """
    there, weight = _long(found, least_norm), np.where(found.share > 0.0, np.minimum(_relative(found), 1.0), 0.0)
    left, tried = there.copy(), [set[tuple[int, ...]]() for _ in there]
    done: list[list[Component]] = [[] for _ in there]
    for crowded in (False, True):
        open_ = left & (found.share >= least_share) if crowded else left
        for step in STEPS:
            for i, group in _islands(found.cosines, open_ & left, step * threshold):
                if group in tried[i]:
                    continue
                tried[i].add(group)
                leak = _leak(found.cosines[i], weight[i], there[i], group)
                shape = name_of(_columns(found, i, group), within) if leak <= apart else None
                if shape is not None and shape.name != "unknown":
                    done[i].append(_component(found, i, group, shape, leak))
                    left[i, list(group)] = False
    diffuse = left & (found.share < least_share)
    for i in np.flatnonzero(diffuse.any(1)).tolist():
        done[i].append(_rest(found, weight, there, i, tuple(np.flatnonzero(diffuse[i]).tolist()), "diffuse"))
    for i, group in _islands(found.cosines, left & ~diffuse, threshold):
        done[i].append(_rest(found, weight, there, i, group, "unknown"))
    return [sorted(each, key=lambda component: component.features) for each in done]


def _rest(found, weight, there, i, group, name):
    shape = Named(name, np.inf, rank(_columns(found, i, group)))
    return _component(found, i, group, shape, _leak(found.cosines[i], weight[i], there[i], group))


def _component(found, i, group, shape, leak):
    return Component(
        shape.name, group, shape.residual, leak, shape.dimension, float(found.share[i, list(group)].mean())
    )


def _columns(found: Measured, i: int, group: tuple[int, ...]) -> np.ndarray:
    return np.asarray(found.U[i][:, list(group)], np.float64)


def _leak(lean: np.ndarray, weight: np.ndarray, there: np.ndarray, group: tuple[int, ...]) -> float:
    """What of the others lies along the group, root mean square: over long ones or over short, whichever is more."""
    members = list(group)
    others = weight > 0.0
    others[members] = False
    amounts = lean[members] ** 2 * weight**2
    parts = (amounts[:, part] for part in (others & there, others & ~there))
    return max(float(np.sqrt(part.mean())) if part.size else 0.0 for part in parts)


def _long(found: Measured, least_norm: float) -> np.ndarray:
    """Features longer than so much of a typical length: that of which a unit of power is."""
    return (_relative(found) > least_norm) & (found.share > 0.0)


def _relative(found: Measured) -> np.ndarray:
    """Lengths in units of a typical one: that of which a unit of power is."""
    power = found.length.astype(np.float64) ** 2
    total = power.sum(1, keepdims=True)
    typical = np.sqrt((power**2).sum(1, keepdims=True) / np.where(total == 0.0, 1.0, total))
    return found.length / np.where(typical == 0.0, 1.0, typical)


def _islands(cosines: np.ndarray, kept: np.ndarray, threshold: float) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every group of kept features that chains of cosines beyond ± threshold join, with the matrix it is in."""
    models, n = kept.shape
    which, one, other = np.nonzero((np.abs(cosines) > threshold) & kept[:, :, None] & kept[:, None, :])
    links = coo_array((np.ones(len(which), bool), (which * n + one, which * n + other)), shape=(models * n, models * n))
    label = connected_components(links, directed=False)[1]
    places = np.flatnonzero(kept)
    places = places[np.argsort(label[places], kind="stable")]
    starts = np.flatnonzero(np.diff(label[places])) + 1
    for group in np.split(places, starts) if len(places) else ():
        yield int(group[0] // n), tuple((group % n).tolist())


def _one_matrix(W: Any) -> Any:
    if np.ndim(W) != 2:
        raise ValueError(f"W has shape {np.shape(W)}; components are found in one matrix (hidden, features) at a time")
    return jax.numpy.asarray(W)
