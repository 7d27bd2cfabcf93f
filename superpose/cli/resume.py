"""`superpose resume RUN`: go on where it stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from superpose.cli.parse import parse
from superpose.cli.places import word
from superpose.cli.working import Working, prepared

EXAMPLES = """examples:
  superpose resume runs/toy
  superpose resume runs/toy --repair       what verify found damaged is put aside and trained anew
  superpose resume runs/toy --on ray       with workers that may die"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Go on with a run, wherever it came to, to the same bits."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """The folder of the run."""
    repair: bool = False
    """First put aside what is damaged, to train it anew."""
    working: Annotated[Working, tyro.conf.arg(name="")] = dataclasses.field(default_factory=Working)


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "resume", EXAMPLES)
    from superpose.cli.ending import ended
    from superpose.runs.folder import open_folder
    from superpose.runs.launch import go_on

    open_folder(given.run)
    how = prepared(given.working, given.run)

    def work() -> None:
        go_on(given.run, repair=given.repair, how=how)

    return ended(work, given.run, f"how far it is: superpose status {word(given.run)}")
