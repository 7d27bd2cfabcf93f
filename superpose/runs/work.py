"""The work of a run: whatever cells are missing, trained call by call, kept as they are done."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import numpy as np

from superpose.core.keys import take
from superpose.core.mistakes import BadValue
from superpose.core.trees import index
from superpose.runs.chunk import result_bytes
from superpose.runs.job import Part
from superpose.runs.midway import Midway
from superpose.train import hosts
from superpose.train.chunks import Program, default_budget, padded, plan
from superpose.train.engine import State
from superpose.train.fit import TRAINED, precision
from superpose.train.progress import Progress
from superpose.train.recipe import data_in_words
from superpose.train.segments import again, kept, segments
from superpose.train.units import Cells

UNITS = 16
"""Most units that a device trains in one call: they take turns there, so that more would be no faster."""

ROOM = 64 * 2**20
"""Bytes of results from which a call is not made larger, and a chunk is written: memory holds a few of them."""

FEWER = 4
"""By how much a call shrinks that memory did not hold. Half was seen to leave so little that a process whose first
product it was rounded otherwise from there on, unsaid; why is not known."""

Task = tuple[Part, np.ndarray]
"""Places of a part's cells that are to be trained."""
Done = Callable[[Part, np.ndarray, State], None]
Watch = Callable[[Part, np.ndarray, int, State], None]


@dataclasses.dataclass
class Calls:
    """How cells are trained. `budget` in bytes and `devices` as for a sweep; at most `most` cells go into one call.

    `split` is what the devices share: "model"s, or the rows of each "batch".

    `done(part, ids, state)` takes what is finished. `watch(part, ids, step, state)` looks on after every segment, at
    states as [units, width, …] on the devices. `smaller(units)` hears when memory did not hold.
    """

    progress: Progress
    done: Done
    watch: Watch = lambda part, ids, step, state: None
    smaller: Callable[[int], None] = lambda units: None
    budget: int | None = None
    devices: int | None = None
    most: int | None = None
    units: int = UNITS
    split: str = "model"

    def train(self, part: Part, places: np.ndarray, midway: Midway | None = None) -> None:
        """The cells at these places, those first that are midway."""
        TRAINED.add((data_in_words(part.recipe), part.path))
        with precision(part.recipe):
            program = self.program(part, len(places))
            if midway is not None:
                here, state = _among(part, places, midway)
                program = self._each(part, here, program, midway.step, state)
                places = np.setdiff1d(places, here)
            self._each(part, places, program)

    def _each(
        self, part: Part, places: np.ndarray, program: Program, step: int = 0, state: State | None = None
    ) -> Program:
        """Call by call; where memory does not hold, in smaller calls, which come to the same bits."""
        while len(places):
            size = min(len(places), self.most or len(places), program.units * program.width)
            now = None if state is None else (step, index(state, slice(0, size)))
            try:
                trained = self._call(part, places[:size], program, now)
            except (jax.errors.JaxRuntimeError, MemoryError) as wrong:
                program = self._smaller(part, len(places), program, wrong)
                continue
            self.done(part, part.ids[places[:size]], trained)
            places, state = places[size:], None if state is None else index(state, slice(size, None))
        return program

    def _call(self, part: Part, places: np.ndarray, program: Program, begun: tuple[int, State] | None) -> State:
        live, ids = len(places), part.ids[places]
        cells = padded(_picked(part.cells, places), program.units, program.width, 0, program.devices)
        if begun is not None:
            begun = (begun[0], again(begun[1], program))
            self.progress.skip(begun[0] * live)
        state = segments(
            part.recipe, program, cells, live, self.progress,
            lambda step, state: self.watch(part, ids, step, state), begun,
        )  # fmt: skip
        return kept(part.recipe, state, live)

    def program(self, part: Part, count: int) -> Program:
        """The compiled program for this many cells of a part, or for as many at a time as memory holds."""
        devices = min(self.devices or len(jax.local_devices()), len(jax.local_devices()))
        roomy = max(devices * part.path.width, ROOM // result_bytes(part))
        cells = _picked(part.cells, np.zeros(min(count, self.most or count, roomy), int))
        budget, most = self.budget or default_budget(), self.units * devices * jax.process_count()
        return plan(part.recipe, cells, part.path, budget, devices, most, self.split)

    def _smaller(self, part: Part, count: int, program: Program, wrong: BaseException) -> Program:
        if hosts.many() or not _no_memory(wrong):  # the others are a call ahead, and cannot be asked back
            raise wrong
        units = program.units // program.devices.mesh.size
        if units < 2:
            raise BadValue(
                f"memory does not hold even one unit of {program.width} models a device: shorten batch, logs or "
                "snapshots, use fewer devices, or take a machine with more"
            ) from None
        self.units = max(units // FEWER, 1)
        self.smaller(self.units)
        return self.program(part, count)


def _among(part: Part, places: np.ndarray, midway: Midway) -> tuple[np.ndarray, State]:
    """Those of the places that are midway, and their states."""
    row = {ident.tobytes(): i for i, ident in enumerate(midway.ids)}
    here = np.asarray([p for p in places if part.ids[p].tobytes() in row], int)
    return here, index(midway.state, np.asarray([row[part.ids[p].tobytes()] for p in here], int))


def _picked(cells: Cells, places: np.ndarray) -> Cells:
    return Cells(points=index(cells.points, places), keys=take(cells.keys, places), data=cells.data)


def _no_memory(wrong: BaseException) -> bool:
    words = str(wrong)
    return isinstance(wrong, MemoryError) or "RESOURCE_EXHAUSTED" in words or "ut of memory" in words
