"""A dot for every feature of every model, and the colours that tell the ticks of a second axis apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from superpose.core.mistakes import BadValue
from superpose.plots.scales import Scale, written
from superpose.plots.style import CYCLE, FAINT, VIRIDIS
from superpose.train.table import Table

MOST_WORDS = 8
"""Words of a second axis that are told apart by a colour each."""
DOTS = LinearSegmentedColormap.from_list("dots", VIRIDIS(np.linspace(0.92, 0, 64)))


def dots(picture: Figure, axis: Axes, values: Table, scale: Scale, other: Sequence[Scale]) -> str:
    """A dot for every feature of every model, a little beside its tick; colours tell features, or ticks of `other`."""
    if (inner := values.values.ndim - len(values.axes)) > 1:
        raise BadValue(f"this measure has {inner} axes beside the sweep's; export it instead")
    names = list(values.axes)
    cells = np.moveaxis(values.values, names.index(scale.axis), 0)
    names.remove(scale.axis)
    side = names.index(other[0].axis) - len(names) - 1 if other else -1
    kinds = np.arange(cells.shape[side]).reshape([-1 if i == cells.ndim + side else 1 for i in range(cells.ndim)])
    x = np.repeat(scale.where(), cells[0].size).reshape(len(cells), -1)
    x = scale.shift(x, 0.3 * np.random.default_rng(0).uniform(-1, 1, x.shape))
    size = float(np.clip(3000 / max(cells.size, 1), 0.8, 9))
    colours = np.broadcast_to(kinds, cells.shape).reshape(len(cells), -1)
    words = bool(other) and not other[0].numbers and len(other[0].ticks) <= MOST_WORDS
    cmap = ListedColormap([shade(other[0], i) for i in range(len(other[0].ticks))]) if words else DOTS
    drawn = axis.scatter(x, cells.reshape(len(cells), -1), c=colours, s=size, cmap=cmap, lw=0, alpha=0.8, zorder=3)
    drawn.set_clim(0, max(cells.shape[side] - 1, 1))
    if words:
        _key(axis, other[0])
    else:
        _colour_bar(picture.colorbar(drawn, ax=axis, pad=0.02, aspect=30), other)
    axis.grid(axis="y", color=FAINT, lw=0.3)
    pooled = [name for name in names if not other or name != other[0].axis]
    told = f": over {over(values, pooled)}" if pooled else ""
    return f"a dot is one feature of one of {values.values.size // values.values.shape[-1]:,} models{told}"


def _colour_bar(bar: Any, other: Sequence[Scale]) -> None:
    bar.solids.set_alpha(1)
    named(bar, other[0].label if other else "feature, the first on top")
    if other:
        some = np.unique(np.linspace(0, len(other[0].ticks) - 1, 6).round().astype(int))
        bar.set_ticks(some.tolist(), labels=[written(other[0].ticks[i]) for i in some])
    else:
        bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        bar.ax.invert_yaxis()


def _key(axis: Axes, words: Scale) -> None:
    """A colour for each word, to the right."""
    for place, tick in enumerate(words.ticks):
        axis.scatter([], [], color=shade(words, place), s=12, lw=0, label=written(tick))
    axis.legend(title=words.label, title_fontsize=6, loc="upper left", bbox_to_anchor=(1, 1), handletextpad=0.1)


def shade(scale: Scale, place: int) -> Any:
    """Words have no order, and colours that have none; numbers go from light to dark."""
    if not scale.numbers and len(scale.ticks) <= len(CYCLE):
        return CYCLE[place]
    return VIRIDIS(0.9 * (1 - place / max(len(scale.ticks) - 1, 1)))


def named(bar: Any, label: str) -> None:
    bar.set_label(label)
    bar.outline.set_visible(False)


def over(values: Table, names: Sequence[str]) -> str:
    return ", ".join(f"{n.rpartition('.')[2].replace('_', ' ')} ({len(values.axes[n])})" for n in names)
