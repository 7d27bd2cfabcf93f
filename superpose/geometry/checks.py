"""What measures take: matrices of finite numbers. Inside a traced function only shapes and kinds can be seen."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import said
from superpose.core.shapes import Array, Bool, Float

F = TypeVar("F", bound=Callable[..., Any])


def on_matrices(name: str, rows: str, columns: str) -> Callable[[F], F]:
    """A compiled measure whose first argument is checked before, where its values can be seen.

    A traced matrix that is not finite measures NaN as a whole.
    """

    def decorate(function: F) -> F:
        compiled = jax.jit(function)

        @functools.wraps(function)
        def checked(W: Any, *others: Any, **named: Any) -> Any:
            return compiled(_matrix(W, name, rows, columns), *others, **named)

        return checked  # type: ignore[return-value]

    return decorate


on_directions = on_matrices("W", "hidden", "features")


def _matrix(W, name, rows, columns):
    """As an array in single precision or better."""
    shape = np.shape(W)
    if len(shape) < 2 or 0 in shape[-2:]:
        raise ValueError(f"{name} has shape {shape}; it must end in ({rows}, {columns}), at least one of each")
    W = jnp.asarray(W)
    if not jnp.issubdtype(W.dtype, jnp.floating):
        raise ValueError(f"{name} holds {W.dtype}; its entries must be floating-point, so cast it first")
    if not isinstance(W, jax.core.Tracer) and not _finite(W):
        broken = np.argwhere(~np.isfinite(np.asarray(W, np.float64)))
        axis = rows if rows == "points" else columns
        which = sorted({int(place[-2 if axis == rows else -1]) for place in broken})
        first = ", ".join(map(str, broken[0]))
        raise ValueError(f"{name} is not finite in {axis} {said(which)}, first at {name}[{first}]; leave them out")
    return W.astype(jnp.float32) if W.dtype.itemsize < 4 else W


@jax.jit
def _finite(W: Float[Array, "..."]) -> Bool[Array, ""]:
    return jnp.isfinite(W).all()


def check_counts(**counts: Any) -> None:
    """Refuse numbers of things below 1, where they can be seen."""
    for name, n in counts.items():
        if not isinstance(n, jax.core.Tracer) and (np.size(n) == 0 or not (np.asarray(n) >= 1).all()):
            raise ValueError(f"{name} is {n}; it must be at least 1")
