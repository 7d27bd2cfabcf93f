"""Which axis and tick are meant, said by the last word of a name and a value near enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from superpose.core.mistakes import BadName, said, unknown


def place(short: str, wanted: Any, axes: Mapping[str, Sequence[Any]]) -> tuple[str, int]:
    """`place("density", 0.1, axes)`: the axis, and the place of its nearest tick.

    One field of a zipped axis is enough where it tells the ticks apart; the whole name takes the whole tick.
    """
    name = full_name(short, axes)
    if "," not in name:
        return name, nearest(name, axes[name], wanted)
    return name, (_by_tick if "," in short else _by_field)(name, short, axes[name], wanted)


def full_name(short: str, names: Any) -> str:
    """The axis whose name, or the name of one of whose fields, ends in these words."""
    hits = [n for n in names if n == short or _ends(n, short)]
    if not hits:
        raise unknown("no axis is called", short, names)
    if len(hits) > 1 and short not in hits:
        raise BadName(f"axis {short!r} could be any of {hits}; give more of its name")
    return short if short in hits else hits[0]


def column(name: str, short: str, ticks: Sequence[Any]) -> list[Any]:
    """The ticks, of one field if the axis is zipped and the words mean only that one."""
    return [tick[_field(name, short)] for tick in ticks] if "," in name and "," not in short else list(ticks)


def nearest(name: str, ticks: Sequence[Any], wanted: Any) -> int:
    """The place of the nearest tick, if the value is within their range; of whole numbers and words, the equal one."""
    ticks, wanted = [plain(t) for t in ticks], plain(wanted)
    if all(map(_is_number, ticks)) and _is_number(wanted) and not all(isinstance(t, int) for t in ticks):
        distance = np.abs(np.asarray(ticks, float) - float(wanted))
        slack = 0.01 * abs(float(wanted))
        if not min(ticks) - slack <= wanted <= max(ticks) + slack:
            raise BadName(f"axis {name!r} goes from {min(ticks):g} to {max(ticks):g}; {wanted:g} is outside")
        return int(np.argmin(distance))
    if wanted not in ticks:
        raise BadName(f"axis {name!r} has no tick {said(wanted)}; it has {said(ticks)}")
    return ticks.index(wanted)


def plain(tick: Any) -> Any:
    """A Python number where an array of no axes stands for one, and a tuple where a list stands for several."""
    if isinstance(tick, (tuple, list)):
        return tuple(map(plain, tick))
    return tick.item() if hasattr(tick, "item") and np.ndim(tick) == 0 else tick


def _by_field(name: str, short: str, ticks: Sequence[Any], wanted: Any) -> int:
    found = column(name, short, ticks)
    here = nearest(name.split(",")[_field(name, short)], found, wanted)
    if found.count(found[here]) > 1:
        same = [tick for tick, own in zip(ticks, found, strict=True) if own == found[here]]
        raise BadName(f"axis {name!r} has {said(wanted)} in several ticks, {said(same)}; give its whole name and tick")
    return here


def _by_tick(name: str, short: str, ticks: Sequence[Any], wanted: Any) -> int:
    """The tick whose every part is the nearest to what is wanted."""
    wanted, whole = plain(wanted), [plain(tick) for tick in ticks]
    if not isinstance(wanted, tuple) or len(wanted) != len(name.split(",")):
        raise BadName(f"axis {name!r} has ticks such as {said(ticks[0])}, not {said(wanted)}")
    if wanted in whole:
        return whole.index(wanted)
    parts = zip(name.split(","), zip(*whole, strict=True), wanted, strict=True)
    close = tuple(values[nearest(field, values, value)] for field, values, value in parts)
    if close not in whole:
        raise BadName(f"axis {name!r} has no tick {said(wanted)}; it has {said(whole)}")
    return whole.index(close)


def _ends(name: str, short: str) -> bool:
    """Whether the words mean this axis: its end, the end of one of its fields, or the ends of all in their order."""
    fields, words = name.split(","), short.split(",")
    if len(words) == 1:
        return any(_same(f, short) for f in fields)
    return len(words) == len(fields) and all(map(_same, fields, words))


def _same(field: str, word: str) -> bool:
    return field == word or field.endswith(f".{word}")


def _field(name: str, short: str) -> int:
    hits = [i for i, field in enumerate(name.split(",")) if _same(field, short)]
    if len(hits) > 1:
        raise BadName(f"{short!r} could be any of {name.split(',')}; give more of its name")
    return hits[0]


def _is_number(tick: Any) -> bool:
    return isinstance(tick, (int, float)) and not isinstance(tick, bool) and math.isfinite(tick)
