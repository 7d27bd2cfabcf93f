"""A run's directory: what was asked, what is finished, and who is writing.

run.json, run.copy.json   the job and what made it, sealed, twice
lock                      held while somebody writes
chunks/ID/                finished cells, sealed
midway/                   cells in training, sealed
log.jsonl                 what happened, in order
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import os
import shlex
from pathlib import Path
from typing import Any

import numpy as np

from superpose.core.mistakes import BadValue, make_folder
from superpose.core.text import difference
from superpose.runs.chunk import Chunk, all_chunks
from superpose.runs.job import Job, Part, from_body, to_body
from superpose.store.made import provenance
from superpose.store.sealed import Damaged, read_sealed, write_sealed
from superpose.train.choose import agreed

SCHEMA = 1
RUN, COPY = "run.json", "run.copy.json"
OWN = {"lock", "loggers", "chunks", "midway", "damaged", "log.jsonl", f".{RUN}.part", f".{COPY}.part"}
"""What may lie in a folder whose run was killed before it could say what it is."""


@dataclasses.dataclass(frozen=True)
class Folder:
    """A run on disk. Nothing in it is trusted that its seal does not vouch for."""

    path: Path

    @property
    def chunks(self) -> Path:
        return self.path / "chunks"

    @property
    def midway(self) -> Path:
        return self.path / "midway"

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @functools.cached_property
    def about(self) -> dict[str, Any]:
        return _read_about(self.path)

    @functools.cached_property
    def job(self) -> Job:
        return from_body(self.about["job"], str(self.path / RUN))

    def parts(self) -> list[Part]:
        return list(self.job.parts())

    def finished(self) -> tuple[dict[bytes, tuple[Chunk, int]], list[str]]:
        """Where each finished cell is, and which chunks cannot be used."""
        where: dict[bytes, tuple[Chunk, int]] = {}
        broken = []
        for chunk in all_chunks(self.chunks):
            try:
                for row, ident in enumerate(chunk.metrics["cell"]):
                    where.setdefault(ident.tobytes(), (chunk, row))
            except (Damaged, OSError, KeyError, ValueError) as wrong:
                broken.append(str(wrong))
        return where, broken

    def repair(self, what: str) -> str:
        """The command that mends the run, in words."""
        return f"put it aside and {what} with: superpose resume {shlex.quote(str(self.path))} --repair"

    def missing(self) -> list[np.ndarray]:
        """For each part, the places of the cells that are not finished; `Damaged`, if it may be that they are."""
        where, broken = self.finished()
        if broken:
            raise Damaged(f"{broken[0]}; {self.repair('train its cells again')}")
        return [
            np.asarray([i for i, ident in enumerate(part.ids) if ident.tobytes() not in where], int)
            for part in self.parts()
        ]


def open_folder(path: str | Path) -> Folder:
    """A run that is there."""
    folder = Folder(Path(path))
    if not (folder.path / RUN).exists() and not (folder.path / COPY).exists():
        if any(all_chunks(folder.chunks)):
            raise BadValue(
                f"{path} has chunks, but {RUN} and {COPY} are gone: what was asked of this run is lost; its command, "
                "if you have it, goes on from its chunks when run with the same folder"
            )
        raise BadValue(f"{path} holds no run: there is no {RUN}; `superpose list` shows the runs there are")
    folder.about  # noqa: B018  what is damaged says so here
    return folder


def make(path: str | Path, job: Job) -> tuple[Folder, Job]:
    """A run of this job: a new one, or the one that is there, if every cell it has finished is among the job's own.

    A job on a run that is there keeps the run's paths, for its bits.
    """
    folder = Folder(Path(path))
    make_folder(folder.path)
    if (folder.path / RUN).exists() or (folder.path / COPY).exists():
        folder = open_folder(path)
        job = _taking_paths(job, folder.job)
        _check_same(folder, job)
    elif strangers := sorted(p.name for p in folder.path.iterdir() if p.name not in OWN):
        raise BadValue(f"{path} is no run, and holds {strangers[:3]}; give a new folder, or remove what is there")
    return folder, job


def _taking_paths(new: Job, old: Job) -> Job:
    if len(new.paths) != len(old.paths):
        return new
    paths = [agreed(path, part.recipe, part.cells.points) for path, part in zip(old.paths, new.parts(), strict=True)]
    return dataclasses.replace(new, paths=tuple(paths))


def begin(folder: Folder, job: Job) -> Folder:
    """Write what is to be done, unless it is written. Only the holder of the lock may."""
    for sub in (folder.chunks, folder.midway):
        sub.mkdir(exist_ok=True)
    there = any((folder.path / name).exists() for name in (RUN, COPY))
    if not there or to_body(folder.job) != to_body(job):
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        body = {"schema": SCHEMA, "created": now, "made": provenance(), "job": to_body(job)}
        write_sealed(folder.path / COPY, body)
        write_sealed(folder.path / RUN, body)
    elif not (folder.path / RUN).exists():  # killed between the two
        write_sealed(folder.path / RUN, folder.about)
    return Folder(folder.path)


def _read_about(path: Path) -> dict[str, Any]:
    try:
        about = read_sealed(path / RUN)
    except Damaged as wrong:
        if not os.path.lexists(path / COPY):
            raise
        try:
            about = read_sealed(path / COPY)
        except Damaged:
            raise Damaged(
                f"{wrong}, and so is {COPY}: what was asked of this run is lost; its command, if you have it, run with "
                "the same folder after both are removed, goes on from its chunks"
            ) from None
    if about.get("schema") != SCHEMA:
        raise BadValue(f"{path} has schema {about.get('schema')}; this superpose reads {SCHEMA}: update it")
    return about


def _check_same(folder: Folder, new: Job) -> None:
    """Another question belongs in another folder; more cells of the same one do not."""
    old = folder.job
    if to_body(old) == to_body(new):
        return
    changed = difference(old.recipe, new.recipe)
    if (old.over is None) != (new.over is None):
        changed.append("one is a long fit, the other a sweep")
    if to_body(old)["key"] != to_body(new)["key"]:
        changed.append("another key")
    if old.data != new.data:
        changed.append(f"data: {old.data!r} → {new.data!r}")
    known = {ident.tobytes() for part in new.parts() for ident in part.ids}
    if not changed and not known.issuperset(folder.finished()[0]):
        changed.append(f"its axes {list(old.over or {})} have cells that are not among the new ones")
    if changed:
        raise BadValue(f"{folder.path} holds another run: {'; '.join(changed[:4])}; give another folder")
