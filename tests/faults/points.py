"""Every call that changes a run's folder, counted; and a process that dies right before one of them."""

from __future__ import annotations

import os
import re
import signal
import threading
from pathlib import Path

CALLS = ("rename", "replace", "fsync", "mkdir", "rmdir", "unlink", "write", "ftruncate", "truncate", "link")


class Points:
    """While this lasts, calls on what is inside `folder` are counted. The one that is `fatal`, by its number or as the
    first whose name matches, is not made: the process dies, or the call raises the system's error `fault`.

    Orbax writes its arrays without asking Python; kills at random are for those.
    """

    def __init__(self, folder: str | Path, fatal: int | str | None = None, fault: int | None = None):
        self.inside, self.fatal, self.fault = str(Path(folder).absolute()), fatal, fault
        self.seen: list[str] = []
        self.turn = threading.Lock()
        self.made = {name: getattr(os, name) for name in CALLS}

    def __enter__(self) -> Points:
        for name, call in self.made.items():
            setattr(os, name, self._counted(name, call))
        return self

    def __exit__(self, *wrong: object) -> None:
        for name, call in self.made.items():
            setattr(os, name, call)

    def _counted(self, name: str, call):
        def counted(what, *more, **named):
            place = _place(what, named.get("dir_fd"))
            if place.startswith(self.inside):
                with self.turn:
                    self._see(f"{name} {place.removeprefix(self.inside)}")
            return call(what, *more, **named)

        return counted

    def _see(self, call: str) -> None:
        hit = re.search(self.fatal, call) if isinstance(self.fatal, str) else len(self.seen) == self.fatal
        self.seen.append(call)
        if hit and self.fault is None:
            os.kill(os.getpid(), signal.SIGKILL)
        if hit:
            self.fatal = None
            raise OSError(self.fault, os.strerror(self.fault))


def _place(what, beside) -> str:
    if isinstance(what, int):
        try:
            return os.readlink(f"/proc/self/fd/{what}")
        except OSError:
            return ""
    if beside is not None and isinstance(beside, int) and beside >= 0:
        return os.path.join(_place(beside, None), os.fspath(what))
    return os.path.abspath(os.fspath(what)) if not isinstance(what, bytes) else ""
