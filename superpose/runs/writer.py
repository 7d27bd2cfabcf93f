"""Writing behind the training: one thing at a time, and what went wrong is said at the next."""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from superpose.core.mistakes import amount

SPARE = 2**17
"""Bytes that a chunk takes beside its arrays: a dozen small files and folders, each of whole blocks."""


class Full(Exception):
    """There is no room left to write: why, as the system says it, and how many bytes were to be written."""


class Writer:
    """Runs one job in the background. `cost` is the seconds that one takes, of the last three the middle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self.last: Future | None = None
        self.costs: deque[float] = deque(maxlen=3)

    @property
    def cost(self) -> float:
        """One slow write among them does not count: a disk may stall once."""
        return sorted(self.costs)[(len(self.costs) - 1) // 2] if self.costs else 0.0

    def submit(self, job: Callable[[], Any], size: int) -> None:
        """Wait for the one before, then begin this one, of about so many bytes."""
        self.wait()
        self.last = self.pool.submit(self._timed, job, size)

    def wait(self) -> None:
        """Until what was submitted is on the disk; raises what it raised."""
        last, self.last = self.last, None
        if last is not None:
            last.result()

    def close(self) -> None:
        self.pool.shutdown()

    def _timed(self, job: Callable[[], Any], size: int) -> None:
        began = time.monotonic()
        try:
            _check_space(self.folder, size)
            job()
        except Exception as wrong:
            if no_room(wrong):
                raise Full(_short(wrong), size) from wrong
            raise
        self.costs.append(time.monotonic() - began)


def _check_space(folder: Path, size: int) -> None:
    """A disk that is known to be too full is not filled. Some say nothing of their size, and others have quotas."""
    there = shutil.disk_usage(folder)
    if there.total and there.free < size + SPARE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def no_room(wrong: BaseException) -> bool:
    """A full disk, as the system says it or as Orbax does; the cause counts as well."""
    return any((isinstance(w, OSError) and w.errno in _FULL) or any(s in str(w) for s in _SAID) for w in _causes(wrong))


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_SAID = ("No space left on device", "Disk quota exceeded", "File too large", "RESOURCE_EXHAUSTED")


def _causes(wrong: BaseException | None) -> Iterator[BaseException]:
    while wrong is not None:
        yield wrong
        wrong = wrong.__cause__ or wrong.__context__


def _short(wrong: BaseException) -> str:
    """The system's own word for it, out of the page that Orbax says around it."""
    causes = list(_causes(wrong))
    said = [os.strerror(w.errno) for w in causes if isinstance(w, OSError) and w.errno]
    said += [s for w in causes for s in _SAID if s in str(w)]
    return said[0] if said else str(wrong).splitlines()[0][:200]


def full(folder: Path, why: str, size: int) -> str:
    """A full disk, in words: what was to be written, and what there is."""
    there = shutil.disk_usage(folder if folder.is_dir() else folder.absolute().parent)
    return (
        f"no room left to write in {folder} ({why}): the next write takes about {amount(size + SPARE)}, and "
        f"{amount(there.free)} are free; make room"
    )
