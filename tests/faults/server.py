"""Forks a child for every task it is told on its input, kills it when it should die, and says how it ended."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import jax
import tasks

from superpose.core.mistakes import Mistake
from superpose.runs import Stopped
from superpose.store.state import ready

BEGAN: dict[int, float] = {}
TICK = 0.002


def main(cache: str) -> None:
    warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: there are none
    jax.config.update("jax_compilation_cache_dir", cache)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    ready()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = {"start": start, "wait": wait}[asked.pop("do")](**asked)
        print(json.dumps(answer), flush=True)
    for pid in BEGAN:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def start(task: str, place: str, options: dict) -> dict:
    pid = os.fork()
    if pid == 0:
        os._exit(child(task, Path(place), options))
    BEGAN[pid] = time.monotonic()
    return {"pid": pid}


def wait(pid: int, signals: list[tuple[float, int]], patience: float) -> dict:
    """Sends each signal so many seconds after the child's start; the last of all is SIGKILL."""
    began, sent = BEGAN[pid], None
    for after, number in [*signals, (patience, signal.SIGKILL)]:
        if not _until(pid, began + after):
            os.kill(pid, number)
            sent = time.monotonic()
    status, now = os.waitpid(pid, 0)[1], time.monotonic()
    del BEGAN[pid]
    code = os.waitstatus_to_exitcode(status)
    return {"code": code, "seconds": now - began, "since": None if sent is None else now - sent}


def _until(pid: int, due: float) -> bool:
    """Whether the child has ended by then."""
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if time.monotonic() >= due:
            return False
        time.sleep(TICK)
    return True


def child(task: str, place: Path, options: dict) -> int:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # goes when the server goes
    said = os.open(place / "said", os.O_WRONLY | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    try:
        found = getattr(tasks, task)(**options)
        (place / "found.json").write_text(json.dumps(found or {}), encoding="utf-8")
        return 0
    except (Mistake, Stopped) as wrong:
        os.write(2, f"superpose: {wrong}\n".encode())
        return wrong.code
    except BaseException as wrong:
        os.write(2, "".join(traceback.format_exception(wrong)).encode("utf-8", "replace"))
        return 130 if isinstance(wrong, KeyboardInterrupt) else 1


if __name__ == "__main__":
    main(sys.argv[1])
