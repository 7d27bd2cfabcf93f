"""Runs that are killed again and again, at random moments or before every single call that changes the folder."""

from __future__ import annotations

import dataclasses
import math
import random
import signal
from pathlib import Path

import tiny

from superpose import runs
from superpose.runs.folder import COPY, RUN, Folder


@dataclasses.dataclass
class Tally:
    """What kills did. `redone` has, for each, the chunks whose training was over and was not yet on the disk."""

    kills: int = 0
    lost: int = 0
    damaged: list[str] = dataclasses.field(default_factory=list)
    redone: list[int] = dataclasses.field(default_factory=list)
    wrong: list[str] = dataclasses.field(default_factory=list)
    stages: dict[str, int] = dataclasses.field(default_factory=dict)

    def stage(self, name: str) -> None:
        self.stages[name] = self.stages.get(name, 0) + 1

    def __add__(self, other: Tally) -> Tally:
        stages = {n: self.stages.get(n, 0) + other.stages.get(n, 0) for n in {*self.stages, *other.stages}}
        return Tally(
            self.kills + other.kills, self.lost + other.lost, self.damaged + other.damaged,
            self.redone + other.redone, self.wrong + other.wrong, stages,
        )  # fmt: skip


class Victim:
    """One folder, and what was seen of it."""

    def __init__(self, server, folder: Path, task: str = "run", **options):
        self.server, self.folder, self.task, self.options = server, folder, task, options
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.trace = folder.with_name(f"{folder.name}.trace")
        self.noted, self.safe, self.tally = 0, set(), Tally()

    def attempt(self, **how):
        """One process, from its start to its end or its death, and a look at what it left."""
        begun = (self.folder / RUN).exists() or (self.folder / COPY).exists()
        task = "resume" if begun and self.task == "run" and self.tally.kills % 2 else self.task
        more = {n: v for n, v in self.options.items() if n != "over" or task != "resume"}
        end = self.server.run(task, folder=self.folder, trace=self.trace, **more, **how)
        if end.code == -9:
            self.tally.kills += 1
            self._look()
        elif end.code:
            self.tally.wrong.append(f"{self.folder.name} ended with {end.code}: {end.said[-2000:]}")
        return end

    def _look(self) -> None:
        """What was safe before the kill still is; what was trained and is not safe will be trained again."""
        done = set(Folder(self.folder).finished()[0])
        self.tally.lost += len(self.safe - done)
        self.tally.damaged += [str(d) for d in (runs.verify(self.folder).damages if done else ())]
        noted = self.trace.read_text(encoding="ascii").split() if self.trace.exists() else []
        again = {bytes.fromhex(n) for n in noted[self.noted :]} - done
        self.tally.redone.append(math.ceil(len(again) / tiny.CHUNK))
        new, there = len(done) - len(self.safe), (self.folder / RUN).exists()
        late = "between training and disk" if again else "after a chunk" if new else "before its first chunk"
        self.tally.stage(late if there else "before the run was there")
        self.noted, self.safe = len(noted), done

    def finish(self, wanted: str) -> Tally:
        """To the end, without a fault; the result is what a run has that nothing happened to."""
        end = self.attempt()
        if end.code == 0 and end.found["bits"] != wanted:
            self.tally.wrong.append(f"{self.folder.name} has other bits")
        if end.code == 0 and (found := runs.verify(self.folder).damages):
            self.tally.damaged += map(str, found)
        if left := [p.name for p in self.folder.rglob("*.part*") if p.exists()]:
            self.tally.wrong.append(f"{self.folder.name} still has {left[:3]}")
        return self.tally


def at_random(server, folder: Path, seed: int, life: float, wanted: str, most: int = 10**6, **options) -> Tally:
    """Kills at moments drawn over a whole life, until it is done, or was killed often enough.

    A life that is too short to get anywhere, as the machine is busy, is taken for a longer one.
    """
    draw, victim = random.Random(seed), Victim(server, folder, **options)
    while victim.tally.kills < most:
        before = len(victim.safe)
        end = victim.attempt(signals=[(draw.uniform(0, life), signal.SIGKILL)])
        life *= 1.0 if len(victim.safe) > before else 1.1
        if end.code != -9:
            break
    return victim.finish(wanted)


def at_points(server, room: Path, points: list[int], wanted: str, **options) -> Tally:
    """One run for each of these calls: it dies before the call, and is then resumed."""
    tally = Tally()
    for point in points:
        victim = Victim(server, room / f"point-{point}", **options)
        victim.attempt(point=point)
        tally += victim.finish(wanted)
    return tally


def in_a_row(server, folder: Path, points: list[int] | list[str], wanted: str, **options) -> Tally:
    """One run: every attempt dies before the next of these calls."""
    victim = Victim(server, folder, **options)
    for point in points:
        victim.attempt(point=point)
    return victim.finish(wanted)
