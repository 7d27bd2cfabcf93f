"""A run by several processes that `jax.distributed` joined: the first has the directory, the others hear of it."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.packed import unpack
from superpose.runs.chunk import template
from superpose.runs.folder import Folder
from superpose.runs.job import Job, Part, from_body, to_body
from superpose.runs.midway import Midway
from superpose.train import hosts
from superpose.train.engine import State, bare

HEARTBEAT = 20
"""Seconds of silence after which a process counts as dead, and all of its run end."""


def join(coordinator: str | None = None, processes: int | None = None, process: int | None = None) -> int:
    """Make this process one of several that sweep and run as one, before any work of JAX's; which one it is.

    `coordinator` is HOST:PORT of the first process, whose run directory it is. Without arguments SLURM, Open MPI or a
    cloud's metadata say who there is. Whoever reaches that port can join in: it must be on a network that is trusted.
    A process that dies ends the others within half a minute; start all of them again to go on.
    """
    given = (coordinator, processes, process)
    if any(g is not None for g in given) and any(g is None for g in given):
        raise BadValue("coordinator, processes and process go together: HOST:PORT, how many, and which of them this is")
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    os.environ.setdefault("GLOG_minloglevel", "1")
    try:
        jax.distributed.initialize(
            coordinator, processes, process, heartbeat_timeout_seconds=HEARTBEAT, shutdown_timeout_seconds=HEARTBEAT
        )
    except (RuntimeError, ValueError) as wrong:
        why = str(wrong).splitlines()[0][:200]
        raise BadValue(f"this process cannot join others: {why}; give coordinator, processes and process") from None
    return jax.process_index()


def asked(folder: str | Path, make: Callable[[], tuple[Folder, Job]]) -> tuple[Folder, Job]:
    """The folder and the job as the first process has them, paths included: they fix the bits."""
    if not hosts.many():
        return make()
    made: list[tuple[Folder, Job]] = []

    def tell() -> bytes:
        made.append(make())
        return json.dumps(to_body(made[0][1])).encode()

    body = hosts.same(tell)
    return made[0] if made else (Folder(Path(folder)), from_body(json.loads(body), "the run"))


def places(make: Callable[[], Sequence[np.ndarray]]) -> list[np.ndarray]:
    """One array for each part."""
    return list(make()) if not hosts.many() else _unpacked(hosts.same(lambda: _packed(make())))


def middle(parts: Sequence[Part], load: Callable[[], Midway | None]) -> Midway | None:
    if not hosts.many():
        return load()

    def tell() -> bytes:
        at = load()
        return b"" if at is None else _packed([np.asarray([at.number, at.step]), at.ids, *jax.tree.leaves(at.state)])

    if not (told := hosts.same(tell)):
        return None
    (number, step), ids, *leaves = _unpacked(told)
    return Midway(int(number), int(step), ids, jax.tree.unflatten(jax.tree.structure(template(parts[number])), leaves))


def states(job: Job, load: Callable[[], list[State]]) -> list[State]:
    """What a finished run holds, part by part, from the one process that can see it."""
    if not hosts.many():
        return load()
    found = _unpacked(hosts.same(lambda: _packed(jax.tree.leaves(load()))))
    return jax.tree.unflatten(jax.tree.structure([bare(template(part)) for part in job.parts()]), found)


def _packed(arrays: Sequence[Any]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **{f"a{i:06d}": np.asarray(a) for i, a in enumerate(arrays)})
    return file.getvalue()


def _unpacked(data: bytes) -> list[np.ndarray]:
    arrays = unpack(io.BytesIO(data), "what the first process told")
    return [arrays[name] for name in sorted(arrays)]
