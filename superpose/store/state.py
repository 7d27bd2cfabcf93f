"""Arrays of a run on disk, by Orbax, with a digest of our own for each: Orbax gives back a flipped bit unsaid."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from superpose.core.mistakes import amount, memory, said
from superpose.store.sealed import Damaged
from superpose.store.weights import KINDS
from superpose.train import hosts

Told = list[dict[str, Any]]
"""Name, dtype, shape and digest of each array, as a manifest keeps them."""

NUMBERS = {str(np.dtype(kind)): np.dtype(kind) for kind in KINDS.values()}


def save_arrays(folder: Path, names: Sequence[str], arrays: Sequence[np.ndarray]) -> Told:
    """Write the arrays, and say what they are. Their names are told, never used as paths; empty ones are only told."""
    told = [_told(name, a) for name, a in zip(names, arrays, strict=True)]
    full = {_place(i): a for i, a in enumerate(arrays) if a.size} or {"none": np.zeros(1)}
    with _alone():
        ready().save(folder.absolute(), full)
    return told


def load_arrays(folder: Path, told: Told | Any) -> list[np.ndarray]:
    """The arrays that were saved, to the bit, or `Damaged`."""
    shapes = [_shape(folder, t) for t in (told if isinstance(told, list) else [told])]
    if (need := sum(math.prod(shape) * kind.itemsize for shape, kind in shapes)) > memory():
        raise Damaged(f"{folder} says it holds {amount(need)}; this machine has {amount(memory())}")
    wanted = {_place(i): np.empty(shape, kind) for i, (shape, kind) in enumerate(shapes) if math.prod(shape)}
    try:
        with _alone():
            found = ready().load(folder.absolute(), wanted or {"none": np.zeros(1)})
    except Exception as wrong:  # damage surfaces as any of a dozen kinds
        raise Damaged(f"{folder} cannot be read: {str(wrong).splitlines()[0] if str(wrong) else wrong!r}") from None
    arrays = [np.asarray(found.get(_place(i), np.empty(s, k))) for i, (s, k) in enumerate(shapes)]
    for array, t in zip(arrays, told, strict=True):
        if _told(t["name"], array) != t:
            raise Damaged(f"{folder} does not hold the {t['name']} that was written")
    return arrays


def _shape(folder: Path, told: Any) -> tuple[tuple[int, ...], np.dtype]:
    """What an array should be, if the manifest says what an array of numbers can be."""
    match told:
        case {"name": str(), "dtype": str(kind), "shape": [*shape]} if (
            kind in NUMBERS and len(shape) <= 32 and all(type(n) is int and n >= 0 for n in shape)
        ) and math.prod(n or 1 for n in shape) < 2**48:
            return tuple(shape), NUMBERS[kind]
    raise Damaged(f"{folder} is told to hold {said(told)}, which is no array of numbers")


def _told(name: str, a: np.ndarray) -> dict[str, Any]:
    content = hashlib.sha256(np.ascontiguousarray(a).data).hexdigest()
    return {"name": name, "dtype": str(a.dtype), "shape": list(a.shape), "sha256": content}


def _place(i: int) -> str:
    return f"a{i:04d}"


def _alone() -> contextlib.AbstractContextManager:
    """Orbax would wait for every process that `jax.distributed` joined; here only one of them reads and writes."""
    if not hosts.many():
        return contextlib.nullcontext()
    v1, mine = ready(), jax.process_index()
    with contextlib.suppress(ImportError):
        from orbax.checkpoint.experimental.v1._src.saving import execution

        execution._check_directory_consistency = lambda directory: None  # asks all, whoever is said to be active
    own = v1.options.MultiprocessingOptions(primary_host=mine, active_processes={mine})
    return v1.Context(multiprocessing_options=own)


def ready() -> Any:
    """Orbax, imported: this is the one place that knows it. What it logs it raises as well."""
    from orbax.checkpoint import v1

    logging.getLogger("absl").setLevel(logging.CRITICAL)
    return v1
