"""The loss of W and its transpose over fixed rows, which lie on the last axis: one product of W'W with all of them.

The rows do not change from step to step, and are common to all walks; the layer between would be each walk's own.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp

from superpose.core.shapes import Array, Float
from superpose.models.layers import parameters
from superpose.models.parts import ACTIVATIONS
from superpose.train.objectives import Reconstruct
from superpose.train.pressures import WeightPenalty
from superpose.worlds.base import Batch

FEW = 32
"""Features up to which W'W is no more work than W twice."""


def fits(model: Any, objective: Any, batch: Batch) -> bool:
    """Whether the loss is of this kind: an error alone, of a model that multiplies by W and then by W transposed."""
    if not hasattr(model, "wiring") or not isinstance(objective, Reconstruct) or batch.x.ndim != 2:
        return False
    bare = not objective.noise and objective.attack is None
    weighed = all(isinstance(p, WeightPenalty) for p in objective.penalties)
    return bare and weighed and model.wiring.gram and batch.x.shape[1] <= FEW and batch.x.shape == batch.y.shape


def loss(model: Any, objective: Any, batch: Batch) -> Float[Array, ""]:
    """What `objective(model, batch, key)` is."""
    W, _, _, b = parameters(model)
    products = (W[:, :, None] * W[:, None, :]).sum(0)
    if b is None:
        b = jnp.zeros_like(products[0])
    x = jnp.concatenate([batch.x.T, jnp.ones_like(batch.x[:, :1]).T])
    pre = jnp.concatenate([products, b[:, None]], 1) @ x
    weight = jnp.asarray(batch.weight)
    turned = dataclasses.replace(
        batch, x=batch.x.T, y=batch.y.T, weight=weight[:, None] if weight.ndim == 1 else weight.T
    )
    return objective.given(ACTIVATIONS[model.wiring.activation](pre), {}, model, turned, axis=0)
