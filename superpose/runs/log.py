"""Logs read back: their records, and what is wrong with them by line."""

from __future__ import annotations

import dataclasses
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from superpose.core.mistakes import BadValue, Mistake
from superpose.core.reading import open_plain, parse_json

LINE = 1_000_000
"""Bytes of the longest record."""
_OURS = re.compile(rb'^\{"n": \d|, "crc": "[0-9a-f]{8}"\}$')
_RECORD = re.compile(rb'(\{"n": (\d{1,18}), .*), "crc": "([0-9a-f]{8})"\}', re.DOTALL)


def read_log(path: str | Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The whole records of a log in the order of their counters, and a line for each damage found.

    A record that was changed in a bit, or lost, is a damage; the others are still read.
    """
    records: list[dict[str, Any]] = []
    damages: list[str] = []
    expected = 1
    with open_plain(path) as file:
        for line, (data, whole) in enumerate(_lines(file), 1):
            record = _record(data)
            if record is None:
                what = "is not what was written" if whole else "is torn: the process ended while it wrote"
                damages.append(f"line {line} {what}")
                expected += 1
                continue
            if record["n"] > expected:
                damages.append(f"line {line} is record {record['n']}, and {_span(expected, record['n'] - 1)} missing")
            elif record["n"] < expected:
                damages.append(f"line {line} is record {record['n']}, which should have come before it")
            expected = record["n"] + 1
            records.append(record)
    return records, damages


def _span(first: int, last: int) -> str:
    return f"record {first} is" if first == last else f"records {first} to {last} are"


def _lines(file: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each line without its end, and whether it had one; of one that is too long, only the beginning."""
    while data := file.readline(LINE):
        start, whole = data, data.endswith(b"\n")
        while not data.endswith(b"\n") and (data := file.readline(LINE)):
            start, whole = start[:1], data.endswith(b"\n")  # too long to be a record
        yield start.removesuffix(b"\n"), whole


def _record(line: bytes) -> dict[str, Any] | None:
    """The record of a line without its end, if not a bit of it has changed."""
    found = _RECORD.fullmatch(line)
    if not found or b"%08x" % zlib.crc32(found[1]) != found[3]:
        return None
    try:
        record = parse_json(line, "a record")
    except Mistake:
        return None
    return record if record.get("n") == int(found[2]) else None


@dataclasses.dataclass(frozen=True)
class Tail:
    """How a log ends: its last counter, the bytes after the last line's end, and whether those are a whole record."""

    n: int
    torn: int
    whole: bool


def tail(file: int, path: str) -> Tail:
    """The end of an open log, whatever its length. Refuses a file that is no log, rather than mend it."""
    size = os.fstat(file).st_size
    data = os.pread(file, 2 * LINE, max(size - 2 * LINE, 0))
    *lines, last = data.split(b"\n")
    at_end = _record(last)
    for back, line in enumerate(reversed(lines)):
        if record := _record(line):
            return Tail(record["n"] + back + (at_end is not None), len(last), at_end is not None)
    if at_end and not lines:
        return Tail(at_end["n"], len(last), True)
    if lines and any(map(_OURS.search, (os.pread(file, 100, 0), *lines))):  # all damaged, and yet one counter a line
        return Tail(_count(file), len(last), at_end is not None)
    if not lines and b'{"n": 1, '.startswith(last[:9]):
        return Tail(0, len(last), False)
    raise BadValue(f"{path} is no log of superpose, and nothing was added to it; give another path")


def _count(file: int) -> int:
    with open(os.dup(file), "rb") as every:
        every.seek(0)
        return sum(block.count(b"\n") for block in iter(lambda: every.read(LINE), b""))
