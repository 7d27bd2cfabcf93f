"""Axes written as text: `world.density=log:0.01:1:64`, `seed=0..9`, `model.activation=relu,identity`.

lin:a:b:n   n numbers evenly from a to b          a,b,c   these values: numbers, words, true, false, none
log:a:b:n   n numbers from a to b, evenly in log  i..j    the whole numbers from i to j, both included
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from superpose.core.mistakes import BadName, BadValue, said, unknown

MOST = 10_000_000
"""Values of one axis."""
LONGEST = 1_000_000
"""Characters of one axis."""
GRAMMAR = "write it as FIELD=lin:a:b:n, log:a:b:n, i..j, or values a,b,c; for example world.density=log:0.01:1:64"
SPACED: dict[str, Any] = {"lin": np.linspace, "log": np.geomspace}
_CONSTANTS = {"true": True, "false": False, "none": None}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.+-]*")
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def axis(text: str) -> tuple[str, list[Any]]:
    """`axis("seed=0..3")` is `("seed", [0, 1, 2, 3])`."""
    if len(text) > LONGEST:
        raise BadValue(f"axis {said(text)} is {len(text):,} characters; the most is {LONGEST:,}")
    name, sign, spec = text.partition("=")
    if not sign:
        raise BadValue(f"axis {said(text)} has no '='; {GRAMMAR}")
    if not spec:
        raise BadValue(f"axis {said(text)} has no values; {GRAMMAR}")
    return _field(name, text), _ticks(spec, f"axis {said(text)}")


def axes(texts: Iterable[str], zips: Iterable[str] = ()) -> dict[str, list[Any]]:
    """All axes of a grid; each of `zips`, such as "world.density,learning_rate", names axes that move as one."""
    found: dict[str, list[Any]] = {}
    for text in texts:
        name, ticks = axis(text)
        if name in found:
            raise BadValue(f"axis {name!r} is given twice; give all of its values at once")
        found[name] = ticks
    for text in zips:
        found = _zipped(found, text)
    return found


def value(text: str, name: str = "value") -> Any:
    """One value, or a tuple of them where there is a comma. `name` is what a mistake calls it."""
    parts = text.split(",")
    where = f"{name} {said(text)}"
    return _value(text, where) if len(parts) == 1 else tuple(_value(p, where) for p in parts)


def written(name: str, ticks: Sequence[Any]) -> list[str]:
    """The text that `axis` reads back, one for each field of the axis."""
    fields = name.split(",")
    columns = list(zip(*ticks, strict=True)) if len(fields) > 1 else [tuple(ticks)]
    return [f"{field}={_spec(column)}" for field, column in zip(fields, columns, strict=True)]


def plain(tick: Any) -> str:
    """One value as text."""
    if isinstance(tick, (tuple, list)):
        return ",".join(map(plain, tick))
    return {True: "true", False: "false", None: "none"}[tick] if tick is None or isinstance(tick, bool) else str(tick)


def _spec(ticks: Sequence[Any]) -> str:
    whole = len(ticks) > 2 and all(type(t) is int for t in ticks)
    if whole and list(ticks) == list(range(ticks[0], ticks[0] + len(ticks))):
        return f"{ticks[0]}..{ticks[-1]}"
    return ",".join(map(plain, ticks))


def _zipped(found: Mapping[str, list[Any]], text: str) -> dict[str, list[Any]]:
    fields = [_field(name, text) for name in text.split(",")]
    if len(fields) < 2 or len(set(fields)) < len(fields):
        raise BadValue(f"zip {said(text)} must name two or more different axes: world.density,learning_rate")
    for field in fields:
        if field not in found:
            raise unknown(f"zip {said(text)}: no axis is called", field, found)
    sizes = {field: len(found[field]) for field in fields}
    if len(set(sizes.values())) > 1:
        raise BadValue(f"zip {said(text)} needs axes of one length; theirs are {sizes}")
    joined = {",".join(fields): list(zip(*(found[f] for f in fields), strict=True))}
    return {n: t for n, t in found.items() if n not in fields} | joined


def _field(name: str, text: str) -> str:
    if not _NAME.fullmatch(name):
        raise BadName(f"{said(name)} in {said(text)} is not a field's name; {GRAMMAR}")
    return name.replace("-", "_")


def _ticks(spec: str, where: str) -> list[Any]:
    kind, colon, rest = spec.partition(":")
    if colon:
        return _spaced(kind, rest, where)
    first, dots, last = spec.partition("..")
    if dots:
        return _range(first, last, where)
    ticks = [_value(part, where) for part in spec.split(",")]
    if len({(type(t), t) for t in ticks}) < len(ticks):
        raise BadValue(f"{where} has a value twice")
    return ticks


def _spaced(kind: str, rest: str, where: str) -> list[float]:
    if kind not in SPACED:
        raise unknown(f"{where}: {GRAMMAR}; no spacing is called", kind, SPACED)
    parts = rest.split(":")
    if len(parts) != 3:
        raise BadValue(f"{where} needs three numbers after {kind}:, as in {kind}:0.01:1:64; {GRAMMAR}")
    low, high = (_number(p, where) for p in parts[:2])
    count = _count(parts[2], where)
    if kind == "log" and min(low, high) <= 0:
        raise BadValue(f"{where}: log needs both ends above 0, and {min(low, high):g} is not")
    if low == high:
        raise BadValue(f"{where} goes from {low:g} to itself; write one value as FIELD={low:g}")
    with np.errstate(all="ignore"):
        ticks = SPACED[kind](low, high, count).tolist()
    if not all(map(math.isfinite, ticks)) or len(set(ticks)) < count:
        raise BadValue(f"{where}: {count:,} different numbers from {low:g} to {high:g} are more than there are")
    return ticks


def _range(first: str, last: str, where: str) -> list[int]:
    low, high = _whole(first, where), _whole(last, where)
    if low > high:
        raise BadValue(f"{where} goes down, from {low} to {high}; write the smaller first")
    if high - low >= MOST:
        raise BadValue(f"{where} has {high - low + 1:,} values; the most of an axis is {MOST:,}")
    return list(range(low, high + 1))


def _count(text: str, where: str) -> int:
    count = _whole(text, where)
    if not 2 <= count <= MOST:
        raise BadValue(f"{where} has {count:,} values; an axis from one end to the other has 2 to {MOST:,}")
    return count


def _whole(text: str, where: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise BadValue(f"{where}: {said(text)} is not a whole number; {GRAMMAR}")
    if len(text) > 19:
        raise BadValue(f"{where}: {said(text)} is too large a number")
    return int(text)


def _number(text: str, where: str) -> float:
    if _NOT_FINITE.fullmatch(text):
        raise BadValue(f"{where}: {text} is not a finite number")
    if not _REAL.fullmatch(text):
        raise BadValue(f"{where}: {said(text)} is not a number; {GRAMMAR}")
    number = float(text)
    if math.isinf(number) or (number == 0 and re.search("[1-9]", re.split("[eE]", text)[0])):
        raise BadValue(f"{where}: {said(text)} is {'too large' if number else 'too near 0'} for a number")
    return number


def _value(text: str, where: str) -> Any:
    if not text:
        raise BadValue(f"{where} has an empty value; {GRAMMAR}")
    if _WHOLE.fullmatch(text):
        return _whole(text, where)
    if _REAL.fullmatch(text) or _NOT_FINITE.fullmatch(text):
        return _number(text, where)
    if text.lower() in _CONSTANTS:
        return _CONSTANTS[text.lower()]
    if not _WORD.fullmatch(text):
        raise BadValue(f"{where}: {said(text)} is not a number or a word; {GRAMMAR}")
    return text
