"""The fastest of several programs of equal meaning: found by a clock once, and remembered by the machine.

Programs that mean the same may round differently in the last bit. So a machine decides once and writes the decision
down, and every run says what it took: what ran today runs to the same bits tomorrow.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as File
from typing import Any

import jax
import numpy as np

from superpose.core.machine import cache_folder, processor
from superpose.core.mistakes import Mistake
from superpose.core.reading import read_json

Program = Callable[[int], Any]
"""Does the same so many times over."""
Build = Callable[[], Program]
"""Compiles it."""

MARGIN = 1.1
"""How many times faster than the first candidate another must be to be taken."""
SECONDS, ROUNDS = 0.02, 5


def wanted() -> bool:
    """Whether the clock is asked at all."""
    return os.environ.get("SUPERPOSE_CALIBRATE") != "0"


def fastest(name: str, candidates: tuple[str, ...], program: Callable[[str], Build]) -> str:
    """The one to take of the candidates for what is called `name`: the first, unless another is clearly faster."""
    if not wanted():
        return candidates[0]
    known = _read()
    if known.get(name) not in candidates:
        known = {**known, name: _apart(lambda: _first_or_faster(candidates, program))}
        _write(known)
    return known[name]


def _apart(f: Callable[[], str]) -> str:
    """In a thread of its own, which knows nothing of a trace that may be under way in this one."""
    x64 = jax.config.read("jax_enable_x64")

    def run() -> str:
        with jax.enable_x64(x64):
            return f()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def _first_or_faster(candidates: tuple[str, ...], program: Callable[[str], Build]) -> str:
    """Each is timed in turn, over and over. Machines drift, so what counts is the median of gains within a round."""
    builds = [program(c) for c in candidates]
    with ThreadPoolExecutor() as pool:  # the compiler lets Python go
        runs = list(pool.map(lambda build: build(), builds))
    times = np.array([[_each(run) for run in runs] for _ in range(ROUNDS)])
    gains = np.median(times[:, :1] / times, axis=0)
    return candidates[gains.argmax() if gains.max() > MARGIN else 0]


def _each(run: Program) -> float:
    """Seconds a repetition: of the processor's time where each core is a device, since all will be busy, else ours."""
    clock = time.process_time if len(jax.local_devices()) > 1 else time.perf_counter
    count = 1
    while True:
        began = clock()
        jax.block_until_ready(run(count))
        taken = clock() - began
        if taken > SECONDS:
            return taken / count
        count *= 4


def _file() -> File:
    """One file for each kind of processor and version of the compiler."""
    kind = f"{processor().get('model name', platform.processor())} {os.cpu_count()} {jax.__version__}"
    return cache_folder() / f"paths-{hashlib.sha256(kind.encode()).hexdigest()[:12]}.json"


_decided: dict[str, str] = {}
"""What this process has decided or read: a folder that cannot be written costs a calibration a process."""


def _read() -> dict[str, str]:
    try:
        known = read_json(_file())
    except Mistake:
        known = {}
    if not isinstance(known, dict):
        known = {}
    return {**{str(k): str(v) for k, v in known.items()}, **_decided}


def _write(known: dict[str, str]) -> None:
    """Whole or not at all, so that two processes cannot mix their decisions."""
    _decided.update(known)
    with contextlib.suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        fresh = _file().with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(known, indent=1, ensure_ascii=False), encoding="utf-8")
        fresh.replace(_file())
