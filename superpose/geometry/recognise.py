"""Which features interfere with which, and what shape each such group makes."""

from typing import NamedTuple

import numpy as np

from superpose.core.shapes import Array, Float
from superpose.geometry.gram import dimensionality, directions, norms
from superpose.geometry.polytopes import polygon, simplex, square_antiprism


class Component(NamedTuple):
    """Features that interfere among themselves and with no others, and the name of the shape they make."""

    name: str
    features: tuple[int, ...]


def recognise(
    W: Float[Array, "hidden features"], threshold: float = 0.1, least_share: float = 0.2, least_norm: float = 0.5
) -> list[Component]:
    """Name every component of W; what matches no shape is "unresolved". Runs on the host."""
    groups = components(W, threshold, least_share, least_norm)
    U = np.asarray(directions(W), np.float64)
    return [Component(_name(U[:, list(group)]), group) for group in groups]


def components(
    W: Float[Array, "hidden features"], threshold: float = 0.1, least_share: float = 0.2, least_norm: float = 0.5
) -> list[tuple[int, ...]]:
    """Groups of features joined by cosines beyond ± threshold, each in order, by first feature.

    Features shorter than `least_norm` or owning less than `least_share` of a dimension are left out, or the faint ones
    would tie everything together.
    """
    W = _one_matrix(W)
    kept = np.flatnonzero((np.asarray(norms(W)) > least_norm) & (np.asarray(dimensionality(W)) > least_share))
    U = np.asarray(directions(W), np.float64)[:, kept]
    joined = np.abs(U.T @ U) > threshold
    return [tuple(int(i) for i in kept[group]) for group in _islands(joined)]


# Each shape, and how far any of its cosines may stray: TMS-12 of the project's specification for digon to tetrahedron.
# A pentagon bends by a few degrees in training; an antiprism's height follows density, and a cube must not pass.
_SHAPES = {
    "dedicated": (lambda: np.ones((1, 1)), 0.0),
    "digon": (lambda: simplex(1), 0.03),
    "triangle": (lambda: simplex(2), 0.06),
    "tetrahedron": (lambda: simplex(3), 0.06),
    "pentagon": (lambda: polygon(5), 0.1),
    "square antiprism": (square_antiprism, 0.15),
}


def _name(U):
    for name, (shape, stray) in _SHAPES.items():
        if _alike(U, np.asarray(shape(), np.float64), stray):
            return name
    return "unresolved"


def _alike(U, V, stray):
    if U.shape[1] != V.shape[1] or _rank(U) != len(V):
        return False
    return np.abs(_cosines(U) - _cosines(V)).max(initial=0.0) <= stray


def _cosines(U):
    return np.sort((U.T @ U)[np.triu_indices(U.shape[1], k=1)])


def _rank(U):
    """How many dimensions directions really span: those with a tenth of the strongest one's power."""
    power = np.linalg.svd(U, compute_uv=False) ** 2
    return int((power > 0.1 * power[0]).sum())


def _islands(joined):
    waiting = set(range(len(joined)))
    while waiting:
        island, front = set(), {min(waiting)}
        while front:
            island |= front
            front = set(np.flatnonzero(joined[sorted(front)].any(0)).tolist()) - island
        waiting -= island
        yield sorted(island)


def _one_matrix(W):
    if np.ndim(W) != 2:
        raise ValueError(f"W has shape {np.shape(W)}; components are found in one matrix (hidden, features) at a time")
    return W
