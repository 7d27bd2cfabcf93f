"""A run from disk as the `Sweep` that training it at once would have given."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import jax
import numpy as np

from superpose.core.mistakes import BadValue
from superpose.runs.chunk import Chunk, template
from superpose.runs.folder import Folder, open_folder
from superpose.runs.job import Job, Part
from superpose.store.sealed import Damaged
from superpose.train.engine import State
from superpose.train.fit import as_run
from superpose.train.swept import MISSING, Sweep


def load_run(folder: str | Path, *, partial: bool = False) -> Sweep:
    """The finished run. With `partial` also one under way, or damaged: cells that are not there are nan, and their
    `diverged` is −2."""
    there = open_folder(folder)
    return as_sweep(there.job, load_states(there, partial))


def load_states(there: Folder, partial: bool = False) -> list[State]:
    """The cells of each part, in their places."""
    where, broken = there.finished()
    parts = there.parts()
    missing = sum(ident.tobytes() not in where for part in parts for ident in part.ids)
    if missing and not partial:
        had = f"{there.path} has {there.job.count - missing:,} of {there.job.count:,} cells"
        go_on = f"go on with: superpose resume {shlex.quote(str(there.path))}"
        if broken:
            had, go_on = f"{had}; {broken[0]}", there.repair("train its cells again")
        raise BadValue(f"{had}; {go_on}, or take what there is: load_run(folder, partial=True)")
    try:
        return [_stack(part, where, partial) for part in parts]
    except Damaged as wrong:
        why = f"{wrong}; {there.repair('train its cells again')}"
        raise Damaged(f"{why}, or take the others: load_run(folder, partial=True)") from None


def as_sweep(job: Job, states: list[State]) -> Sweep:
    """The cells of every part as one result."""
    plan, cells = job.laid
    moving = {name: list(ticks) for name, ticks in (job.over or {}).items() if name in plan.moving}
    stacks = [as_run(part.recipe, state, part.path) for part, state in zip(job.parts(), states, strict=True)]
    return Sweep(moving=moving, looped=plan.looped, stacks=stacks, points=cells.points, key=job.key)


def _stack(part: Part, where: dict[bytes, tuple[Chunk, int]], partial: bool) -> State:
    """Every cell's state in its place; with `partial` those of damaged chunks are left out."""
    whole, count = template(part), len(part.ids)
    model, history = jax.tree.map(lambda a: _empty(count, a), (whole.model, whole.history))
    loss = np.full((count, part.recipe.logs), np.nan, whole.loss.dtype)
    stack = State(model=model, memory=None, loss=loss, diverged=np.full(count, MISSING, np.int32), history=history)  # type: ignore[arg-type]
    for chunk, places, rows in _by_chunk(part, where):
        try:
            state = chunk.state(part)
        except Damaged:
            if partial:
                continue
            raise
        jax.tree.map(lambda all, some: all.__setitem__(places, some[rows]), stack, state)  # noqa: B023
    return stack


def _by_chunk(part: Part, where: dict[bytes, tuple[Chunk, int]]) -> list[tuple[Chunk, np.ndarray, np.ndarray]]:
    found: dict[Path, tuple[Chunk, list[int], list[int]]] = {}
    for place, ident in enumerate(part.ids):
        if (known := where.get(ident.tobytes())) is not None:
            chunk, row = known
            _, places, rows = found.setdefault(chunk.folder, (chunk, [], []))
            places.append(place)
            rows.append(row)
    return [(chunk, np.asarray(places), np.asarray(rows)) for chunk, places, rows in found.values()]


def _empty(count: int, a: Any) -> np.ndarray:
    return np.full((count, *a.shape), np.nan if np.dtype(a.dtype).kind == "f" else 0, a.dtype)


def finished_metrics(folder: Folder, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Loss at the end and `diverged` of every cell, nan and −2 where there is none yet: no model is read."""
    where, _ = folder.finished()
    loss, diverged = np.full(len(part.ids), np.nan), np.full(len(part.ids), MISSING)
    for chunk, places, rows in _by_chunk(part, where):
        loss[places] = chunk.metrics["loss"][rows, -1]
        diverged[places] = chunk.metrics["diverged"][rows]
    return loss, diverged
