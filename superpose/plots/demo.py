"""The first picture of all: features crowd into a plane as they grow rare."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from superpose import geometry
from superpose.core.shapes import Array, Float
from superpose.plots.geometry import upright, vectors
from superpose.plots.style import BLUE, FAINT, INK, MUTED, SKY, TEXT, figure
from superpose.train.table import Table

COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
PANELS = 4
WHAT = "Each line is where a feature points; yellow matters most, purple least. A dot at the centre has been dropped."


def demo(W: Table, kept: Table) -> Figure:
    """Above, the best models from dense to sparse; below, how many features every seed kept.

    `W` is (density, hidden, features) with two hidden dimensions, densities falling; `kept` is (density, seed).
    """
    density, best = W.ticks("density"), np.asarray(geometry.represented(jnp.asarray(W.values)).sum(-1))
    chosen = _milestones(best)
    picture = figure(TEXT, 4.2)
    grid = picture.add_gridspec(2, 1, height_ratios=[1.4, 1])
    above, below = picture.add_subfigure(grid[0]), picture.add_subfigure(grid[1])
    hold = f"{_word(W.values.shape[1])} dimensions hold {_word(best[0])} features when all are common"
    above.suptitle(f"{hold}, and {_word(best[-1])} when they are rare".capitalize(), fontsize=10, fontweight="bold")
    for letter, axis, place in zip("ABCD", above.subplots(1, len(chosen), squeeze=False)[0], chosen, strict=False):
        vectors(axis, upright(W.values[place]), limit=1.35)
        axis.set_title(f"{letter}   {_often(density[place])}", fontsize=7.5)
        axis.set_xlabel(_shape(jnp.asarray(W.values[place])), fontsize=7, color=MUTED)
    above.supxlabel(WHAT, fontsize=6.5)
    axis = below.subplots()
    _counts(axis, kept)
    axis.plot(1 / density, best, color=BLUE, lw=1.4, zorder=4, label="the best seed")
    for letter, place in zip("ABCD", chosen, strict=False):
        axis.plot(1 / density[place], best[place], "o", color=BLUE, ms=9, zorder=5)
        axis.text(
            1 / density[place], best[place], letter, color="white", ha="center", va="center_baseline", fontsize=6,
            fontweight="bold", zorder=6,
        )  # fmt: skip
    n_hidden, n_features = W.values.shape[1:]
    axis.axhline(n_hidden, color=INK, lw=0.8, ls=(0, (4, 2)), zorder=2)
    axis.text(
        0.995,
        n_hidden + 0.12,
        "as many as there are dimensions",
        transform=axis.get_yaxis_transform(),
        ha="right",
        fontsize=6.5,
    )
    axis.set(ylim=(n_hidden - 1, n_features + 0.6), yticks=range(n_hidden - 1, n_features + 1), ylabel="features kept")
    axis.legend(loc="lower right", fontsize=6.5, ncols=2)
    return picture


def _counts(axis: Axes, kept: Table) -> None:
    """A bubble for every count that some seed came to, as large as the share of seeds."""
    rarity, seeds = 1 / kept.ticks("density"), kept.values.shape[1]
    for count in np.unique(kept.values):
        share = (kept.values == count).mean(1)
        some = share > 0
        label = f"{seeds} seeds: a larger dot is more of them" if count == kept.values.max() else None
        axis.scatter(rarity[some], np.full(some.sum(), count), 60 * share[some], color=SKY, lw=0, zorder=3, label=label)
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if rarity.min() <= t <= rarity.max() * 1.01]
    axis.set(xscale="log", xticks=ticks, xticklabels=["always", *map(str, ticks[1:])])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlabel("each feature is on one time in …")
    axis.grid(axis="y", color=FAINT, lw=0.3)


def _milestones(best: np.ndarray) -> list[int]:
    """Places to show: the beginning, and the middle of every later stretch of one count."""
    starts = [0, *(np.flatnonzero(np.diff(best)) + 1), len(best)]
    places = [0, *((a + b) // 2 for a, b in pairwise(starts[1:]))]
    return [places[round(i)] for i in np.linspace(0, len(places) - 1, min(PANELS, len(places)))]


def _often(density: float) -> str:
    return "always on" if density >= 0.95 else f"on {density:.0%} of the time"


def _shape(W: Float[Array, "hidden features"]) -> str:
    """What the kept features do, in a few words."""
    names = [component.name for component in geometry.recognise(W)]
    kept = _word(geometry.represented(W).sum())
    match sorted(set(names)):
        case ["dedicated"]:
            how = "a dimension each"
        case ["digon"]:
            how = "in opposite pairs"
        case ["dedicated", "digon"]:
            how = "of which two share"
        case [("triangle" | "pentagon") as shape]:
            how = f"in a {shape}"
        case _:
            how = "sharing the plane"
    return f"{kept} kept, {how}"


def _word(count: Any) -> str:
    return COUNTS[int(count)] if int(count) < len(COUNTS) else str(int(count))
