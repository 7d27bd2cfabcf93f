"""Named random streams: adding a stream never moves the others."""

import zlib
from typing import Any

import jax
import numpy as np

from superpose.core.mistakes import BadValue, said
from superpose.core.shapes import Key
from superpose.core.streams import threefry


def stream(key: Key, name: str) -> Key:
    """The child of `key` that belongs to `name`, whatever other streams there are."""
    return jax.random.fold_in(key, zlib.crc32(name.encode()))


def children(key: Key, seeds: Any) -> Any:
    """`fold_in(key, seed)` for many seeds. On the host, as compiling it would take longer than many a sweep."""
    if jax.random.key_impl(key) != "threefry2x32":
        return jax.vmap(lambda seed: jax.random.fold_in(key, seed))(seeds)
    k0, k1 = np.asarray(jax.random.key_data(key))[:, None]
    words = threefry(k0, k1, np.zeros_like(seeds), seeds)
    return jax.random.wrap_key_data(jax.device_put(np.stack(words, axis=-1)), impl="threefry2x32")


def take(keys: Any, places: np.ndarray, device: Any = None) -> Any:
    """`keys[places]`, likewise, on a device or spread over several by a sharding."""
    if isinstance(keys, jax.core.Tracer):
        return keys[places]
    data = np.asarray(jax.random.key_data(keys))[places]
    spread = getattr(device, "is_fully_addressable", True)
    words = (
        jax.device_put(data, device)
        if spread
        else jax.make_array_from_callback(data.shape, device, lambda place: data[place])
    )
    return jax.random.wrap_key_data(words, impl=jax.random.key_impl(keys))


def check_key(name: str, key: object) -> None:
    """Refuse what is not one typed key."""
    if not isinstance(key, jax.Array) or not jax.numpy.issubdtype(key.dtype, jax.dtypes.prng_key):
        raise BadValue(f"{name} is {said(key)}; it must be a random key, for example jax.random.key(0)")
    if key.shape:
        raise BadValue(f"{name} is {' × '.join(map(str, key.shape))} keys; it must be one: vmap over them, or take one")
