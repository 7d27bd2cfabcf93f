"""Tables as other libraries hold them: xarray's arrays with coordinates, and Parquet's columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from superpose.core.files import write
from superpose.core.mistakes import BadValue, needs

if TYPE_CHECKING:
    from superpose.train.table import Table


def to_xarray(table: Table, names: Sequence[str] = ()) -> Any:
    """An axis "a,b" of several fields is one dim, with a coordinate for each of its fields."""
    try:
        import xarray
    except ImportError as wrong:
        raise needs("data", wrong) from None
    dims = dims_of(table, names)
    coords = {field: (dim, ticks) for dim in table.axes for field, ticks in columns(dim, table.axes[dim]).items()}
    return xarray.DataArray(table.values, dims=dims, coords=coords)


def to_parquet(table: Table, path: Path, names: Sequence[str] = ()) -> None:
    """Whole or not at all. Memory is about that of the columns."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as wrong:
        raise needs("data", wrong) from None
    if not path.absolute().parent.is_dir():
        raise BadValue(f"{path} cannot be written: there is no folder {path.parent}; make it, or give another file")
    dims, shape = dims_of(table, names), table.values.shape
    ticks = {**{dim: range(size) for dim, size in zip(dims, shape, strict=True)}, **table.axes}
    found: dict[str, Any] = {}
    for place, dim in enumerate(dims):
        repeats = pyarrow.array(_places(shape, place))
        found |= {field: pyarrow.array(t).take(repeats) for field, t in columns(dim, ticks[dim]).items()}
    if "value" in found:
        raise BadValue("an axis is called 'value', as the column of the values is; rename the axis")
    found["value"] = np.ascontiguousarray(table.values).ravel()
    write(path, lambda file: parquet.write_table(pyarrow.table(found), file))


def dims_of(table: Table, names: Sequence[str]) -> list[str]:
    """Axes, then the dims of one measurement: `names`, or dim_0, dim_1."""
    more = table.values.ndim - len(table.axes)
    if names and len(names) != more:
        raise BadValue(
            f"one measurement has {more} dims, of {table.values.shape[len(table.axes) :]}; {names} are given"
        )
    dims = [*table.axes, *(names or (f"dim_{n}" for n in range(more)))]
    fields = [f for dim in dims for f in (dim.split(",") if dim in table.axes else [dim])]
    if len(set(fields)) < len(fields):
        raise BadValue(f"two of {fields} have one name; give the dims of a measurement others")
    return dims


def columns(axis: str, ticks: Sequence[Any]) -> dict[str, list[Any]]:
    """One column for each field of an axis, of one kind: what is neither all numbers nor all words is text."""
    fields = axis.split(",")
    if len(fields) == 1:
        return {axis: _alike(list(ticks))}
    return {field: _alike([tick[place] for tick in ticks]) for place, field in enumerate(fields)}


def _alike(ticks: list[Any]) -> list[Any]:
    for kinds in ((bool,), (int,), (int, float), (str,)):
        if all(type(t) in kinds for t in ticks):
            return [float(t) for t in ticks] if float in kinds else ticks
    return [str(t) for t in ticks]


def _places(shape: tuple[int, ...], axis: int) -> np.ndarray:
    """The place along `axis` of every entry, in the order of the flat values."""
    place = np.arange(shape[axis], dtype=np.int64)
    inner = int(np.prod(shape[axis + 1 :], dtype=np.int64))
    return np.tile(np.repeat(place, inner), int(np.prod(shape[:axis], dtype=np.int64)))
