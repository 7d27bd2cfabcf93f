"""The same training in JAX without superpose: what one would write first, and then one choice at a time.

`kind` is a row of `jax_ladder.ROWS`: the flags that are set. With none it is the obvious program: `vmap` of
`value_and_grad` and optax, one compiled call a step.

loop        the steps inside the program, by scan
serial      jax_threefry_partitionable=False
one_draw    one uniform an entry: below p it is, divided by p, uniform itself
by_hand     the gradient in closed form
chunked     as many models as stay in cache at a time, with the time loop inside, and AdamW written out
minor       batch-minor layout
devices     one device a core
"""

from __future__ import annotations

import os
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.worker import Job, serve
from benchmarks.workloads import DECAY, RATE, Workload, workload

CACHED = 2**16
"""Numbers of x in a chunk: 256 KB."""


def batches(work: Workload, flags: set[str], key: Any, p: Any) -> Any:
    """x "batch features", or "features batch" if minor."""
    shape = (work.n, work.batch) if "minor" in flags else (work.batch, work.n)
    if "one_draw" in flags:
        u = jax.random.uniform(key, shape)
        return jnp.where(u < p, u * (1 / p), 0.0)
    k_on, k_size = jax.random.split(key)
    return jnp.where(jax.random.uniform(k_on, shape) <= p, jax.random.uniform(k_size, shape), 0.0)


def slope(work: Workload, flags: set[str], W: Any, b: Any, x: Any, importance: Any) -> Any:
    """The gradient of the mean squared error in W "features hidden" and b."""
    if "by_hand" not in flags:
        x = x.T if "minor" in flags else x
        error = lambda W, b: (importance * (jax.nn.relu(x @ W @ W.T + b) - x) ** 2).mean()
        return jax.value_and_grad(error, argnums=(0, 1))(W, b)[1]
    weight = importance * (2 / (work.batch * work.n))
    if "minor" in flags:
        hidden = W.T @ x
        z = W @ hidden + b[:, None]
        g = jnp.where(z > 0, z - x, 0.0)
        return weight[:, None] * (g @ hidden.T) + x @ ((W * weight[:, None]).T @ g).T, weight * g.sum(1)
    hidden = x @ W
    z = hidden @ W.T + b
    g = jnp.where(z > 0, z - x, 0.0)
    return weight[:, None] * (g.T @ hidden) + x.T @ (g @ (W * weight[:, None])), weight * g.sum(0)


def adamw(parameters: Any, slope: Any, memory: Any, t: Any) -> tuple[Any, Any]:
    """AdamW written out: `memory` is the two moments."""
    after = t.astype(jnp.float32) + 1
    size1, size2 = 1 / (1 - 0.9**after), 1 / (1 - 0.999**after)
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, memory[0], slope)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, memory[1], slope)
    move = lambda p, m, v: p - RATE * (m * size1 / (jnp.sqrt(v * size2) + 1e-8) + DECAY * p)
    return jax.tree.map(move, parameters, first, second), (first, second)


def steps_of(work: Workload, flags: set[str]) -> tuple[Any, Any]:
    """`begin(parameters)` to the optimiser's memory, and one model's step."""
    optimizer = optax.adamw(RATE, weight_decay=DECAY)
    own = "chunked" in flags

    def step(parameters: Any, memory: Any, key: Any, p: Any, importance: Any, t: Any) -> tuple[Any, Any]:
        g = slope(work, flags, *parameters, batches(work, flags, jax.random.fold_in(key, t), p), importance)
        if own:
            return adamw(parameters, g, memory, t)
        updates, memory = optimizer.update(g, memory, parameters)
        return optax.apply_updates(parameters, updates), memory

    zeros = lambda q: jax.tree.map(jnp.zeros_like, q)
    begin = (lambda q: (zeros(q), zeros(q))) if own else jax.vmap(optimizer.init)
    return begin, jax.vmap(step, in_axes=(0, 0, 0, 0, 0, None))


def program(work: Workload, flags: set[str]) -> tuple[Any, Any]:
    begin, step = steps_of(work, flags)

    def advance(state: Any, cells: Any, first: Any, last: Any) -> Any:
        return jax.lax.fori_loop(first, last, lambda t, s: step(*s, *cells, t), state)

    def chunks(state: Any, cells: Any, first: Any, last: Any) -> Any:
        return jax.lax.map(lambda part: advance(*part, first, last), (state, cells))

    f = chunks if "chunked" in flags else advance
    if "devices" in flags:
        mesh = jax.make_mesh((len(jax.devices()),), ("model",), (jax.sharding.AxisType.Auto,))
        each, same = jax.P("model"), jax.P()
        specs = {"in_specs": (each, each, same, same), "out_specs": each}
        f = jax.shard_map(f, mesh=mesh, check_vma=False, **specs)
    return begin, jax.jit(f, donate_argnums=0)


def make(spec: dict) -> Job:
    flags, work = set(spec["kind"].split()), workload(spec)
    if "devices" in flags:
        jax.config.update("jax_num_cpu_devices", os.cpu_count())
    jax.config.update("jax_threefry_partitionable", "serial" not in flags)
    begin, advance = program(work, flags)
    cells = _cells(work, flags)
    parameters = _start(work, flags)
    state, done = (parameters, begin(parameters)), 0

    def run(steps: int) -> None:
        nonlocal state, done
        stride = steps if "loop" in flags else 1
        for t in range(done, done + steps, stride):
            state = advance(state, cells, np.int32(t), np.int32(t + stride))
        jax.block_until_ready(state)
        done += steps

    return Job(run, work.models, None, {"jax": jax.__version__, "threads": os.cpu_count()})


def _lead(work: Workload, flags: set[str]) -> tuple[int, ...]:
    """Leading axes: models, or chunks × models."""
    if "chunked" not in flags:
        return (work.models,)
    fits = max(1, CACHED // (work.n * work.batch))
    devices = len(jax.devices()) if "devices" in flags else 1
    each = next(c for c in range(min(fits, work.models), 0, -1) if work.models % (c * devices) == 0)
    return (work.models // each, each)


def _cells(work: Workload, flags: set[str]) -> tuple[Any, Any, Any]:
    lead = _lead(work, flags)
    p, importance = work.flat()
    keys = jax.random.split(jax.random.key(1), work.models)
    return keys.reshape(lead), jnp.asarray(p).reshape(lead), jnp.asarray(importance).reshape(*lead, work.n)


def _start(work: Workload, flags: set[str]) -> tuple[Any, Any]:
    shape = (*_lead(work, flags), work.n)
    W = jax.random.normal(jax.random.key(0), (*shape, work.m)) * (2 / (work.n + work.m)) ** 0.5
    return W, jnp.zeros(shape)


if __name__ == "__main__":
    serve(make)
