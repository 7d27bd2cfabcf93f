"""Panels in three dimensions: features as corners of a solid, its edges where two of them meet the least."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import FigureBase

from superpose.core.shapes import Float
from superpose.plots.style import FAINT, INK, MUTED


def solid(figure: FigureBase, place: Any, limit: float = 1.0) -> Any:
    """An empty panel to look into: three dashed axes and no box, with room for vectors as long as `limit`."""
    axis: Any = figure.add_subplot(place, projection="3d", computed_zorder=False)
    axis.set_axis_off()
    axis.set(xlim=(-limit, limit), ylim=(-limit, limit), zlim=(-limit, limit))
    axis.set_box_aspect((1, 1, 1), zoom=1.4)
    axis.view_init(elev=20, azim=35)
    for way in np.eye(3) * limit:
        axis.plot(*np.stack([-way, way], axis=1), color=FAINT, lw=0.5, ls=(0, (3, 2)), zorder=1)
    return axis


class Corners:
    """Features as lines from the origin to a dot, in one colour each, and the edges of what they make; it can move."""

    def __init__(self, axis: Any, colours: Sequence[Any], edges: Sequence[tuple[int, int]], dot: float = 5.0):
        self.edges = list(edges)
        self.rims = [axis.plot([], [], [], color=MUTED, lw=0.5, alpha=0.7, zorder=2)[0] for _ in self.edges]
        self.spokes = [axis.plot([], [], [], color=c, lw=1.6, zorder=3)[0] for c in colours]
        dots: dict[str, Any] = {"ls": "", "marker": "o", "ms": dot, "mec": INK, "mew": 0.3, "zorder": 4}
        self.dots = [axis.plot([], [], [], color=c, **dots)[0] for c in colours]

    def at(self, W: Float[Any, "hidden features"]) -> None:
        """Put the corners where the columns of W point."""
        W = np.asarray(W, float)
        for line, (i, j) in zip(self.rims, self.edges, strict=True):
            line.set_data_3d(*W[:, [i, j]])
        for spoke, dot, w in zip(self.spokes, self.dots, W.T, strict=True):
            spoke.set_data_3d(*np.stack([0 * w, w], axis=1))
            dot.set_data_3d(*w[:, None])


def edges(W: Float[Any, "hidden features"], below: float = -0.5) -> list[tuple[int, int]]:
    """Pairs of corners that an edge joins: all but those that look away from one another, with cosines `below`."""
    W = np.asarray(W, float)
    U = W / np.maximum(np.linalg.norm(W, axis=0), 1e-9)
    cosines = U.T @ U
    return [(i, j) for i in range(W.shape[1]) for j in range(i) if cosines[i, j] > below]


def turned(W: Float[Any, "steps hidden features"], to: Float[Any, "hidden features"]) -> np.ndarray:
    """Every matrix of a path turned by the one rotation, mirrored if need be, that brings the last nearest to `to`."""
    W = np.asarray(W, float)
    left, _, right = np.linalg.svd(np.asarray(to, float) @ W[-1].T)
    return (left @ right) @ W
