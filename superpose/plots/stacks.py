"""Stack plots: what every neuron reads, one column a neuron, one rectangle a weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgba_array
from matplotlib.patches import Patch

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Float, Int
from superpose.plots.style import MUTED

ONE, MANY = "#dcebf7", "#fbe6d0"
"""Faint grounds: behind a neuron of one feature, and behind one of many."""
TINTS = LinearSegmentedColormap.from_list("tints", [ONE, MANY])
NEGLIGIBLE = 0.08
"""Weights below this are noise of training and are not drawn."""


class Bricks(NamedTuple):
    """Where the rectangles lie: column, the feature it is the weight of, lower edge and height."""

    neuron: Int[Any, "bricks"]
    feature: Int[Any, "bricks"]
    bottom: Float[Any, "bricks"]
    height: Float[Any, "bricks"]


def bricks(W: Float[Any, "neurons features"], least: float = NEGLIGIBLE) -> Bricks:
    """One brick for each weight that is not below `least`: positive ones pile up, negative ones hang down.

    The first feature is nearest to the axis.
    """
    W = np.asarray(W, float)
    W = np.where(np.abs(W) < least, 0.0, W)
    up, down = (np.cumsum(part, axis=1) for part in (np.maximum(W, 0), np.minimum(W, 0)))
    bottom = np.where(W > 0, up - W, down)
    neuron, feature = np.nonzero(W)
    return Bricks(neuron, feature, bottom[neuron, feature], np.abs(W[neuron, feature]))


def stacks(
    axis: Axes, W: Float[Any, "neurons features"], colours: Sequence[Any] | Float[Any, "features 4"], *,
    polysemantic: Float[Any, "neurons"] | None = None,
    least: float = NEGLIGIBLE,
    edge: Any = "white",
) -> Bricks:  # fmt: skip
    """A column for every neuron and in it a rectangle for every weight, |w| high, below the axis if negative.

    `colours` has one for each feature. `polysemantic`, from 0 to 1 for each neuron, tints the ground behind it.
    """
    W, shades = np.asarray(W, float), to_rgba_array(colours)
    placed = bricks(W, least)
    if len(shades) != W.shape[1]:
        raise BadValue(f"there are {len(shades)} colours for {W.shape[1]} features; a stack plot takes one for each")
    if polysemantic is not None:
        tint(axis, polysemantic)
    axis.use_sticky_edges = False  # else the lowest brick touches the frame
    axis.bar(
        placed.neuron, placed.height, bottom=placed.bottom, width=0.8, color=shades[placed.feature],
        edgecolor=edge, linewidth=0.3, zorder=3,
    )  # fmt: skip
    axis.axhline(0, color=MUTED, lw=0.6, zorder=4)
    axis.set(xlim=(-0.5, len(W) - 0.5), xticks=[])
    axis.spines["bottom"].set_visible(False)
    return placed


def tint(axis: Axes, polysemantic: Float[Any, "neurons"]) -> None:
    """A faint ground behind every column: `ONE` at 0, `MANY` at 1."""
    for place, colour in enumerate(TINTS(np.clip(np.asarray(polysemantic, float), 0, 1))):
        axis.axvspan(place - 0.5, place + 0.5, color=colour, lw=0, zorder=0)


def tint_key(one: str = "a neuron of one feature", many: str = "a neuron of many") -> list[Patch]:
    """Handles for a legend of the tints: `axis.legend(handles=tint_key())`."""
    return [Patch(facecolor=ONE, label=one), Patch(facecolor=MANY, label=many)]
