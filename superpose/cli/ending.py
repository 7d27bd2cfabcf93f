"""How a command that trains ends: where the run is, what to do next, and the exit code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

DIVERGED = 3


def ended(work: Callable[[], Any], folder: Path, last: str) -> int:
    """Do the work, and say what there is now."""
    from superpose import runs
    from superpose.train import hosts

    try:
        work()
    except runs.Stopped as stopped:
        print(f"superpose: {stopped}", file=sys.stderr)
        return stopped.code
    if not hosts.first():
        return 0
    now = runs.status(folder)
    bad = f", of which {now.diverged:,} diverged" if now.diverged else ""
    print(f"{now.done:,} of {now.cells:,} models in {folder}{bad}")
    print(f"look: superpose plot {shlex.quote(str(folder))}\n{last}")
    return DIVERGED if now.diverged else 0
