"""Named random streams: adding a stream never moves the others."""

import zlib

import jax

from superpose.core.shapes import Key


def stream(key: Key, name: str) -> Key:
    """The child of `key` that belongs to `name`, whatever other streams there are."""
    return jax.random.fold_in(key, zlib.crc32(name.encode()))
