"""The process behind one row: built once, warm, then told over a pipe how many steps to run. Standard library alone."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

WARM = 2
"""Steps before the first message. State that has been through a program once may be compiled for again."""


@dataclasses.dataclass
class Job:
    """`run(steps)` trains every model that many steps and returns when done. `about` is kept in the record."""

    run: Callable[[int], None]
    models: int
    save: Callable[[str], None] | None = None
    about: dict[str, Any] = dataclasses.field(default_factory=dict)


def serve(make: Callable[[dict], Job]) -> None:
    """Answer one line of JSON for each: first about the job, then for every message on stdin."""
    say = _own_stdout()
    began = time.perf_counter()
    job = make(json.loads(sys.argv[1]))
    job.run(1)
    first = time.perf_counter() - began
    for _ in range(WARM - 1):
        job.run(1)
    say({"first_s": first, "models": job.models, **job.about})
    for line in sys.stdin:
        message = json.loads(line)
        if "save" in message:
            job.save(message["save"])
            say({})
        else:
            say(timed(lambda steps=message["steps"]: job.run(steps)))


def timed(run: Callable[[], None]) -> dict[str, float]:
    """Seconds by the clock, of this process's CPU, and of everyone else's CPU meanwhile."""
    wall, own, all_ = time.perf_counter(), time.process_time(), busy()
    run()
    wall, own, all_ = time.perf_counter() - wall, time.process_time() - own, busy() - all_
    return {"wall": wall, "cpu": own, "others": max(0.0, all_ - own), "rss": rss(), "load": os.getloadavg()[0]}


def busy() -> float:
    """CPU seconds of the whole machine that were not idle, stolen ones too; 0 where the system does not say."""
    try:
        with open("/proc/stat", encoding="utf-8") as f:
            user, nice, system, _, _, irq, soft, steal = map(int, f.readline().split()[1:9])
    except (OSError, ValueError):
        return 0.0
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK")


def rss() -> int:
    """The most bytes this process has held. On Linux since it began: what its parent held before counts elsewhere."""
    if sys.platform == "linux":
        with open("/proc/self/status", encoding="utf-8") as f:
            return 1024 * int(next(line for line in f if line.startswith("VmHWM")).split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _own_stdout() -> Callable[[dict], None]:
    """A way to answer that nothing a library prints can get into."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: dict) -> None:
        pipe.write(json.dumps(answer) + "\n")
        pipe.flush()

    return say
