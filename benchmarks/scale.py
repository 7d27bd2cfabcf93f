"""From ten models to a million: rates, memory, and how long before the first step. Every number in a fresh process."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.setup import ROOT
from benchmarks.worker import rss
from benchmarks.workloads import Workload

COUNTS = (10, 100, 1_000, 10_000, 100_000)
ENOUGH, LEAST, MOST = 1_000_000, 50, 20_000
"""Model-steps of one timing, about a second on two cores, and the least and most steps that it takes."""
MILLION = Workload("a million", 5, 2, 1_000_000, 256)
LOOKS = (0.10, 0.25, 0.50)


def flat(counts: tuple[int, ...] = COUNTS) -> list[dict[str, Any]]:
    """2→1 at B=1024: model-steps a second and peak memory, by the number of models."""
    return [alone("count", str(models)) for models in counts]


def first_and_next() -> dict[str, Any]:
    """A first sweep on a machine that has never seen its shape, and in the next process, which finds what a clock chose
    and the kernel that was built.
    """
    with tempfile.TemporaryDirectory() as cache:
        return {"first": alone("first", cache=cache), "next": alone("first", cache=cache)}


def alone(*words: str, cache: str = "") -> dict[str, Any]:
    """This file in a process of its own, and the seconds from its start to its end."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.scale", "--part", *words]
    env = {**os.environ, "XDG_CACHE_HOME": cache} if cache else None
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env)
    if ran.returncode != 0:
        raise RuntimeError(f"scale {' '.join(words)} ended with {ran.returncode}:\n{ran.stderr[-2000:]}")
    return {**json.loads(ran.stdout), "process_s": time.perf_counter() - began}


def count(models: int) -> dict[str, Any]:
    steps = min(max(LEAST, ENOUGH // models), MOST)
    sweep = _sweep(Workload("flat", 2, 1, models))
    first = sweep(steps)
    took = min(sweep(steps) for _ in range(2))
    return {"models": models, "steps": steps, "first_s": first, "rate": models * steps / took, "rss": rss()}


def first() -> dict[str, Any]:
    """Compiling a sweep that has not been run before, and with what it takes to get there: import, build, one step."""
    sweep = _sweep(Workload("first", 5, 2, 100))
    fresh = sweep(1)
    return {"compile_s": fresh - min(sweep(1) for _ in range(3))}


def _sweep(work: Workload) -> Any:
    import jax

    import superpose as sp
    from benchmarks.ours import plan

    sp.cli.use_cores()
    recipe, over = plan(work, "fast")

    def took(steps: int, **more: Any) -> float:
        began = time.perf_counter()
        sp.sweep(dataclasses.replace(recipe, steps=steps), over, jax.random.key(0), **{"quiet": True, **more})
        return time.perf_counter() - began

    return took


def million(
    models: int = MILLION.models, batch: int = MILLION.batch, steps: int = 500, budget: float = 4.0
) -> dict[str, Any]:
    """A sweep of 5→2 with its progress on a terminal, read back: how wrong was the time it said was left?"""
    leader, follower = pty.openpty()
    words = [str(v) for v in (models, batch, steps, budget)]
    command = [sys.executable, "-m", "benchmarks.scale", "--part", "million", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=follower, text=True)
    os.close(follower)
    seen = _read(leader)
    found = json.loads(process.stdout.read())
    process.wait()
    return {**found, "left": _errors(seen, found["ended"])}


def _read(terminal: int) -> list[tuple[float, float, float]]:
    """(clock, share done, seconds left) of every line of progress until the terminal closes."""
    seen, text = [], ""
    while True:
        try:
            chunk = os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            return seen
        if not chunk:
            return seen
        *lines, text = re.split(r"[\r\n]", text + chunk)
        for line in lines:
            if said := re.search(r"(\d+)%.* ([\d:]+) left", line):
                seen.append((time.time(), int(said[1]) / 100, _seconds(said[2])))


def _seconds(clock: str) -> float:
    total = 0.0
    for part in clock.split(":"):
        total = 60 * total + float(part)
    return total


def _errors(seen: list[tuple[float, float, float]], ended: float) -> dict[str, Any]:
    """At each look: what was said, what was true, and the error as a share of the truth."""
    found = {}
    for look in LOOKS:
        after = [line for line in seen if line[1] >= look]
        if after:
            clock, _, left = after[0]
            truth = ended - clock
            found[f"{look:.0%}"] = {"said_s": left, "true_s": truth, "error": left / max(truth, 1e-9) - 1}
    return found


def _million(models: int, batch: int, steps: int, budget: float) -> dict[str, Any]:
    work = dataclasses.replace(MILLION, models=models, batch=batch)
    took = _sweep(work)(steps, quiet=False, budget=budget * 1e9)
    shape = {"models": models, "batch": batch, "steps": steps, "budget_gb": budget}
    return {**shape, "seconds": took, "rate": models * steps / took, "rss": rss(), "ended": time.time()}


def _part(words: list[str]) -> dict[str, Any]:
    match words[0]:
        case "count":
            return count(int(words[1]))
        case "first":
            return first()
    models, batch, steps, budget = words[1:]
    return _million(int(models), int(batch), int(steps), float(budget))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="a million models of 5→2 instead")
    parser.add_argument("--models", type=int, default=MILLION.models)
    parser.add_argument("--batch", type=int, default=MILLION.batch)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--budget", type=float, default=4.0, help="gigabytes that the sweep may plan with")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.part:
        print(json.dumps(_part(given.part)))
    elif given.million:
        print(json.dumps(million(given.models, given.batch, given.steps, given.budget), indent=2))
    else:
        print(json.dumps({"flat": flat(), **first_and_next()}, indent=2))


if __name__ == "__main__":
    main()
