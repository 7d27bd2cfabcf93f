"""Which rows run on which workload: ours, the notebook, and the PyTorch that is best at that size."""

from __future__ import annotations

import dataclasses
import sys

from benchmarks import floors
from benchmarks.ab import Row
from benchmarks.setup import compiler
from benchmarks.workloads import W1A, W1B, W2, W3, Workload

FEW, MANY = 20, 20
"""Written out up to this many features, since compiling takes minutes beyond; matrices from this many."""
OURS_LAST = 1.0
"""Seconds of a repeat of ours, so that what every call of `sweep` costs weighs as it would for a user."""


def lineup(work: Workload, torch: str, quick: bool, device: str = "cpu") -> list[Row]:
    return [dataclasses.replace(row, device=device) for row in _lineup(work, torch, quick)]


def _lineup(work: Workload, torch: str, quick: bool) -> list[Row]:
    ours = [Row(s, sys.executable, "ours", s, work, threaded=True, target=OURS_LAST) for s in ("threefry", "fast")]
    rows = [*ours, rival("notebook", torch, work)]
    if work.n <= (5 if quick else FEW) and compiler():
        rows.append(rival("unrolled", torch, work))
    if work.n >= MANY or quick:
        rows.append(rival("minor", torch, work))
    if work in (W1A, W2, W3):
        rows.append(Row(floors.JAX, sys.executable, "jax_ref", "loop", work))
    return rows + (chunked(work, torch) if work in (W1A, W1B) else [])


def rival(kind: str, torch: str, work: Workload, name: str | None = None) -> Row:
    return Row(name or kind, torch, "torch_ref", kind, work)


def chunked(work: Workload, torch: str) -> list[Row]:
    """The baselines at the sizes that suit them, so that none is starved."""
    at = lambda models: dataclasses.replace(work, models=models)
    rows = [rival("notebook", torch, at(2500), floors.CHUNK), rival("notebook", torch, at(100), "notebook, 100 models")]
    rows.append(rival("loop", torch, at(1), "one model at a time"))
    if compiler():
        rows.append(rival("unrolled", torch, at(2500), "unrolled, 2,500 models"))
        rows.append(rival("compiled", torch, at(2500), "notebook compiled, 2,500 models"))
    return rows
