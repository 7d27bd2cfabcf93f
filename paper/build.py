"""Typeset the report: numbers and claims from a profile's results, its figures, and the text of paper.typ.

Every number of the text is looked up here, and one that is missing, misspelt or not finite ends the build.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import typst

from superpose import claims, papers
from superpose.core.mistakes import BadValue, Mistake
from superpose.core.reading import read_json
from superpose.plots.script import READS, SHOWS

HERE = Path(__file__).parent
ROOT = HERE.parent


def main(results: Path, out: Path) -> None:
    """`python -P paper/build.py results/default report.pdf`"""
    facts = out.with_suffix(".json")
    out.parent.mkdir(parents=True, exist_ok=True)
    facts.write_text(json.dumps(gathered(results), indent=1, allow_nan=False), encoding="utf-8")
    paths = {"facts": str(facts.resolve()), "figures": str((results / "figures").resolve())}
    try:
        typst.compile(str(HERE / "paper.typ"), output=str(out), root="/", sys_inputs=paths, ignore_system_fonts=True)
    except typst.TypstError as wrong:
        raise BadValue(f"the report cannot be typeset: {_said(wrong)}") from None
    print(out)


def gathered(results: Path) -> dict[str, Any]:
    """What the text may name: numbers and claims by experiment, captions by figure, and totals."""
    found = {n: c for n, c in claims.load_claims(results).items() if c is not None}
    figures = [p for p in sorted((ROOT / "figures").glob("*.py")) if set(_named(SHOWS, p)) & set(papers.TMS)]
    read = {name for p in figures for name in _named(READS, p)}
    missing = sorted(read - set(found))
    if missing:
        raise BadValue(f"not run: {', '.join(missing)}; make them with: make figures PROFILE={results.name}")
    experiments = {name: experiment(results / name, found[name]) for name in found if name in read}
    return {
        "profile": results.name,
        "experiments": experiments,
        "claims": {c["id"]: c for e in experiments.values() for c in e["claims"]},
        "figures": {p.stem: caption(p) for p in figures},
        "entries": {id: entry._asdict() for id, entry in papers.TMS.items()},
        "totals": totals(experiments, len(figures)),
    }


def experiment(folder: Path, made: list[claims.Claim]) -> dict[str, Any]:
    return {
        "numbers": read_json(folder / "numbers.json"),
        "claims": [claims.record(c) for c in made],
        "made": read_json(folder / "provenance.json"),
    }


def caption(figure: Path) -> str:
    """A figure script's first sentence."""
    return " ".join(figure.read_text(encoding="utf-8").split('"""')[1].split())


def totals(experiments: dict[str, Any], figures: int) -> dict[str, Any]:
    every = [c for e in experiments.values() for c in e["claims"]]
    made = [e["made"] for e in experiments.values()]
    return {
        "claims": len(every),
        "agree": sum(c["verdict"] == "agrees" for c in every),
        "explained": sum(c["verdict"].startswith("differs, ") for c in every),
        "differ": sum(c["verdict"] == "differs" for c in every),
        "experiments": len(experiments),
        "figures": figures,
        "entries": len({papers.entry(c["id"]) for c in every} & set(papers.TMS)),
        "minutes": round(sum(m["seconds"] for m in made) / 60, 1),
        "machine": "; ".join(sorted({m["machine"] for m in made})),
        "jax": "; ".join(sorted({m["versions"]["jax"] for m in made})),
        "commits": "; ".join(sorted({str(m["commit"])[:10] for m in made})),
    }


def _named(line: re.Pattern[str], script: Path) -> list[str]:
    """What a script's line `# shows: …` or `# reads: …` names."""
    found = line.search(script.read_text(encoding="utf-8"))
    return found[1].split() if found else []


def _said(wrong: Exception) -> str:
    """The message of a panic without its quotes."""
    return re.sub(r'^panicked with: "(.*)"$', r"\1", str(wrong).strip().splitlines()[0])


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:3]))
    except Mistake as wrong:
        print(f"superpose: {wrong}", file=sys.stderr)
        raise SystemExit(wrong.code) from None
