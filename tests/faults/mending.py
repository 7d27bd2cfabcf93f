"""Children that damage one run after another, or fill its disk, and look whether it comes to the right end."""

from __future__ import annotations

import errno
import random
import shutil
from pathlib import Path

import flips
import tiny
from points import Points

from superpose import runs
from superpose.core.mistakes import Mistake


def mend_all(pristine, room, plan, wanted, every=1):
    """Do each damage to a copy of a run; is it found, is it named, and does `repair` lead to the wanted bits?

    Without repair, which is tried of one in `every`, a run must refuse, or come to those bits all the same.
    """
    missed, worse, counts = [], [], {}
    for i, (kind, mode, seed) in enumerate(plan):
        run = _copied(pristine, room)
        did = flips.harm(run, kind, mode, random.Random(seed))
        counts[f"{kind} {mode}"] = counts.get(f"{kind} {mode}", 0) + 1
        if str(run / did.path) not in {d.path for d in runs.verify(run).damages}:
            missed.append(str(did))
        checks = [*(_unrepaired(run, wanted) if i % every == 0 else ()), *_repaired(run, wanted)]
        worse += [f"{did}: {why}" for why in checks]
    return {"missed": missed, "worse": worse, "counts": counts}


def _copied(pristine, room):
    run = Path(room) / "run"
    shutil.rmtree(run, ignore_errors=True)
    shutil.copytree(pristine, run)
    return run


def _unrepaired(run, wanted):
    other = run.with_name("other")
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(run, other)
    try:
        if tiny.bits(runs.resume(other, chunk=4, quiet=True)) != wanted:
            yield "other bits without repair"
    except Mistake as wrong:
        if "--repair" not in str(wrong) and "is lost" not in str(wrong):
            yield f"refused without the command: {wrong}"


def _repaired(run, wanted):
    if tiny.bits(runs.resume(run, repair=True, chunk=4, quiet=True)) != wanted:
        yield "other bits after repair"
    yield from map(str, runs.verify(run).damages)


def fill_all(room, points, wanted):
    """A small run for each of these calls, for which the disk has no room: it stops in order, and goes on later."""
    wrong = []
    for point in points:
        folder = Path(room) / f"full-{point}"
        with Points(folder, point, errno.ENOSPC) as seen:
            stopped = _stops(lambda: small(folder))  # noqa: B023
        call = seen.seen[point]
        wrong += [f"{call}: {why}" for why in (stopped, *_left(folder)) if why]
        wrong += [] if tiny.bits(small(folder)) == wanted else [f"{call}: other bits"]
        wrong += [f"{call}: {d}" for d in runs.verify(folder).damages]
    return {"wrong": wrong}


def small(folder):
    return runs.run(folder, tiny.recipe(), tiny.FEW, tiny.key(), chunk=4, quiet=True)


def _stops(whole):
    try:
        whole()
    except runs.Stopped as wrong:
        return "" if "no room left" in str(wrong) and "superpose resume" in str(wrong) else f"says {wrong}"
    except Exception as wrong:
        return repr(wrong)
    return ""


def _left(folder):
    """What is wrong with the chunks that a run on a full disk leaves."""
    yield from (str(d) for d in runs.verify(folder).damages if Path(d.path).parent != folder)
