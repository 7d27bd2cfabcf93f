"""`superpose status RUN`: how far it is."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from superpose.cli.parse import parse
from superpose.cli.places import say
from superpose.core.mistakes import amount

EXAMPLES = """examples:
  superpose status runs/toy
  superpose status runs/toy --json         one document, for a program"""


@dataclasses.dataclass(frozen=True)
class Options:
    """How far a run is, who is writing it, and the command it came from."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """The folder of the run."""
    json: bool = False
    """One JSON document on stdout."""


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "status", EXAMPLES)
    from superpose import runs

    told = dataclasses.asdict(runs.status(given.run))
    if given.json:
        print(json.dumps(told, indent=1, default=str))
        return 0
    for name, value in told.items():
        if words := _in_words(name, value):
            say(f"{name:9} {words}")
    return 0


def _in_words(name: str, value: Any) -> str:
    match name, value:
        case "bytes", int(size):
            return amount(size)
        case "holder", None:
            return "nobody is writing"
        case "midway", {**steps}:
            return ", ".join(f"{who} at step {step:,}" for who, step in steps.items())
        case _, [*problems] | (*problems,):
            return "; ".join(map(str, problems))
    return f"{value:,}" if isinstance(value, int) else str(value)
