"""How far a run is, at a glance: no model is read, and JAX computes nothing."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from superpose.core.mistakes import Mistake
from superpose.runs.chunk import all_chunks
from superpose.runs.folder import Folder, open_folder
from superpose.runs.verify import described
from superpose.store.lock import holder
from superpose.store.sealed import MANIFEST, Damaged, damages, read_sealed


@dataclasses.dataclass(frozen=True)
class Status:
    """`state` is "finished", "running", "stopped" or "damaged"; `problems` say why the last."""

    folder: str
    state: str
    cells: int
    done: int
    diverged: int
    chunks: int
    bytes: int
    holder: str | None
    created: str
    command: str
    midway: dict[str, int]
    problems: tuple[str, ...]


def status(folder: str | Path) -> Status:
    """What the manifests say, and whether the files they name are there. `verify` is who reads every byte."""
    there, problems, done, diverged = open_folder(folder), [], 0, 0
    problems += [str(damage) for damage in described(there)]
    chunks = list(all_chunks(there.chunks))
    for chunk in chunks:
        problems += (found := [str(damage) for damage in damages(chunk.folder, content=False)])
        try:
            if not found:
                done, diverged = done + int(chunk.about["cells"]), diverged + int(chunk.about["diverged"])
        except (Mistake, LookupError, ValueError, TypeError) as wrong:
            problems.append(str(wrong))
    cells, who = int(there.about["job"]["cells"]), _writer(there)
    state = "running" if who else "damaged" if problems else "finished" if done >= cells else "stopped"
    made = there.about["made"]
    return Status(
        folder=str(there.path), state=state, cells=cells, done=done, diverged=diverged, chunks=len(chunks),
        bytes=_size(there.path), holder=who, created=there.about["created"], command=made.get("command", ""),
        midway=_midway(there), problems=tuple(problems),
    )  # fmt: skip


def _writer(there: Folder) -> str | None:
    """Who holds the run, or the first of those who hold a share of it."""
    return next(filter(None, map(holder, [there.lock, *sorted(there.path.glob("lock.*"))])), None)


def _midway(there: Folder) -> dict[str, int]:
    """Which steps the calls have come to that were kept in their middle."""
    found: dict[str, int] = {}
    for path in sorted(there.midway.iterdir()) if there.midway.is_dir() else ():
        about: dict[str, Any] = {}
        try:
            about = read_sealed(path / MANIFEST) if not path.name.startswith(".") else {}
        except Damaged:
            continue
        if "step" in about:
            found[path.name] = about["step"]
    return found


def _size(folder: Path) -> int:
    """Bytes on the disk; what goes away meanwhile does not count."""
    total = 0
    for here, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(Path(here, name)).st_size
            except OSError:
                continue
    return total
