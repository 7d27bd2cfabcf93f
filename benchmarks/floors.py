"""What is promised, in one table: the least ratios that a run must reach, and the most that it may take.

A floor leaves 10 to 25 % below what was measured when it was written. Quick runs are for shared machines, and fail
below half of their promise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

QUICK_SHARE = 0.5
BEST = "best PyTorch"
"""Whichever PyTorch row of the workload was fastest."""
CHUNK = "notebook, 2,500 models"
JAX = "idiomatic JAX"


@dataclasses.dataclass(frozen=True)
class Floor:
    work: str
    ours: str
    theirs: str
    least: float


FULL = (
    Floor("W1a", "threefry", "notebook", 60),
    Floor("W1a", "fast", "notebook", 125),
    Floor("W1a", "fast", CHUNK, 65),
    Floor("W1b", "threefry", "notebook", 40),
    Floor("W1b", "fast", "notebook", 80),
    Floor("W2", "threefry", "notebook", 35),
    Floor("W2", "fast", "notebook", 55),
    Floor("W3", "fast", "notebook", 8.5),
    Floor("W3, B=2048", "fast", "notebook", 15),
    Floor("W1a", "fast", BEST, 15),
    Floor("W1b", "fast", BEST, 12),
    Floor("W2", "fast", BEST, 12),
    Floor("W3", "fast", BEST, 6.5),
    Floor("W1a", "fast", JAX, 50),
    Floor("W2", "fast", JAX, 28),
    Floor("W3", "fast", JAX, 9),
)

QUICK = (
    Floor("quick 2→1", "threefry", "notebook", 24),
    Floor("quick 2→1", "fast", "notebook", 48),
    Floor("quick 2→1", "fast", BEST, 12),
    Floor("quick 20→5", "threefry", "notebook", 13),
    Floor("quick 20→5", "fast", "notebook", 20),
    Floor("quick 20→5", "fast", BEST, 8),
)


@dataclasses.dataclass(frozen=True)
class Bound:
    """A measured number that must be at least, or at most, `value`."""

    what: str
    value: float
    least: bool = True

    def holds(self, found: float) -> bool:
        return found >= self.value if self.least else found <= self.value


BOUNDS = (
    Bound("W1a, share of the step by hand", 0.20),
    Bound("W1b, share of the step by hand", 0.20),
    Bound("W3, share of the FMA peak", 0.40),
    Bound("rate at 100,000 models over 1,000", 0.75),
    Bound("MB more at 100,000 models than at 10", 200, least=False),
    Bound("seconds to compile a sweep", 1.5, least=False),
    Bound("seconds from a cold start to the first step", 4, least=False),
    Bound("seconds of the exact diagram 2→1", 5, least=False),
    Bound("seconds of the exact diagram 3→2", 15, least=False),
    Bound("excess of the exact diagram over the sampled", 1.0, least=False),
)
"""The promises that are no ratios to another library, for full runs."""

Row = dict[str, Any]


def judged(ratios: Mapping[tuple[str, str, str], float], shared: set[str], quick: bool) -> list[Row]:
    """Every floor whose rows were run, by (workload, ours, theirs).

    Where the machine was shared a full run judges nothing; a quick one does, as its floors are half.
    """
    share = QUICK_SHARE if quick else 1.0
    rows = []
    for f in QUICK if quick else FULL:
        if (found := ratios.get((f.work, f.ours, f.theirs))) is not None:
            least, what = share * f.least, f"{f.work}, {f.ours} / {f.theirs}"
            held = None if f.work in shared and not quick else found >= least
            rows.append({"what": what, "promised": f.least, "bound": f"≥ {least:g}", "found": found, "held": held})
    return rows


def bounded(numbers: Mapping[str, float]) -> list[Row]:
    return [
        {
            "what": b.what,
            "promised": b.value,
            "bound": f"{'≥' if b.least else '≤'} {b.value:g}",
            "found": numbers[b.what],
            "held": b.holds(numbers[b.what]),
        }
        for b in BOUNDS
        if b.what in numbers
    ]
