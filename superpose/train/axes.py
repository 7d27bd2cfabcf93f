"""Named axes of a grid, checked before anything is compiled."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from superpose.core.mistakes import BadValue, Mistake, unknown
from superpose.core.trees import at, is_static, replace_at
from superpose.train.recipe import Recipe

Axes = Mapping[str, Sequence[Any]]


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
    looped: dict[str, list[Any]] = {}
    moving: dict[str, np.ndarray] = {}
    for name, ticks in over.items():
        if name == "seed":
            moving[name] = _seeds(ticks)
        elif _is_looped(recipe, name):
            looped[name] = [_fits(recipe, name, t) for t in ticks]
        else:
            moving[name] = _numbers(recipe, name, ticks)
    return Grid(looped, moving)


def _check_count(over: Axes, max_cells: int) -> None:
    for name, ticks in over.items():
        if isinstance(ticks, (str, bytes)) or not hasattr(ticks, "__len__"):
            raise BadValue(f"axis {name!r} is {ticks!r}; it must be a sequence of values")
        if len(ticks) == 0:
            raise BadValue(f"axis {name!r} has no values")
    count = math.prod(len(t) for t in over.values())
    if count > max_cells:
        sizes = " × ".join(f"{n} {len(t):,}" for n, t in over.items())
        raise BadValue(f"this grid has {count:,} cells ({sizes}); the most is max_cells={max_cells:,}")


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
    for place, tick in enumerate(ticks):
        if isinstance(tick, (str, bytes, bool, dict, list, tuple)) or np.ndim(tick) != 0:
            raise BadValue(f"axis {name!r} takes numbers; its value {place} is {tick!r}")
    numbers = np.asarray(ticks, np.float64 if recipe.precision == "float64" else np.float32)
    if not np.isfinite(numbers).all():
        place = int(np.argmin(np.isfinite(numbers)))
        raise BadValue(f"axis {name!r} takes finite numbers; its value {place} is {ticks[place]}")
    for extreme in (numbers.min(), numbers.max()):
        _fits(recipe, name, float(extreme))
    return numbers


def _seeds(ticks: Sequence[Any]) -> np.ndarray:
    for tick in ticks:
        whole = isinstance(tick, (int, np.integer)) or (hasattr(tick, "dtype") and tick.dtype.kind in "iu")
        if isinstance(tick, bool) or not whole or not 0 <= int(tick) < 2**32:
            raise BadValue(f"axis 'seed' takes whole numbers from 0 to 2**32 - 1, not {tick!r}")
    return np.asarray([int(t) for t in ticks], np.uint32)
