"""Several processes as one, when `jax.distributed` joins them: all do what the first decides, each with its devices.

All of these must be called by every process, in the same order. In a process that is alone they cost nothing.
"""

from __future__ import annotations

import atexit
import contextlib
import contextvars
import dataclasses
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from superpose.core.mistakes import BadValue, Mistake


class Lost(Mistake):
    """Another process of this run is gone, and so all must begin again from what is on the disk."""

    code = 75


def many() -> bool:
    return jax.process_count() > 1


def first() -> bool:
    """Whether this is the process that decides, and writes."""
    return jax.process_index() == 0


def devices(count: int) -> np.ndarray:
    """`count` devices in all, as many of each process."""
    each = count // jax.process_count()
    return np.asarray([d for p in range(jax.process_count()) for d in _of(p)[:each]])


def _of(process: int) -> list[Any]:
    return jax.local_devices(process_index=process)


def spread(here: int, units: int) -> int:
    """Devices in all, where each process gives `here` at most and there are so many units to share."""
    return min(here, -(-units // jax.process_count())) * jax.process_count()


_SPLIT: contextvars.ContextVar[Any] = contextvars.ContextVar("split", default=None)


@contextlib.contextmanager
def splitting(mesh: Any) -> Iterator[None]:
    """What is traced while this lasts trains each model on all devices of the mesh, which share the rows."""
    before = _SPLIT.set(mesh)
    try:
        yield
    finally:
        _SPLIT.reset(before)


def rows(batch: Any) -> Any:
    """A batch whose rows the devices share, if they do; the compiler sees to the rest."""
    if (mesh := _SPLIT.get()) is None:
        return batch
    share = NamedSharding(mesh, PartitionSpec("batch"))
    x, y = (jax.tree.map(lambda a: jax.lax.with_sharding_constraint(a, share), part) for part in (batch.x, batch.y))
    return dataclasses.replace(batch, x=x, y=y)


def whole(tree: Any) -> Any:
    """Host arrays in place of JAX's own, which belong to one process's devices."""
    return jax.tree.map(lambda a: np.asarray(a) if isinstance(a, jax.Array) else a, tree) if many() else tree


def put(tree: Any, sharding: Any) -> Any:
    """Arrays that every process has whole, spread over devices of which it may have only some."""
    if sharding.is_fully_addressable:
        return jax.device_put(tree, sharding)
    return jax.tree.map(lambda a: _put(np.asarray(a), sharding), tree)


def _put(a: np.ndarray, sharding: Any) -> Any:
    return jax.make_array_from_callback(a.shape, sharding, lambda place: a[place])


def gathered(tree: Any) -> Any:
    """The way back: host arrays, whole in every process."""
    if not many():
        return jax.tree.map(np.asarray, tree)
    from jax.experimental.multihost_utils import process_allgather

    return _together(lambda: jax.tree.map(lambda a: np.asarray(process_allgather(a, tiled=True)), tree))


def most(value: float) -> float:
    """The largest of what the processes say."""
    if not many():
        return value
    from jax.experimental.multihost_utils import process_allgather

    return float(_together(lambda: process_allgather(np.asarray([value], np.float32))).max())


def same(make: Callable[[], bytes]) -> bytes:
    """What the first process makes, or its mistake, in all of them. They travel as whole numbers, to the bit."""
    if not many():
        return make()
    if not first():
        return _opened(_from_first(b""))
    try:
        data = make()
    except (Exception, SystemExit) as wrong:
        _from_first(b"-" + str(wrong).encode())
        raise
    _from_first(b"+" + data)
    return data


def does(act: Callable[[], Any]) -> Any:
    """What the first process does alone; the others wait until it is done, get None, or fail with it."""
    found: list[Any] = []

    def do() -> bytes:
        found.append(act())
        return b""

    same(do)
    return found[0] if found else None


def _opened(told: bytes) -> bytes:
    if told[:1] != b"+":
        raise BadValue(told[1:].decode())
    return told[1:]


def _from_first(data: bytes) -> bytes:
    from jax.experimental.multihost_utils import broadcast_one_to_all

    def tell() -> bytes:
        size = int(broadcast_one_to_all(np.int32(len(data))))
        room = np.frombuffer(data.ljust(size, b"\0")[:size], np.uint8)
        return np.asarray(broadcast_one_to_all(room)).astype(np.uint8).tobytes()

    return _together(tell)


def _together(f: Callable[[], Any]) -> Any:
    try:
        return f()
    except jax.errors.JaxRuntimeError as wrong:
        why = str(wrong).splitlines()[0][:200]
        atexit.register(_leave)
        raise Lost(
            f"another process of this run is gone ({why}); start all of them again with superpose resume"
        ) from None


def _leave() -> None:
    """At the very end: to take leave properly is to wait for the one that is gone, and then to be killed for it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(Lost.code)
