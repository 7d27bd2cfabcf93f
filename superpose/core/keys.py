"""Named random streams: adding a stream never moves the others."""

import zlib

import jax

from superpose.core.mistakes import BadValue, said
from superpose.core.shapes import Key


def stream(key: Key, name: str) -> Key:
    """The child of `key` that belongs to `name`, whatever other streams there are."""
    return jax.random.fold_in(key, zlib.crc32(name.encode()))


def check_key(name: str, key: object) -> None:
    """Refuse what is not one typed key."""
    if not isinstance(key, jax.Array) or not jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise BadValue(f"{name} is {said(key)}; it must be a random key, for example jax.random.key(0)")
    if key.shape:
        raise BadValue(f"{name} is {' × '.join(map(str, key.shape))} keys; it must be one: vmap over them, or take one")
