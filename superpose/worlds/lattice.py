r"""Points more even than random ones, and still unbiased: a lattice under a fresh shift.

Coordinate d of point b is $b g_d / n + \Delta_d$, less its whole part, with one uniform shift $\Delta$ for all points
(Cranley and Patterson 1976). Every point alone is uniform on the cube, so the mean of any function has the right
expectation; it is the points among themselves that spread, and so a mean varies less. Never keep one shift for a whole
training: a model fits the points.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float, Key

MOST_DIMENSIONS = 128
MOST_POINTS = 2**16
INTERPLAY = 0.03
"""What each further coordinate in an interplay counts for: measured on toys of 2 to 100 features, and not delicate."""


def lattice(key: Key, d: int, n: int) -> Float[Array, "dimensions points"]:
    """Counted in whole steps of 2^-32 of the circle, so that wrapping around it is exact and costs nothing."""
    steps = np.array([(g * 2**32 + n // 2) // n % 2**32 for g in generators(d, n)], dtype=np.uint32)
    shift = jax.random.bits(key, (d, 1), jnp.uint32)
    words = jnp.arange(n, dtype=jnp.uint32) * steps[:, None] + shift
    kind = jnp.result_type(float)
    digits = min(jnp.finfo(kind).nmant + 1, 32)
    return (words >> np.uint32(32 - digits)).astype(kind) * 2.0**-digits


@functools.lru_cache(maxsize=256)
def generators(d: int, n: int) -> tuple[int, ...]:
    r"""Whole numbers, chosen one after another so that $\sum_b \prod_d (1 + \gamma\, \omega(b g_d / n))$ is least.

    Less 1, that is the squared worst error over functions whose mixed derivatives are bounded ($P_2$); a factor
    $\gamma$ for each coordinate says that few of them matter at once. Of two alike, the lower is taken.
    """
    if n == 1:
        return (0,) * d
    candidates = directions(n)
    b = np.arange(n // 2 + 1)
    lines = 1 + INTERPLAY * _omega(np.outer(candidates, b) % n / n)
    so_far, chosen = np.where((b == 0) | (2 * b == n), 1, 2) * lines[0], [0]
    for _ in range(1, d):
        figure = lines @ so_far / n
        figure[chosen] = np.inf
        chosen.append(int(np.argmax(figure <= figure.min() + 1e-9)))
        so_far = so_far * lines[chosen[-1]]
    return tuple(candidates[chosen].tolist())


def directions(n: int) -> np.ndarray:
    """Up to 512 numbers without a factor in common with n: one coordinate alone then takes n different values.

    g and n − g make the same points but for their order of coordinates, so half of them will do.
    """
    prime = np.array([g for g in range(1, n // 2 + 1) if math.gcd(g, n) == 1] or [1])
    most = min(512, 2**24 // n)
    return prime[np.linspace(0, len(prime) - 1, min(most, len(prime))).astype(int)]


def check_lattice(name: str, d: int, n: int | None = None) -> None:
    """Refuse what a lattice does no good for; `n` where the number of points is known."""
    said = f"{name}.points is 'lattice'"
    if d > MOST_DIMENSIONS:
        raise BadValue(
            f"{said}, and a row takes {d} uniform numbers; it may take {MOST_DIMENSIONS}, or points='random'"
        )
    if n is not None and n > MOST_POINTS:
        raise BadValue(f"{said}, which is for at most {MOST_POINTS:,} rows, not {n:,}; take points='random'")
    if n is not None and n > 1 and len(directions(n)) < d:
        raise BadValue(
            f"{said}, and {n} rows have {len(directions(n))} directions for the {d} uniform numbers that a row takes; "
            f"ask for {1 << (4 * d - 1).bit_length()} rows, or take points='random'"
        )


def _omega(x: np.ndarray) -> np.ndarray:
    return 2 * np.pi**2 * (x * x - x + 1 / 6)
