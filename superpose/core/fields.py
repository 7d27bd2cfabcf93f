"""Fields that know what they allow, so that a wrong value is refused by name before any work."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import numpy as np

from superpose.core.mistakes import BadValue, unknown

_NONE = dataclasses.MISSING


def static(*, default: Any = _NONE, default_factory: Any = _NONE) -> Any:
    """A field that is compiled in: changing it changes the program, so it cannot ride a vmapped axis."""
    return _field(default, default_factory, static=True)


def whole(*, default: Any = _NONE, least: int = 1, most: int = 2**31 - 1) -> Any:
    """A static count."""
    return _field(default, static=True, check=lambda name, v: _whole(name, v, least, most))


def word(*, default: Any = _NONE, among: tuple[str, ...]) -> Any:
    """A static choice among words."""
    return _field(default, static=True, check=lambda name, v: _word(name, v, among))


def real(*, default: Any = _NONE, above: float = -math.inf, least: float = -math.inf, most: float = math.inf) -> Any:
    """A leaf that a sweep may vary: a number, or one number per feature."""
    return _field(default, check=lambda name, v: _real(name, v, above, least, most))


def leaf(*, default: Any = _NONE) -> Any:
    """A leaf, or a tree of them, that is taken as it is."""
    return _field(default)


def _field(default: Any, factory: Any = _NONE, **metadata: Any) -> Any:
    return dataclasses.field(default=default, default_factory=factory, metadata=metadata)


def check(owner: str, field: dataclasses.Field, value: Any) -> Any:
    """The value as its field keeps it, or `BadValue` naming the field."""
    inspect = field.metadata.get("check")
    return inspect(f"{owner}.{field.name}", value) if inspect else value


def _whole(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise BadValue(f"{name} is {value!r}; it must be a whole number from {least} to {most}")
    if not least <= value <= most:
        raise BadValue(f"{name} is {value}; it must be a whole number from {least} to {most}")
    return int(value)


def _word(name: str, value: Any, among: tuple[str, ...]) -> str:
    if value not in among:
        raise unknown(f"{name} cannot be", value, among)
    return value


def _real(name: str, value: Any, above: float, least: float, most: float) -> Any:
    """Tracers pass: a sweep checks its ticks before it traces."""
    if isinstance(value, (tuple, list)):
        return tuple(_real(f"{name}.{i}", v, above, least, most) for i, v in enumerate(value))
    if isinstance(value, jax.core.Tracer):
        return value
    numbers = np.asarray(value)
    if numbers.dtype.kind not in "iuf" or isinstance(value, (str, bytes)):
        raise BadValue(f"{name} is {value!r}; it must be a number {_range(above, least, most)}")
    fine = np.isfinite(numbers) & (numbers > above) & (numbers >= least) & (numbers <= most)
    if not fine.all():
        raise BadValue(f"{name} is {_first(numbers, fine)}; it must be a number {_range(above, least, most)}")
    return float(value) if numbers.ndim == 0 and not isinstance(value, jax.Array) else value


def _first(numbers: np.ndarray, fine: np.ndarray) -> Any:
    return numbers[~fine].flat[0] if numbers.ndim else numbers.item()


def _range(above: float, least: float, most: float) -> str:
    low = f"above {above:g}" if above > -math.inf else f"at least {least:g}" if least > -math.inf else ""
    high = f"at most {most:g}" if most < math.inf else ""
    return " and ".join(w for w in (low, high) if w) or "that is finite"
