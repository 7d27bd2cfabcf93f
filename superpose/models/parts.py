"""What several models share: elementwise functions by name, and the checks of sizes and inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda x: x,
    "relu": jax.nn.relu,
    "leaky_relu": jax.nn.leaky_relu,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "silu": jax.nn.silu,
    "softplus": jax.nn.softplus,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "abs": jnp.abs,
    "square": jnp.square,
}
WORDS = tuple(ACTIVATIONS)


def check_input(model: Any, x: Any, n: int) -> None:
    if jnp.ndim(x) == 0 or jnp.shape(x)[-1] != n:
        told = f"{type(model).__name__} takes {n} features on the last axis; its input is {jnp.shape(x)}"
        raise BadValue(f"{told}. The world's and the model's n_features change together")


def check_flags(config: Any, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        if not isinstance(value, (bool, np.bool_)):
            raise BadValue(f"{type(config).__name__}.{name} is {value!r}; it must be True or False")
        object.__setattr__(config, name, bool(value))
