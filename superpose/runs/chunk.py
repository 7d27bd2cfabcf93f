"""Finished cells on disk: a sealed folder of models, losses and who the cells are, or none."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import io
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np

from superpose.core.mistakes import memory
from superpose.core.packed import unpack
from superpose.core.reading import read_bytes
from superpose.core.trees import named_leaves
from superpose.runs.cells import BYTES
from superpose.runs.job import Part
from superpose.store.files import settle, write
from superpose.store.sealed import MANIFEST, Damaged, close, damages, read_sealed
from superpose.store.state import load_arrays, save_arrays
from superpose.train.engine import State
from superpose.train.fit import precision
from superpose.train.segments import blank

SCHEMA = 1
METRICS = "metrics.npz"
PART = ".part-"
"""How the name of a folder begins that is still being written."""


@dataclasses.dataclass(frozen=True)
class Chunk:
    """One sealed folder of a run; its arrays are read when they are asked for."""

    folder: Path

    @functools.cached_property
    def about(self) -> dict[str, Any]:
        about = read_sealed(self.folder / MANIFEST)
        if about.get("schema") != SCHEMA:
            raise Damaged(f"{self.folder} has schema {about.get('schema')}; this superpose reads {SCHEMA}")
        return about

    @functools.cached_property
    def metrics(self) -> dict[str, np.ndarray]:
        """`cell`, `diverged` and `loss`, as they were written."""
        data = read_bytes(self.folder / METRICS, memory() // 4)
        if hashlib.sha256(data).hexdigest() != self.about["files"].get(METRICS, {}).get("sha256"):
            raise Damaged(f"{self.folder / METRICS} does not have the bytes that were written")
        return unpack(io.BytesIO(data), str(self.folder / METRICS))

    def state(self, part: Part) -> State:
        """Every cell's final state, if not a bit of the folder has changed."""
        if found := next(damages(self.folder), None):
            raise Damaged(str(found))
        whole = template(part)
        leaves = load_arrays(self.folder / "state", self.about.get("leaves"))
        check_leaves(self.folder, named_leaves((whole.model, whole.history)), leaves)
        model, history = jax.tree.unflatten(jax.tree.structure((whole.model, whole.history)), leaves)
        m = self.metrics
        return State(model=model, memory=None, loss=m["loss"], diverged=m["diverged"], history=history)  # type: ignore[arg-type]


def template(part: Part) -> State:
    """Shapes of one cell's state."""
    with precision(part.recipe):
        return blank(part.recipe, part.cells, part.path.width)


def result_bytes(part: Part) -> int:
    """What is kept of one cell."""
    state = template(part)
    kept = jax.tree.leaves((state.model, state.history))
    return sum(math.prod(a.shape) * a.dtype.itemsize for a in kept) + 4 * part.recipe.logs + BYTES + 4


def check_leaves(folder: Path, wanted: dict[str, Any], found: list[np.ndarray]) -> None:
    """What is there must be what this recipe makes: Orbax would cast one number type to another unsaid."""
    shapes = [(tuple(w.shape), np.dtype(w.dtype)) for w in wanted.values()]
    if [(a.shape[1:], a.dtype) for a in found] != shapes:
        raise Damaged(f"{folder} holds {[f'{a.dtype} {a.shape[1:]}' for a in found]}, not {list(wanted)} of the recipe")


def write_chunk(chunks: Path, mark: str, number: int, ids: np.ndarray, state: State, more: dict[str, Any]) -> Chunk:
    """Write beside, seal, then give it its name, which follows from its cells: the first writer of a chunk wins."""
    name = hashlib.sha256(ids.tobytes()).hexdigest()[:16]
    final = chunks / name
    with beside(chunks / f"{PART}{mark}-{name}") as part:
        leaves = named_leaves((state.model, state.history))
        told = save_arrays(part / "state", list(leaves), [np.asarray(a) for a in leaves.values()])
        arrays: dict[str, Any] = {"cell": ids, "diverged": state.diverged, "loss": state.loss}
        write(part / METRICS, lambda f: np.savez(f, allow_pickle=False, **arrays))
        diverged = int((state.diverged >= 0).sum())
        about = {"schema": SCHEMA, "kind": "chunk", "program": number, "cells": len(ids), "diverged": diverged}
        close(part, {**about, "leaves": told, **more})
        try:
            os.rename(part, final)
        except OSError:
            if not (final / MANIFEST).exists():
                raise
    settle(chunks)
    return Chunk(final)


@contextlib.contextmanager
def beside(part: Path) -> Iterator[Path]:
    """A folder to write in, empty now. What is left of it in the end is removed: a full disk needs the room."""
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def all_chunks(chunks: Path) -> Iterator[Chunk]:
    for folder in sorted(chunks.iterdir()) if chunks.is_dir() else ():
        if not folder.name.startswith("."):
            yield Chunk(folder)


def sweep_up(folder: Path, mark: str = "") -> int:
    """Remove what a writer left half written, or what everybody did; only a lock's holder may."""
    patterns = [f"{PART}{mark}-*"] if mark else [f"{PART}*", ".*.part"]
    left = [path for pattern in patterns for path in folder.glob(pattern)] if folder.is_dir() else []
    for path in left:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    return len(left)
