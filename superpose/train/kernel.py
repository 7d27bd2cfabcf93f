"""The kernel of tiny toys, `fused.c`: built for one shape, held against its plain twin, and made known to XLA."""

from __future__ import annotations

import dataclasses
import functools
from ctypes import CDLL, c_int, c_uint32, c_void_p
from pathlib import Path
from typing import Any

import jax
import numpy as np

from superpose.core.native import NoLibrary, library
from superpose.core.streams import mix, threefry

SOURCE = Path(__file__).with_name("fused.c")
LANES = 16
TOLERANCE = 1e-4
"""How far a gradient may be from one in double precision, as a share of its largest entry; draws must be equal."""


@dataclasses.dataclass(frozen=True)
class Shape:
    """All that the kernel is compiled for. Rows are drawn from a stream, or exact and given, as "all".

    `ragged` batches are not a multiple of sixteen.
    """

    features: int
    hidden: int
    rows: str
    relu: bool
    bias: bool
    ragged: bool


@functools.lru_cache(maxsize=256)
def target(shape: Shape) -> str:
    """The name that XLA knows the kernel by. Raises `NoLibrary`."""
    name, found = built(shape)
    if not _agrees(shape, found):
        raise NoLibrary("the kernel that the C compiler made does not agree with its plain twin")
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(found.fused), platform="cpu")
    return name


def built(shape: Shape) -> tuple[str, CDLL]:
    s = shape
    words = {"N": s.features, "M": s.hidden, "EXACT": s.rows == "all", "THREEFRY": s.rows == "threefry"}
    return library(SOURCE, **words, RELU=s.relu, BIAS=s.bias, RAGGED=s.ragged)


def draws(found: CDLL, density: Any, key: Any, rows: int) -> Any:
    """The kernel's batch, features first, from NumPy's arrays."""
    x = np.empty((len(density), rows), np.float32)
    found.draws(*map(_at, (density, key)), c_uint32(rows), _at(x))
    return x


def gradient(found: CDLL, *numbers: Any, rows: int, wanted: bool = True) -> tuple[Any, Any, Any]:
    """That of W and b, and the loss if wanted, from W, b, weight, and density and key or inputs and their chances."""
    gW, gb, loss = *(np.empty_like(a) for a in numbers[:2]), np.empty((), np.float32)
    found.gradient(*map(_at, numbers), c_uint32(rows), *map(_at, (gW, gb, loss)), c_int(wanted))
    return gW, gb, loss


def _at(a: Any) -> c_void_p:
    return c_void_p(a.ctypes.data)


def _agrees(shape: Shape, found: CDLL) -> bool:
    """Compilers err too. A few rows, drawn and differentiated in NumPy: a millisecond for each process."""
    n, m, rows = shape.features, shape.hidden, 15 * LANES - 13 * shape.ragged
    rng = np.random.default_rng(0)
    W, b = rng.normal(0, 0.5, (m, n)).astype(np.float32), rng.normal(0, 0.1, n).astype(np.float32)
    weight, density = (rng.uniform(0.1, 1, n).astype(np.float32) for _ in range(2))
    key, chance = rng.integers(0, 2**32, 2, np.uint32), rng.uniform(0.5, 1, rows).astype(np.float32)
    if shape.rows == "all":
        x = rng.uniform(0, 1, (n, rows)).astype(np.float32)
        given, fine = (x, chance), True
    else:
        x, given, chance = sample(shape.rows, density, key, rows), (density, key), np.ones(rows, np.float32)
        fine = np.array_equal(draws(found, density, key, rows), x)
    ours, twin = gradient(found, W, b, weight, *given, rows=rows), _slope(shape, W, b, weight, x, chance)
    close = [np.abs(a - b).max() <= TOLERANCE * np.abs(b).max() for a, b in zip(ours, twin, strict=True)]
    return fine and all(close)


def sample(stream: str, density: Any, key: Any, rows: int) -> Any:
    """The batch as NumPy has it, features first."""
    place = np.arange(len(density) * rows, dtype=np.uint32).reshape(-1, rows)
    if stream == "threefry":
        words = np.bitwise_xor(*threefry(key[:1], key[1:], np.zeros_like(place), place))
    else:
        words = mix(mix(place + key[0]) ^ key[1])
    u, p = (words >> np.uint32(9)).astype(np.float32) * np.float32(2**-23), density[:, None]
    return np.where(u < p, u * (np.float32(1) / p), np.float32(0))


def _slope(shape: Shape, *numbers: Any) -> tuple[Any, Any, Any]:
    W, b, weight, x, chance = (np.asarray(a, np.float64) for a in numbers)
    hidden, share = W @ x, weight[:, None] * chance
    z = W.T @ hidden + (b[:, None] if shape.bias else 0)
    error = (np.maximum(z, 0) if shape.relu else z) - x
    r = share * error * ((z > 0) if shape.relu else 1)
    return hidden @ r.T + W @ r @ x.T, r.sum(1) * shape.bias, (share * error**2).sum() / 2
