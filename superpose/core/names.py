"""Names from outside that are to become file names, cells of a table, or lines on a terminal."""

from __future__ import annotations

import re
import unicodedata

from superpose.core.mistakes import BadName, said, shown

__all__ = ["cell", "safe_name", "shown"]

LONGEST = 100
"""Bytes of a file name: well within what any file system takes, endings included."""
DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{n}" for port in ("COM", "LPT") for n in range(10))}


def safe_name(text: str) -> str:
    """`text` itself, if it may be the name of a file on any system; it cannot lead out of the folder it is put in."""
    if wrong := _wrong(text):
        raise BadName(f"{said(text)} cannot be the name of a file: it {wrong}; use letters, digits, '.', '_' and '-'")
    return text


def _wrong(text: str) -> str | None:
    if not isinstance(text, str) or not text:
        return "is empty or no text"
    if text in (".", ".."):
        return "means a folder"
    if found := re.search(r'[/\\:*?"<>|]', text):
        return f"holds {found[0]!r}"
    if any(unicodedata.category(letter)[0] == "C" for letter in text):
        return "holds characters that cannot be seen"
    if len(text.encode("utf-8")) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    if text[0] in " -" or text[-1] in " .":
        return "begins with ' ' or '-', or ends with ' ' or '.'"
    if text.partition(".")[0].upper() in DEVICES:
        return "is a device on some systems"
    return None


def cell(value: object) -> str:
    """A value as one cell of a CSV file: quoted where it must be, and never a formula to a spreadsheet."""
    text = shown(str(value))
    if not isinstance(value, (int, float)) and text.lstrip()[:1] in ("=", "+", "-", "@"):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",\s]', text) else text
