"""`superpose verify RUN`: is every byte what was written?"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from superpose.cli.parse import parse
from superpose.cli.places import say, word
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
    from superpose.cli.ending import begun
    from superpose.runs.folder import open_folder

    if not given.run.is_dir():
        raise BadValue(f"{given.run} is no folder; superpose list names the runs there are")
    if not begun(given.run):
        open_folder(given.run)  # says what to do
    report = runs.verify(given.run)
    if given.json:
        told = {**dataclasses.asdict(report), "damages": [str(d) for d in report.damages]}
        print(json.dumps(told, indent=1))
    else:
        for damage in report.damages:
            say(damage)
        found = _verdict(report, given.run)
        say(f"{report.files:,} files, {amount(report.bytes)}, read in {report.seconds:.1f} s: {found}")
    return BadValue.code if report.damages else 0


def _verdict(report: Any, run: Path) -> str:
    if not (count := len(report.damages)):
        return "all as written"
    return f"{count} damaged; superpose resume {word(run)} --repair trains anew what they held"
