"""What every world of features shares: one number per feature, their importances, and what may be asked for."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import BadValue, check_room
from superpose.core.shapes import Array, Float
from superpose.worlds.lattice import check_lattice
from superpose.worlds.quadrature import LEAST_NODES


def vector(value: Any, n: int) -> Float[Array, "n"]:
    """One number for all, or one for each, as one for each."""
    return jnp.broadcast_to(jnp.asarray(value, dtype=float), (n,))


def importances(n: int, importance: Any, decay: Any) -> Float[Array, "features"]:
    """importance_i · decay^i, counted from 0: the first feature keeps its importance."""
    return vector(importance, n) * jnp.asarray(decay, dtype=float) ** jnp.arange(n, dtype=float)


def check_features(world: Any, n_features: int) -> None:
    """A world's importance, decay, points and nodes, against its size."""
    name = type(world).__name__
    check_room(f"one row of {name}", n_features)
    if world.points == "lattice":
        check_lattice(name, world.n_uniforms)
    if 0 < world.nodes < LEAST_NODES:
        raise BadValue(
            f"{name}.nodes is {world.nodes}; it must be at least {LEAST_NODES}, or 0: as many as are accurate"
        )
    check_length(f"{name}.importance", world.importance, n_features, "feature")
    check_number(f"{name}.decay", world.decay)
    if not isinstance(world.decay, jax.core.Tracer) and (n_features - 1) * math.log10(world.decay) > 38:
        raise BadValue(f"{name}.decay is {world.decay:g}; feature {n_features - 1} would weigh more than a float holds")


def check_length(field: str, value: Any, n: int, each: str) -> None:
    """Refuse a list that is not one number for each."""
    shape = _shape(value)
    if shape not in ((), (n,)):
        size = shape[0] if len(shape) == 1 else " × ".join(map(str, shape))
        raise BadValue(f"{field} has {size} numbers; it must be one number, or {n}: one for each {each}")


def check_number(field: str, value: Any) -> None:
    if _shape(value) != ():
        raise BadValue(f"{field} has {math.prod(_shape(value))} numbers; it must be one number")


def check_rows(world: Any, n: Any, *row: int) -> None:
    """Refuse a sample that cannot be drawn."""
    name = type(world).__name__
    if isinstance(n, (bool, np.bool_)) or not isinstance(n, (int, np.integer)) or n < 1:
        raise BadValue(f"{name}.sample was asked for {n!r} rows; it must be a whole number from 1")
    check_room(f"a sample of {name}", int(n), *row)


def check_world(field: str, inputs: Any) -> None:
    if not callable(getattr(inputs, "sample", None)):
        raise BadValue(f"{field} is {inputs!r}; it must be a world: something with sample(key, n)")


def _shape(value: Any) -> tuple[int, ...]:
    """A tuple may hold tracers, which NumPy cannot look into."""
    return (len(value),) if isinstance(value, tuple) else np.shape(value)
