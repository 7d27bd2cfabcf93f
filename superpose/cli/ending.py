"""How a command that trains ends: where the run is, what to do next, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from superpose.cli.places import say, word

DIVERGED = 3


def ended(work: Callable[[], Any], folder: Path, last: str) -> int:
    """Do the work, and say what there is now."""
    from superpose import runs
    from superpose.train import hosts

    try:
        work()
    except runs.Stopped as stopped:
        return stopped.code
    except KeyboardInterrupt:
        if not begun(folder):
            raise
        print(f"\nsuperpose: interrupted; what was finished is kept; {_go_on(folder)}", file=sys.stderr)
        return runs.Stopped.code
    if not hosts.first():
        return 0
    now = runs.status(folder)
    bad = f", of which {now.diverged:,} diverged" if now.diverged else ""
    say(f"{now.done:,} of {now.cells:,} models in {folder}{bad}", f"look: superpose plot {word(folder)}", last)
    return DIVERGED if now.diverged else 0


def begun(folder: Path) -> bool:
    """Whether there is a run to go on with."""
    from superpose.runs.folder import COPY, RUN

    return any((folder / name).exists() for name in (RUN, COPY))


def _go_on(folder: Path) -> str:
    return f"go on with: superpose resume {word(folder)}"
