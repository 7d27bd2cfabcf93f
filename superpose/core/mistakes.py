"""A user's mistake, said in one line: what was asked, and what there was to choose from."""

import difflib
import math
import os
from collections.abc import Iterable
from pathlib import Path


class Mistake(Exception):
    """The caller can mend this. Command lines print it as one line, without a traceback, and exit with `code`."""

    code = 2

    def __str__(self) -> str:
        return shown(" ".join(" ".join(map(str, self.args)).split()))


class BadName(Mistake, KeyError):
    """A field, axis, site or word that does not exist."""

    __str__ = Mistake.__str__  # a KeyError would show the message in quotes


class BadValue(Mistake, ValueError):
    """A value outside what is allowed."""


def unknown(what: str, asked: object, known: Iterable[str]) -> BadName:
    """`unknown("SparseWorld has no field", "densty", …)` with the near name, then all of them."""
    names = sorted(map(str, known))
    by_last_word = {name.rpartition(".")[2]: name for name in reversed(names)}
    near = difflib.get_close_matches(str(asked), [*names, *by_last_word], n=1)
    hint = f"; did you mean {by_last_word.get(near[0], near[0])!r}?" if near else ";"
    return BadName(f"{what} {said(asked)}{hint} there is {names}")


def needs(extra: str, wrong: ImportError) -> Mistake:
    """What to say when an import that belongs to an extra fails."""
    return BadValue(f"{wrong.name or wrong} is not installed; it comes with: pip install 'superpose[{extra}]'")


def shown(text: str) -> str:
    """Text that a terminal only prints: characters that would steer it are drawn, ␛ for escape."""
    return "".join(map(_drawn, text)) if any(not c.isprintable() for c in text) else text


def _drawn(letter: str) -> str:
    if letter.isprintable():
        return letter
    code = ord(letter)
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else f"\\u{{{code:x}}}"


def said(value: object) -> str:
    """The value as a message shows it: on one line, and not all of it if it is long."""
    line = " ".join(repr(value).split())
    return line if len(line) <= 80 else f"{line[:77]}..."


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


def make_folder(folder: Path) -> None:
    """The folder, there now, or a reason why it cannot be."""
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise BadValue(f"{folder} cannot be made: {wrong.strerror}; give another folder") from None


def check_folder(folder: Path) -> None:
    """Refuse a place where no folder can be, before there is something to lose."""
    try:
        there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    except OSError as wrong:
        raise BadValue(f"{folder} cannot be looked at: {wrong.strerror}; give another folder") from None
    if not there.is_dir():
        raise BadValue(f"{there} is a file; give a folder to write to")
    if not os.access(there, os.W_OK):
        raise BadValue(f"{there} cannot be written to; give another folder")
