"""Fields that know what they allow, so that a wrong value is refused by name before any work.

The metadata of a field say it too, for those who ask before they choose: `among` words, or what it `allows`.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import numpy as np

from superpose.core.mistakes import BadValue, said, unknown

_NONE = dataclasses.MISSING


def static(*, default: Any = _NONE, default_factory: Any = _NONE, allows: str = "") -> Any:
    """A field that is compiled in: changing it changes the program, so it cannot ride a vmapped axis."""
    return _field(default, default_factory, static=True, allows=allows)


def whole(*, default: Any = _NONE, least: int = 1, most: int = 2**31 - 1) -> Any:
    """A static count."""
    allows = f"a whole number from {least}" + (f" to {most}" if most < 2**31 - 1 else "")
    return _field(default, static=True, allows=allows, check=lambda name, v: check_whole(name, v, least, most))


def word(*, default: Any = _NONE, among: tuple[str, ...]) -> Any:
    """A static choice among words."""
    return _field(default, static=True, among=among, check=lambda name, v: _word(name, v, among))


def real(*, default: Any = _NONE, **limits: float) -> Any:
    """A leaf that a sweep may vary: a number, or one number per feature, within `Limits`."""
    bounds = Limits(**limits)
    return _field(default, allows=f"a number {bounds}", check=lambda name, v: check_real(name, v, bounds))


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a number may be, besides finite."""

    above: float = -math.inf
    least: float = -math.inf
    below: float = math.inf
    most: float = math.inf

    def allow(self, x: np.ndarray) -> np.ndarray:
        inside = (x > self.above) & (x >= self.least) & (x < self.below) & (x <= self.most)
        return np.isfinite(x) & inside

    def __str__(self) -> str:
        words = {"above": self.above, "at least": self.least, "below": self.below, "at most": self.most}
        return " and ".join(f"{w} {v:g}" for w, v in words.items() if math.isfinite(v)) or "that is finite"


def leaf(*, default: Any = _NONE, allows: str = "") -> Any:
    """A leaf, or a tree of them, that is taken as it is."""
    return _field(default, allows=allows)


def _field(default: Any, factory: Any = _NONE, **metadata: Any) -> Any:
    return dataclasses.field(default=default, default_factory=factory, metadata=metadata)


def check(owner: str, field: dataclasses.Field, value: Any) -> Any:
    """The value as its field keeps it, or `BadValue` naming the field."""
    inspect = field.metadata.get("check")
    return inspect(f"{owner}.{field.name}", value) if inspect else value


def check_whole(name: str, value: Any, least: int = 1, most: int = 2**31 - 1) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise BadValue(f"{name} is {said(value)}; it must be a whole number from {least} to {most}")
    if not least <= value <= most:
        raise BadValue(f"{name} is {said(value)}; it must be a whole number from {least} to {most}")
    return int(value)


def _word(name: str, value: Any, among: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in among:
        raise unknown(f"{name} cannot be", value, among)
    return value


def check_real(name: str, value: Any, limits: Limits) -> Any:
    """Tracers pass: a sweep checks its ticks before it traces."""
    if isinstance(value, (tuple, list)):
        return tuple(check_real(f"{name}.{i}", v, limits) for i, v in enumerate(value))
    if isinstance(value, jax.core.Tracer):
        return value
    numbers = as_numbers(value)
    if numbers is None:
        raise BadValue(f"{name} is {said(value)}; it must be a number {limits}")
    if not (fine := limits.allow(numbers)).all():
        first = numbers[~fine].flat[0] if numbers.ndim else numbers.item()
        raise BadValue(f"{name} is {first}; it must be a number {limits}")
    return float(value) if numbers.ndim == 0 and not isinstance(value, jax.Array) else value


def as_numbers(value: Any) -> np.ndarray | None:
    """The value as an array of real numbers, or None if it is not that."""
    try:
        numbers = np.asarray(value)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.dtype.kind in "iuf" else None
