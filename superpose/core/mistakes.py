"""A user's mistake, said in one line: what was asked, and what there was to choose from."""

import difflib
import math
import os
from collections.abc import Iterable


class Mistake(Exception):
    """The caller can mend this. Command lines print it without a traceback and exit with 2."""


class BadName(Mistake, KeyError):
    """A field, axis, site or word that does not exist."""

    def __str__(self) -> str:
        return str(self.args[0])


class BadValue(Mistake, ValueError):
    """A value outside what is allowed."""


def unknown(what: str, asked: object, known: Iterable[str]) -> BadName:
    """`unknown("SparseWorld has no field", "densty", …)` with the near name, then all of them."""
    names = sorted(map(str, known))
    near = difflib.get_close_matches(str(asked), names, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ";"
    return BadName(f"{what} {asked!r}{hint} there is {names}")


def memory() -> int:
    """Bytes of memory this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def check_room(what: str, *shape: int) -> None:
    """Refuse an array that cannot exist, before JAX sees its shape: some sizes abort the process."""
    need = 4 * math.prod(shape)
    if need > memory():
        size = " × ".join(f"{s:,}" for s in shape)
        raise BadValue(f"{what} would be {size} numbers, {amount(need)}; this machine has {amount(memory())}")


def amount(size: float) -> str:
    """Bytes, as a person says them."""
    units = ("bytes", "KB", "MB", "GB", "TB")
    place = min(int(math.log(max(size, 1), 1000)), len(units) - 1)
    return f"{size / 1000**place:,.3g} {units[place]}"
