"""What the long form found, in words and in one table."""

from __future__ import annotations

import json
from pathlib import Path

import kills


def told(found: dict, out: Path) -> int:
    """The table, on the terminal and in files; the exit code says whether anything was wrong."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "summary.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    rows = [f"| {name.replace('_', ' ')} | {_short(value)} |" for name, value in found.items()]
    table = "\n".join(["| what | found |", "| --- | --- |", *rows])
    (out / "summary.md").write_text(f"# Faults\n\n{table}\n", encoding="utf-8")
    print(table, flush=True)
    bad = [n for n, v in found.items() if n.endswith(("_wrong", "_not_named", "_not_mended", "_lost_chunks")) and v]
    print(f"not as it should be: {bad}" if bad else "all as it should be", flush=True)
    return 1 if bad else 0


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{n}: {v}" for n, v in value.items())
    return str(len(value)) if isinstance(value, list) else str(value)


def kills_said(name: str, tally: kills.Tally) -> dict:
    print(f"{name}: {tally.kills} kills, lost {tally.lost}, redone at most {max(tally.redone, default=0)}; "
          f"{tally.stages}; wrong {tally.wrong[:3] + tally.damaged[:3]}", flush=True)  # fmt: skip
    return {
        f"{name}_kills": tally.kills, f"{name}_lost_chunks": tally.lost, f"{name}_wrong": tally.wrong + tally.damaged,
        f"{name}_redone_at_most": max(tally.redone, default=0),
        f"{name}_redone_mean": sum(tally.redone) / max(1, len(tally.redone)), f"{name}_stages": tally.stages,
    }  # fmt: skip


def damages_said(name: str, count: int, ends: list[dict]) -> dict:
    totals: dict[str, int] = {}
    for kind, n in (pair for end in ends for pair in end["counts"].items()):
        totals[kind] = totals.get(kind, 0) + n
    missed, worse = ([w for end in ends for w in end[n]] for n in ("missed", "worse"))
    print(f"{name}: {count}, not named {len(missed)}, not mended {len(worse)} {worse[:3] + missed[:3]}", flush=True)
    return {name: count, f"{name}_not_named": missed, f"{name}_not_mended": worse, f"{name}_of_each_kind": totals}
