"""`run`, `drive` and `resume`: a sweep, or one long fit, whose finished work is on the disk."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from superpose.core.fields import check_whole
from superpose.core.mistakes import BadValue, check_folder
from superpose.core.shapes import Key
from superpose.runs.chunk import sweep_up
from superpose.runs.folder import Folder, begin, make, open_folder
from superpose.runs.heard import Heard
from superpose.runs.job import Job, job
from superpose.runs.keeper import Keeper
from superpose.runs.load import load_run
from superpose.runs.midway import ALONE, forget_all, load_midway
from superpose.runs.sinks import JsonlSink, Sink
from superpose.runs.stop import Stopped, listening
from superpose.runs.verify import mend
from superpose.runs.work import Calls
from superpose.runs.writer import full, no_room
from superpose.store.lock import lock
from superpose.store.made import versions
from superpose.store.sealed import Damaged
from superpose.train import chunks
from superpose.train.axes import Axes
from superpose.train.fit import Run
from superpose.train.progress import Progress
from superpose.train.recipe import Recipe
from superpose.train.sweep import check_limit
from superpose.train.swept import Sweep

STORM = 200
"""Programs after which the compiled ones are let go: each takes memory maps, of which a process may have few."""


@dataclasses.dataclass(frozen=True)
class How:
    """How to work, which changes no result: memory in bytes, devices, cells of a chunk, who listens, and which share.

    `share` (i, n) is every n-th cell, from the i-th, while others have the rest.
    """

    budget: int | None = None
    devices: int | None = None
    chunk: int | None = None
    quiet: bool = False
    sinks: Sequence[Sink] = ()
    share: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        check_limit("budget", self.budget)
        check_limit("devices", self.devices)
        if self.chunk is not None:
            check_whole("chunk", self.chunk)


def run(
    folder: str | Path, recipe: Recipe, over: Axes, key: Key, *,
    data: str = "own", max_cells: int = 10_000_000, **how: Any,
) -> Sweep:  # fmt: skip
    """`sweep(recipe, over, key)` that survives: what is finished is kept in `folder`, and is not trained again.

    On a folder that holds this run it goes on from there, to the same bits; on one that holds a smaller grid of the
    same recipe and key it trains the cells that are new. `how` is `budget`, `devices` and `quiet` as for a sweep;
    `chunk`, how many cells are kept together (by default those of ten seconds); and `sinks`, who hear what happens.
    Raises `Stopped` after SIGTERM or Ctrl-C, when what was done is on the disk.
    """
    train(folder, recipe, over, key, data=data, max_cells=max_cells, how=How(**how))
    return load_run(folder)


def train(
    folder: str | Path, recipe: Recipe, over: Axes | None, key: Key, *,
    data: str = "own", max_cells: int = 10_000_000, how: How,
) -> None:  # fmt: skip
    """`run` or, with no axes, `drive`, without its result, which may be large."""
    check_folder(Path(folder))
    work(*make(folder, job(recipe, over, key, data, max_cells)), how)


def drive(folder: str | Path, recipe: Recipe, key: Key, **how: Any) -> Run:
    """`fit(recipe, key)` that survives: its middle is kept every minute, and it goes on from there to the same bits."""
    train(folder, recipe, None, key, how=How(**how))
    return load_run(folder).run()


def resume(folder: str | Path, *, repair: bool = False, **how: Any) -> Sweep:
    """Go on with the run in `folder`, wherever it came to. `repair` first puts aside what is damaged."""
    go_on(folder, repair=repair, how=How(**how))
    return load_run(folder)


def go_on(folder: str | Path, *, repair: bool, how: How) -> None:
    """`resume` without its result, which may be large."""
    there = open_folder(folder)
    if repair:
        with _going_on(there), lock(there.lock):
            mend(there)
        there = open_folder(folder)
    work(there, there.job, how)


def work(folder: Folder, asked: Job, how: How) -> None:
    """Hold the lock, train what is missing, keep it."""
    with _going_on(folder), _holding(folder, how.share) as mark, listening() as stop:
        folder = begin(folder, asked)
        for place in (folder.path, folder.chunks, folder.midway):
            sweep_up(place, "" if mark == ALONE else mark)
        with contextlib.closing(Heard(_log(folder), how.sinks)) as log:
            keeper = Keeper(folder, mark, log, stop, how.chunk)
            try:
                _train(folder, keeper, log, how)
            except Stopped as wrong:
                with contextlib.suppress(OSError):  # where there is no room, there is none for this either
                    log.event("stop", why=str(wrong))
                raise
            finally:
                keeper.writer.close()


def _log(folder: Folder) -> JsonlSink:
    try:
        return JsonlSink(folder.log)
    except BadValue as wrong:
        raise Damaged(f"{wrong}; or {folder.repair('begin a new one')}") from None


@contextlib.contextmanager
def _going_on(folder: Folder) -> Iterator[None]:
    """What ends a run early says how to go on. A full disk is such an end, whatever was being written."""
    try:
        yield
    except (Stopped, OSError) as wrong:
        if isinstance(wrong, OSError) and not no_room(wrong):
            raise
        why = wrong if isinstance(wrong, Stopped) else full(folder.path, str(wrong.strerror), 0)
        raise Stopped(f"{why}; go on with: superpose resume {shlex.quote(str(folder.path))}") from None


def _train(folder: Folder, keeper: Keeper, log: Heard, how: How) -> None:
    parts, missing = folder.parts(), [_shared(places, how.share) for places in folder.missing()]
    left = sum(map(len, missing))
    log.event("begin", cells=folder.job.count, missing=left, command=sys.argv[:20], made=versions())
    _warn_of_versions(folder, how.quiet)
    steps = sum(part.recipe.steps * len(places) for part, places in zip(parts, missing, strict=True))
    progress = Progress(steps, f"{left:,} models", quiet=how.quiet)
    calls = Calls(
        progress, keeper.done, keeper.watch, lambda units: log.event("memory", units=units),
        budget=how.budget, devices=how.devices, most=how.chunk,
    )  # fmt: skip
    midway = load_midway(folder.midway, keeper.mark, {part.number: part for part in parts})
    try:
        for part, places in zip(parts, missing, strict=True):
            if len(places):
                calls.train(part, places, midway if midway and midway.number == part.number else None)
                _weather(part.number)
        keeper.finish()
    finally:
        progress.close()
    forget_all(folder.midway, keeper.mark)
    log.event("finish", cells=left, diverged=keeper.diverged)


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
