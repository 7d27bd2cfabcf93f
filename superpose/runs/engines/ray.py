"""Cells trained by Ray's workers: the driver alone writes, so that a worker's death costs what it had in hand.

Tasks carry the job as JSON and places, results carry arrays; Ray itself moves both by pickle, within a cluster that
must be trusted as a whole. A task that was lost Ray runs again, here or elsewhere, to the same bits.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import math
import os
import re
import secrets
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

import superpose
from superpose.core.mistakes import BadValue, Mistake, needs, said
from superpose.core.text import to_json
from superpose.core.trees import CLASSES
from superpose.runs.chunk import template
from superpose.runs.job import Job, Part, to_body
from superpose.runs.keeper import Keeper
from superpose.runs.stop import Stopped
from superpose.runs.work import UNITS, Task
from superpose.store.made import versions
from superpose.train.chunks import default_budget
from superpose.train.engine import bare
from superpose.train.progress import Progress

RETRIES = 3
AHEAD = 2
"""Tasks in flight for each worker, so that none waits for the driver."""


def train(
    where: str, workers: int | None, job: Job, work: Sequence[Task], keeper: Keeper, progress: Progress, budget: Any
) -> None:
    """Every cell of `work`, by all workers of the cluster at `where`, or of one that lasts as long as this call."""
    local = (workers or os.cpu_count() or 1) if not where else None
    with cluster(where, local) as ray:
        hands = local or workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        if budget is None and local:
            budget = default_budget() // local
        remote = ray.remote(max_retries=RETRIES, num_cpus=1, num_gpus=_gpus())(_cells)
        told = ray.put((json.dumps(to_body(job)), _modules(job), versions()))
        _all(
            ray, lambda task: remote.remote(told, task[0].number, task[1], budget),
            deque(_tasks(work, hands)), hands, keeper, progress,
        )  # fmt: skip


def _all(ray: Any, begin: Any, tasks: deque[Task], hands: int, keeper: Keeper, progress: Progress) -> None:
    flying: dict[Any, Task] = {}
    try:
        while tasks or flying:
            while tasks and len(flying) < AHEAD * hands:
                task = tasks.popleft()
                flying[begin(task)] = task
            for ref in ray.wait(list(flying), timeout=0.5)[0]:
                part, places = flying.pop(ref)
                leaves, seconds = _got(ray, ref)
                progress.advance(part.recipe.steps * len(places), seconds / hands)
                _done(keeper, part, places, leaves)
            keeper.heed()
    finally:
        for ref in flying:
            with contextlib.suppress(Exception):
                ray.cancel(ref, force=True)


def _done(keeper: Keeper, part: Part, places: np.ndarray, leaves: list[np.ndarray]) -> None:
    state = jax.tree.unflatten(jax.tree.structure(bare(template(part))), leaves)
    keeper.log.losses(part.recipe, part.ids[places], part.recipe.steps, state.loss)
    keeper.done(part, part.ids[places], state)


def _got(ray: Any, ref: Any) -> tuple[list[np.ndarray], float]:
    """A mistake of the caller's arrives as the mistake; a worker lost for good stops the run, and loses nothing."""
    try:
        return ray.get(ref)
    except ray.exceptions.RayTaskError as wrong:
        if isinstance(wrong.cause, Mistake):
            raise wrong.cause from None
        raise
    except ray.exceptions.RayError as wrong:
        why = str(wrong).strip().splitlines()[0] if str(wrong).strip() else type(wrong).__name__
        raise Stopped(f"Ray gave up on some cells after {RETRIES} retries ({why[:200]})") from None


def _tasks(work: Sequence[Task], hands: int) -> Iterator[Task]:
    """Whole units, as many as one call trains at most, and no more than leave work for everybody."""
    cells = {part.number: math.ceil(len(places) / part.path.width) for part, places in work}
    units = max(1, min(UNITS, sum(cells.values()) // (AHEAD * hands)))
    for part, places in work:
        size = units * part.path.width
        for first in range(0, len(places), size):
            yield part, places[first : first + size]


# -- in a worker


def _cells(
    told: tuple[str, list[str], dict], number: int, places: np.ndarray, budget: int | None
) -> tuple[list[np.ndarray], float]:
    """The final states at these places, as leaves, and the seconds it took."""
    from superpose.runs.work import Calls

    began, done = time.monotonic(), []
    part = _parts(*told[:2])[number]
    _check_here(part, told[2])
    calls = Calls(
        Progress(0, "", quiet=True), lambda part, ids, state: done.append(state),
        budget=budget or default_budget() // (os.cpu_count() or 1), devices=1,
    )  # fmt: skip
    calls.train(part, np.array(places))
    whole = jax.tree.map(lambda *a: np.concatenate(a), *done)
    return jax.tree.leaves(whole), time.monotonic() - began


def _parts(text: str, modules: list[str]) -> list[Part]:
    return _read(text, tuple(modules))


@functools.lru_cache(maxsize=4)
def _read(text: str, modules: tuple[str, ...]) -> list[Part]:

    from superpose.runs.job import from_body

    for name in modules:
        importlib.import_module(name)
    return list(from_body(json.loads(text), "the job").parts())


def _check_here(part: Part, wanted: dict[str, str]) -> None:
    """The same bits take the same packages, and a compiler where the path has a kernel."""
    from superpose.train.choose import agreed
    from superpose.train.fit import precision

    here = versions()
    if other := [f"{n} {here[n]}, not {v}" for n, v in wanted.items() if n != "device" and here.get(n) != v]:
        raise BadValue(f"a worker of Ray's has {'; '.join(other)}: install there what is installed here")
    with precision(part.recipe):
        agreed(part.path, part.recipe, part.cells.points)


# -- the cluster


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as wrong:
        raise needs("ray", wrong) from None


@contextlib.contextmanager
def cluster(where: str, workers: int | None) -> Iterator[Any]:
    """Ray at an address, or a local cluster that sends no statistics and asks whoever connects for a token."""
    with _environment(_locally() if workers is not None else _anywhere()):
        ray = _ray()
        if ray.is_initialized():
            yield ray
            return
        _connect(ray, where, workers)
        try:
            yield ray
        finally:
            ray.shutdown()


def _connect(ray: Any, where: str, workers: int | None) -> None:
    quiet = {"configure_logging": True, "logging_level": "ERROR", "log_to_driver": False}
    local = {"address": "local", "num_cpus": workers, "include_dashboard": False}
    with _our_signals(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"os.fork\(\) was called", RuntimeWarning)  # Ray's, whose child only execs
        try:
            ray.init(**({"address": where} if workers is None else local), **quiet)
        except (ConnectionError, RuntimeError, ValueError) as wrong:
            raise BadValue(f"no Ray cluster answers at {where or 'this machine'}: {said(str(wrong))}") from None


def _anywhere() -> dict[str, str]:
    return {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


def _locally() -> dict[str, str]:
    """What workers of a local cluster inherit: this process's modules, and one core each."""
    source = str(Path(superpose.__file__).parents[1])
    paths = os.pathsep.join(dict.fromkeys([source, *(p for p in sys.path if p)]))
    one = {"JAX_NUM_CPU_DEVICES": "1", "NPROC": "1", "OMP_NUM_THREADS": "1"}
    return {**_anywhere(), "PYTHONPATH": paths, **one, **_token()}


@functools.cache
def _token() -> dict[str, str]:
    """One a process, in no file. Ray reads it when it is imported: where that has been, it has settings of its own."""
    if "RAY_AUTH_MODE" in os.environ or "ray" in sys.modules:
        return {}
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


@contextlib.contextmanager
def _environment(given: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


@contextlib.contextmanager
def _our_signals() -> Iterator[None]:
    """Ray takes SIGTERM for itself; here it means to stop and keep what there is."""
    main = threading.current_thread() is threading.main_thread()
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT)} if main else {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _gpus() -> int:
    return 1 if jax.default_backend() == "gpu" else 0


def _modules(job: Job) -> list[str]:
    """Where the classes of a recipe live that are not superpose's own: workers import them."""
    names = re.findall(r'"class": "(\w+)"', to_json(job.recipe))
    found = sorted({CLASSES[name].__module__ for name in names})
    if "__main__" in found:
        raise BadValue("a class of this recipe is defined in the script itself; put it in a module workers can import")
    return [name for name in found if not name.startswith("superpose.")]
