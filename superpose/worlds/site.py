"""A model's activations as a world: what a dictionary is fitted to."""

from __future__ import annotations

import math
from typing import Any

import jax
from jax import ShapeDtypeStruct

from superpose.core.keys import stream
from superpose.core.mistakes import BadValue, unknown
from superpose.core.shapes import Key
from superpose.core.trees import leaf, pytree, static
from superpose.taps import record, sites
from superpose.worlds.base import Batch, World
from superpose.worlds.features import check_rows, check_world


@pytree
class SiteWorld:
    """What `model` does at `site` when it meets `inputs`; the target is the same, or what it does at `target`.

    A row is one position: batch, sequence and whatever else precedes the last axis are flattened. For n rows just
    enough inputs are run, and if that leaves rows over, those kept are drawn without replacement, so that every
    position is as likely as any other. Rows of one input depend on each other. No gradient reaches the model.
    """

    model: Any = leaf()
    site: str = static()
    inputs: World = leaf()
    target: str | None = static(default=None)

    def __post_init__(self) -> None:
        check_world("SiteWorld.inputs", self.inputs)
        there = self._sites()
        for field, name in (("site", self.site), ("target", self.target or self.site)):
            if name not in there:
                raise unknown(f"SiteWorld.{field}: {type(self.model).__name__} has no site", name, there)
        here, target = there[self.site].shape, there[self.target or self.site].shape
        if len(here) < 2:
            raise BadValue(f"SiteWorld.site {self.site!r} has shape {here}; its rows must be vectors")
        if here[:-1] != target[:-1]:
            raise BadValue(f"SiteWorld.target {self.target!r} has shape {target}; its rows must be those of {here}")

    def sample(self, key: Key, n: int) -> Batch:
        *before, width = self._sites()[self.site].shape
        check_rows(self, n, width)
        positions = math.prod(before)
        n_inputs = -(-n // positions)
        inputs = self.inputs.sample(stream(key, "inputs"), n_inputs).x
        _, heard = record(self.model, inputs, {self.site, self.target or self.site})
        rows = {name: jax.lax.stop_gradient(a.reshape(-1, a.shape[-1])) for name, a in heard.items()}
        if n < n_inputs * positions:
            kept = jax.random.permutation(stream(key, "rows"), n_inputs * positions)[:n]
            rows = {name: a[kept] for name, a in rows.items()}
        return Batch(x=rows[self.site], y=rows[self.target or self.site])

    def _sites(self) -> dict[str, ShapeDtypeStruct]:
        """Sites and their shapes for one input, found by tracing."""
        x = jax.eval_shape(lambda: self.inputs.sample(jax.random.key(0), 1).x)
        return sites(self.model, x)
