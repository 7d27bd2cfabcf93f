"""Features in a plane that come in sets: a colour for each set, and circles to measure their lengths by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Float
from superpose.plots.geometry import frame, upright
from superpose.plots.style import BLUE, FAINT, GREEN, INK, MUTED, ORANGE, PINK

SETS = (ORANGE, BLUE, GREEN, PINK)
"""The first set, the second, the third; and one more."""


def circle(axis: Axes, radius: float = 1.0, words: str = "") -> None:
    """A thin circle round the origin, and what it stands for, written outside it, down to the right."""
    turn = np.linspace(0, 2 * np.pi, 181)
    axis.plot(radius * np.cos(turn), radius * np.sin(turn), color=FAINT, lw=0.6, zorder=1)
    if words:
        aside = 0.73 * radius
        axis.text(aside, -aside, words, color=MUTED, fontsize=5.5, ha="left", va="top", zorder=2)


def rays(axis: Axes, W: Float[Any, "hidden features"], colours: Sequence[Any], *, dot: float = 4.0) -> None:
    """Features of a plane as lines from the origin to a dot. Where two meet, the later is drawn smaller, on top."""
    W = np.asarray(W, float)
    if W.ndim != 2 or W.shape[0] != 2 or W.shape[1] != len(colours):
        raise BadValue(f"W has shape {W.shape}, with {len(colours)} colours; rays draws (2, features), a colour each")
    for i, colour in enumerate(colours):
        met = sum(np.hypot(*(W[:, i] - W[:, j])) < 0.05 for j in range(i))
        axis.plot((0, W[0, i]), (0, W[1, i]), color=colour, lw=1.3, solid_capstyle="round", zorder=3)
        axis.plot(*W[:, i], "o", color=colour, ms=dot * 0.6**met, mec=INK, mew=0.3, zorder=4 + met)


def sets(
    axis: Axes, W: Float[Any, "hidden features"], size: int, *, circles: Sequence[float] = (1.0,), limit: float = 1.4
) -> None:
    """Features in sets of `size`, turned so that the first points up."""
    frame(axis, limit)
    for radius in circles:
        circle(axis, radius)
    W = upright(W)
    rays(axis, W, [SETS[i // size % len(SETS)] for i in range(W.shape[1])])


def sets_key(figure: Any, words: Sequence[str], **where: Any) -> None:
    """Which set has which colour."""
    marks = [
        Line2D([], [], color=c, lw=1.3, marker="o", ms=4, mec=INK, mew=0.3)
        for c, _ in zip(SETS, words, strict=False)
    ]  # fmt: skip
    figure.legend(marks, list(words), **{"loc": "outside lower right", "ncols": len(words), **where})
