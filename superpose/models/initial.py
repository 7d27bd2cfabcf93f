"""How parameters start, by name: a word fixes the spread of a matrix, and `scale` multiplies it."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.mistakes import unknown
from superpose.core.shapes import Array, Float, Key

INITS = ("robust", "faithful", "unit", "small", "normal", "uniform", "orthogonal", "identity")


def spread(init: str, rows: int, columns: int, instances: int = 1) -> float:
    r"""The standard deviation of the Gaussian words, for a matrix that maps `columns` to `rows`.

    robust    $\sqrt{2/(r+c)}$, Xavier of the matrix itself.
    faithful  $\sqrt{2/(r(c+I))}$: what torch's `xavier_normal_` makes of the notebook's one array for $I$ instances,
              `instance features hidden`. It takes the last axis for a receptive field and the first for the fan-out,
              so models start smaller the more of them there are.
    unit      $1/\sqrt{r}$: columns of length about 1.
    small     0.022, from which 100 features compute in 40 neurons.
    normal    1.
    """
    match init:
        case "robust":
            return math.sqrt(2 / (rows + columns))
        case "faithful":
            return math.sqrt(2 / (rows * (columns + instances)))
        case "unit":
            return 1 / math.sqrt(rows)
        case "small":
            return 0.022
        case "normal":
            return 1.0
    raise unknown("no Gaussian initialisation is called", init, INITS[:5])


def matrix(
    init: str, key: Key, rows: int, columns: int, *, scale: Any = 1.0, instances: int = 1
) -> Float[Array, "rows columns"]:
    """A first value for a matrix: Gaussian by `spread`, or uniform on [-1, 1], orthogonal, or the identity."""
    match init:
        case "uniform":
            start = jax.random.uniform(key, (rows, columns), minval=-1)
        case "orthogonal":
            start = jax.nn.initializers.orthogonal()(key, (rows, columns))
        case "identity":
            start = jnp.eye(rows, columns)
        case _:
            start = spread(init, rows, columns, instances) * jax.random.normal(key, (rows, columns))
    return jnp.asarray(scale, start.dtype) * start


def vector(key: Key, n: int, scale: Any) -> Float[Array, "n"]:
    """A first value for a bias: N(0, scale²), and zeros at scale 0."""
    start = jax.random.normal(key, (n,))
    return jnp.asarray(scale, start.dtype) * start
