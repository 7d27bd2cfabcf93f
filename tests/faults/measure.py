"""What safety costs: the share of a run's time that goes into checkpoints, the wait before a resumption works again,
and the rate of `verify`. Nothing here passes or fails."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import jax
import tiny

import superpose as sp
from superpose import runs
from superpose.runs import keeper

SECONDS = 60.0
"""Of the run whose checkpoints are timed."""
STATE = {"model.n_features": [2000]}


def everything(room: Path, scale: float = 1.0) -> dict:
    return {
        **overhead(room / "overhead", SECONDS * scale),
        **resuming(room / "resuming"),
        **verifying(room / "large", scale),
    }


def _wide(seeds: int, **more):
    given = {"steps": 2000, "batch": 256, **more}
    recipe = sp.Recipe(world=sp.SparseWorld(n_features=20), model=sp.ToyConfig(n_features=20, n_hidden=5), **given)
    return recipe, {"world.density": [0.05, 0.2], "seed": range(seeds)}, tiny.key()


def overhead(folder: Path, seconds: float) -> dict:
    """Time that the training waited for the keeper, and time of the thread that writes, as shares of the whole."""
    began = time.monotonic()
    sp.sweep(*_wide(64), quiet=True)
    sp.sweep(*_wide(64, steps=2000), quiet=True)
    began = time.monotonic()
    sp.sweep(*_wide(64), quiet=True)
    seeds = max(64, int(64 * seconds / (time.monotonic() - began)))
    with Timed(keeper.Keeper, "done", "watch", "finish") as waited, Timed(keeper.Writer, "_timed") as wrote:
        began = time.monotonic()
        runs.launch.train(folder, *_wide(seeds), how=runs.How(quiet=True))
        whole = time.monotonic() - began
    kept = len(list((folder / "chunks").iterdir()))
    return {
        "overhead_run_seconds": whole, "overhead_chunks": kept,
        "overhead_waiting_percent": 100 * waited.seconds / whole,
        "overhead_writing_percent": 100 * wrote.seconds / whole,
    }  # fmt: skip


class Timed:
    """Seconds inside the outermost of some methods, while this lasts."""

    def __init__(self, owner: type, *names: str):
        self.owner, self.seconds, self.deep = owner, 0.0, 0
        self.made = {name: getattr(owner, name) for name in names}

    def __enter__(self) -> Timed:
        for name, method in self.made.items():
            setattr(self.owner, name, self._timed(method))
        return self

    def __exit__(self, *wrong: object) -> None:
        for name, method in self.made.items():
            setattr(self.owner, name, method)

    def _timed(self, method):
        def timed(*args):
            began, self.deep = time.monotonic(), self.deep + 1
            try:
                return method(*args)
            finally:
                self.deep -= 1
                self.seconds += 0.0 if self.deep else time.monotonic() - began

        return timed


RESUME = """
import sys, time
sys.path.insert(0, {here!r})
import tasks
print(tasks.first_work({folder!r}))
"""


def resuming(folder: Path) -> dict:
    """Seconds from the start of a process to its first new work: found, compiled, and trained for a moment."""
    found = {}
    for name, seeds in (("small", 40), ("100k_cells", 50_000)):
        run, at = folder / name, _wide(seeds, steps=1, batch=2)
        _half(run, at)
        began = time.time()
        code = RESUME.format(here=str(Path(__file__).parent), folder=str(run))
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=300, check=True
        )
        told = json.loads(ran.stdout.strip().splitlines()[-1].replace("'", '"'))
        found |= {f"resume_{name}_process_{n}_seconds": t - began for n, t in told.items()}
        found |= {f"resume_{name}_inside_{n}_seconds": t - told["asked"] for n, t in told.items() if n != "asked"}
    return found


def _half(folder: Path, asked) -> None:
    """A run that has half of its cells."""
    recipe, over, key = asked
    runs.launch.train(folder, recipe, over, key, how=runs.How(quiet=True, share=(0, 2)))


def verifying(folder: Path, scale: float) -> dict:
    """Bytes a second that are read and compared."""
    recipe = sp.Recipe(
        world=sp.SparseWorld(n_features=2000), model=sp.ToyConfig(n_features=2000, n_hidden=500), steps=1, batch=1
    )
    runs.launch.train(
        folder, recipe, {"seed": range(max(4, int(140 * scale)))}, jax.random.key(0), how=runs.How(quiet=True)
    )
    report = runs.verify(folder)
    assert not report.damages
    again = runs.verify(folder)
    return {"verify_bytes": report.bytes, "verify_megabytes_a_second": again.bytes / again.seconds / 1e6}
