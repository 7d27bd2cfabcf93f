"""Panels for phase diagrams: the importance of one feature across, the density of all of them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure

from superpose.core.shapes import Array, Float, Int
from superpose.plots import style
from superpose.plots.style import INK, MUTED
from superpose.train.table import Table

IGNORED, DEDICATED, SHARED, BESIDE = "#dddddd", "#003399", "#dd4444", "#6f96d6"
"""The extra feature is not represented; has a dimension to itself; shares one; has one while the others share."""
CODES = ListedColormap([IGNORED, DEDICATED, SHARED, BESIDE])


def theory(ax: Axes, r: Any, p: Any, codes: Int[Array, "importance density"]) -> None:
    """The winner everywhere, an index into `geometry.phases.PHASES`."""
    ax.imshow(np.asarray(codes).T, extent=_extent(r, p), aspect="auto", cmap=CODES, vmin=0, vmax=3, origin="lower")
    _log_plane(ax, r, p)


def found(ax: Axes, r: Any, p: Any, norm: Any, superposition: Any) -> None:
    """What became of the extra feature in models, by `fate`."""
    colours = fate(np.asarray(norm).T, np.asarray(superposition).T)
    ax.imshow(colours, extent=_extent(r, p), aspect="auto", origin="lower")
    _log_plane(ax, r, p)


def fate(norm: Any, superposition: Any) -> Float[Array, "... rgb"]:
    """Grey without length; with it, blue alone and red once another feature lies along it. Blended in between."""
    height, across = (np.clip(np.asarray(v, float), 0, 1)[..., None] for v in (norm, superposition))
    alone, shared, absent = (np.array(to_rgb(c)) for c in (DEDICATED, SHARED, "#e4e4e4"))
    return (1 - height) * absent + height * ((1 - across) * alone + across * shared)


def trained(tables: Mapping[str, Table], feature: int, last: str) -> tuple[Figure, list[Axes]]:
    """Three maps of what became of the extra feature: of the best model, the others' mean, and `last`; and the key."""
    norm, overlap, boundary = tables["norm"], tables["superposition"], tables["boundary"]
    name, count = f"importance.{feature}", norm.values.shape[-1]
    exact = tables["best_norm"]
    panels = {
        f"The best of {count} trained models": (norm, norm.values[..., 0], overlap.values[..., 0]),
        f"The {count - 1} better ones, averaged": (norm, *(t.values[..., :-1].mean(-1) for t in (norm, overlap))),
        last: (exact, exact.values, tables["best_superposition"].values),
    }
    figure = style.figure(style.TEXT, 2.2)
    *axes, corner = figure.subplots(1, 4, width_ratios=[1, 1, 1, 0.5])
    for ax, (title, (table, length, shared)) in zip(axes, panels.items(), strict=True):
        found(ax, table.ticks(name), table.ticks("density"), length, shared)
        boundaries(ax, boundary.ticks(name), boundary.values, colour="white")
        ax.set(title=title, xlabel=f"importance of feature {feature}", ylim=axes[0].get_ylim())
    axes[0].set_ylabel("density")
    for ax in axes[1:]:
        ax.set_yticklabels([])
    key(corner)
    corner.set_title(f"Feature {feature}'s fate", loc="center")
    corner.set_box_aspect(1)
    return figure, axes


def key(ax: Axes) -> None:
    """What `fate` means: superposition across, norm up."""
    ticks = np.linspace(0, 1, 64)
    ax.imshow(fate(ticks[:, None], ticks[None, :]), extent=(0, 1, 0, 1), origin="lower", aspect="auto")
    ax.set(xticks=[0, 1], yticks=[0, 1], xticklabels=["0", "≥ 1"], yticklabels=["0", "≥ 1"])
    ax.set_xlabel("superposition: what\nof others lies along it", fontsize=6, labelpad=1)
    ax.set_ylabel("length", fontsize=6, labelpad=-8)
    ax.text(0.5, 0.05, "ignored", color=INK, fontsize=6, ha="center")
    ax.text(0.04, 0.87, "alone", color="white", fontsize=6)
    ax.text(0.96, 0.87, "shares", color="white", fontsize=6, ha="right")


def boundaries(ax: Axes, r: Any, below: Any, colour: str = INK) -> None:
    """Where theory changes its mind: below the curve features share; above it, r = 1 decides who is kept."""
    r, below = np.asarray(r, float), np.asarray(below, float)
    ax.plot(np.log10(r), np.log10(below), color=colour, lw=0.8)
    ax.plot([0, 0], [np.log10(below.max()), ax.get_ylim()[1]], color=colour, lw=0.8)


def _extent(r: Any, p: Any) -> tuple[float, float, float, float]:
    """Edges of the cells whose centres are the ticks, in decades."""
    edges = []
    for ticks in (np.log10(np.asarray(r, float)), np.log10(np.asarray(p, float))):
        half = (ticks[1] - ticks[0]) / 2
        edges += [ticks[0] - half, ticks[-1] + half]
    return (edges[0], edges[1], edges[2], edges[3])


def _log_plane(ax: Axes, r: Any, p: Any) -> None:
    left, right, first, last = _extent(r, p)
    ax.set(xlim=(left, right), ylim=(min(first, last), max(first, last)))
    ax.set_xticks([-1, 0, 1], ["0.1×", "1×", "10×"])
    ax.set_yticks([0, -1, -2], ["1.0", "0.1", "0.01"])
    ax.set_xticks(_minor(left, right), minor=True)
    ax.set_yticks(_minor(min(first, last), max(first, last)), minor=True)
    ax.tick_params(which="both", color=MUTED)


def _minor(low: float, high: float) -> list[float]:
    ticks = [np.log10(k) + d for d in range(-3, 3) for k in range(2, 10)]
    return [t for t in ticks if low <= t <= high]
