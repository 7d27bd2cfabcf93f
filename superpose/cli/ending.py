"""How a command that trains ends: where the run is, what to do next, and the exit code."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

DIVERGED = 3


def ended(work: Callable[[], Any], folder: Path, last: str) -> int:
    """Do the work, which returns at which step each model diverged, −1 for never."""
    import numpy as np

    from superpose import runs

    try:
        steps = np.concatenate([np.ravel(part) for part in np.atleast_1d(work())])
    except runs.Stopped as stopped:
        print(f"superpose: {stopped}", file=sys.stderr)
        return stopped.code
    bad = int((steps >= 0).sum())
    print(f"{steps.size:,} models in {folder}" + (f", of which {bad:,} diverged" if bad else ""))
    print(f"look: superpose plot {shlex.quote(str(folder))}\n{last}")
    return DIVERGED if bad else 0
