"""Cells through a compiled program in segments of about a second, after each of which somebody may look, or stop."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

import jax
import numpy as np

from superpose.train import hosts
from superpose.train.chunks import Program, default_budget, padded, plan
from superpose.train.engine import Clock, State, bare
from superpose.train.paths import Path
from superpose.train.progress import Progress
from superpose.train.recipe import Recipe
from superpose.train.units import Cells, begin_units, open_ended

SEGMENT = 1.0
"""Seconds between two looks at the clock."""
FIRST = 16
"""Most steps of the first segment where somebody watches, who may have to stop within seconds."""

Watch = Callable[[int, State], None]


def train(
    base: Recipe, cells: Cells, path: Path, progress: Progress, budget: int | None = None, devices: int | None = None
) -> State:
    """Every cell's final state but the optimiser's memory, on the host, in the order of the cells."""
    count = cells.keys.shape[0]
    program = plan(base, cells, path, budget or default_budget(), devices or len(jax.local_devices()))
    done = [
        kept(base, segments(base, program, chunk, live, progress), live)
        for chunk, live in _chunks(cells, count, program)
    ]
    return jax.tree.map(lambda *parts: np.concatenate(parts), *done)


def segments(
    base: Recipe,
    program: Program,
    cells: Cells,
    live: int,
    progress: Progress,
    watch: Watch | None = None,
    begun: tuple[int, State] | None = None,
) -> State:
    """From step 0, or from where a run had come to, to the last, with a look at the clock about every second.

    `watch(step, state)` hears of every segment but the last; what it wants to keep it copies, as the next one trains
    the states in their places.
    """
    roomy, steps = hosts.whole(open_ended(base)), np.int32(base.steps)
    start, state = begun or (0, program.begin(roomy, cells))
    length = max(1, base.steps // 64 if watch is None else min(FIRST, base.steps // 64))
    while start < base.steps:
        stop, began = min(base.steps, start + length), time.monotonic()
        clock = Clock(start=np.int32(start), stop=np.int32(stop), steps=steps)
        state = jax.block_until_ready(program.advance(roomy, cells, state, clock))
        taken = hosts.most(max(time.monotonic() - began, 1e-6))
        progress.advance((stop - start) * live, taken)
        length = max(1, min(4 * length, int((stop - start) * SEGMENT / taken)))
        start = stop
        if watch and start < base.steps:
            watch(start, state)
    return state


def kept(base: Recipe, state: State, live: int) -> State:
    """What is left of a call's states: the optimiser's memory and the repeated last cell are dropped."""
    whole = flat(bare(state), live)
    return dataclasses.replace(whole, loss=whole.loss[..., : base.logs])


def flat(state: State, live: int) -> State:
    """[units, width, …] → [cells, …] on the host."""
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:live], hosts.gathered(state))


def again(state: State, program: Program) -> State:
    """[cells, …] → [units, width, …] on the devices: the way back from `flat`."""
    live = state.diverged.shape[0]
    places = np.minimum(np.arange(program.units * program.width), live - 1).reshape(program.units, program.width)
    return hosts.put(jax.tree.map(lambda a: a[places], state), program.devices)


def blank(base: Recipe, cells: Cells, width: int) -> State:
    """Shapes and dtypes of one cell's state, with room for the losses of `open_ended`."""
    one = jax.eval_shape(lambda c: padded(c, 1, width, 0), cells)
    state = jax.eval_shape(begin_units, open_ended(base), one)
    return jax.tree.map(lambda a: jax.ShapeDtypeStruct(a.shape[2:], a.dtype), state)


def _chunks(cells: Cells, count: int, program: Program) -> Iterator[tuple[Cells, int]]:
    size = program.units * program.width
    for first in range(0, count, size):
        yield padded(cells, program.units, program.width, first, program.devices), min(size, count - first)
