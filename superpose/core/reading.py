"""Files and text from strangers: read with a limit, never run, and refused by name when they are not what they say."""

from __future__ import annotations

import errno
import json
import math
import os
import stat
from pathlib import Path
from typing import IO, Any

from superpose.core.mistakes import BadValue, Mistake, amount, said

MOST = 10_000_000
"""Bytes of text that are read unless a caller asks for more."""
DEEP = 100
"""Levels that JSON may be nested."""


def open_plain(path: str | Path) -> IO[bytes]:
    """A file opened for reading, if it is one: not a link to elsewhere, nor a pipe to wait on for ever."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as wrong:  # a name with a NUL in it is a ValueError
        if getattr(wrong, "errno", None) == errno.ELOOP:
            raise BadValue(f"{path} is a link; give the file that it points to") from None
        raise BadValue(f"{path} cannot be read: {getattr(wrong, 'strerror', None) or wrong}") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise BadValue(f"{path} is not a file")
    return open(handle, "rb")


def read_bytes(path: str | Path, most: int = MOST) -> bytes:
    with open_plain(path) as file:
        try:
            data = file.read(min(os.fstat(file.fileno()).st_size, most) + 1)  # what is asked for is set aside at once
        except OSError as wrong:
            raise BadValue(f"{path} cannot be read: {wrong.strerror}") from None
    if len(data) > most:
        raise BadValue(f"{path} is larger than {amount(most)}, the most that is read of such a file")
    return data


def read_text(path: str | Path, most: int = MOST) -> str:
    data = read_bytes(path, most)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        raise BadValue(f"{path} is not text in UTF-8: byte {wrong.start:,} is 0x{data[wrong.start]:02x}") from None


def read_json(path: str | Path, most: int = MOST) -> Any:
    return parse_json(read_text(path, most), str(path))


def parse_json(text: str | bytes, what: str) -> Any:
    """JSON that says each thing once, in finite numbers, and is not bottomless. `what` is how messages call it."""
    try:
        words = text.decode("utf-8") if isinstance(text, bytes) else text
        tree = json.loads(words, object_pairs_hook=lambda pairs: _no_twins(pairs, what))
    except RecursionError:
        raise BadValue(f"{what} is nested more than {DEEP} deep") from None
    except UnicodeDecodeError:
        raise BadValue(f"{what} is not text in UTF-8") from None
    except json.JSONDecodeError as wrong:
        raise BadValue(f"{what} is not JSON: {wrong}") from None
    except ValueError as wrong:
        if isinstance(wrong, Mistake):
            raise
        raise BadValue(f"{what} holds a number too long to read") from None
    _check_parts([tree], what)
    return tree


def number(name: str, value: Any, missing: float = math.nan) -> float:
    """A number of some JSON; null stands for one that was not finite."""
    if value is None:
        return missing
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadValue(f"{said(name)} is {said(value)}, not a number")
    return float(value)


def _no_twins(pairs: list[tuple[str, Any]], what: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise BadValue(f"{said(name)} is given twice in {what}")
        found[name] = value
    return found


def _check_parts(tree: list, what: str) -> None:
    """Without recursion, and a million numbers in a moment."""
    below: list[tuple[tuple, Any]] = [((), tree)]
    while below:
        where, owner = below.pop()
        if len(where) > DEEP:
            raise BadValue(f"{what} is nested more than {DEEP} deep")
        for name, part in owner.items() if isinstance(owner, dict) else enumerate(owner):
            if isinstance(part, (dict, list)):
                below.append(((*where, name), part))
            elif isinstance(part, float) and not math.isfinite(part):
                raise BadValue(f"{_place(where, name)} is {part} in {what}: its numbers must be finite")
            elif isinstance(part, int) and not -(2**63) <= part < 2**64:
                raise BadValue(f"{_place(where, name)} is {said(part)} in {what}: whole numbers take at most 64 bits")


def _place(where: tuple, name: Any) -> str:
    return said(".".join(map(str, (*where, name)[1:])) or "the whole")
