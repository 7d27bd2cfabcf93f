"""The noise of many walks at once: counters and keys in, normal numbers out, with walks on the last axis."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.shapes import Array, Float, UInt
from superpose.core.streams import mix

Words = UInt[Array, "walks"]


def at_step(keys: UInt[Array, "2 walks"], t: Any) -> tuple[Words, Words]:
    """Each walk's two words for step t. Light, since a compiler may work them out again for every number drawn."""
    t = jnp.asarray(t).astype(np.uint32)
    return mix(keys[0] ^ mix(t)), mix(keys[1] + mix(~t))


def normals(words: tuple[Words, Words], n: int) -> Float[Array, "n walks"]:
    """n normal numbers a walk, in single precision: their tail ends at 5.4 standard deviations."""
    counter = jnp.arange(n, dtype=np.uint32)[:, None]
    unit = _unit(mix(mix(counter + words[0]) ^ words[1]))
    least = np.nextafter(np.float32(-1.0), np.float32(0.0))
    return np.float32(np.sqrt(2)) * jax.lax.erf_inv(jnp.maximum(unit * 2 - 1, least))


def chances(words: tuple[Words, Words]) -> Float[Array, "walks"]:
    """One number of [0, 1) a walk, apart from its normals."""
    return _unit(mix(mix(~words[0]) ^ words[1] ^ np.uint32(0x9E3779B9)))


def _unit(bits: Any) -> Any:
    ones = (bits >> np.uint32(9)) | np.uint32(0x3F800000)
    return jax.lax.bitcast_convert_type(ones, np.float32) - 1
