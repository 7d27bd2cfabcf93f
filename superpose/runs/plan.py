"""What a run would take, before it is run: cells, programs, memory and time."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path
from typing import Any

import numpy as np

from superpose.core.shapes import Key
from superpose.runs.chunk import result_bytes
from superpose.runs.how import How
from superpose.runs.job import Part, job
from superpose.runs.keeper import CHUNK
from superpose.runs.work import ROOM, Calls
from superpose.store import state
from superpose.train.axes import Axes
from superpose.train.chunks import Program, need, padded
from superpose.train.engine import State
from superpose.train.fit import precision
from superpose.train.progress import Progress
from superpose.train.recipe import Recipe
from superpose.train.segments import segments

SAMPLES = 4
"""Programs that are compiled and timed, spread over all there are."""
SECONDS = 0.7
COPIES = 4
"""Of the models of a chunk, while it is written; of its losses, which are written as they are, two."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """`cells` models in `programs` compilations and `calls` of up to `call_cells`; the most bytes that the process will
    hold while it trains; `result_bytes`, which loading takes as well; and seconds, some of them the compiler's."""

    cells: int
    programs: int
    calls: int
    call_cells: int
    peak_bytes: int
    result_bytes: int
    seconds: float
    compile_seconds: float


@dataclasses.dataclass(frozen=True)
class _Look:
    """What one program takes."""

    program: Program
    compiling: float
    resident: int
    beginning: int
    per_call: float
    cell: int
    packed: int


def plan(
    recipe: Recipe, over: Axes | None, key: Key, *, data: str = "own", max_cells: int = 10_000_000, **how: Any
) -> Plan:
    """Compile some of the programs and train each for less than a second; nothing is kept."""
    asked, way = job(recipe, over, key, data, max_cells), How.of(**how)
    parts = list(asked.parts())
    looks = [_look(parts[i], way) for i in sorted({*np.linspace(0, len(parts) - 1, SAMPLES).astype(int).tolist()})]
    count = len(parts[0].ids)
    size = min(look.program.units * look.program.width for look in looks)
    calls = math.ceil(count / min(size, way.chunk or size))
    compiling, call = (float(np.mean([getattr(x, n) for x in looks])) * len(parts) for n in ("compiling", "per_call"))
    result = max(look.cell for look in looks)
    return Plan(
        cells=asked.count, programs=len(parts), calls=calls * len(parts), call_cells=min(size, count),
        peak_bytes=_peak(looks, asked.count, way), result_bytes=result * asked.count,
        seconds=compiling + call * calls, compile_seconds=compiling,
    )  # fmt: skip


def _peak(looks: list[_Look], cells: int, way: How) -> int:
    """What the process holds with its programs compiled, the largest program's arrays, and finished cells: those of a
    call as they come, and of a chunk, which wait, are joined, and are packed to be written."""
    hold = 0
    for look in looks:
        call = min(look.program.units * look.program.width, cells)
        chunk = min(max(call, min(CHUNK / max(look.per_call, 1e-9) * call, ROOM / look.cell)), cells)
        chunk = min(chunk, way.chunk or chunk)
        finished = (call + 2 * chunk) * look.cell + (COPIES - 2) * chunk * look.packed
        hold = max(hold, look.program.bytes + look.beginning + int(finished))
    return max(look.resident for look in looks) + hold


def _look(part: Part, way: How) -> _Look:
    calls = Calls(Progress(0, "", quiet=True), lambda *_: None, budget=way.budget, devices=way.devices, most=way.chunk)
    with precision(part.recipe):
        began = time.monotonic()
        program = calls.program(part, len(part.ids))
        compiling = time.monotonic() - began
        state.ready()
        held, first = resident(), program.devices.mesh.size * need(program.begin)
        cell = result_bytes(part)
        return _Look(program, compiling, held, first, _timed(part, program), cell, cell - 4 * part.recipe.logs)


class _Enough(Exception):
    """The clock has seen what it needs."""


def _timed(part: Part, program: Program) -> float:
    """Seconds of a whole call, from its first segments; the very first only warms up."""
    seen: list[tuple[int, float]] = []

    def watch(step: int, now: State) -> None:
        seen.append((step, time.monotonic()))
        if seen[-1][1] - seen[0][1] > SECONDS:
            raise _Enough

    cells = padded(part.cells, program.units, program.width, 0, program.devices)
    began = time.monotonic()
    try:
        segments(part.recipe, program, cells, 0, Progress(0, "", quiet=True), watch)
    except _Enough:
        (first, start), (last, end) = seen[0], seen[-1]
        return (end - start) / (last - first) * part.recipe.steps
    return time.monotonic() - began


def resident() -> int:
    """Bytes of memory that this process holds."""
    import resource

    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
