"""One writer: the kernel frees a lock when its holder dies, however it dies."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from superpose.core.mistakes import BadValue, Mistake
from superpose.core.reading import parse_json

TRIES, MOMENT = 20, 0.01
"""Times to ask for the lock, and seconds between them, while nobody has signed it."""


class Held(Mistake):
    """Somebody else is writing there."""


@contextlib.contextmanager
def lock(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the file, alone or with others who share it, or `Held`, which names the holder."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    except OSError as wrong:
        raise BadValue(f"{path} cannot be opened: {wrong.strerror}; give a folder that can be written to") from None
    with open(handle, "r+b", buffering=0) as file:
        if not _taken(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, path):
            raise Held(f"{path.parent} is being written by {holder(path) or 'another process'}")
        if not shared:
            _sign(file)
        try:
            yield
        finally:
            if not shared:
                file.truncate(0)


def _taken(file: Any, kind: int, path: Path) -> bool:
    """Whether the lock is ours. Who only asks for its holder has it for a moment, and is no reason to give up."""
    for _ in range(TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            return True
        if holder(path):
            return False
        time.sleep(MOMENT)
    return False


def holder(path: Path) -> str | None:
    """Who signed the lock and still holds it, in words."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            if _free(file):
                return None
            told = parse_json(file.read(2000), "the lock")
            return f"process {int(told['pid'])} on {told['host']!s:.100}, since {told['since']!s:.40}"
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _free(file: Any) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return True


def _sign(file: Any) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    signed = json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "since": now}).encode()
    file.truncate(0)
    file.seek(0)
    with contextlib.suppress(OSError):  # a full disk has no room for a name; the lock holds all the same
        file.write(signed)
