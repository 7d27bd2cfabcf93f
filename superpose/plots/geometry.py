"""Panels that show where features point: vectors in a plane, products of directions, lengths and sharing."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Float
from superpose.plots.style import (
    CREAM,
    FAINT,
    INK,
    MUTED,
    SHARE,
    SIGNED,
    TRACK,
    VIRIDIS,
    WEIGHTS,
    by_importance,
    by_superposition,
)


def vectors(
    axis: Axes, W: Float[Any, "hidden features"], importance: Float[Any, "features"] | None = None, *,
    limit: float = 1.5,
    dot: float = 3.6,
) -> None:  # fmt: skip
    """Each feature of a two-dimensional W as a line from the origin to a dot; yellow is the most important.

    Without importances the first feature counts as the most important.
    """
    W = np.asarray(W)
    if W.ndim != 2 or W.shape[0] != 2:
        raise BadValue(f"W has shape {W.shape}; vectors draws (2, features)")
    order = np.arange(W.shape[1])[::-1]
    colours = by_importance(order if importance is None else importance)
    frame(axis, limit)
    for i in np.argsort(colours[:, 1]):
        axis.plot((0, W[0, i]), (0, W[1, i]), color=colours[i], lw=1.3, solid_capstyle="round", zorder=3)
        axis.plot(*W[:, i], "o", color=colours[i], ms=dot, mec=INK, mew=0.25, zorder=4)


def upright(W: Float[Any, "hidden features"]) -> np.ndarray:
    """A plane's W turned, and mirrored if need be, so that the first feature points up and the second to its right."""
    W = np.asarray(W, float)
    turn = np.pi / 2 - np.arctan2(W[1, 0], W[0, 0])
    W = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ W
    return W * [[-1 if W[0, 1] < 0 else 1], [1]]


def frame(axis: Axes, limit: float = 1.5) -> None:
    """A square of cream with dashed axes through its centre, and no numbers."""
    axis.set_facecolor(CREAM)
    axis.set(xlim=(-limit, limit), ylim=(-limit, limit), xticks=[], yticks=[], aspect="equal")
    axis.spines[:].set_visible(True)
    axis.spines[:].set(color=FAINT, linewidth=0.5)
    for line in (axis.axhline, axis.axvline):
        line(0, color=FAINT, lw=0.6, ls=(0, (3, 2)), zorder=1)


def heatmap(axis: Axes, gram: Float[Any, "features features"], b: Float[Any, "features"] | None = None) -> None:
    """All products of two directions, and in a thin column beside them the biases. Blue −1, grey 0, red +1."""
    gram = np.asarray(gram)
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1]:
        raise BadValue(f"heatmap draws a gram, features × features, not {gram.shape}; use axes.pcolormesh for a table")
    n = len(gram)
    colours: dict[str, Any] = {"cmap": WEIGHTS, "norm": SIGNED, "interpolation": "nearest"}
    axis.imshow(gram, extent=(0, n, n, 0), **colours)
    if b is not None:
        left, wide = n * 1.05, n * 0.07
        axis.imshow(np.asarray(b)[:, None], extent=(left, left + wide, n, 0), **colours)
        axis.set_xlim(0, left + wide)
    axis.set(ylim=(n, 0), xticks=[], yticks=[], aspect="equal")
    axis.spines[:].set_visible(False)


def bars(
    axis: Axes, norms: Float[Any, "features"], superposition: Float[Any, "features"], *, most: float = 1.3
) -> None:
    """How long each feature is, the first on top; dark stands alone, yellow shares its direction with others."""
    norms = np.asarray(norms)
    rows = np.arange(len(norms))
    axis.barh(rows, np.full(len(norms), most), height=0.82, color=TRACK, lw=0)
    axis.barh(rows, np.minimum(norms, most), height=0.82, color=by_superposition(superposition), lw=0)
    axis.set(xlim=(0, most), ylim=(len(norms) - 0.5, -0.5), xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def scale(axis: Axes, title: str, colours: Colormap, low: str, high: str, norm: Normalize = SHARE) -> None:
    """A short strip of colours with a word at either end, to say what the colours of other panels mean."""
    ends = axis.inset_axes((0.36, 0.1, 0.28, 0.4))
    ends.imshow(np.linspace(norm.vmin or 0, norm.vmax or 0, 128)[None], aspect="auto", cmap=colours, norm=norm)
    ends.set_axis_off()
    axis.set_axis_off()
    axis.text(0.34, 0.3, low, ha="right", va="center", fontsize=6, color=MUTED)
    axis.text(0.66, 0.3, high, ha="left", va="center", fontsize=6, color=MUTED)
    axis.text(0.5, 0.95, title, ha="center", va="top", fontsize=6)


def weight_scale(axis: Axes, title: str) -> None:
    scale(axis, title, WEIGHTS, "−1", "+1", SIGNED)


def sharing_scale(axis: Axes, title: str) -> None:
    scale(axis, title, VIRIDIS, "alone", "sharing")
