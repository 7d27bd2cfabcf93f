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
from superpose.core.trees import at, is_static, replace_at
from superpose.train.recipe import Recipe

Axes = Mapping[str, Any]

MOST_PROGRAMS = 1000
"""Points of the looped axes; each is compiled by itself."""


@dataclasses.dataclass(frozen=True)
class Grid:
    """`looped` axes compile one program a tick; `moving` ones, "seed" among them, ride inside it."""

    looped: dict[str, list[Any]]
    moving: dict[str, np.ndarray]

    def recipes(self, base: Recipe) -> Iterator[Recipe]:
        for combination in itertools.product(*self.looped.values()):
            recipe = base
            for name, value in zip(self.looped, combination, strict=True):
                recipe = replace_at(recipe, name, value)
            yield recipe

    def flat(self) -> dict[str, np.ndarray]:
        """The moving axes' ticks at every cell, in order."""
        mesh = np.meshgrid(*self.moving.values(), indexing="ij")
        return {n: g.ravel() for n, g in zip(self.moving, mesh, strict=True)}

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(t) for t in self.moving.values())


def grid(recipe: Recipe, over: Axes, max_cells: int) -> Grid:
    _check_count(over, max_cells)
    looped = {name: ticks for name, ticks in over.items() if name != "seed" and _is_looped(recipe, name)}
    _check_programs(looped)
    moving = {name: ticks for name, ticks in over.items() if name not in looped}
    return Grid(
        {name: [_fits(recipe, name, t) for t in ticks] for name, ticks in looped.items()},
        {name: _seeds(ticks) if name == "seed" else _numbers(recipe, name, ticks) for name, ticks in moving.items()},
    )


def _check_programs(looped: Axes) -> None:
    count = math.prod(map(len, looped.values()))
    if count > MOST_PROGRAMS:
        names = list(looped)
        raise BadValue(f"static axes compile a program a value; {names} ask for {count:,}, at most {MOST_PROGRAMS:,}")


def _check_count(over: Axes, max_cells: int) -> None:
    if not isinstance(over, Mapping):
        raise BadValue(f"over is {said(over)}; it must be axes by name, for example {{'seed': range(5)}}")
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
    tick = tick.item() if isinstance(tick, np.generic) or (hasattr(tick, "item") and np.ndim(tick) == 0) else tick
    try:
        replace_at(recipe, name, tick)
    except Mistake as wrong:
        raise type(wrong)(f"axis {name!r}: {wrong}") from None
    return tick


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
