"""Rows against each other: persistent processes take turns in random order, the others blocked on a pipe."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import statistics
import subprocess
import sys
from typing import Any

from benchmarks.setup import ROOT
from benchmarks.workloads import Workload, spec

TARGET = 0.5
"""Seconds that a repeat must last."""
PATIENCE = 3
"""How often a round is taken again because the machine was shared."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One way to train a workload. `threaded` rows claim all cores, and so tell whether the machine was ours."""

    name: str
    python: str
    module: str
    kind: str
    work: Workload
    threaded: bool = False
    target: float = TARGET
    device: str = "cpu"

    def command(self) -> list[str]:
        return [self.python, "-m", f"benchmarks.{self.module}", json.dumps(spec(self.work, self.kind, self.device))]


class Worker:
    """A running row, and how many steps make one repeat."""

    def __init__(self, row: Row):
        self.row, self.steps = row, 1
        self.process = subprocess.Popen(
            row.command(), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.about = self._answer()

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def repeat(self) -> dict[str, Any]:
        answer = self.ask({"steps": self.steps})
        answer["rate"] = self.about["models"] * self.steps / answer["wall"]
        answer["cpu_rate"] = self.about["models"] * self.steps / answer["cpu"]
        return {"row": self.row.name, "work": self.row.work.name, "steps": self.steps, **self.about, **answer}

    def calibrate(self) -> None:
        """Steps for a repeat of the target's length, run twice so that what depends on their number is compiled."""
        while (wall := self.repeat()["wall"]) < self.row.target:
            longer = int(self.steps * min(30.0, 1.2 * self.row.target / wall)) + 1
            self.steps = max(self.steps + 1, longer)
            self.repeat()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        self.process.wait()

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.row.name} on {self.row.work.name} ended:\n{self.process.stderr.read()[-2000:]}")
        return json.loads(line)


@dataclasses.dataclass(frozen=True)
class Race:
    """What happened: one record a row and round. `contended` says that the machine was shared in some round."""

    records: list[dict[str, Any]]
    contended: bool

    def ratio(self, ours: str, theirs: str) -> tuple[float, float, float]:
        """Median, least and most over rounds of the ratio inside the round; of CPU time where wall time is no guide."""
        by = "cpu_rate" if self.contended else "rate"
        each = [r[ours][by] / r[theirs][by] for r in self.rounds().values()]
        return statistics.median(each), min(each), max(each)

    def rates(self, row: str) -> tuple[float, float, float]:
        each = [r["rate"] for r in self.records if r["row"] == row]
        return statistics.median(each), min(each), max(each)

    def rounds(self) -> dict[int, dict[str, Any]]:
        found: dict[int, dict[str, Any]] = {}
        for r in self.records:
            found.setdefault(r["round"], {})[r["row"]] = r
        return found

    def rows(self) -> list[str]:
        return list(dict.fromkeys(r["row"] for r in self.records))


def race(rows: list[Row], rounds: int, seed: int = 0) -> Race:
    workers: list[Worker] = []
    try:
        for row in rows:
            workers.append(Worker(row))
            workers[-1].calibrate()
            first = workers[-1].about["first_s"]
            _say(f"  {row.name}: {workers[-1].steps} steps a repeat, first step after {first:.1f} s")
        return _take(workers, rounds, random.Random(seed))
    finally:
        for worker in workers:
            worker.close()


def _take(workers: list[Worker], rounds: int, luck: random.Random) -> Race:
    records, patience, contended = [], PATIENCE, False
    for number in range(rounds):
        while True:
            taken = [w.repeat() for w in luck.sample(workers, len(workers))]
            alone = all(quiet(r) for r in taken if _threaded(workers, r))
            if alone or patience == 0:
                break
            patience -= 1
        contended |= not alone
        records += [{"round": number, "alone": alone, **r} for r in taken]
    records.sort(key=lambda r: (r["round"], [w.row.name for w in workers].index(r["row"])))
    return Race(records, contended)


def _threaded(workers: list[Worker], record: dict[str, Any]) -> bool:
    return next(w.row.threaded for w in workers if w.row.name == record["row"])


def quiet(record: dict[str, Any]) -> bool:
    """Whether all cores worked for this row, or nobody else had them: a row may leave a core idle by itself."""
    cores = os.cpu_count() or 1
    full = record["cpu"] >= 0.9 * cores * record["wall"]
    return full or (sys.platform == "linux" and record["others"] <= 0.05 * cores * record["wall"])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
