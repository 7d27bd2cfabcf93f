"""How much directions overlap, beside what random ones of the same number of dimensions would."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Float
from superpose.plots.style import BLUE, INK, MUTED, ORANGE


def overlaps(
    axis: Axes, cosines: Float[Any, "..."], law: tuple[Any, Any] | None = None, welch: float | None = None, *,
    bins: int = 60, word: str = "these directions",
) -> None:  # fmt: skip
    """A histogram of cosines, each pair once, with a law's (cosine, density) as a line and ± the Welch bound.

    Of more directions than dimensions, some pair always lies on one of the bound's lines or outside. Give
    `geometry.gram(geometry.directions(W))`, whose diagonal is left out, or any cosines.
    """
    values = _pairs(cosines)
    reach = _reach(values, law, welch)
    heights, *_ = axis.hist(
        values, bins=bins, range=(-reach, reach), density=True, color=BLUE, alpha=0.45, lw=0, label=word
    )
    top = np.max(heights)
    if law is not None:
        x, density = (np.asarray(v, float) for v in law)
        seen = np.abs(x) <= reach
        axis.plot(x[seen], density[seen], color=ORANGE, label="random directions")
        top = max(top, density[seen].max(initial=0.0))
    if welch is not None:
        axis.vlines([-welch, welch], 0, 1.08 * top, color=INK, lw=0.8, ls=(0, (3, 2)), label="± Welch bound")
    axis.set(xlim=(-reach, reach), ylim=(0, 1.45 * top), xlabel="cosine of two different directions")
    axis.set_ylabel("density of pairs")
    axis.legend(loc="upper left", handlelength=1.6, borderaxespad=0.1)
    count = f"{values.size:,} pairs"
    axis.text(0.99, 0.98, count, transform=axis.transAxes, ha="right", va="top", fontsize=6, color=MUTED)


def _pairs(cosines):
    values = np.asarray(cosines, float)
    if values.ndim == 2 and values.shape[0] == values.shape[1]:
        values = values[np.triu_indices(len(values), k=1)]
    values = values.ravel()
    if not values.size or not np.isfinite(values).all():
        raise BadValue(
            f"{values.size} cosines of pairs, {int((~np.isfinite(values)).sum())} not finite; give finite ones"
        )
    return values


def _reach(values, law, welch):
    """As far as anything is to be seen: the cosines, the line, and the law where it is a thousandth of its top."""
    ends = [np.abs(values).max(), welch or 0.0]
    if law is not None:
        x, density = (np.asarray(v, float) for v in law)
        ends.append(np.abs(x[density > 1e-3 * density.max()]).max(initial=0.0))
    return min(1.1 * max(ends) or 1.0, 1.0)
