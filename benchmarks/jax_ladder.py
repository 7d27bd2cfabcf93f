"""What each choice of the design is worth: rows one flag apart, so that a regression points at its cause."""

from __future__ import annotations

import sys
from dataclasses import replace

from benchmarks.ab import Race, Row, race
from benchmarks.setup import ROOT, torch_python
from benchmarks.workloads import W1A, W2, W3, Workload

ROWS = {
    "jit(vmap(step))": "",
    "+ time loop inside": "loop",
    "+ serial threefry": "loop serial",
    "+ one draw": "loop serial one_draw",
    "+ gradient by hand": "loop serial one_draw by_hand",
    "+ chunks in cache, own AdamW": "loop serial one_draw by_hand chunked",
    "+ batch-minor": "loop serial one_draw by_hand chunked minor",
    "+ one device a core": "loop serial one_draw by_hand chunked minor devices",
}
SHAPES = (replace(W1A, models=2500), replace(W2, models=500), replace(W3, models=8))


def rungs(work: Workload, torch: str) -> list[Row]:
    notebook = Row("notebook", torch, "torch_ref", "notebook", work)
    steps = [Row(name, sys.executable, "jax_ref", flags, work, "devices" in flags) for name, flags in ROWS.items()]
    ours = [Row(f"superpose, {s}", sys.executable, "ours", s, work, True) for s in ("threefry", "fast")]
    return [notebook, *steps, *ours]


def ladder(torch: str, rounds: int = 3) -> dict[str, Race]:
    return {work.described(): race(rungs(work, torch), rounds) for work in SHAPES}


def table(races: dict[str, Race]) -> str:
    """Ratios to the notebook, as Markdown."""
    rows = [r for r in next(iter(races.values())).rows() if r != "notebook"]
    lines = [f"| step | {' | '.join(races)} |", "|---" * (len(races) + 1) + "|"]
    for row in rows:
        cells = [f"{one.ratio(row, 'notebook')[0]:.2g}" for one in races.values()]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(ladder(sys.argv[1] if len(sys.argv) > 1 else torch_python())))
    print(f"measured in {ROOT.name}, ratios to the notebook's training in PyTorch", file=sys.stderr)
