"""Random streams by name: keys whose draws the compiler can fuse into what uses them.

`jax.random` hands its hash to the compiler as one block (on a CPU, a loop that nothing fuses with), so most of a cheap
training step would go to drawing its batch. A key made here takes every call of `jax.random`, but its bits are written
out as plain arithmetic on counters 0, 1, 2, …
"""

import math
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
from jax import lax
from jax.extend.random import define_prng_impl

from superpose.core.mistakes import BadValue, said, unknown
from superpose.core.shapes import Array, UInt

Keys = jaxtyping.Key[Array, "..."]
Words = UInt[Array, "..."]
Shape = tuple[int, ...]

STREAMS = ("threefry", "fast")
"""`threefry` draws bit for bit what `jax.random` does; `fast` is a lighter hash with the same keys and children."""


def in_stream(key: Keys, name: str) -> Keys:
    """The same key, or each of an array of keys, in the stream called `name`."""
    if name not in _IMPLEMENTATIONS:
        raise unknown("there is no random stream", name, STREAMS)
    if not isinstance(key, Array) or not jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise BadValue(f"{said(key)} is in no random stream; give a random key, for example jax.random.key(0)")
    impl = _IMPLEMENTATIONS[name]
    return key if jax.random.key_impl(key) == impl else jax.random.wrap_key_data(_two_words(key), impl=impl)


def threefry(k0: Any, k1: Any, x0: Any, x1: Any) -> tuple[Any, Any]:
    """Threefry-2x32 with 20 rounds: two words of key and two of counter make two words (Salmon et al. 2011).

    Of JAX's arrays or NumPy's.
    """
    keys = (k0, k1, k0 ^ k1 ^ np.uint32(0x1BD11BDA))
    x0, x1 = x0 + k0, x1 + k1
    for i in range(1, 6):
        for turn in _TURNS[(i - 1) % 2]:
            x0 = x0 + x1
            x1 = _rotate(x1, turn) ^ x0
        x0, x1 = x0 + keys[i % 3], x1 + (keys[(i + 1) % 3] + np.uint32(i))
    return x0, x1


def mix(x: Any) -> Any:
    """A one-to-one map of words (Wellons' `lowbias32`): each bit of `x` flips each bit of the outcome half the time.

    Of JAX's arrays or NumPy's.
    """
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


_TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))


def _rotate(x: Any, turn: int) -> Any:
    return (x << np.uint32(turn)) | (x >> np.uint32(32 - turn))


def _threefry_pair(key: Words, shape: Shape) -> tuple[Words, Words]:
    counter = _counters(shape)
    return threefry(key[0], key[1], jnp.zeros_like(counter), counter)


def _fast_pair(key: Words, shape: Shape) -> tuple[Words, Words]:
    """The second word has keys of its own; XLA leaves it out where only the first is asked for."""
    counter, other = _counters(shape), mix(key)
    return mix(mix(counter + key[0]) ^ key[1]), mix(mix(counter + other[1]) ^ other[0])


def _counters(shape: Shape) -> Words:
    """The place of each entry in row-major order: a sum over axes, so that no reshape stands between loops."""
    total = jnp.zeros(shape, np.uint32)
    for axis in range(len(shape)):
        total += lax.broadcasted_iota(np.uint32, shape, axis) * np.uint32(math.prod(shape[axis + 1 :]))
    return total


def _threefry_bits(key: Words, width: int, shape: Shape) -> Words:
    """As jax does where `jax_threefry_partitionable`: 64 bits are both words, fewer are cut from their xor."""
    high, low = _threefry_pair(key, shape)
    return _joined(high, low) if width == 64 else (high ^ low).astype(f"uint{width}")


def _fast_bits(key: Words, width: int, shape: Shape) -> Words:
    high, low = _fast_pair(key, shape)
    return _joined(high, low) if width == 64 else high.astype(f"uint{width}")


def _joined(high: Words, low: Words) -> Words:
    return (high.astype("uint64") << np.uint64(32)) | low.astype("uint64")


def _bits(words: Callable, key: Words, width: int, shape: Shape) -> Words:
    """A counter is one word here, so jax itself makes a draw that needs two, in either stream."""
    if math.prod(shape) < 2**32:
        return words(key, width, shape)
    return jax.random.bits(jax.random.wrap_key_data(key, impl="threefry2x32"), shape, f"uint{width}")


@partial(jax.jit, static_argnums=1, inline=True)
def _split(key: Words, shape: Shape) -> Words:
    return jnp.stack(_threefry_pair(key, shape), axis=-1)


@partial(jax.jit, inline=True)
def _fold_in(key: Words, number: Array) -> Words:
    return jnp.stack(threefry(key[0], key[1], jnp.uint32(0), number.astype(np.uint32)))


def _seed(seed: Array) -> Words:
    return jax.random.key_data(jax.random.key(seed, impl="threefry2x32"))


def _two_words(key: Keys) -> Words:
    """The words of a key that has two; any other draws two."""
    words = jax.random.key_data(key)
    draw = jnp.vectorize(lambda k: jax.random.bits(k, (2,), np.uint32), signature="()->(n)")
    return words if words.shape == (*key.shape, 2) else draw(key)


def _implementation(name: str, words: Callable) -> Hashable:
    bits = jax.jit(partial(_bits, words), static_argnums=(1, 2), inline=True)
    return define_prng_impl(
        key_shape=(2,), seed=_seed, split=_split, fold_in=_fold_in, random_bits=bits, name=name, tag=name
    )


_BITS = {"threefry": _threefry_bits, "fast": _fast_bits}
_IMPLEMENTATIONS = {name: _implementation(name, _BITS[name]) for name in STREAMS}
