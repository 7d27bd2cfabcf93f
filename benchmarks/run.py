"""Measure superpose against PyTorch and against this machine: `python -P benchmarks/run.py [--quick]`.

The full run takes about 30 minutes on two cores and judges nothing by its exit status; the quick one takes two, and
fails if a gate is shut or a ratio is below half of its promise. Leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # workers are modules of this folder

from benchmarks import equivalence, floors, jax_ladder, limits, report, scale, setup
from benchmarks.ab import Race, race
from benchmarks.rows import lineup
from benchmarks.variants import flops
from benchmarks.workloads import FULL, QUICK, W3


def main() -> int:
    given = arguments()
    torch = given.torch or setup.torch_python()
    facts = report.about(device())
    say(report.machine(facts))
    found: dict[str, Any] = {"gates": gates(torch, given.quick or bool(given.only))}
    found["races"] = races(torch, given)
    if not given.quick and not given.only:
        found.update(the_rest(torch, given.rounds))
    shared = {name for name, one in found["races"].items() if one.contended}
    found["floors"] = floors.judged(by_name(found["races"]), shared, given.quick) + floors.bounded(numbers(found))
    leave(given, facts, found)
    shut = [g for g in found["gates"] if g.passed is False]
    low = [r for r in found["floors"] if r["held"] is False]
    return 1 if shut or (given.quick and low) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two small workloads, floors at half of their promise")
    parser.add_argument("--out", type=Path, default=Path("results/bench"), help="folder for rounds.jsonl and report.md")
    parser.add_argument("--markdown", type=Path, help="write the tables here too; a full run: docs/benchmarks.md")
    parser.add_argument("--rounds", type=int, help="7, or 3 if quick")
    parser.add_argument("--only", default="", help="workloads whose names contain this, behind quick gates")
    parser.add_argument("--torch", help="a Python with PyTorch, instead of benchmarks/.venv")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help="which JAX must find")
    given = parser.parse_args()
    given.rounds = given.rounds or (3 if given.quick else 7)
    if (found := device()) != given.device:
        parser.error(f"--device {given.device}, but JAX finds {found}")
    return given


def device() -> str:
    """What JAX finds, asked in another process: this one must not hold it while the workers run."""
    ask = "import jax; print(jax.default_backend())"
    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    return ran.stdout.split()[-1]


def gates(torch: str, quick: bool) -> list[equivalence.Gate]:
    found = equivalence.gates(torch, quick)
    for gate in found:
        say(f"{report.MARKS[gate.passed]:>10}  {gate.name}: {gate.found}")
    return found


def races(torch: str, given: argparse.Namespace) -> dict[str, Race]:
    found = {}
    for work in QUICK if given.quick else FULL:
        if given.only in work.name:
            say(f"{work.name}: {work.described()}")
            found[work.name] = race(lineup(work, torch, given.quick, given.device), given.rounds)
            say(report.ratios({work.name: found[work.name]}).split("\n\n", 2)[-1])
    return found


def the_rest(torch: str, rounds: int) -> dict[str, Any]:
    """Limits, ladder, variants, scale and the time to a phase diagram."""
    say("limits, ladder, variants, scale, phase diagrams")
    found: dict[str, Any] = {"limits": limits.limits()}
    found["ladder"] = jax_ladder.table(jax_ladder.ladder(torch, min(rounds, 3)))
    found["variants"], found["phase"] = (alone(name) for name in ("variants", "phase_time"))
    found["scale"] = {"flat": scale.flat(), **scale.first_and_next(), "million": scale.million()}
    return found


def alone(module: str) -> Any:
    """What a module of this folder prints, run by itself."""
    command = [sys.executable, "-m", f"benchmarks.{module}"]
    return json.loads(subprocess.run(command, cwd=setup.ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout)


def by_name(races: dict[str, Race]) -> dict[tuple[str, str, str], float]:
    """Median ratios by (workload, ours, theirs); the best PyTorch is the row that was fastest."""
    found = {}
    for name, one in races.items():
        theirs = [r for r in one.rows() if r not in ("threefry", "fast")]
        rivals = [r for r in theirs if r != floors.JAX]
        for ours in ("threefry", "fast"):
            found.update({(name, ours, row): one.ratio(ours, row)[0] for row in theirs})
            found[name, ours, floors.BEST] = one.ratio(ours, max(rivals, key=lambda row: one.rates(row)[0]))[0]
    return found


def numbers(found: dict[str, Any]) -> dict[str, float]:
    """What `floors.BOUNDS` speaks of."""
    if "limits" not in found:
        return {}
    made, races, flat = found["limits"], found["races"], {r["models"]: r for r in found["scale"]["flat"]}
    rate = {name: one.rates("fast")[0] for name, one in races.items()}
    shares = (("W1a", "toy_2_1"), ("W1b", "toy_5_2"))
    out = {f"{w}, share of the step by hand": rate[w] / made[k] for w, k in shares if w in rate and k in made}
    if "W3" in rate and "fma_gflops" in made:
        work = flops(W3.n, W3.m, W3.batch) / 1e9
        out["W3, share of the FMA peak"] = rate["W3"] * work / made["fma_gflops"]
    out["rate at 100,000 models over 1,000"] = flat[100_000]["rate"] / flat[1_000]["rate"]
    out["MB more at 100,000 models than at 10"] = (flat[100_000]["rss"] - flat[10]["rss"]) / 1e6
    out["seconds to compile a sweep"] = found["scale"]["next"]["compile_s"]
    out["seconds from a cold start to the first step"] = found["scale"]["next"]["process_s"]
    for whole in found["phase"]["whole"]:
        out[f"seconds of the exact diagram {whole['shape']}"] = whole["next"]
    exact, sampled = found["phase"]["compared"]
    out["excess of the exact diagram over the sampled"] = exact["median"] / sampled["median"]
    return out


def leave(given: argparse.Namespace, facts: dict[str, Any], found: dict[str, Any]) -> None:
    given.out.mkdir(parents=True, exist_ok=True)
    report.write_lines(given.out / "rounds.jsonl", facts, found["races"].values())
    text = report.markdown(facts, found)
    for path in filter(None, (given.out / "report.md", given.markdown)):
        path.write_text(text, encoding="utf-8")
    print(report.floors(found["floors"]))
    say(f"{given.out / 'report.md'} has the tables, rounds.jsonl beside it every round")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
