"""Rows against each other: persistent processes take turns in random order, the others blocked on a pipe."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
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
        self.said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - a pipe that nobody reads fills up and blocks
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            row.command(), cwd=ROOT, stdin=pipe, stdout=pipe, stderr=self.said, text=True, encoding="utf-8"
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
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.said.close()

    def _answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            self.said.seek(0)
            raise RuntimeError(f"{self.row.name} on {self.row.work.name} ended:\n{self.said.read()[-2000:]}")
        return json.loads(line)


@dataclasses.dataclass(frozen=True)
class Race:
    """What happened: one record a row and round. Rounds in which the machine was shared do not count if others do."""

    records: list[dict[str, Any]]

    @property
    def contended(self) -> bool:
        """Whether the machine was shared in more than half of the rounds; then ratios prove nothing."""
        alone = [rows for rows in self.rounds().values() if _alone(rows)]
        return 2 * len(alone) < len(self.rounds())

    def ratio(self, ours: str, theirs: str) -> tuple[float, float, float]:
        """Median, least and most over rounds of the ratio inside the round.

        On a shared machine it is the lesser of wall time's and CPU time's: PyTorch's threads wait for each other by
        spinning, which costs them both when a core is taken away, so either flatters us.
        """
        ways = ("rate", "cpu_rate") if self.contended else ("rate",)
        rounds = [rows for rows in self.rounds().values() if self.contended or _alone(rows)]
        each = [min(rows[ours][way] / rows[theirs][way] for way in ways) for rows in rounds]
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


def _alone(rows: dict[str, Any]) -> bool:
    return all(r["alone"] for r in rows.values())


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
    records, patience = [], PATIENCE
    for number in range(rounds):
        while True:
            taken = [w.repeat() for w in luck.sample(workers, len(workers))]
            alone = all(quiet(r, _threaded(workers, r)) for r in taken)
            if alone or patience == 0:
                break
            patience -= 1
        records += [{"round": number, "alone": alone, **r} for r in taken]
    records.sort(key=lambda r: (r["round"], [w.row.name for w in workers].index(r["row"])))
    return Race(records)


def _threaded(workers: list[Worker], record: dict[str, Any]) -> bool:
    return next(w.row.threaded for w in workers if w.row.name == record["row"])


def quiet(record: dict[str, Any], threaded: bool) -> bool:
    """Whether all cores worked for this row, or nobody else had them: a row may leave a core idle by itself.

    Who else had them only Linux tells; elsewhere rows that do not claim all cores are believed.
    """
    cores = os.cpu_count() or 1
    if record["cpu"] >= 0.9 * cores * record["wall"]:
        return True
    return record["others"] <= 0.05 * cores * record["wall"] if sys.platform == "linux" else not threaded


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
