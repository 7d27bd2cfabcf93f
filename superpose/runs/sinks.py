"""Sinks: where a run tells what happens, a record at a time. The log in JSON lines is always on."""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import json
import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from superpose.core.mistakes import BadValue, unknown
from superpose.runs.log import LINE, Tail, tail


class Sink(Protocol):
    """Takes events, which have a name, and scalars, which have a step."""

    def event(self, name: str, /, **fields: Any) -> None: ...

    def scalars(self, step: int, values: Mapping[str, float]) -> None: ...

    def close(self) -> None: ...


class JsonlSink:
    """One JSON object a line, in a file that is only ever added to.

    `n` counts the records, whatever the clock does, and `crc` is the CRC-32 of the line before it, so that `read_log`
    finds a lost record and a changed bit. A record is in the file when the call returns: a kill loses none, though the
    machine's power may. Opening a log again goes on counting, after a torn last line is taken away; and processes that
    write to one log take turns.
    """

    def __init__(self, path: str | Path):
        self.path, self._n, self._size = Path(path), 0, 0
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            self._file = os.open(self.path, flags, 0o644)
        except OSError as wrong:
            raise BadValue(f"the log {path} cannot be opened: {wrong.strerror}; give another path") from None
        try:
            if not stat.S_ISREG(os.fstat(self._file).st_mode):
                raise BadValue(f"the log {path} is not a file; give another path")
            with self._turn():
                self._look()
        except BaseException:
            os.close(self._file)
            raise

    @property
    def count(self) -> int:
        """Records in the log, when this process last wrote to it."""
        return self._n

    def event(self, name: str, /, **fields: Any) -> None:
        self._write({"event": name, "fields": fields} if fields else {"event": name})

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._write({"step": int(step), "values": {n: float(v) for n, v in values.items()}})

    def close(self) -> None:
        """After this the log is on the disk."""
        if self._file >= 0:
            os.fsync(self._file)
            os.close(self._file)
            self._file = -1

    def _write(self, record: dict[str, Any]) -> None:
        if self._file < 0:
            raise BadValue(f"the log {self.path} is closed; open it again to go on")
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        with self._turn():
            if os.fstat(self._file).st_size != self._size:
                self._look()
            line = line_of({"n": self._n + 1, "at": now, **record})
            if len(line) > LINE:
                raise BadValue(
                    f"a record of {len(line):,} bytes is too long for the log {self.path}; it takes {LINE:,}"
                )
            if os.write(self._file, line) < len(line):  # a full disk: half a record is none
                os.ftruncate(self._file, self._size)
                raise OSError(errno.ENOSPC, "no space left for the log", str(self.path))
            self._n, self._size = self._n + 1, self._size + len(line)

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _look(self) -> None:
        """Where the log has come to, by this process or by another."""
        self._n = _mended(self._file, tail(self._file, str(self.path)))
        self._size = os.fstat(self._file).st_size


def line_of(record: Mapping[str, Any]) -> bytes:
    """A record as its line. JSON has no infinity, so numbers that are not finite are null."""
    try:
        text = _ENCODER.encode(record)
    except ValueError:
        text = _ENCODER.encode(_finite(record))
    body = text[:-1].replace("\x7f", "\\u007f").encode("ascii")
    return b'%b, "crc": "%08x"}\n' % (body, zlib.crc32(body))


def quantiles(values: Any, name: str = "loss") -> dict[str, float]:
    """What a sweep tells of an array of losses: the 5th, 50th and 95th percentile of those that are finite."""
    every = np.asarray(values, float).ravel()
    finite = every[np.isfinite(every)]
    found = np.quantile(finite, (0.05, 0.5, 0.95)) if finite.size else np.full(3, np.nan)
    return {f"{name}.{p}": float(q) for p, q in zip(("p05", "p50", "p95"), found, strict=True)}


def sink(name: str, folder: str | Path) -> Sink:
    """An extra sink by its name, which keeps what it is told inside `folder`, on this machine."""
    from superpose.runs.loggers import LOGGERS

    if name not in LOGGERS:
        raise unknown("no logger is called", name, LOGGERS)
    return LOGGERS[name](folder)


def _plain(value: Any) -> Any:
    """What JSON does not know: NumPy's and JAX's numbers and arrays as Python's, the rest as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


_ENCODER = json.JSONEncoder(allow_nan=False, default=_plain)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(n): _finite(v) for n, v in value.items()}
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _mended(file: int, found: Tail) -> int:
    """How many records there are, after the log ends with a whole line."""
    if found.torn and found.whole:
        os.write(file, b"\n")  # only the end of the line was lost
    elif found.torn:
        os.ftruncate(file, os.fstat(file).st_size - found.torn)
    return found.n
