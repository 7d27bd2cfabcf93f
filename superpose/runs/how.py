"""How to work on a run: what changes no result."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from superpose.core.fields import check_whole
from superpose.core.mistakes import BadName, BadValue, unknown
from superpose.runs.engines import engine
from superpose.runs.sinks import Sink
from superpose.train.sweep import check_limit


@dataclasses.dataclass(frozen=True)
class How:
    """How to work, which changes no result: memory in bytes, devices, cells of a chunk, who listens, and which share.

    `share` (i, n) is every n-th cell, from the i-th, while others have the rest. `on` names an engine to work on, which
    is "ray", "ray://HOST:PORT", "slurm", "slurm:PARTITION" or "submitit-local"; `workers` are its processes or jobs.
    `split="batch"` has devices share the rows of each batch in place of models: for a model so big that one step keeps
    all of them busy. It trains by autodiff, and sums are rounded by how they are shared: equal to 1e-5, not to the bit.
    """

    budget: int | None = None
    devices: int | None = None
    chunk: int | None = None
    quiet: bool = False
    sinks: Sequence[Sink] = ()
    share: tuple[int, int] | None = None
    on: str | None = None
    workers: int | None = None
    split: str = "model"

    @classmethod
    def of(cls, **words: Any) -> How:
        """From a caller's words, of which one may be misspelt."""
        known = [field.name for field in dataclasses.fields(cls)]
        if strange := [word for word in words if word not in known]:
            raise unknown("how to work has no", strange[0], known)
        return cls(**words)

    def __post_init__(self) -> None:
        check_limit("budget", self.budget)
        check_limit("devices", self.devices)
        if self.chunk is not None:
            check_whole("chunk", self.chunk)
        if self.split not in ("model", "batch"):
            raise BadName(f"split is {self.split!r}; it must be 'model' or 'batch'")
        if self.workers is not None:
            check_whole("workers", self.workers)
        if self.on is not None:
            engine(self.on)
            if self.share is not None:
                raise BadValue("a share is one process's; an engine makes its own: give `on` or `share`")
