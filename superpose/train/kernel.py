"""The kernel of small toys, `fused.c`: built for one shape, held against its plain twin, and made known to XLA."""

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
    """All that the kernel is compiled for, as `fused.c` has it.

    Rows are drawn from a stream, or exact and given, as "all". `ragged` batches are not a multiple of sixteen.
    """

    features: int
    hidden: int
    rows: str
    values: str = "uniform"
    together: int = 1
    absolute: bool = False
    untied: bool = False
    hidden_relu: bool = False
    hidden_bias: bool = False
    relu: bool = True
    bias: bool = True
    power: int = 2
    ragged: bool = False

    @property
    def macros(self) -> dict[str, int]:
        s = self
        numbers = {"N": s.features, "M": s.hidden, "TOGETHER": s.together, "POWER": s.power}
        drawn = {"EXACT": s.rows == "all", "THREEFRY": s.rows == "threefry", "RAGGED": s.ragged}
        asked = {"SIGNED": s.values == "signed", "ONE": s.values == "one", "TARGET_ABS": s.absolute}
        layers = {"UNTIED": s.untied, "HIDDEN_RELU": s.hidden_relu, "HIDDEN_BIAS": s.hidden_bias}
        return {**numbers, **drawn, **asked, **layers, "RELU": s.relu, "BIAS": s.bias}


@functools.lru_cache(maxsize=256)
def target(shape: Shape) -> str:
    """The name that XLA knows the kernel by. Raises `NoLibrary`."""
    name, found = built(shape)
    if not _agrees(shape, found):
        raise NoLibrary("the kernel that the C compiler made does not agree with its plain twin")
    jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(found.fused), platform="cpu")
    return name


def built(shape: Shape) -> tuple[str, CDLL]:
    return library(SOURCE, **shape.macros)


def draws(found: CDLL, density: Any, key: Any, rows: int) -> Any:
    """The kernel's batch, features first, from NumPy's arrays."""
    x = np.empty((len(density), rows), np.float32)
    found.draws(*map(_at, (density, key)), c_uint32(rows), _at(x))
    return x


def gradient(found: CDLL, shape: Shape, *numbers: Any, rows: int, wanted: bool = True) -> list[Any]:
    """The loss if wanted and the gradient of each parameter there is.

    From W, V, both biases, weight, and density and key or inputs and their chances.
    """
    slopes = [np.zeros_like(a) for a in numbers[:4]] + [np.empty((), np.float32)]
    given, out = ((c_void_p * len(arrays))(*(a.ctypes.data for a in arrays)) for arrays in (numbers, slopes))
    found.gradient(given, c_uint32(rows), out, c_int(wanted))
    return slopes


def _at(a: Any) -> c_void_p:
    return c_void_p(a.ctypes.data)


def _agrees(shape: Shape, found: CDLL) -> bool:
    """Compilers err too. A few rows, drawn and differentiated in NumPy: a millisecond for each process."""
    rows = 15 * LANES - 13 * shape.ragged
    numbers, x, chance = example(shape, rows)
    ours, twin = gradient(found, shape, *numbers, rows=rows), plain(shape, *numbers[:5], x, chance)
    close = [np.abs(a - b).max() <= TOLERANCE * np.abs(b).max() for a, b in zip(ours, twin, strict=True)]
    density, key = numbers[5:]
    return all(close) and (shape.rows == "all" or np.array_equal(draws(found, density, key, rows), x))


def example(shape: Shape, rows: int, seed: int = 0) -> tuple[list[Any], Any, Any]:
    """Numbers for `gradient`, and the rows that they come to, with their chances."""
    rng, n, m = np.random.default_rng(seed), shape.features, shape.hidden
    sizes: list[Any] = [(0.5, (m, n)), (0.5, (n, m)), (0.3, m), (0.1, n)]
    numbers = [rng.normal(0, std, size).astype(np.float32) for std, size in sizes]
    numbers.append(rng.uniform(0.1, 1, n).astype(np.float32))
    if shape.rows == "all":
        x, chance = (rng.uniform(0.1, 1, size).astype(np.float32) for size in ((n, rows), rows))
        return [*numbers, x, chance], x, chance
    density = np.repeat(rng.uniform(0.1, 1, n // shape.together).astype(np.float32), shape.together)
    key = rng.integers(0, 2**32, 2, np.uint32)
    return [*numbers, density, key], sample(shape, density, key, rows), np.ones(rows, np.float32)


def sample(shape: Shape, density: Any, key: Any, rows: int) -> Any:
    """The batch as NumPy has it, features first."""
    place = np.arange(len(density) * rows, dtype=np.uint32).reshape(-1, rows)
    if shape.rows == "threefry":
        words = np.bitwise_xor(*threefry(key[:1], key[1:], np.zeros_like(place), place))
    else:
        words = mix(mix(place + key[0]) ^ key[1])
    u, first = (words >> np.uint32(9)).astype(np.float32) * np.float32(2**-23), np.arange(len(density)) % shape.together
    on = np.repeat((u < density[:, None])[first == 0], shape.together, axis=0)
    size = u * np.where(first, np.float32(1), np.float32(1) / density)[:, None]
    size = {"uniform": size, "signed": 2 * size - 1, "one": np.ones_like(u)}[shape.values]
    return np.where(on, size, np.float32(0))


def plain(shape: Shape, *numbers: Any) -> list[Any]:
    """What `gradient` is, in double precision, from W, V, both biases, weight, rows and their chances."""
    W, V, b_hidden, b, weight, x, chance = (np.asarray(a, np.float64) for a in numbers)
    s, V = shape, V if shape.untied else W.T
    pre, y = W @ x + b_hidden[:, None] * s.hidden_bias, np.abs(x) if s.absolute else x
    hidden = np.maximum(pre, 0) if s.hidden_relu else pre
    z = V @ hidden + b[:, None] * s.bias
    error, share = (np.maximum(z, 0) if s.relu else z) - y, weight[:, None] * chance
    r = share * error ** (s.power - 1) * ((z > 0) if s.relu else 1)
    back = V.T @ r * ((pre > 0) if s.hidden_relu else 1)
    gW, gV = back @ x.T, r @ hidden.T
    slopes = [gW, gV] if s.untied else [gW + gV.T, 0 * gV]
    return [*slopes, back.sum(1) * s.hidden_bias, r.sum(1) * s.bias, (share * error**s.power).sum() / s.power]
