"""Arrays that know the names and ticks of their leading axes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from superpose.core.mistakes import BadName, BadValue, said, unknown
from superpose.train import tabular


@dataclasses.dataclass(frozen=True)
class Table:
    """`values` has one leading axis for each of `axes`, then whatever shape one measurement has."""

    axes: Mapping[str, Sequence[Any]]
    values: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.asarray(self.values))
        object.__setattr__(self, "axes", {n: [_plain(t) for t in ticks] for n, ticks in self.axes.items()})
        lengths = tuple(len(t) for t in self.axes.values())
        if self.values.shape[: len(lengths)] != lengths:
            raise BadValue(
                f"axes {dict(zip(self.axes, lengths, strict=True))} do not fit values of {self.values.shape}"
            )

    def sel(self, **at: Any) -> Table:
        """The part at the tick nearest each value: `table.sel(density=0.1, seed=0)`."""
        table = self
        for short, wanted in at.items():
            name = table.axis(short)
            place = nearest(name, table.axes[name], wanted)
            rest = {n: t for n, t in table.axes.items() if n != name}
            table = Table(rest, np.take(table.values, place, axis=table._place(name)))
        return table

    def mean(self, *names: str) -> Table:
        return self._reduce(np.mean, names)

    def std(self, *names: str) -> Table:
        return self._reduce(np.std, names)

    def min(self, *names: str) -> Table:
        return self._reduce(np.min, names)

    def max(self, *names: str) -> Table:
        return self._reduce(np.max, names)

    def to_xarray(self, *names: str) -> Any:
        """An `xarray.DataArray` with a coordinate for each axis; `names` are those of the dims of one measurement."""
        return tabular.to_xarray(self, names)

    def to_parquet(self, path: str | Path, *names: str) -> None:
        """Write a row an entry: a column for each axis, one for each dim of a measurement, and `value`."""
        tabular.to_parquet(self, Path(path), names)

    def axis(self, short: str) -> str:
        """The full name of an axis from its last word."""
        return full_name(short, self.axes)

    def ticks(self, short: str) -> np.ndarray:
        return np.asarray(self.axes[self.axis(short)])

    def _place(self, name: str) -> int:
        return list(self.axes).index(name)

    def _reduce(self, f: Any, names: tuple[str, ...]) -> Table:
        full = list(dict.fromkeys(self.axis(n) for n in names or self.axes))
        values = f(self.values, axis=tuple(self._place(n) for n in full))
        return Table({n: t for n, t in self.axes.items() if n not in full}, values)


def full_name(short: str, names: Any) -> str:
    hits = [n for n in names if n == short or n.endswith(f".{short}")]
    if not hits:
        raise unknown("no axis is called", short, names)
    if len(hits) > 1 and short not in hits:
        raise BadName(f"axis {short!r} could be any of {hits}; give more of its name")
    return short if short in hits else hits[0]


def nearest(name: str, ticks: Sequence[Any], wanted: Any) -> int:
    """The place of the nearest tick, if the value is within their range; of whole numbers and words, the equal one."""
    ticks, wanted = [_plain(t) for t in ticks], _plain(wanted)
    if all(map(_is_number, ticks)) and _is_number(wanted) and not all(isinstance(t, int) for t in ticks):
        distance = np.abs(np.asarray(ticks, float) - float(wanted))
        slack = 0.01 * abs(float(wanted))
        if not min(ticks) - slack <= wanted <= max(ticks) + slack:
            raise BadName(f"axis {name!r} goes from {min(ticks):g} to {max(ticks):g}; {wanted:g} is outside")
        return int(np.argmin(distance))
    if wanted not in ticks:
        raise BadName(f"axis {name!r} has no tick {said(wanted)}; it has {said(ticks)}")
    return ticks.index(wanted)


def _plain(tick: Any) -> Any:
    """A Python number where an array of no axes stands for one."""
    return tick.item() if hasattr(tick, "item") and np.ndim(tick) == 0 else tick


def _is_number(tick: Any) -> bool:
    return isinstance(tick, (int, float)) and not isinstance(tick, bool) and math.isfinite(tick)
