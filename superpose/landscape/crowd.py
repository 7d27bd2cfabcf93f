"""Models × temperatures × chains as one crowd of walks: in blocks that stay in a cache."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal, jaxprs_in_params
from jax.flatten_util import ravel_pytree

from superpose.core.keys import stream
from superpose.core.shapes import Array, Float
from superpose.core.streams import in_stream
from superpose.landscape.losses import draws, ready
from superpose.landscape.polish import Polish, polish
from superpose.landscape.walks import Lengths, Settings, Walked, walk

CACHE = 2**17
"""Numbers of the largest array of one block's step."""
MOST = 512
"""Walks of a block."""


class Crowd(NamedTuple):
    """Minima as rows of numbers, with keys and losses. `moving` are the parts of the loss that differ by model."""

    centres: Float[Array, "models params"]
    keys: Any
    loss: Float[Array, "models"]
    polish: Polish
    moving: list
    join: Any
    unravel: Any
    lead: tuple[int, ...]


def gather(params: Any, loss: Any, key: Any, instances: int, sampler: Any) -> Crowd:
    """The models in one line, polished."""
    lead = jax.tree.leaves(params)[0].shape[:instances]
    count = math.prod(lead)
    params = jax.tree.map(lambda a: jnp.asarray(a).reshape((count, *a.shape[instances:])), params)
    unravel = ravel_pytree(jax.tree.map(lambda a: a[0], params))[1]
    flat = jax.vmap(lambda p: ravel_pytree(p)[0])(params)
    keys = _keys(key, lead, count)
    moving, join = _parted(loss, lead, count)
    drawn = draws(loss)

    def settle(one: tuple) -> tuple:
        x, moved, k = one
        own = join(moved)

        def value(w: Any) -> Any:
            return own(unravel(w)) if not drawn else _mean(own, unravel(w), k)

        steps = 0 if drawn else sampler.polish
        centre, did = polish(value, x, steps)
        return centre, value(centre), did

    size = max(1, min(count, 64))
    centres, at, did = jax.lax.map(settle, (flat, moving, keys), batch_size=size)
    return Crowd(centres, keys, at, did, moving, join, unravel, lead)


def spread(crowd: Crowd, sampler: Any) -> tuple[Array, Walked]:
    """Every walk of the crowd: nβ of each temperature, and what was found, in the order model, temperature, chain."""
    kind = crowd.centres.dtype
    nbeta = jnp.asarray(sampler.nbeta if isinstance(sampler.nbeta, tuple) else [sampler.nbeta], kind)
    models, hot, chains = crowd.centres.shape[0], nbeta.shape[0], sampler.chains
    total = models * hot * chains
    block = min(MOST, max(1, CACHE // _widest(crowd)), total)
    blocks = -(-total // block)
    place = jnp.asarray(np.minimum(np.arange(blocks * block), total - 1).reshape(blocks, block), jnp.int32)
    keys = jax.random.key_data(_of_walks(crowd.keys, hot, chains))[place]

    found = jax.lax.map(lambda p: _block(crowd, nbeta, sampler, *p), (place, keys))
    trace = jnp.moveaxis(found.trace, 1, -1).reshape(blocks * block, -1)[:total].T
    rest = (a.reshape(-1)[:total] for a in (found.excess, found.taken, found.finite))
    excess, taken, finite = rest
    return nbeta, Walked(excess, trace, taken, finite)


def _of_walks(keys: Any, hot: int, chains: int) -> Any:
    """A key for each walk, that no number of other walks moves."""

    def child(keys: Any, n: int) -> Any:
        each = jax.vmap(lambda i: jax.vmap(lambda k: jax.random.fold_in(k, i))(keys))(jnp.arange(n))
        return each.T.reshape(-1)

    return child(child(keys, hot), chains)


def _block(crowd: Crowd, nbeta: Array, sampler: Any, place: Array, words: Array) -> Walked:
    """Walks side by side, on the last axis."""
    hot, chains = nbeta.shape[0], sampler.chains
    model, heat = place // (hot * chains), place // chains % hot
    keys = jax.random.wrap_key_data(words, impl="threefry2x32")
    kind = crowd.centres.dtype
    nb = nbeta[heat]
    given = Settings(nb, jnp.full_like(nb, sampler.gamma), jnp.asarray(sampler.step, kind) / nb)
    slope, base = _slopes(crowd, model, keys)
    total = sampler.burn_in + sampler.draws
    lengths = Lengths(sampler.burn_in, sampler.draws, min(sampler.pieces, total))
    return walk(slope, base, crowd.centres[model].T, words.T, given, lengths, sampler.kind == "mala")


def _slopes(crowd: Crowd, model: Array, keys: Any) -> tuple[Any, Any]:
    """Loss and gradient of all walks of a block at a step, and the loss at their centres."""
    moved, join, where = _ready(crowd, [a[model] for a in crowd.moving])
    drawn = draws(join(moved))

    def one(moved: list, w: Array, key: Any) -> Array:
        own, params = join(moved), crowd.unravel(w)
        return own(params, key) if drawn else own(params)

    def luck(t: Any) -> Any:
        return jax.vmap(lambda k: stream(jax.random.fold_in(k, t), "batch"))(keys)

    both = jax.vmap(jax.value_and_grad(one, argnums=1), in_axes=(where, -1, 0), out_axes=(0, -1))
    if not drawn:
        return (lambda w, t: both(moved, w, keys)), (lambda t: crowd.loss[model])
    centre = crowd.centres[model].T
    alone = jax.vmap(one, in_axes=(where, -1, 0))
    return (lambda w, t: both(moved, w, luck(t))), (lambda t: alone(moved, centre, luck(t)))


def _ready(crowd: Crowd, moving: list) -> tuple[list, Any, list]:
    """The loss with its rows drawn, before the loop: its parts, what joins them, and which of them differ by walk."""
    tree = jax.tree.structure(jax.eval_shape(lambda m: ready(crowd.join(m)), [a[0] for a in moving]))

    def parts(moving: list) -> list:
        return jax.tree.leaves(ready(crowd.join(moving)))

    differ = [0 if d else None for d in _depends(parts, [a[0] for a in moving])]
    made = jax.vmap(parts, out_axes=differ)(moving) if moving else parts([])
    return made, (lambda leaves: jax.tree.unflatten(tree, leaves)), differ


def _depends(f: Any, args: list) -> list[bool]:
    """Which of the arrays that `f` returns depend on what it is given."""
    program = jax.make_jaxpr(f)(args).jaxpr
    touched = set(program.invars)
    for equation in program.eqns:
        if any(not isinstance(v, Literal) and v in touched for v in equation.invars):
            touched.update(equation.outvars)
    return [not isinstance(v, Literal) and v in touched for v in program.outvars]


def _parted(loss: Any, lead: tuple[int, ...], count: int) -> tuple[list, Any]:
    """The leaves of a loss that are stacks with the models' axes in front, and what makes a loss of them again."""
    leaves, tree = jax.tree.flatten(loss)
    stacked = [bool(lead) and np.shape(a)[: len(lead)] == lead for a in leaves]
    moving = [jnp.reshape(a, (count, *np.shape(a)[len(lead) :])) for a, s in zip(leaves, stacked, strict=True) if s]

    def join(moved: list) -> Any:
        left = iter(moved)
        return jax.tree.unflatten(tree, [next(left) if s else a for a, s in zip(leaves, stacked, strict=True)])

    return moving, join


def _keys(key: Any, lead: tuple[int, ...], count: int) -> Any:
    """A key for each model: its own, or what follows from one key and its place."""
    key = jax.random.wrap_key_data(jax.random.key_data(in_stream(key, "threefry")), impl="threefry2x32")
    if key.shape == lead:
        return key.reshape(count)
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(jnp.arange(count))


def _mean(loss: Any, params: Any, key: Any, times: int = 64) -> Any:
    """The loss over fresh draws."""
    keys = jax.random.split(stream(key, "held-out"), times)
    return jax.lax.map(lambda k: loss(params, k), keys).mean()


def _widest(crowd: Crowd) -> int:
    """Numbers in the largest array that loss and gradient of one walk need."""

    def one(w: Array, moved: list, key: Any) -> Array:
        own = crowd.join(moved)
        return own(crowd.unravel(w), key) if draws(own) else own(crowd.unravel(w))

    program = jax.make_jaxpr(jax.grad(one))(crowd.centres[0], [a[0] for a in crowd.moving], crowd.keys[0])
    return max(_sizes(program.jaxpr), default=1)


def _sizes(jaxpr: Any) -> Any:
    for equation in jaxpr.eqns:
        yield from (v.aval.size for v in equation.outvars if hasattr(v.aval, "size"))
        for inner in jaxprs_in_params(equation.params):
            yield from _sizes(inner)
