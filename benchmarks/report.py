"""What a run found: one JSON line a round, and the tables in Markdown."""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.ab import Race
from benchmarks.equivalence import Gate
from benchmarks.limits import host
from benchmarks.setup import ROOT

MARKS = {True: "yes", False: "**no**", None: "not judged"}
LIMITS = {
    "fma_gflops_1": "FMA, one core, GFLOP/s",
    "fma_gflops": "FMA, all cores, GFLOP/s",
    "gemm_gflops": "JAX matrix product of 2048, GFLOP/s",
    "triad_gb_1": "triad, one core, GB/s",
    "triad_gb": "triad, all cores, GB/s",
    "xoshiro_gwords": "random words by hand, G/s",
    "jax_gwords": "jax.random.bits, G/s",
    "threefry_gwords": "superpose threefry, G/s",
    "fast_gwords": "superpose fast, G/s",
    "toy_2_1": "2→1 by hand, model-steps/s",
    "toy_5_2": "5→2 by hand, model-steps/s",
}


def about(device: str) -> dict[str, Any]:
    """What every record carries: the machine, the versions, the commit."""
    ran = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    versions = {name: version(name) for name in ("superpose", "jax", "jaxlib", "flax", "optax", "numpy")}
    day = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {**host(), "device": device, "versions": versions, "commit": ran.stdout.strip() or "unknown", "when": day}


def write_lines(path: Path, facts: dict[str, Any], races: Iterable[Race]) -> None:
    """One line a round of every race."""
    with path.open("w", encoding="utf-8") as f:
        for race in races:
            for number, rows in race.rounds().items():
                first = next(iter(rows.values()))
                line = {**facts, "work": first["work"], "round": number, "contended": race.contended, "rows": rows}
                f.write(json.dumps(line) + "\n")


def markdown(facts: dict[str, Any], found: dict[str, Any]) -> str:
    parts = [f"# Benchmarks\n\n{machine(facts)}", gates(found["gates"]), ratios(found["races"])]
    parts.append(floors(found["floors"]))
    for name, draw in (("limits", limits), ("ladder", ladder), ("variants", variants), ("scale", scale)):
        if name in found:
            parts.append(draw(found[name]))
    if "phase" in found:
        parts.append(phase(found["phase"]))
    return "\n\n".join([*parts, NOTES]) + "\n"


SHARED = """The machine was shared, so these ratios are not to be quoted; each is the lesser of wall time's and CPU
time's, and still flatters whoever waits the least."""
NOTES = """Rates count whole `sp.sweep` calls: initialising, a loss every 100 steps, copies to the host; compiling is
timed apart. The notebook forms a loss every step; the tuned PyTorch rows form none. Ratios are of rates in one round,
every row in a process of its own, the order random; median [least, most]. Sparse autoencoders are not in the package
yet, so they have no rows."""


def machine(facts: dict[str, Any]) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in facts["versions"].items())
    vectors = " ".join(facts["vectors"]) or "unknown vectors"
    what = f"{facts['cpu']}, {facts['cores']} cores, {vectors}; running on {facts['device']}"
    missing = "" if facts["compiler"] else " No C++ compiler: rows of torch.compile and limits by hand are left out."
    return f"{what}.{missing} {versions}, {facts['commit']}, {facts['when']}."


def table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def gates(found: list[Gate]) -> str:
    rows = [(g.name, MARKS[g.passed], g.found) for g in found]
    return "## The same training\n\n" + table(("gate", "passed", "found"), rows)


def ratios(races: dict[str, Race]) -> str:
    parts = ["## Rates and ratios\n\n`fast` and `threefry` are superpose's streams; each over every other row."]
    for name, race in races.items():
        said = f" {SHARED}" if race.contended else ""
        parts.append(f"**{name}**, {len(race.rounds())} rounds.{said}\n\n{_race(race)}")
    return "\n\n".join(parts)


def _race(race: Race) -> str:
    ours = [name for name in ("threefry", "fast") if name in race.rows()]
    rows = []
    for row in race.rows():
        over = [_spread(race.ratio(name, row)) if row not in ours else "" for name in ours]
        rows.append((row, f"{race.rates(row)[0]:,.0f}", *over))
    return table(("row", "model-steps/s", *(f"{name} over it" for name in ours)), rows)


def _spread(ratio: tuple[float, float, float]) -> str:
    return "{:.3g} [{:.3g}, {:.3g}]".format(*ratio)


def floors(rows: list[dict[str, Any]]) -> str:
    lines = [(r["what"], r["promised"], r["bound"], f"{r['found']:.3g}", MARKS[r["held"]]) for r in rows]
    return "## Promises\n\n" + table(("what", "promised", "must be", "found", "held"), lines)


def limits(found: dict[str, Any]) -> str:
    figure = lambda key: f"{found[key]:,.0f}" if key.startswith("toy") else f"{found[key]:,.3g}"
    rows = [(said, figure(key)) for key, said in LIMITS.items() if key in found]
    missing = [found[key] for key in ("by_hand", "jax") if key in found]
    return "\n\n".join(["## Limits of this machine", table(("limit", "measured"), rows), *missing])


def ladder(text: str) -> str:
    return f"## What each choice is worth\n\nOver the notebook.\n\n{text}"


def variants(rows: list[dict[str, Any]]) -> str:
    lines = [(r["shape"], r["variant"], f"{r['rate']:,.0f}", f"{r['gflops']:.1f}", f"{r['share']:.0%}") for r in rows]
    head = ("shape", "kind", "model-steps/s", "GFLOP/s", "of the base's rate per FLOP")
    return "## Other questions\n\n" + table(head, lines)


def scale(found: dict[str, Any]) -> str:
    rows = [(f"{r['models']:,}", f"{r['rate']:,.0f}", f"{r['rss'] / 1e6:,.0f}") for r in found["flat"]]
    said = [
        f"{when}: compiling a sweep takes {found[key]['compile_s']:.1f} s; a cold start, one step and the end of the "
        f"process {found[key]['process_s']:.1f} s."
        for key, when in (("first", "Where its shape was never seen"), ("next", "In the next process"))
    ]
    parts = ["## From ten models up", table(("models", "model-steps/s", "peak MB"), rows), "\n".join(said)]
    return "\n\n".join([*parts, million(found["million"])])


def million(found: dict[str, Any]) -> str:
    off = ", ".join(f"{look['error']:+.0%} at {when}" for when, look in found["left"].items())
    shape = f"{found['models']:,} models of 5→2, {found['steps']} steps at B={found['batch']}"
    return (
        f"{shape}, with a budget of {found['budget_gb']:g} GB: {found['seconds']:.0f} s, {found['rate']:,.0f} "
        f"model-steps/s, {found['rss'] / 1e6:,.0f} MB at most. The time that it said was left was off by {off}."
    )


def phase(found: dict[str, Any]) -> str:
    head = ("how, 20 × 20 × 4", "steps", "seconds", "excess, median", "90 %", "phases agree")
    keys = ("median", "high")
    rows = [
        (r["how"], r["steps"], f"{r['seconds']:.1f}", *(f"{r[k]:.1e}" for k in keys), f"{r['agree']:.0%}")
        for r in found["compared"]
    ]
    wholes = [
        (r["shape"], f"{r['models']:,}", r["steps"], f"{r['first']:.1f}", f"{r['next']:.1f}") for r in found["whole"]
    ]
    said = f"Nodes a feature: {found['nodes']}. Another algorithm for the same question, compilation included."
    diagram = table(
        ("whole diagram, exact", "models", "steps", "seconds, shape never seen", "in the next process"), wholes
    )
    return f"## Time to a phase diagram\n\n{said}\n\n{table(head, rows)}\n\n{diagram}"
