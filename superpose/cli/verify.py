"""`superpose verify RUN`: is every byte what was written?"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from superpose.cli.parse import parse
from superpose.core.mistakes import BadValue, amount

EXAMPLES = """examples:
  superpose verify runs/toy                exit code 2 if anything is damaged
  superpose resume runs/toy --repair       then drops what is damaged and trains it anew"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Read a run again and compare every byte with what was written."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """The folder of the run."""
    json: bool = False
    """One JSON document on stdout."""


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "verify", EXAMPLES)
    from superpose import runs

    if not given.run.is_dir():
        raise BadValue(f"{given.run} is no folder; superpose list names the runs there are")
    report = runs.verify(given.run)
    if given.json:
        told = {**dataclasses.asdict(report), "damages": [str(d) for d in report.damages]}
        print(json.dumps(told, indent=1))
    else:
        for damage in report.damages:
            print(damage)
        print(f"{report.files:,} files, {amount(report.bytes)}, read in {report.seconds:.1f} s: {_verdict(report)}")
    return BadValue.code if report.damages else 0


def _verdict(report: Any) -> str:
    count = len(report.damages)
    return f"{count} damaged; superpose resume RUN --repair trains anew what they held" if count else "all as written"
