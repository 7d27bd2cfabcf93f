"""Models to go on from, checked against the recipe that goes on with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from flax import nnx

from superpose.core.mistakes import BadValue
from superpose.core.trees import named_leaves
from superpose.train.recipe import Recipe


def begun(recipes: Sequence[Recipe], start: Any, sizes: tuple[int, ...] = ()) -> Any:
    """`start` with the axes `sizes` in front laid flat. Its parameters are those of the one recipe's model."""
    if start is None:
        return None
    if len(recipes) != 1:
        raise BadValue(
            f"a start fits one program, and this sweep's static axes make {len(recipes)}: take them one at a time"
        )
    wanted = jax.eval_shape(lambda key: recipes[0].model.build(nnx.Rngs(key)), jax.random.key(0))
    shapes = {name: (*sizes, *a.shape) for name, a in named_leaves(wanted).items()}
    given = {name: np.shape(a) for name, a in named_leaves(start).items()}
    if given != shapes:
        raise BadValue(f"the start has parameters {given}; this recipe goes on from {shapes}")
    if not sizes:
        return start
    return jax.tree.map(lambda a: np.asarray(a).reshape(-1, *a.shape[len(sizes) :]), start)
