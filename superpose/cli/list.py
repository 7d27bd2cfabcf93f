"""`superpose list`: what there is to run, and what was run."""

from __future__ import annotations

import ast
import dataclasses
import datetime
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from superpose.cli.named import NAMED
from superpose.cli.parse import parse
from superpose.core.mistakes import Mistake, shown
from superpose.core.reading import read_json

EXAMPLES = """examples:
  superpose list
  superpose list --json           one document, for a program"""
PLACES = ("runs/*", "results/*", "results/*/*")
LARGEST = 256 * 2**20
"""Bytes of a run.json or a manifest that is still read."""


@dataclasses.dataclass(frozen=True)
class Options:
    """Recipes by name, the scripts in ./experiments, and the runs under ./runs and ./results with how far they are."""

    json: bool = False
    """One JSON document on stdout."""


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "list", EXAMPLES)
    found: dict[str, dict[str, Any]] = {
        "recipes": {name: about for name, (about, _) in NAMED.items()},
        "experiments": dict(_experiments()),
        "runs": {str(folder): state(folder) for folder in _runs()},
    }
    if given.json:
        print(json.dumps(found, indent=1))
        return 0
    _lines("recipes: superpose run NAME", found["recipes"])
    _lines("experiments: python -P experiments/NAME.py", found["experiments"] or {"none": "there is no ./experiments"})
    runs = {name: _in_words(about) for name, about in found["runs"].items()}
    _lines("runs: superpose status FOLDER", runs or {"none": "superpose run NAME makes one"})
    return 0


def state(folder: Path) -> dict[str, Any]:
    """Cells asked for, finished and diverged, read off the manifests: quick, and without JAX."""
    try:
        about = read_json(folder / "run.json", LARGEST)
        created = datetime.datetime.fromisoformat(about["created"]).isoformat()
        asked = int(about["job"]["cells"])
        chunks = [read_json(path, LARGEST) for path in (folder / "chunks").glob("[!.]*/MANIFEST.json")]
        done, diverged = (sum(int(chunk[name]) for chunk in chunks) for name in ("cells", "diverged"))
    except (Mistake, OSError, ValueError, LookupError, TypeError, AttributeError):
        return {"state": "damaged"}
    what = "finished" if done >= asked else "under way or stopped"
    return {"state": what, "cells": asked, "done": min(done, asked), "diverged": diverged, "created": created}


def _in_words(about: dict[str, Any]) -> str:
    if about["state"] == "damaged":
        return "damaged: superpose verify says where"
    bad = f", {about['diverged']:,} diverged" if about["diverged"] else ""
    return f"{about['done']:,} of {about['cells']:,} cells{bad}; begun {about['created']}"


def _runs() -> Iterator[Path]:
    for pattern in PLACES:
        yield from (p.parent for p in sorted(Path().glob(f"{pattern}/run.json")))


def _experiments() -> Iterator[tuple[str, str]]:
    for path in sorted(Path("experiments").glob("[!_]*.py")):
        try:
            doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        except (OSError, ValueError, SyntaxError):
            doc = ""
        yield path.stem, doc.partition("\n")[0]


def _lines(title: str, rows: dict[str, str]) -> None:
    rows = {shown(name): shown(about) for name, about in rows.items()}
    wide = max(map(len, rows))
    print(f"{title}\n" + "".join(f"  {name:{wide}}  {about}\n" for name, about in rows.items()))
