"""Arrays that know the names and ticks of their leading axes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from superpose.core.mistakes import BadValue
from superpose.train import tabular
from superpose.train.ticks import column, full_name, place, plain


@dataclasses.dataclass(frozen=True)
class Table:
    """`values` has one leading axis for each of `axes`, then whatever shape one measurement has."""

    axes: Mapping[str, Sequence[Any]]
    values: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", np.asarray(self.values))
        object.__setattr__(self, "axes", {n: [plain(t) for t in ticks] for n, ticks in self.axes.items()})
        lengths = tuple(len(t) for t in self.axes.values())
        if self.values.shape[: len(lengths)] != lengths:
            raise BadValue(
                f"axes {dict(zip(self.axes, lengths, strict=True))} do not fit values of {self.values.shape}"
            )

    def sel(self, **at: Any) -> Table:
        """The part at the tick nearest each value: `table.sel(density=0.1, seed=0)`."""
        table = self
        for short, wanted in at.items():
            name, here = place(short, wanted, table.axes)
            rest = {n: t for n, t in table.axes.items() if n != name}
            table = Table(rest, np.take(table.values, here, axis=table._place(name)))
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
        """The ticks of an axis; of a zipped one, those of the field that is named."""
        name = self.axis(short)
        return np.asarray(column(name, short, self.axes[name]))

    def _place(self, name: str) -> int:
        return list(self.axes).index(name)

    def _reduce(self, f: Any, names: tuple[str, ...]) -> Table:
        full = list(dict.fromkeys(self.axis(n) for n in names or self.axes))
        values = f(self.values, axis=tuple(self._place(n) for n in full))
        return Table({n: t for n, t in self.axes.items() if n not in full}, values)
