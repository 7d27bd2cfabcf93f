"""A session of work on a run: hold its directory, train what is missing, keep it."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterator

import jax
import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.text import strangers
from superpose.runs import together
from superpose.runs.chunk import sweep_up
from superpose.runs.engines import engine, ray, slurm
from superpose.runs.folder import Folder, begin
from superpose.runs.heard import Heard
from superpose.runs.how import How
from superpose.runs.job import Job, Part
from superpose.runs.keeper import Follower, Keeper
from superpose.runs.midway import ALONE, forget_all, load_midway
from superpose.runs.sinks import JsonlSink
from superpose.runs.stop import Stop, Stopped, listening
from superpose.runs.work import Calls, Task
from superpose.runs.writer import full, no_room
from superpose.store.lock import lock
from superpose.store.made import versions
from superpose.store.sealed import Damaged
from superpose.train import chunks, hosts
from superpose.train.progress import Progress

STORM = 200
"""Programs after which the compiled ones are let go: each takes memory maps, of which a process may have few."""


def work(folder: Folder, asked: Job, how: How) -> None:
    """Hold the lock, train what is missing, keep it. What ends it early is told on stderr, whoever called."""
    try:
        _work(folder, asked, how)
    except Stopped as wrong:
        if hosts.first():
            print(f"superpose: {wrong}", file=sys.stderr)
        raise


def _work(folder: Folder, asked: Job, how: How) -> None:
    """Of several processes the first has the directory, and the others help."""
    if hosts.many() and (how.on or how.share):
        raise BadValue("processes that were joined share the work already: give neither `on` nor `share`")
    if how.split == "batch" and (how.on or any(path.slope != "autodiff" for path in asked.paths)):
        raise BadValue('split="batch" goes with a run begun so, and with no engine: this one has other paths, or `on`')
    if how.on and engine(how.on).kind in ("slurm", "submitit-local"):
        with lock(folder.lock):
            folder = begin(folder, asked)
        slurm.train(engine(how.on), folder, how)
        return
    with going_on(folder, asked), contextlib.ExitStack() as held, listening() as stop:
        keeper = hosts.does(lambda: _keeper(held, folder, asked, how, stop)) or Follower(folder, stop)
        try:
            _train(keeper, asked, how)
        except Stopped as wrong:
            with contextlib.suppress(OSError):  # where there is no room, there is none for this either
                keeper.log.event("stop", why=str(wrong))
            raise


@contextlib.contextmanager
def going_on(folder: Folder, asked: Job | None = None) -> Iterator[None]:
    """What ends a run early says how to go on. A full disk is such an end, whatever was being written."""
    try:
        yield
    except (Stopped, OSError) as wrong:
        if isinstance(wrong, OSError) and not no_room(wrong):
            raise
        why = wrong if isinstance(wrong, Stopped) else full(folder.path, str(wrong.strerror), 0)
        raise Stopped(f"{why}; {_how_to_go_on(folder, asked)}") from None


def _how_to_go_on(folder: Folder, asked: Job | None) -> str:
    """The command, if it knows all of the recipe's classes; those of a script only the script can bring."""
    if asked is not None and (own := strangers(asked.recipe)):
        return f"go on by running the same script again, which has the class {own[0]}"
    return f"go on with: superpose resume {shlex.quote(str(folder.path))}"


def _keeper(held: contextlib.ExitStack, folder: Folder, asked: Job, how: How, stop: Stop) -> Keeper:
    """The directory, ours until `held` lets go."""
    mark = held.enter_context(_holding(folder, how.share))
    folder = begin(folder, asked)
    for place in (folder.path, folder.chunks, folder.midway):
        sweep_up(place, "" if mark == ALONE else mark)
    log = held.enter_context(contextlib.closing(Heard(_log(folder), how.sinks)))
    keeper = Keeper(folder, mark, log, stop, how.chunk)
    held.callback(keeper.writer.close)
    return keeper


def _log(folder: Folder) -> JsonlSink:
    try:
        return JsonlSink(folder.log)
    except BadValue as wrong:
        raise Damaged(f"{wrong}; or {folder.repair('begin a new one')}") from None


def _train(keeper: Keeper, asked: Job, how: How) -> None:
    folder, log, parts, quiet = keeper.folder, keeper.log, list(asked.parts()), how.quiet or not hosts.first()
    missing = [_shared(places, how.share) for places in together.places(folder.missing)]
    left = sum(map(len, missing))
    log.event("begin", cells=asked.count, missing=left, command=sys.argv[:20], made=versions())
    if hosts.first():
        _warn_of_versions(folder, quiet)
    steps = sum(part.recipe.steps * len(places) for part, places in zip(parts, missing, strict=True))
    progress = Progress(steps, f"{left:,} models", quiet=quiet)
    work = [(part, places) for part, places in zip(parts, missing, strict=True) if len(places)]
    try:
        if how.on and work:
            ray.train(engine(how.on).where, how.workers, asked, work, keeper, progress, how.budget)
        else:
            _train_here(parts, work, keeper, progress, how)
        hosts.does(keeper.finish)
    finally:
        progress.close()
    if hosts.first():
        forget_all(folder.midway, keeper.mark)
    log.event("finish", cells=left, diverged=keeper.diverged)


def _train_here(parts: list[Part], work: list[Task], keeper: Keeper, progress: Progress, how: How) -> None:
    """On this machine's own devices, and those of the processes that joined it."""
    calls = Calls(
        progress, keeper.done, keeper.watch, lambda units: keeper.log.event("memory", units=units),
        budget=how.budget, devices=how.devices, most=how.chunk, split=how.split,
    )  # fmt: skip
    known = {part.number: part for part in parts}
    midway = together.middle(parts, lambda: load_midway(keeper.folder.midway, keeper.mark, known))
    for part, places in work:
        calls.train(part, places, midway if midway and midway.number == part.number else None)
        _weather(part.number)


def _shared(places: np.ndarray, share: tuple[int, int] | None) -> np.ndarray:
    return places if share is None else places[places % share[1] == share[0]]


def _weather(number: int) -> None:
    if number % STORM == STORM - 1:
        chunks.forget()
        jax.clear_caches()


def _warn_of_versions(folder: Folder, quiet: bool) -> None:
    """Bits are promised for the same packages on the same kind of device."""
    begun = folder.about["made"].get("versions", {})
    now = versions()
    changed = [f"{n} {begun[n]} → {now[n]}" for n in ("jax", "jaxlib", "optax") if begun.get(n, now[n]) != now[n]]
    if changed and not quiet:
        print(
            f"superpose: this run was begun with other packages ({', '.join(changed)}); "
            "new cells may differ from a run begun now in the last bit",
            file=sys.stderr,
        )


@contextlib.contextmanager
def _holding(folder: Folder, share: tuple[int, int] | None) -> Iterator[str]:
    """The run for oneself, or a share of it beside others."""
    if share is None:
        with lock(folder.lock):
            yield ALONE
        return
    mark = f"{share[0]}-of-{share[1]}"
    with lock(folder.lock, shared=True), lock(folder.path / f"lock.{mark}"):
        yield mark
