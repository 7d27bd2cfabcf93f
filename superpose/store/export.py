"""Measures and weights in files that other programs read: csv, parquet, npz, safetensors."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from superpose.core.files import write
from superpose.core.mistakes import BadValue, needs, said
from superpose.store.weights import save_weights
from superpose.train.table import Table
from superpose.train.tabular import columns as by_field

Columns = Mapping[str, np.ndarray]
Axes = Mapping[str, Sequence[Any]]
RISKY = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def columns(tables: Mapping[str, Table]) -> dict[str, np.ndarray]:
    """Tables over the same axes as one long table: a column an axis, then one a measure.

    A zipped axis has a column for each field. A measure with a shape of its own, one number per feature, adds a row per
    feature, numbered by `feature`; the other measures are then repeated.
    """
    if not tables:
        raise BadValue("there is no measure to export")
    axes = next(iter(tables.values())).axes
    for name, table in tables.items():
        if dict(table.axes) != dict(axes):
            raise BadValue(f"measure {name!r} has axes {list(table.axes)}, the first {list(axes)}; export them apart")
    lengths = tuple(len(t) for t in axes.values())
    inner = _inner({n: t.values.shape[len(lengths) :] for n, t in tables.items()})
    shape = (*lengths, *inner)
    places = np.indices(shape).reshape(len(shape), math.prod(shape)) if shape else np.empty((0, 1), int)
    found: dict[str, np.ndarray] = {}
    for (name, ticks), place in zip(axes.items(), places, strict=False):
        found |= {field: np.asarray(column)[place] for field, column in by_field(name, ticks).items()}
    found |= {_place(i, inner): place for i, place in enumerate(places[len(lengths) :])}
    for name, table in tables.items():
        if name in found:
            raise BadValue(f"measure {name!r} is called as an axis is; give it another name")
        wide = table.values.reshape((*table.values.shape, *[1] * (len(shape) - table.values.ndim)))
        found[name] = np.broadcast_to(wide, (*lengths, *inner)).ravel()
    return found


def to_csv(path: Path, found: Columns) -> None:
    """Numbers as they are, texts in quotes; a text that a spreadsheet would take for a formula begins with a '."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    rows.writerow([_harmless(name) for name in found])
    rows.writerows(zip(*([_harmless(v) for v in column.tolist()] for column in found.values()), strict=True))
    write(path, lambda f: f.write(text.getvalue().encode()))


def to_parquet(path: Path, found: Columns) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as wrong:
        raise needs("data", wrong) from None
    table = pyarrow.table({name: pyarrow.array(column) for name, column in found.items()})
    write(path, lambda f: parquet.write_table(table, f))


def to_npz(path: Path, tables: Mapping[str, Table]) -> None:
    """Every measure as an array, and `axes`, a JSON text with the names and ticks of its leading axes."""
    if "axes" in tables:
        raise BadValue("a measure cannot be called 'axes' in an npz")
    axes = json.dumps({name: _axes(table.axes) for name, table in tables.items()})
    arrays: dict[str, Any] = {name: table.values for name, table in tables.items()}
    write(path, lambda f: np.savez_compressed(f, allow_pickle=False, axes=np.asarray(axes), **arrays))


def to_safetensors(
    path: Path, arrays: Mapping[str, Any], axes: Axes, *, fixed: Axes | None = None, model: str = ""
) -> None:
    """Weights by their dotted names. The metadata say along which axes they are stacked, and what is fixed."""
    about = {"axes": json.dumps(_axes(axes)), "fixed": json.dumps(_axes(fixed or {})), "model": model}
    save_weights(path, arrays, {"format": "superpose", **about})


TABLES: dict[str, Callable[[Path, Mapping[str, Table]], None]] = {
    "csv": lambda path, tables: to_csv(path, columns(tables)),
    "parquet": lambda path, tables: to_parquet(path, columns(tables)),
    "npz": to_npz,
}
"""What tables can be written as."""


def _inner(shapes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The one shape that measures have beside the axes, if they have any."""
    own = {shape for shape in shapes.values() if shape}
    if len(own) > 1:
        raise BadValue(f"measures of different shapes cannot share a table: {dict(shapes)}; export them apart")
    return own.pop() if own else ()


def _place(i: int, inner: tuple[int, ...]) -> str:
    return "feature" if len(inner) == 1 else f"place_{i}"


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value


def _axes(axes: Axes) -> dict[str, list[Any]]:
    return {name: [_json(tick) for tick in ticks] for name, ticks in axes.items()}


def _json(tick: Any) -> Any:
    if isinstance(tick, tuple):
        return [_json(t) for t in tick]
    return tick if tick is None or isinstance(tick, (bool, int, float, str)) else said(tick)
