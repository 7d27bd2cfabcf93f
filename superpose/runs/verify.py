"""Is every byte of a run what was written? And if not, what to put aside."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from superpose.core.mistakes import Mistake
from superpose.runs.chunk import PART, all_chunks
from superpose.runs.folder import COPY, RUN, Folder, open_folder
from superpose.runs.log import read_log
from superpose.runs.sinks import JsonlSink
from superpose.store.sealed import MANIFEST, Damage, Damaged, damages, members, read_sealed, write_sealed


@dataclasses.dataclass(frozen=True)
class Report:
    """What was read, and what was wrong with it."""

    files: int
    bytes: int
    seconds: float
    damages: tuple[Damage, ...]


def verify(folder: str | Path) -> Report:
    """Read everything that a run keeps, and name what has changed since it was written."""
    there, began = Folder(Path(folder)), time.monotonic()
    found = tuple(_damages(there))
    files = [there.path / RUN, there.path / COPY, there.log]
    files += [p for place in _sealed(there) for p in (*members(place), place / MANIFEST)]
    size = sum(os.stat(p).st_size for p in files if p.exists())
    return Report(len(files), size, time.monotonic() - began, found)


def described(there: Folder) -> Iterator[Damage]:
    """What is wrong with the two files that say what the run is."""
    for name in (RUN, COPY):
        try:
            read_sealed(there.path / name)
        except Damaged as wrong:
            yield Damage(str(there.path / name), str(wrong).removeprefix(f"{there.path / name} "))


def _damages(there: Folder) -> Iterator[Damage]:
    yield from described(there)
    for place in _sealed(there):
        yield from damages(place)
    yield from _log(there)


def _sealed(there: Folder) -> list[Path]:
    """The sealed folders; what is still being written has no seal yet, and is no part of the run."""
    midway = [p for p in sorted(there.midway.iterdir()) if not p.name.startswith(PART)] if there.midway.is_dir() else []
    return [chunk.folder for chunk in all_chunks(there.chunks)] + midway


def _log(there: Folder) -> Iterator[Damage]:
    """Its own records, and as many as the chunks have seen of it."""
    if not there.log.exists():
        if any(True for _ in all_chunks(there.chunks)):
            yield Damage(str(there.log), "is missing")
        return
    records, wrong = read_log(there.log)
    for what in wrong:
        yield Damage(str(there.log), str(what))
    yield from _gone(there, records)
    seen = max((_told(chunk.folder) for chunk in all_chunks(there.chunks)), default=0)
    put_aside = sum(r["fields"]["records"] for r in records if r.get("event") == "repair")
    if not wrong and len(records) + put_aside < seen:
        yield Damage(str(there.log), f"has {len(records)} records, and once had {seen}")


def _gone(there: Folder, records: list[dict[str, Any]]) -> Iterator[Damage]:
    """Chunks that were finished, by the log, and are not there, while their cells are not in others."""
    told = {r["fields"]["chunk"] for r in records if r.get("event") == "chunk"}
    lost = sorted(told - {chunk.folder.name for chunk in all_chunks(there.chunks)})
    try:
        missing = bool(lost) and any(len(places) for places in there.missing())
    except Mistake:
        missing = False
    for name in lost if missing else ():
        yield Damage(str(there.chunks / Path(name).name), "is missing, and was finished")


def _told(chunk: Path) -> int:
    try:
        return int(read_sealed(chunk / MANIFEST).get("log", 0))
    except (Damaged, TypeError, ValueError):
        return 0


def mend(there: Folder) -> list[Damage]:
    """Put every damaged folder aside, so that its cells are trained anew, and restore what there are two of."""
    found = list(_damages(there))
    if not found:
        return []
    aside = there.path / "damaged"
    aside.mkdir(exist_ok=True)
    about = open_folder(there.path).about
    for name in (RUN, COPY):
        if any(Path(d.path) == there.path / name for d in found):
            (there.path / name).unlink(missing_ok=True)
            write_sealed(there.path / name, about)
    for place in _sealed(there):
        if any(Path(d.path).is_relative_to(place) for d in found):
            _move(place, aside)
    _say(there, aside, found)
    return found


def _say(there: Folder, aside: Path, found: list[Damage]) -> None:
    """The log goes on; a damaged one begins anew, and says how long the other was."""
    seen = 0
    if any(Path(d.path) == there.log for d in found):
        seen = max((_told(chunk.folder) for chunk in all_chunks(there.chunks)), default=0)
        if there.log.exists():
            _move(there.log, aside)
    with contextlib.closing(JsonlSink(there.log)) as log:
        log.event("repair", records=seen, damages=[str(d) for d in found[:100]])


def _move(path: Path, aside: Path) -> None:
    final = aside / path.name
    count = 1
    while os.path.lexists(final):
        count += 1
        final = aside / f"{path.name}.{count}"
    shutil.move(path, final)
