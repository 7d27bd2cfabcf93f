"""What children do: a run, its resumption, a long fit, with whatever should go wrong there arranged beforehand."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

import tiny
from mending import fill_all, mend_all  # noqa: F401  tasks as well
from points import Points

import superpose as sp
from superpose import runs
from superpose.runs import keeper, work
from superpose.train import segments

PATIENCE = 100.0


def run(folder, over=None, trace=None, point=None, recipe=None, largest=None, **how):
    if largest is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    with Points(folder, point) as points:
        note_done(trace)
        swept = runs.run(
            folder, tiny.recipe(**recipe or {}), tiny.over(over), tiny.key(), **{"chunk": 4, **how}, quiet=True
        )
    return {"bits": tiny.bits(swept), "points": points.seen}


def resume(folder, trace=None, point=None, midway=None, **how):
    with Points(folder, point) as points:
        note_done(trace)
        keep_often(midway)
        swept = runs.resume(folder, **{"chunk": 4, **how}, quiet=True)
    return {"bits": tiny.bits(swept), "points": points.seen}


def drive(folder, trace=None, point=None, midway=0.0, recipe=None):
    with Points(folder, point) as points:
        note_done(trace)
        keep_often(midway)
        fit = runs.drive(folder, tiny.long(**recipe or {}), tiny.key(), quiet=True)
    return {"bits": tiny.bits(fit), "points": points.seen}


def sweep(over=None, recipe=None, **more):
    return {"bits": tiny.bits(sp.sweep(tiny.recipe(**recipe or {}), tiny.over(over), tiny.key(), quiet=True, **more))}


def fit(recipe=None):
    job = runs.launch.job(tiny.long(**recipe or {}), None, tiny.key(), "own", 1)
    return {"bits": tiny.bits(sp.fit(job.recipe, tiny.key(), path=job.paths[0]))}


def load(folder):
    return {"bits": tiny.bits(runs.load_run(folder))}


def stop_midway(folder, over=None, chunks=1, step=8):
    """A run that is stopped in the middle of a call, when it has so many chunks."""
    watch = keeper.Keeper.watch

    def stopping(self, part, ids, at, state):
        if at >= step and len(list(self.folder.chunks.glob("[!.]*"))) >= chunks:
            self.stop.asked = "the test"
        watch(self, part, ids, at, state)

    keeper.Keeper.watch = stopping
    return run(folder, over)


def short_of_memory(folder, size, over=None, **how):
    """A run that may not have more than so many bytes of addresses beside those it has once all is compiled.

    And has run once: a process that was as short of memory at its first product was seen to round otherwise from there
    on, which docs/runs.md says, and which this does not test.
    """
    sweep({"seed": [0]}, how.get("recipe"))
    program, done = work.Calls.program, keeper.Keeper.done

    def compiled(self, part, count):
        for self.units in (16, 32, 64, 128):
            found = program(self, part, count)
        work.Calls.program = program
        limit(size)
        return found

    def relieved(self, *more):
        limit(None)
        done(self, *more)

    work.ROOM, work.Calls.program, keeper.Keeper.done = 2**40, compiled, relieved
    return run(folder, over, **how)


def limit(size):
    """Addresses for so many more bytes than now, or for all there are: a failed allocation is no failed thread."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (most if size is None else pages * resource.getpagesize() + size, most))


def keep_often(seconds):
    """Midway checkpoints every so many seconds, and segments that are short enough for them."""
    if seconds is not None:
        keeper.MIDWAY, keeper.SHARE, segments.SEGMENT, segments.FIRST = seconds, 0, 0.01, 16


def note_done(path):
    """Cells whose training is over are noted, whether or not they come to the disk."""
    if path is None:
        return
    file, done = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), keeper.Keeper.done

    def noting(self, part, ids, state):
        os.write(file, "".join(f"{i.tobytes().hex()}\n" for i in ids).encode())
        done(self, part, ids, state)

    keeper.Keeper.done = noting


def first_work(folder):
    """When a resumption was asked for, had found what is missing, had its program, and had trained for a moment."""
    calls, seen = work.Calls, {"asked": time.time()}
    train, program, call = calls.train, calls.program, work.segments

    def noting(name, f):
        def noted(*more):
            if name == "found":
                seen.setdefault(name, time.time())
            result = f(*more)
            if name != "found":
                seen.setdefault(name, time.time())
            return result

        return noted

    calls.train, calls.program = noting("found", train), noting("compiled", program)
    work.segments = noting("trained", call)
    runs.launch.go_on(folder, repair=False, how=runs.How(quiet=True))
    return seen


def stuck(folder):
    """A run that hangs after its first segment, and so never comes to look whether it should stop."""
    keeper.Keeper.watch = lambda *_: time.sleep(PATIENCE)
    return run(folder)
