"""Runs larger than one machine go to an engine that exists: Ray, or SLURM by way of submitit. We write no scheduler.

An engine gets the job as our own text and gives back finished cells; the run directory, its chunks and its bits are the
same as without one. What an engine executes it executes for whoever can reach it: docs/machines.md says how to keep
that to yourself.
"""

from __future__ import annotations

import dataclasses

from superpose.core.mistakes import BadName, said

KNOWN = ("ray", "ray://HOST:PORT", "ray:ADDRESS", "slurm", "slurm:PARTITION,cpus_per_task=8", "submitit-local")


@dataclasses.dataclass(frozen=True)
class Engine:
    """`kind` is "ray", "slurm" or "submitit-local"; `where` an address or a partition, "" for the engine's own."""

    kind: str
    where: str = ""


def engine(on: str) -> Engine:
    """`engine("slurm:gpu")`."""
    kind, colon, where = on.partition(":") if isinstance(on, str) else ("", "", "")
    if kind == "ray" and where.startswith("//"):
        return Engine("ray", on)
    if (kind in ("ray", "slurm") and bool(colon) == bool(where)) or on == "submitit-local":
        return Engine(kind, where)
    raise BadName(f"there is no engine {said(on)}; there are {', '.join(KNOWN)}")
