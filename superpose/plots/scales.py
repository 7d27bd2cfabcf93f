"""One side of a picture: where an axis of a sweep has its ticks, and how they are written."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from superpose.runs.job import UNITS
from superpose.train.ticks import column

MOST_WRITTEN = 12


@dataclasses.dataclass(frozen=True)
class Scale:
    """`axis` is the axis of the sweep, `ticks` what is drawn of it: numbers, or words side by side."""

    axis: str
    asked: str
    label: str
    ticks: Sequence[Any]
    numbers: bool
    log: bool

    @classmethod
    def of(cls, axis: str, asked: str, ticks: Sequence[Any]) -> Scale:
        """Of a zipped axis the field that is asked for, or else its first, if its values differ."""
        field = asked if "," not in asked else asked.split(",")[0]
        drawn = column(axis, field, ticks)
        numbers = all(isinstance(t, (int, float)) and not isinstance(t, bool) for t in drawn)
        if "," in axis and (not numbers or len(set(drawn)) < len(drawn)):
            return cls(axis, asked, axis, [", ".join(map(written, t)) for t in ticks], False, False)
        name = next(f for f in axis.split(",") if f == field or f.endswith(f".{field}"))
        beside = f" (moves with {', '.join(f for f in axis.split(',') if f != name)})" if "," in axis else ""
        return cls(axis, asked, _label(name) + beside, drawn, numbers, numbers and geometric(drawn))

    def where(self) -> np.ndarray:
        return np.asarray(self.ticks, float) if self.numbers else np.arange(len(self.ticks), dtype=float)

    def edges(self) -> np.ndarray:
        """Borders between the ticks, halfway as the scale has it."""
        x = np.log(self.where()) if self.log else self.where()
        if len(x) == 1:
            x = x + np.array([-0.5, 0.5])
            return np.exp(x) if self.log else x
        middle = (x[1:] + x[:-1]) / 2
        ends = np.concatenate([[2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]])
        return np.exp(ends) if self.log else ends

    def shift(self, x: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Each place moved by a share of the distance to its neighbours: the first axis is the ticks'."""
        edges = self.edges()
        low, high = edges[:-1, None], edges[1:, None]
        if self.log:
            return np.exp(np.log(x) + share * np.log(high / low))
        return x + share * (high - low)

    def on(self, axes: Axes, side: str) -> None:
        """Write the label on side "x" or "y", and the ticks where they are words."""
        axes.set(**{f"{side}label": self.label})
        if self.log:
            axes.set(**{f"{side}scale": "log"})
            x = self.where()
            plain_log(axes.xaxis if side == "x" else axes.yaxis, x.min(), x.max())
        elif self.numbers and len(self.ticks) <= MOST_WRITTEN and all(isinstance(t, int) for t in self.ticks):
            axes.set(**{f"{side}ticks": list(self.ticks)})
        elif not self.numbers:
            every = -(-len(self.ticks) // MOST_WRITTEN)
            words = [written(t) for t in self.ticks[::every]]
            axes.set(**{f"{side}ticks": np.arange(0, len(self.ticks), every), f"{side}ticklabels": words})


def geometric(ticks: Sequence[float]) -> bool:
    """Whether the ticks are more evenly spaced in their logarithm, and reach over a factor of five at least."""
    x = np.sort(np.asarray(ticks, float))
    if len(x) < 2 or x[0] <= 0 or x[-1] / x[0] < 5:
        return False
    if len(x) == 2:
        return bool(x[1] / x[0] >= 10)
    return _uneven(np.diff(np.log(x))) < _uneven(np.diff(x))


def plain_log(axis: Axis, low: float, high: float) -> None:
    """Under two decades a logarithmic side has 1, 2, 5 written out; under a factor of five, even steps."""
    if high >= 100 * low:
        return
    short = high < 5 * low
    axis.set_major_locator(MaxNLocator(5) if short else LogLocator(subs=(1.0, 2.0, 5.0), numticks=99))
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.4g}"))
    axis.set_minor_formatter(NullFormatter())
    if short:
        axis.set_minor_locator(NullLocator())


def _uneven(gaps: np.ndarray) -> float:
    return float(gaps.std() / gaps.mean()) if gaps.mean() else 0.0


def _label(name: str) -> str:
    word = name.rpartition(".")[2]
    unit = UNITS.get(word, "")
    return word.replace("_", " ") + (f": {unit}" if unit and unit != word else "")


def written(tick: Any) -> str:
    return f"{tick:.4g}" if isinstance(tick, float) else str(tick)
