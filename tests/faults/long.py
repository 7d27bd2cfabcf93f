"""The long form of the fault suite: hundreds of kills, a thousand damages, and what safety costs, in one table.

Leaves    OUT/summary.json, OUT/summary.md
Takes     half an hour on two cores
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("SUPERPOSE_CALIBRATE", "0")
sys.path.insert(0, str(Path(__file__).parent))
import flips
import kills
import measure
import stops
import tiny
from forks import Server
from lanes import Lanes, parts
from summary import damages_said, kills_said, told

SPREAD = 7
"""Random kills go to this many folders of each kind at a time."""


def main() -> int:
    asked = _asked()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as room, Lanes(Path(room), asked.lanes) as lanes:
        print(f"seed {asked.seed}, {asked.kills} kills, {asked.flips} damages, {asked.lanes} at a time", flush=True)
        found = {"seed": asked.seed, **killed(lanes, asked), **damaged(lanes, asked), **stopping(lanes, asked)}
    if not asked.no_measure:
        with tempfile.TemporaryDirectory() as room:
            found |= measure.everything(Path(room))
    found["minutes"] = (time.monotonic() - began) / 60
    return told(found, asked.out)


def _asked() -> argparse.Namespace:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--kills", type=int, default=300)
    ask.add_argument("--flips", type=int, default=1000)
    ask.add_argument("--stops", type=int, default=20)
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--lanes", type=int, default=2)
    ask.add_argument("--out", type=Path, default=Path("results/faults"))
    ask.add_argument("--no-measure", action="store_true", help="leave the timings out")
    return ask.parse_args()


def killed(lanes: Lanes, asked: argparse.Namespace) -> dict:
    """Two thirds of the kills strike sweeps, one third long fits; then every call of a small run, and some of a fit."""
    wanted, few, fit, points, lives = lanes.map(_reference, [asked])[0]
    print(f"a sweep lives {lives[0]:.1f} s, a fit {lives[1]:.1f} s; a small run makes {points} calls", flush=True)
    swept = _at_random(lanes, asked, 2 * asked.kills // 3, "sweep", lives[0], wanted, task="run")
    fits = _at_random(lanes, asked, asked.kills - swept.kills, "fit", lives[1], fit, task="drive", midway=0.05)
    some = sorted(random.Random(asked.seed).sample(range(200), min(40, asked.kills)))
    calls = _at_points(lanes, lanes.room / "calls", list(range(points)), few, over=tiny.FEW)
    middles = _at_points(lanes, lanes.room / "middles", some, fit, task="drive", midway=0.05)
    tallies = {"sweep": swept, "fit": fits, "every_call": calls, "calls_of_a_fit": middles}
    return {name: value for n, tally in tallies.items() for name, value in kills_said(n, tally).items()}


def _at_points(lanes: Lanes, room: Path, points: list[int], wanted: str, **options) -> kills.Tally:
    found = lanes.map(lambda s, some: kills.at_points(s, room, some, wanted, **options), parts(points))
    return sum(found, kills.Tally())


def _reference(server: Server, asked: argparse.Namespace) -> tuple:
    """Results and lives of runs that nothing happens to."""
    room = Path(server.room.name)
    wanted, fit = server.run("sweep").found["bits"], server.run("fit").found["bits"]
    few = server.run("sweep", over=tiny.FEW).found["bits"]
    server.run("run", folder=room / "first")
    lives = [
        server.run("run", folder=room / "second").seconds,
        server.run("drive", folder=room / "third", midway=0.05).seconds,
    ]
    points = len(server.run("run", folder=room / "fourth", over=tiny.FEW).found["points"])
    return wanted, few, fit, points, lives


def _at_random(lanes: Lanes, asked, count: int, name: str, life: float, wanted: str, **options) -> kills.Tally:
    tally, first = kills.Tally(), 0
    while tally.kills < count:
        seeds = [asked.seed * 10**6 + first + i for i in range(SPREAD * asked.lanes)]
        print(f"{name}: {tally.kills} kills; seeds {seeds[0]} to {seeds[-1]}", flush=True)
        found = lanes.map(
            lambda s, seed: kills.at_random(s, lanes.room / f"{name}-{seed}", seed, life, wanted, **options), seeds
        )
        tally, first = sum(found, tally), first + len(seeds)
    return tally


def damaged(lanes: Lanes, asked: argparse.Namespace) -> dict:
    """Bits flipped in every kind of file, as many as asked for; files cut, zeroed and deleted, a quarter as many."""
    run, few = lanes.room / "pristine", lanes.map(lambda s, o: s.run("sweep", over=o).found["bits"], [tiny.FEW])[0]
    end = lanes.map(lambda s, f: s.run("stop_midway", folder=f, over=tiny.FEW), [run])[0]
    assert end.code == 75, end.said
    found: dict = {}
    for name, plan in (
        ("flips", flips.plan(run, asked.flips, ("flip",), asked.seed)),
        ("cuts", flips.plan(run, asked.flips // 4, ("cut", "zero", "delete"), asked.seed + 1)),
    ):
        ends = lanes.map(lambda s, part: _mended(s, lanes.room, run, part, few), parts(plan, 50))
        found |= damages_said(name, len(plan), ends)
    return found


def _mended(server: Server, room: Path, run: Path, plan: list, wanted: str) -> dict:
    own = Path(tempfile.mkdtemp(dir=room))
    end = server.run("mend_all", pristine=run, room=own, plan=plan, wanted=wanted, every=5, patience=1200.0)
    print(f"{len(plan)} damages in {end.seconds:.0f} s", flush=True)
    return end.found if end.code == 0 else {"missed": [], "worse": [end.said[-2000:]], "counts": {}}


def stopping(lanes: Lanes, asked: argparse.Namespace) -> dict:
    def one(server: Server, seed: int):
        folder = lanes.room / f"stop-{seed}"
        end = stops.stopped(server, folder, seed, first=2.5)
        return end.since, stops.is_orderly(end, folder), end.said[-500:]

    ends = lanes.map(one, range(asked.seed, asked.seed + asked.stops))
    seconds = [since for since, _, _ in ends if since is not None]
    print(f"stops: {len(ends)}, at most {max(seconds, default=0):.2f} s", flush=True)
    wrong = [said for _, fine, said in ends if not fine]
    return {"stops": len(ends), "stop_seconds_at_most": max(seconds, default=None), "stops_wrong": wrong}


if __name__ == "__main__":
    sys.exit(main())
