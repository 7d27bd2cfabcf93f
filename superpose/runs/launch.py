"""`run`, `drive` and `resume`: a sweep, or one long fit, whose finished work is on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from superpose.core.mistakes import check_folder
from superpose.core.shapes import Key
from superpose.runs import together
from superpose.runs.folder import Folder, make, open_folder
from superpose.runs.how import How
from superpose.runs.job import Job, job
from superpose.runs.load import as_sweep, load_states
from superpose.runs.session import going_on, work
from superpose.runs.verify import mend
from superpose.store.lock import lock
from superpose.train.axes import Axes
from superpose.train.fit import Run
from superpose.train.paths import Path as Way
from superpose.train.recipe import Recipe
from superpose.train.swept import Sweep

SPLIT = Way(slope="autodiff", width=1)
"""The path whose batches devices can share: one model at a time, by whatever gradient the compiler finds."""


def run(
    folder: str | Path, recipe: Recipe, over: Axes, key: Key, *,
    data: str = "own", max_cells: int = 10_000_000, **how: Any,
) -> Sweep:  # fmt: skip
    """`sweep(recipe, over, key)` that survives: what is finished is kept in `folder`, and is not trained again.

    On a folder that holds this run it goes on from there, to the same bits; on one that holds a smaller grid of the
    same recipe and key it trains the cells that are new. `how` is `budget`, `devices` and `quiet` as for a sweep;
    `chunk`, how many cells are kept together (by default those of ten seconds); `sinks`, who hear what happens; and
    `on`, `workers`, `share` and `split`, to work on other machines or beside others: see `runs.How`. Ends the process
    with code 75 after SIGTERM or Ctrl-C, when what was done is on the disk, unless `runs.Stopped` is caught.
    """
    how_ = How.of(**how)
    return _done(*_asked(folder, recipe, over, key, data, max_cells, how_), how_)


def train(
    folder: str | Path, recipe: Recipe, over: Axes | None, key: Key, *,
    data: str = "own", max_cells: int = 10_000_000, how: How,
) -> None:  # fmt: skip
    """`run` or, with no axes, `drive`, without its result, which may be large."""
    work(*_asked(folder, recipe, over, key, data, max_cells, how), how)


def drive(folder: str | Path, recipe: Recipe, key: Key, **how: Any) -> Run:
    """`fit(recipe, key)` that survives: its middle is kept every ten seconds, and it goes on there to the same bits."""
    how_ = How.of(**how)
    return _done(*_asked(folder, recipe, None, key, "own", 1, how_), how_).run()


def _asked(
    folder: str | Path, recipe: Recipe, over: Axes | None, key: Key, data: str, most: int, how: How
) -> tuple[Folder, Job]:
    check_folder(Path(folder))
    path = SPLIT if how.split == "batch" else None
    return together.asked(folder, lambda: make(folder, job(recipe, over, key, data, most, path)))


def resume(folder: str | Path, *, repair: bool = False, **how: Any) -> Sweep:
    """Go on with the run in `folder`, wherever it came to. `repair` first puts aside what is damaged."""
    return _done(*_there(folder, repair), How.of(**how))


def go_on(folder: str | Path, *, repair: bool, how: How) -> None:
    """`resume` without its result, which may be large."""
    work(*_there(folder, repair), how)


def _there(folder: str | Path, repair: bool) -> tuple[Folder, Job]:
    def look() -> tuple[Folder, Job]:
        there = open_folder(folder)
        if repair:
            with going_on(there), lock(there.lock):
                mend(there)
            there = open_folder(folder)
        return there, there.job

    return together.asked(folder, look)


def _done(folder: Folder, asked: Job, how: How) -> Sweep:
    work(folder, asked, how)
    return as_sweep(asked, together.states(asked, lambda: load_states(open_folder(folder.path))))
