"""A run as an array of SLURM jobs, by submitit: each has a share of the cells, and all write to one run directory.

The directory must be on a file system that every node sees. submitit keeps what a job is to call as a pickle in the
folder `submitit` of the run, and the job loads it: code, from this user to the same user. Nothing else is ever loaded
from there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import re
import shlex
import signal
import time
from typing import Any

import jax
import numpy as np

from superpose.core.mistakes import BadValue, needs, said
from superpose.runs.engines import Engine
from superpose.runs.folder import Folder
from superpose.runs.stop import Stop, Stopped, listening
from superpose.train.progress import Progress

JOBS = 4
"""Jobs of an array, unless told."""
MINUTES = 24 * 60
"""Longest that one job may take before it is put back in the queue, unless SLURM's settings say less."""
WARNED = 120
"""Seconds before that in which a job is told."""
REQUEUES = 1000


@dataclasses.dataclass(frozen=True)
class Share:
    """What one job does: every n-th cell from the i-th on. Interrupted, it ends its segment and asks to be requeued."""

    folder: str
    share: tuple[int, int]
    budget: int | None = None
    devices: int | None = None
    chunk: int | None = None
    cores: int | None = None

    def __call__(self) -> str:
        from superpose.runs.how import How
        from superpose.runs.launch import go_on

        _use(self.cores or _mine())
        how = How(share=self.share, budget=self.budget, devices=self.devices, chunk=self.chunk, quiet=False)
        with _told_to_leave() as leave:
            try:
                go_on(self.folder, repair=False, how=how)
                return "done"
            except Stopped:
                if not leave.asked:
                    raise
        signal.raise_signal(_preempted())  # submitit's own handler, which requeues
        return "requeued"

    def checkpoint(self) -> Any:
        """The same again: the run directory knows how far it came."""
        return _submitit().helpers.DelayedSubmission(self)


def _mine() -> int:
    """Cores that SLURM gave to this job."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _use(cores: int) -> None:
    """Before JAX starts; where somebody has said another number, it stays."""
    if "JAX_NUM_CPU_DEVICES" not in os.environ:
        jax.config.update("jax_num_cpu_devices", cores)


def train(on: Engine, folder: Folder, how: Any) -> None:
    """Submit the array, and wait until its jobs have ended. Their own log files are in `submitit` beside the chunks."""
    missing = folder.missing()
    if not (cells := sum(map(len, missing))):
        return
    jobs = _submitted(on, folder, how, _jobs(missing, min(how.workers or JOBS, cells)))
    with listening() as stop:
        _wait(on, folder, jobs, Progress(_steps(folder), f"{cells:,} models, {len(jobs)} jobs", quiet=how.quiet), stop)
    left = sum(map(len, folder.missing()))
    if left:
        raise Stopped(f"{left:,} cells are not finished: {_why(jobs)}; go on with: {_again(folder)} --on {how.on}")


def _jobs(missing: list[np.ndarray], most: int) -> int:
    """About so many, and a number that shares evenly what is missing: a job that died left every n-th cell."""
    places = np.concatenate(missing)
    return min(range(most, most // 2, -1), key=lambda n: np.bincount(places % n).max() * n)


def _steps(folder: Folder) -> int:
    return sum(part.recipe.steps * len(left) for part, left in zip(folder.parts(), folder.missing(), strict=True))


def _submitted(on: Engine, folder: Folder, how: Any, count: int) -> list[Any]:
    cores = max(1, (os.cpu_count() or 1) // count) if on.kind == "submitit-local" else None
    whole = Share(str(folder.path.absolute()), (0, count), how.budget, how.devices, how.chunk, cores)
    try:
        executor = _executor(on, folder)
        with executor.batch():
            return [executor.submit(dataclasses.replace(whole, share=(i, count))) for i in range(count)]
    except (RuntimeError, ValueError, NameError) as wrong:
        raise BadValue(f"SLURM cannot be used here: {said(str(wrong))}") from None


def _submitit() -> Any:
    try:
        return importlib.import_module("submitit")
    except ImportError as wrong:
        raise needs("slurm", wrong) from None


def _executor(on: Engine, folder: Folder) -> Any:
    submitit, logs = _submitit(), folder.path / "submitit"
    if on.kind == "submitit-local":
        executor = submitit.AutoExecutor(logs, cluster="local", local_max_num_timeout=REQUEUES)
        executor.update_parameters(timeout_min=MINUTES)
        return executor
    executor = submitit.AutoExecutor(logs, cluster="slurm", slurm_max_num_timeout=REQUEUES)
    wanted = {"name": "superpose", "timeout_min": MINUTES, "slurm_signal_delay_s": WARNED, **resources(on.where)}
    executor.update_parameters(**wanted)
    return executor


def resources(where: str) -> dict[str, Any]:
    """`resources("gpu,cpus_per_task=8,timeout_min=60")`: the partition, and what else submitit is to ask of SLURM."""
    partition, *rest = where.split(",") if where and "=" not in where.partition(",")[0] else ("", where)
    found: dict[str, Any] = {"slurm_partition": partition} if partition else {}
    for word in filter(None, ",".join(rest).split(",")):
        name, sign, value = word.partition("=")
        if not sign or not name or not value:
            raise BadValue(f"slurm:{where}: write {said(word)} as name=value, for example cpus_per_task=8")
        found[name] = int(value) if value.isdecimal() else value
    return found


def _wait(on: Engine, folder: Folder, jobs: list[Any], progress: Progress, stop: Stop) -> None:
    """Look seldom: a look reads the names of what is finished."""
    before = total = progress.total
    pause = 1.0 if on.kind == "submitit-local" else 20.0
    looked = time.monotonic()
    while not all(job.done() for job in jobs):
        time.sleep(0.2)
        if stop.asked:
            _leave(on, folder, jobs, stop.asked)
        if time.monotonic() - looked > pause:
            began = time.monotonic()
            left = _steps(folder)
            progress.advance(before - left)
            before, looked = left, time.monotonic()
            pause = max(pause, 50 * (looked - began))
    progress.advance(total - _steps(folder) - progress.done)
    progress.close()


def _leave(on: Engine, folder: Folder, jobs: list[Any], why: str) -> None:
    """SLURM's jobs go on without whoever waits; local ones end with him."""
    where = shlex.quote(str(folder.path))
    if on.kind == "slurm":
        raise Stopped(f"{why}; the jobs go on: see `superpose status {where}`, or end them with scancel")
    for job in jobs:
        job.cancel()
    for job in jobs:
        with contextlib.suppress(Exception):
            job.wait()
    raise Stopped(f"stopped by {why}; go on with: {_again(folder)}")


def _why(jobs: list[Any]) -> str:
    """What the first job that failed said last."""
    for job in jobs:
        with contextlib.suppress(Exception):
            wrong = job.exception()
            if wrong is not None:
                return f"job {job.job_id}: {_last_words(str(wrong)) or type(wrong).__name__}"
    return "some jobs ended early, see their logs in submitit"


def _last_words(trace: str) -> str:
    """The line of a traceback that names the error; without one, the first line there is."""
    lines = [line.strip() for line in trace.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+: ", line)]
    return (named or lines or [""])[-1 if named else 0][:300]


def _again(folder: Folder) -> str:
    return f"superpose resume {shlex.quote(str(folder.path))}"


def _preempted() -> int:
    """The signal by which submitit has SLURM say that a job must go."""
    return getattr(signal, "SIG" + os.environ.get("SUBMITIT_PREEMPT_SIGNAL", "USR2"))


@contextlib.contextmanager
def _told_to_leave() -> Any:
    """While this lasts, that signal asks the run to stop, as SIGTERM does, at the end of its segment."""
    leave, number = Stop(), _preempted()

    def hear(number: int, frame: Any) -> None:
        leave.hear(number)
        signal.raise_signal(signal.SIGTERM)

    before = signal.signal(number, hear)
    try:
        yield leave
    finally:
        signal.signal(number, before)
