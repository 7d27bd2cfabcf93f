"""How long a run takes to stop when it is asked to."""

from __future__ import annotations

import random
import signal
from pathlib import Path

from superpose.runs.stop import Stopped

BUSY = {"steps": 400_000}
"""What takes minutes, so that no run ends before it is asked to."""


def stopped(server, folder: Path, seed: int, within: float = 4.0, first: float = 1.5, **more):
    """A run that gets SIGTERM or Ctrl-C at a moment of its training; what it said, and the seconds it took."""
    draw = random.Random(seed)
    number = draw.choice([signal.SIGTERM, signal.SIGINT])
    return server.run("run", folder=folder, recipe=BUSY, signals=[(draw.uniform(first, within), number)], **more)


def is_orderly(end, folder: Path) -> bool:
    """The run stopped as asked, and said how to go on."""
    return end.code == Stopped.code and f"superpose resume {folder}" in end.said
