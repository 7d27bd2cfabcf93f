"""Cells in the middle of their training, on disk: where a run goes on that was stopped there."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from superpose.core.trees import named_leaves
from superpose.runs.chunk import PART, SCHEMA, beside, check_leaves, template
from superpose.runs.job import Part
from superpose.store.files import settle
from superpose.store.sealed import MANIFEST, Damaged, close, damages, read_sealed
from superpose.store.state import load_arrays, save_arrays
from superpose.train.engine import State

ALONE = "all"
"""The mark of a writer who has the run for himself."""


@dataclasses.dataclass(frozen=True)
class Midway:
    """`cells` of one program after so many steps."""

    number: int
    step: int
    ids: np.ndarray
    state: State


def save_midway(folder: Path, mark: str, at: Midway) -> Path:
    """Later ones have higher numbers, whatever the clock says; the older go when the new one is whole."""
    older = list(_kept(folder, mark))
    count = 1 + max(map(_count, older), default=0)
    final = folder / f"{mark}-{count:06d}"
    with beside(folder / f"{PART}{mark}-{count}") as part:
        leaves = named_leaves(at.state)
        told = save_arrays(part / "state", ["cells", *leaves], [at.ids, *map(np.asarray, leaves.values())])
        close(part, {"schema": SCHEMA, "kind": "midway", "program": at.number, "step": at.step, "leaves": told})
        os.rename(part, final)
    settle(folder)
    forget(older)
    return final


def load_midway(folder: Path, mark: str, parts: dict[int, Part]) -> Midway | None:
    """The newest that is whole and of this run. One that is damaged costs its steps, no more."""
    for path in sorted(_kept(folder, mark), key=_count, reverse=True):
        try:
            return _load(path, parts)
        except Damaged:
            continue
    return None


def _load(path: Path, parts: dict[int, Part]) -> Midway:
    if found := next(damages(path), None):
        raise Damaged(str(found))
    about = read_sealed(path / MANIFEST)
    if about.get("schema") != SCHEMA or about.get("program") not in parts:
        raise Damaged(f"{path} is of another run, or another version")
    whole = template(parts[about["program"]])
    ids, *leaves = load_arrays(path / "state", about.get("leaves"))
    check_leaves(path, named_leaves(whole), leaves)
    return Midway(about["program"], about["step"], ids, jax.tree.unflatten(jax.tree.structure(whole), leaves))


def _kept(folder: Path, mark: str) -> Iterator[Path]:
    """What a writer kept; whoever holds the run alone has everybody's."""
    for path in folder.iterdir() if folder.is_dir() else ():
        whose, _, count = path.name.rpartition("-")
        if whose and not whose.startswith(".") and count.isdecimal() and mark in (ALONE, whose):
            yield path


def _count(path: Path) -> int:
    return int(path.name.rpartition("-")[2])


def forget(older: list[Path]) -> None:
    """Out of sight first, in one step, so that none is ever found half removed."""
    for path in older:
        gone = path.with_name(f"{PART}{path.name}-gone")
        shutil.rmtree(gone, ignore_errors=True)
        os.rename(path, gone)
        shutil.rmtree(gone, ignore_errors=True)


def forget_all(folder: Path, mark: str) -> None:
    forget(list(_kept(folder, mark)))
