"""The words of every command that trains: how to work, which changes no result."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Annotated, Any

import tyro

from superpose.core.mistakes import BadValue


def _says(metavar: str, default: str | None = None) -> Any:
    return tyro.conf.arg(metavar=metavar, help_behavior_hint=f"(default: {default})" if default else None)


@dataclasses.dataclass(frozen=True)
class Working:
    """How to work. No result depends on any of these."""

    chunk: Annotated[int | None, _says("WHOLE", "those of 10 s")] = None
    """Models that are kept together, and at most lost together."""
    budget: Annotated[str | None, _says("SIZE", "most of the memory")] = None
    """Most memory to use, for example 4GB."""
    devices: Annotated[int | None, _says("WHOLE", "all")] = None
    """How many of this machine's devices, or of its cores, to use."""
    on: Annotated[str | None, _says("ENGINE", "this machine")] = None
    """ray (a cluster of its own), ray://HOST:PORT, slurm:PARTITION or submitit-local."""
    workers: Annotated[int | None, _says("WHOLE", "the engine's own")] = None
    """Processes or jobs of the engine."""
    share: Annotated[str | None, _says("I/N", "all")] = None
    """Only every N-th missing model, from the I-th, beside others who take the rest: 0/3, 1/3 and 2/3."""
    join: Annotated[str | None, _says("HOST:PORT,N,I", "alone")] = None
    """Be process I of N that work as one, by jax.distributed; "auto" asks SLURM or the cloud who there is."""
    split: Annotated[str, _says("WORD")] = "model"
    """What devices share: model, or the batch of one large model, equal then to 1e-5 and not to the bit."""
    logger: Annotated[tuple[str, ...], _says("NAME", "none")] = ()
    """Also tell tensorboard, wandb or trackio, all of them offline, into RUN/loggers."""
    quiet: bool = False
    """No progress."""


def prepared(given: Working, folder: Path) -> Any:
    """The `How` that was asked for. It comes before JAX does anything: devices cannot be changed afterwards."""
    from superpose import runs
    from superpose.cli.experiment import use_cores
    from superpose.core.compiled import keep_compiled

    share, budget = shared(given.share), size(given.budget)
    joined(given.join)
    use_cores()
    keep_compiled()
    how = runs.How(
        budget=budget, devices=given.devices, chunk=given.chunk, quiet=given.quiet, share=share, on=given.on,
        workers=given.workers, split=given.split, sinks=[_logger(name, folder) for name in given.logger],
    )  # fmt: skip
    if given.workers is not None and given.on is None:
        raise BadValue("--workers are an engine's: give --on too, for example --on ray")
    return how


def _logger(name: str, folder: Path) -> Any:
    from superpose.core.mistakes import make_folder
    from superpose.runs.sinks import sink

    place = folder / "loggers"
    make_folder(place)
    return sink(name, place / name)


_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?(K|M|G|T|)(i?)B?", re.IGNORECASE)


def size(text: str | None) -> int | None:
    """Bytes: `4GB`, `512MiB`, `1e9` is not one."""
    if text is None:
        return None
    if not (found := _SIZE.fullmatch(text)) or float(found[1]) == 0:
        raise BadValue(f"--budget is {text!r}; write a size of memory, for example 4GB or 512MB")
    step = 1024 if found[3] else 1000
    return int(float(found[1]) * step ** " KMGT".index(found[2].upper() or " "))


def shared(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if not found or int(found[1]) >= int(found[2]):
        raise BadValue(f"--share is {text!r}; write I/N with I from 0 to N - 1, for example 0/3")
    return int(found[1]), int(found[2])


def joined(text: str | None) -> None:
    from superpose import runs

    if text is None:
        return
    if text == "auto":
        runs.join()
        return
    where, *counts = text.split(",")
    if len(counts) != 2 or ":" not in where or not all(c.isdecimal() and len(c) < 7 for c in counts):
        raise BadValue(f"--join is {text!r}; write HOST:PORT,N,I for process I of N, or auto")
    runs.join(where, processes=int(counts[0]), process=int(counts[1]))
