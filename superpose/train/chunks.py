"""One compiled program for thousands of cells: as many at a time as memory holds, over all devices."""

from __future__ import annotations

import dataclasses
import functools
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from superpose.core.keys import take
from superpose.core.mistakes import BadValue, amount, memory
from superpose.core.trees import index
from superpose.train import hosts
from superpose.train.engine import Clock
from superpose.train.paths import Path, plain
from superpose.train.recipe import Recipe
from superpose.train.units import Cells, advance_units, begin_units, open_ended


@dataclasses.dataclass(frozen=True)
class Program:
    """Two compiled functions for `units` × `width` cells, which `devices` share, and the bytes they need."""

    units: int
    width: int
    devices: NamedSharding
    begin: Any
    advance: Any
    bytes: int


def default_budget() -> int:
    """Bytes that this machine can give; among several the least that one has."""
    stats = jax.local_devices()[0].memory_stats() or {}
    return int(-hosts.most(-(0.8 * stats["bytes_limit"] if "bytes_limit" in stats else memory() // 2)))


def plan(
    base: Recipe, cells: Cells, path: Path, budget: int, devices: int, most: int | None = None, split: str = "model"
) -> Program:
    """The most units that fit, by the compiler's own figure, and no more than `most`. `devices` are one process's.

    They share the models, or where `split` is "batch" the rows of each, which changes how their sums are rounded.
    """
    base, wide, count = open_ended(base), path.width, cells.keys.shape[0]
    total = math.ceil(count / wide)
    devices = min(devices, len(jax.local_devices()))
    if split == "batch":
        return compiled(base, cells, 1, path, devices * jax.process_count(), split)
    devices = hosts.spread(devices, total)
    guess = _guess(base, cells, wide, budget)
    units = _even(total, max(devices, min(guess, most or guess)), devices)
    while True:
        program = compiled(base, cells, units, path, devices)
        if program.bytes <= budget:
            return program
        if units == devices:
            raise BadValue(
                f"one unit of {wide} models on each of {devices} devices needs {amount(program.bytes)}; "
                f"the budget is {amount(budget)}: give more, or shorten batch, logs or snapshots"
            )
        units = _even(total, max(devices, units // 2), devices)


def _even(total: int, most: int, devices: int) -> int:
    """Units per chunk: a multiple of the devices, at most `most`, with the last chunk as full as can be."""
    chunks = math.ceil(total / max(most, 1))
    return math.ceil(math.ceil(total / chunks) / devices) * devices


def _guess(base: Recipe, cells: Cells, wide: int, budget: int) -> int:
    state = jax.eval_shape(begin_units, base, jax.eval_shape(lambda c: padded(c, 1, wide, 0), cells))
    per_unit = 2 * sum(a.size * a.dtype.itemsize for a in jax.tree.leaves(state))
    return max(1, int(budget / per_unit))


def compiled(base: Recipe, cells: Cells, units: int, path: Path, devices: int, split: str = "model") -> Program:
    """The program for these shapes, made once per process."""
    example = jax.tree.map(_aval, (base, jax.eval_shape(lambda c: padded(c, units, path.width, 0), cells)))
    leaves, tree = jax.tree.flatten(example)
    return _compile(tuple(leaves), tree, units, path, devices, split, jax.config.read("jax_enable_x64"))


def _aval(a: Any) -> jax.ShapeDtypeStruct:
    weak = isinstance(a, (bool, int, float)) or getattr(a, "weak_type", False)
    kind = jax.dtypes.canonicalize_dtype(type(a)) if isinstance(a, (bool, int, float)) else a.dtype
    return jax.ShapeDtypeStruct(np.shape(a), kind, weak_type=weak)


@functools.lru_cache(maxsize=64)
def _compile(leaves: tuple, tree: Any, units: int, path: Path, devices: int, split: str, x64: bool) -> Program:
    base, cells = jax.tree.unflatten(tree, leaves)
    mesh = Mesh(hosts.devices(devices), (split,))
    begin, advance = (_by_model if split == "model" else _by_batch)(mesh, path)
    spread = NamedSharding(mesh, PartitionSpec("model") if split == "model" else PartitionSpec())
    keys: Any = jax.ShapeDtypeStruct(cells.keys.shape, cells.keys.dtype, sharding=spread)  # said even where unused
    cells = dataclasses.replace(cells, keys=keys)
    tick = jax.ShapeDtypeStruct((), np.int32)
    clock = Clock(start=tick, stop=tick, steps=tick)
    traced = hosts.splitting(mesh if split == "batch" else None)
    with traced, ThreadPoolExecutor() as pool:  # the compiler lets Python go, so the next is traced meanwhile
        start = begin.lower(base, cells)
        first = pool.submit(start.compile, compiler_options=plain())
        rest = advance.lower(base, cells, start.out_info, clock).compile(compiler_options=path.options(base.batch))
    return Program(units, path.width, spread, first.result(), rest, devices // jax.process_count() * need(rest))


def _by_model(mesh: Mesh, path: Path) -> tuple[Any, Any]:
    """Every device has units of its own, and none waits for another."""
    each, same = PartitionSpec("model"), PartitionSpec()
    cells = Cells(points=each, keys=each, data=same, start=each)  # type: ignore[arg-type]
    advance = functools.partial(advance_units, path=path)
    share = functools.partial(jax.shard_map, mesh=mesh, out_specs=each, check_vma=False)
    return (
        jax.jit(share(begin_units, in_specs=(same, cells))),
        jax.jit(share(advance, in_specs=(same, cells, each, same)), donate_argnums=2),
    )


def _by_batch(mesh: Mesh, path: Path) -> tuple[Any, Any]:
    """Every device has every model, and some of the rows that it learns from; gradients are summed over all."""
    same = NamedSharding(mesh, PartitionSpec())
    advance = functools.partial(advance_units, path=path)
    return (
        jax.jit(begin_units, in_shardings=same, out_shardings=same),
        jax.jit(advance, in_shardings=same, out_shardings=same, donate_argnums=2),
    )


def need(compiled: Any) -> int:
    """Bytes that one device holds while this runs, as the compiler planned it."""
    use = compiled.memory_analysis()
    return use.temp_size_in_bytes + use.argument_size_in_bytes + use.output_size_in_bytes - use.alias_size_in_bytes


def padded(cells: Cells, units: int, wide: int, first: int, devices: Any = None) -> Cells:
    """Cells `first` … as [units, width]; the last one is repeated where there are no more."""
    count = cells.keys.shape[0]
    places = np.minimum(first + np.arange(units * wide), count - 1).astype(np.int32).reshape(units, wide)
    padded = dataclasses.replace(
        cells,
        points=index(cells.points, places),
        keys=take(cells.keys, places, devices),
        start=index(cells.start, places),
    )
    return padded if devices is None or devices.is_fully_addressable else _everywhere(padded, devices)


def _everywhere(cells: Cells, devices: NamedSharding) -> Cells:
    """Over devices of several processes nothing is spread unasked, not even what is the same on all."""
    same = NamedSharding(devices.mesh, PartitionSpec())
    data = cells.data
    if data is not None:
        words = hosts.put(jax.random.key_data(data), same)
        data = jax.random.wrap_key_data(words, impl=jax.random.key_impl(data))
    return Cells(
        points=hosts.put(cells.points, devices), keys=cells.keys, data=data, start=hosts.put(cells.start, devices)
    )


def forget() -> None:
    """Let compiled programs go."""
    _compile.cache_clear()
