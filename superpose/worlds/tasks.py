"""Worlds whose target is something to be computed from the input."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.mistakes import BadValue, check_room
from superpose.core.shapes import Key
from superpose.core.trees import leaf, pytree, word
from superpose.worlds.base import Batch, World
from superpose.worlds.features import check_world

TASKS = {
    "absolute": jnp.abs,
    "relu": jax.nn.relu,
    "residual_relu": lambda x: x + jax.nn.relu(x),
    "square": jnp.square,
}

GATES = {
    "and": lambda a, b: (a != 0) & (b != 0),
    "or": lambda a, b: (a != 0) | (b != 0),
    "xor": lambda a, b: (a != 0) ^ (b != 0),
    "product": lambda a, b: a * b,
}


@pytree
class TaskWorld:
    """A function of every input, entry by entry."""

    inputs: World = leaf()
    task: str = word(default="absolute", among=tuple(TASKS))

    def __post_init__(self) -> None:
        check_world("TaskWorld.inputs", self.inputs)

    def sample(self, key: Key, n: int) -> Batch:
        return self._asked(self.inputs.sample(key, n))

    def everything(self) -> Batch:
        return self._asked(everything(self.inputs))

    def _asked(self, batch: Batch) -> Batch:
        return Batch(x=batch.x, y=TASKS[self.task](batch.x), weight=batch.weight, chance=batch.chance)


@pytree
class GateWorld:
    """A gate on every pair of inputs, in the order 01, 02, …, 12, …: n (n − 1) / 2 targets.

    "and", "or" and "xor" ask which inputs are not 0 and answer 0 or 1, so inputs of `values="one"` are meant;
    "product" multiplies whatever there is. A pair weighs the product of its inputs' importances.
    """

    inputs: World = leaf()
    gate: str = word(default="and", among=tuple(GATES))

    def __post_init__(self) -> None:
        check_world("GateWorld.inputs", self.inputs)
        n = getattr(self.inputs, "n_features", 2)
        if n < 2:
            raise BadValue(f"GateWorld.inputs has {n} feature; a gate needs at least 2")
        check_room("one row of GateWorld", n * (n - 1) // 2)

    def sample(self, key: Key, n: int) -> Batch:
        return self._asked(self.inputs.sample(key, n))

    def everything(self) -> Batch:
        return self._asked(everything(self.inputs))

    def _asked(self, batch: Batch) -> Batch:
        n, width = batch.x.shape
        check_room("the targets of GateWorld", n, width * (width - 1) // 2)
        a, b = np.triu_indices(width, k=1)
        y = GATES[self.gate](batch.x[:, a], batch.x[:, b]).astype(batch.x.dtype)
        weight = jnp.asarray(batch.weight, dtype=float)
        weight = jnp.broadcast_to(weight, jnp.broadcast_shapes(weight.shape, (width,)))
        return Batch(x=batch.x, y=y, weight=weight[..., a] * weight[..., b], chance=batch.chance)


def everything(inputs: World) -> Batch:
    """All of a world that lies inside another."""
    if not hasattr(inputs, "everything"):
        raise BadValue(f"{type(inputs).__name__} cannot be written out; take a batch from sample(key, n) instead")
    return inputs.everything()
