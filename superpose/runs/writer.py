"""Writing behind the training: one thing at a time, and what went wrong is said at the next."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from superpose.core.mistakes import amount


class Full(Exception):
    """There is no room left to write."""


class Writer:
    """Runs one job in the background. `cost` is the seconds of the last."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self.last: Future | None = None
        self.cost = 0.0

    def submit(self, job: Callable[[], Any]) -> None:
        """Wait for the one before, then begin this one."""
        self.wait()
        self.last = self.pool.submit(self._timed, job)

    def wait(self) -> None:
        """Until what was submitted is on the disk; raises what it raised."""
        last, self.last = self.last, None
        if last is not None:
            last.result()

    def close(self) -> None:
        self.pool.shutdown()

    def _timed(self, job: Callable[[], Any]) -> None:
        began = time.monotonic()
        try:
            job()
        except Exception as wrong:
            if no_room(wrong):
                raise Full(str(wrong).splitlines()[0][:200]) from wrong
            raise
        self.cost = time.monotonic() - began


def no_room(wrong: BaseException) -> bool:
    """A full disk, as the system says it or as Orbax does; the cause counts as well."""
    import errno

    while wrong is not None:
        words = str(wrong)
        if isinstance(wrong, OSError) and wrong.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left" in words or "RESOURCE_EXHAUSTED" in words or "Disk quota" in words:
            return True
        wrong = wrong.__cause__ or wrong.__context__  # type: ignore[assignment]
    return False


def room_needed(size: int) -> str:
    return f"about {amount(max(size, 1))}"
