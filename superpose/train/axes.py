"""Named axes of a grid, checked before anything is compiled."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import jax
import numpy as np

from superpose.core.fields import as_numbers
from superpose.core.mistakes import BadValue, Mistake, said, unknown
from superpose.core.trees import at, is_static, replace_many
from superpose.train.recipe import Recipe
from superpose.train.ticks import plain

Axes = Mapping[str, Any]

MOST_PROGRAMS = 1000
"""Points of the looped axes; each is compiled by itself."""


@dataclasses.dataclass(frozen=True)
class Grid:
    """`looped` axes compile one program a tick; `moving` ones, "seed" among them, ride inside it.

    A zipped axis is called by its fields, "a,b", and its ticks are tuples. One that moves is a structured array with a
    column for each field. One of whose fields any is static is looped. `given` are the moving ticks in Python.
    """

    looped: dict[str, list[Any]]
    moving: dict[str, np.ndarray]
    given: dict[str, list[Any]]

    def recipes(self, base: Recipe) -> Iterator[Recipe]:
        for combination in itertools.product(*self.looped.values()):
            changes: dict[str, Any] = {}
            for name, tick in zip(self.looped, combination, strict=True):
                changes |= by_field(name, tick)
            yield replace_many(base, changes)

    def flat(self) -> dict[str, np.ndarray]:
        """The moving fields at every cell, in order."""
        mesh = np.meshgrid(*self.moving.values(), indexing="ij")
        flat = {n: g.ravel() for n, g in zip(self.moving, mesh, strict=True)}
        return {
            field: ticks[field] if ticks.dtype.names else ticks for n, ticks in flat.items() for field in n.split(",")
        }

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(t) for t in self.moving.values())


def grid(recipe: Recipe, over: Axes, max_cells: int) -> Grid:
    over = named(over)
    _check_count(over, max_cells)
    _check_zips(over)
    looped = {name: ticks for name, ticks in over.items() if _is_looped(recipe, name)}
    _check_programs(looped)
    moving = {name: ticks for name, ticks in over.items() if name not in looped}
    return Grid(
        {name: [_fits(recipe, name, t) for t in ticks] for name, ticks in looped.items()},
        {name: _columns(recipe, name, ticks) for name, ticks in moving.items()},
        {name: [plain(tuple(t) if "," in name else t) for t in ticks] for name, ticks in moving.items()},
    )


def named(over: Axes) -> Axes:
    """Every axis by one name: fields that move together, given as a tuple of names, are joined by commas."""
    if not isinstance(over, Mapping):
        raise BadValue(f"over is {said(over)}; it must be axes by name, for example {{'seed': range(5)}}")
    return {",".join(map(str, name)) if isinstance(name, tuple) else name: ticks for name, ticks in over.items()}


def by_field(name: str, tick: Any) -> dict[str, Any]:
    """What a tick of an axis says of each of its fields."""
    fields = name.split(",")
    return dict(zip(fields, tick, strict=True)) if len(fields) > 1 else {name: tick}


def _check_zips(over: Axes) -> None:
    fields = [field for name in over for field in name.split(",")]
    if twice := [f for f in fields if fields.count(f) > 1]:
        raise BadValue(f"{twice[0]!r} is in two axes; a field moves along one")
    for name, ticks in over.items():
        if (wide := len(name.split(","))) > 1:
            for place, tick in enumerate(ticks):
                sized = isinstance(tick, (tuple, list)) or len(getattr(tick, "shape", ()))
                if not sized or len(tick) != wide:
                    raise BadValue(f"axis {name!r} needs {wide} values a tick; its tick {place} is {said(tick)}")


def _columns(recipe: Recipe, name: str, ticks: Any) -> np.ndarray:
    """The ticks of a moving axis as numbers; a zipped one has a column for each field."""
    fields = name.split(",")
    if len(fields) == 1:
        return _seeds(ticks) if name == "seed" else _numbers(recipe, name, ticks)
    columns = [_columns(recipe, field, column) for field, column in zip(fields, zip(*ticks, strict=True), strict=True)]
    table = np.empty(len(ticks), [(field, column.dtype) for field, column in zip(fields, columns, strict=True)])
    for field, column in zip(fields, columns, strict=True):
        table[field] = column
    return table


def _check_programs(looped: Axes) -> None:
    count = math.prod(map(len, looped.values()))
    if count > MOST_PROGRAMS:
        names = list(looped)
        raise BadValue(f"static axes compile a program a value; {names} ask for {count:,}, at most {MOST_PROGRAMS:,}")


def _check_count(over: Axes, max_cells: int) -> None:
    lengths = {name: _length(name, ticks) for name, ticks in over.items()}
    count = math.prod(lengths.values())
    if count > max_cells:
        sizes = " × ".join(f"{n} {length:,}" for n, length in lengths.items())
        raise BadValue(f"this grid has {count:,} cells ({sizes}); the most is max_cells={max_cells:,}")


def _length(name: Any, ticks: Any) -> int:
    if not isinstance(name, str):
        raise BadValue(f"axis {said(name)} is not a name; axes are dotted fields of the recipe, or 'seed'")
    scalar = isinstance(ticks, (str, bytes, Mapping, Set)) or getattr(ticks, "ndim", 1) == 0
    if scalar or not hasattr(ticks, "__len__"):
        raise BadValue(f"axis {name!r} is {said(ticks)}; it must be a sequence of values")
    try:
        length = len(ticks)
    except OverflowError:
        raise BadValue(f"axis {name!r} is {said(ticks)}, which is too long") from None
    if length == 0:
        raise BadValue(f"axis {name!r} has no values")
    return length


def _is_looped(recipe: Recipe, name: str) -> bool:
    fields = name.split(",")
    if len(fields) == 1:
        return name != "seed" and _is_static(recipe, name)
    looped = any(_is_looped(recipe, field) for field in fields)
    if looped and "seed" in fields:
        raise BadValue(
            f"axis {name!r} moves 'seed' with a field that compiles a program a value; make it an axis apart"
        )
    return looped


def _is_static(recipe: Recipe, name: str) -> bool:
    try:
        here = at(recipe, name)
    except Mistake as wrong:
        if "." not in name:
            raise unknown("no axis or field of Recipe is called", name, [*_paths(recipe), "seed"]) from None
        raise type(wrong)(f"axis {name!r}: {wrong}") from None
    return is_static(recipe, name) or dataclasses.is_dataclass(here) or isinstance(here, str)


def _paths(tree: Any, prefix: str = "") -> Iterator[str]:
    for field in dataclasses.fields(tree):
        below = getattr(tree, field.name)
        yield prefix + field.name
        if dataclasses.is_dataclass(below):
            yield from _paths(below, f"{prefix}{field.name}.")


def _fits(recipe: Recipe, name: str, tick: Any) -> Any:
    """The tick as a plain Python value, after the field has seen it."""
    tick = plain(tuple(tick)) if "," in name else _python(tick)
    try:
        replace_many(recipe, by_field(name, tick))
    except Mistake as wrong:
        raise type(wrong)(f"axis {name!r}: {wrong}") from None
    return tick


def _python(tick: Any) -> Any:
    return tick.item() if hasattr(tick, "item") and np.ndim(tick) == 0 else tick


def _numbers(recipe: Recipe, name: str, ticks: Sequence[Any]) -> np.ndarray:
    exact = _scalars(name, ticks, "numbers")
    with np.errstate(over="ignore", under="ignore"):
        numbers = exact.astype(np.float64 if recipe.precision == "float64" else np.float32)
    lost = ~np.isfinite(numbers) | ((numbers == 0) & (exact != 0))
    if lost.any():
        place = int(np.argmax(lost))
        raise BadValue(
            f"axis {name!r} takes finite numbers that {numbers.dtype} can hold; its value {place} is {exact[place]}"
        )
    for extreme in (numbers.min(), numbers.max()):
        _fits(recipe, name, float(extreme))
    return numbers


def _seeds(ticks: Sequence[Any]) -> np.ndarray:
    seeds = _scalars("seed", ticks, "whole numbers from 0 to 2**32 - 1")
    wrong = (seeds < 0) | (seeds >= 2**32) if seeds.dtype.kind in "iu" else np.full(seeds.shape, True)
    if wrong.any():
        raise BadValue(f"axis 'seed' takes whole numbers from 0 to 2**32 - 1, not {seeds[wrong][0]}")
    return seeds.astype(np.uint32)


def _scalars(name: str, ticks: Sequence[Any], kind: str) -> np.ndarray:
    """The ticks as one row of numbers, none of which was a bool, a word or an array before."""
    each = [] if isinstance(ticks, (range, np.ndarray, jax.Array)) else list(ticks)
    for place, tick in enumerate(each):
        number = as_numbers(tick)
        if number is None or number.ndim:
            raise BadValue(f"axis {name!r} takes {kind}; its value {place} is {said(tick)}")
    row = as_numbers(ticks)
    if row is None or row.ndim != 1:
        raise BadValue(f"axis {name!r} takes {kind}, and is {said(ticks)}")
    return row
