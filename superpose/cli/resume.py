"""`superpose resume RUN`: go on where it stopped."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from superpose.cli.parse import parse
from superpose.cli.run import size

EXAMPLES = """examples:
  superpose resume runs/toy
  superpose resume runs/toy --repair       what verify found damaged is dropped and trained anew"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Go on with a run, wherever it came to, to the same bits."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """The folder of the run."""
    repair: bool = False
    """First put aside what is damaged, to train it anew."""
    chunk: Annotated[int | None, tyro.conf.arg(metavar="WHOLE", help_behavior_hint="(default: those of 10 s)")] = None
    """Models that are kept together."""
    budget: Annotated[str | None, tyro.conf.arg(metavar="SIZE", help_behavior_hint="(default: most of the memory)")] = (
        None
    )
    """Most memory to use, for example 4GB."""
    devices: Annotated[int | None, tyro.conf.arg(metavar="WHOLE", help_behavior_hint="(default: all)")] = None
    """How many devices to use."""
    quiet: bool = False
    """No progress."""


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "resume", EXAMPLES)
    from superpose import runs
    from superpose.cli.ending import ended
    from superpose.cli.experiment import use_cores

    use_cores()
    how = {"budget": size(given.budget), "devices": given.devices, "chunk": given.chunk, "quiet": given.quiet}

    def work() -> list:
        return [run.diverged for run in runs.resume(given.run, repair=given.repair, **how).stacks]

    return ended(work, given.run, f"how far it is: superpose status {given.run}")
