"""What keeps a run safe while it works: chunks when they are due, the middle of long calls, and a stop when asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from superpose.runs.chunk import result_bytes, write_chunk
from superpose.runs.folder import Folder
from superpose.runs.heard import Heard, Unheard
from superpose.runs.job import Part
from superpose.runs.midway import Midway, forget_all, save_midway
from superpose.runs.stop import Stop, Stopped
from superpose.runs.work import ROOM
from superpose.runs.writer import Full, Writer, full
from superpose.store.made import versions as made
from superpose.store.state import ready
from superpose.train import hosts
from superpose.train.engine import State
from superpose.train.segments import flat

CHUNK, MIDWAY = 10.0, 10.0
"""Seconds between two chunks, and between two looks at the middle of a call: a kill costs no more than these."""
SHARE = 100
"""Times the cost of a write that must pass before the next: writing takes at most so small a share,"""
LONGEST = 60.0
"""except where it is so slow that more seconds than these would pass."""


class Keeper:
    """`mark` tells one writer of a run from the others. `chunk` cells make a chunk, or those of `CHUNK` seconds."""

    def __init__(self, folder: Folder, mark: str, log: Heard, stop: Stop, chunk: int | None = None):
        self.folder, self.mark, self.log, self.stop, self.chunk = folder, mark, log, stop, chunk
        self.writer = Writer(folder.path)
        self.writer.pool.submit(ready)  # imported while the first program is compiled, and no cost of the first write
        self.waiting: list[tuple[np.ndarray, State]] = []
        self.part: Part | None = None
        self.kept = time.monotonic()
        self.diverged = 0

    def done(self, part: Part, ids: np.ndarray, state: State) -> None:
        """Finished cells wait here until a chunk of them is due."""
        if self.part is not None and self.part.number != part.number:
            self.flush()
        self.part = part
        self.waiting.append((ids, state))
        if self._full(sum(len(ids) for ids, _ in self.waiting), result_bytes(part)):
            self.finish()  # before the next is trained: no kill costs more than one chunk
        self.heed()

    def _full(self, cells: int, each: int) -> bool:
        return cells * each >= ROOM or (cells >= self.chunk if self.chunk else self._due(CHUNK))

    def watch(self, part: Part, ids: np.ndarray, step: int, state: State) -> None:
        """After each segment of a call: is it time to keep its middle, or to stop?"""
        if hosts.most(bool(self.log.others)):
            self.log.losses(part.recipe, ids, step, hosts.gathered(state.loss))
        asked = self.stop.anywhere()
        if asked or hosts.most(self._due(MIDWAY)):
            self.flush()
            at = Midway(part.number, step, ids, flat(state, len(ids)))
            self._behind(lambda: self._save(at), sum(a.nbytes for a in jax.tree.leaves(at.state)))
        self._heed(asked)

    def flush(self) -> None:
        """Write what waits, behind the training."""
        if self.waiting and self.part is not None:
            part, ids = self.part, _joined([ids for ids, _ in self.waiting])
            state = jax.tree.map(lambda *a: _joined(a), *(state for _, state in self.waiting))
            self.waiting = []
            self._behind(lambda: self._write(part, ids, state), len(ids) * result_bytes(part))

    def finish(self) -> None:
        """Everything is on the disk when this returns."""
        self.flush()
        self._tried(self.writer.wait)

    def _write(self, part: Part, ids: np.ndarray, state: State) -> None:
        began, more = time.monotonic(), {"log": self.log.count, "made": made()}
        chunk = write_chunk(self.folder.chunks, self.mark, part.number, ids, state, more)
        forget_all(self.folder.midway, self.mark)
        lost = int((state.diverged >= 0).sum())
        self.diverged += lost
        self.log.event(
            "chunk", chunk=chunk.folder.name, program=part.number, cells=len(ids), diverged=lost,
            loss=_median(state.loss), write_seconds=round(time.monotonic() - began, 3),
        )  # fmt: skip

    def _save(self, at: Midway) -> None:
        path = save_midway(self.folder.midway, self.mark, at)
        self.log.event("midway", name=path.name, program=at.number, step=at.step, cells=len(at.ids))

    def _behind(self, job: Callable[[], Any], size: int) -> None:
        self.kept = time.monotonic()
        self._tried(lambda: self.writer.submit(job, size))

    def _tried(self, f: Callable[[], Any]) -> None:
        try:
            f()
        except Full as wrong:
            raise Stopped(full(self.folder.path, *wrong.args)) from None

    def _due(self, seconds: float) -> bool:
        return time.monotonic() - self.kept > max(seconds, min(SHARE * self.writer.cost, LONGEST))

    def heed(self) -> None:
        """Stop here if that was asked, when all is on the disk."""
        self._heed(self.stop.anywhere())

    def _heed(self, asked: str) -> None:
        if asked:
            self.finish()
            raise Stopped(f"stopped by {asked}")


class Follower(Keeper):
    """In a process that is not the first: it decides what the keeper decides, and writes nothing."""

    def __init__(self, folder: Folder, stop: Stop):
        super().__init__(folder, "", Unheard(), stop)

    def done(self, part: Part, ids: np.ndarray, state: State) -> None:
        self.heed()

    def flush(self) -> None:
        pass

    def finish(self) -> None:
        pass

    def _behind(self, job: Callable[[], Any], size: int) -> None:
        pass

    def _due(self, seconds: float) -> bool:
        return False


def _joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _median(loss: Any) -> float | None:
    last = loss[:, -1][np.isfinite(loss[:, -1])]
    return float(np.median(last)) if len(last) else None
