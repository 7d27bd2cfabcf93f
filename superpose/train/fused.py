"""Tiny toys by a kernel of our own: it draws a batch, goes there and back, and writes nothing but the gradient.

Compiled arithmetic goes over a batch about ten times, and on tiny toys most of a step is writing it down and reading it
again. The kernel, `fused.c`, keeps a vector of rows at a time in registers. Its plain twin is `layers.slope` on what
the world samples: the same bits drawn, the same gradient but for the order of sums. Exact rows are read, not drawn.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.native import NoLibrary
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import named_leaves
from superpose.models import layers
from superpose.train.kernel import LANES, Shape, target
from superpose.train.objectives import Reconstruct
from superpose.worlds.anticorrelated import AnticorrelatedWorld
from superpose.worlds.base import Batch
from superpose.worlds.correlated import CorrelatedWorld
from superpose.worlds.hierarchical import HierarchicalWorld
from superpose.worlds.sparse import SparseWorld

MOST_FEATURES, MOST_HIDDEN = 32, 12
"""Beyond, compiled products are as good: measured."""
WORLDS = {False: (SparseWorld,), True: (SparseWorld, CorrelatedWorld, AnticorrelatedWorld, HierarchicalWorld)}
"""Whose samples the kernel draws, and whose exact rows it reads."""
OFF = "SUPERPOSE_KERNEL"


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A batch that may never be written down: how to draw it, and what the kernel needs to know of its world.

    `numbers` are densities and a key, or inputs, features first, and the chance of each. `weight` is that of the
    error's derivative.
    """

    rows: int
    source: str
    weight: Float[Array, "features"]
    numbers: tuple[Array, Array]


def drawer(recipe: Any, data: Key) -> Callable[[Any], Drawing]:
    """The drawing of each step."""
    if recipe.batch == "all":
        exact = given(recipe.world.everything(), recipe.objective)
        return lambda t: exact
    world, rows = recipe.world, recipe.batch
    weight, density = _weight(world.importances(), recipe.objective) / rows, world.densities()

    def draw(t: Any) -> Drawing:
        key = jax.random.key_data(jax.random.fold_in(data, t))
        return Drawing(rows, recipe.stream, weight, (density, key))

    return draw


def given(batch: Batch, objective: Any) -> Drawing:
    """Exact rows, with rows of no chance until all vectors are full."""
    rows = len(batch.x)
    chance = jnp.full(rows, 1 / rows) if batch.chance is None else batch.chance
    more = -rows % LANES
    numbers = jnp.pad(batch.x.T, ((0, 0), (0, more))), jnp.pad(chance, (0, more))
    return Drawing(rows + more, "all", _weight(batch.weight, objective), numbers)


def _weight(importance: Float[Array, "features"], objective: Any) -> Float[Array, "features"]:
    return importance * (2.0 / len(importance) if objective.reduce == "mean" else 2.0)


def loss_and_slope(model: Any, drawing: Drawing, wanted: Any) -> tuple[Float[Array, ""], Any]:
    """The loss if it is wanted, else 0, and its gradient, shaped like the model.

    Numbers that a stack of models shares are passed once.
    """
    W, _, _, b = layers.parameters(model)
    bias = jnp.zeros_like(drawing.weight) if b is None else b
    shapes = [jax.ShapeDtypeStruct(s, W.dtype) for s in (W.shape, bias.shape, ())]
    call = jax.ffi.ffi_call(target(shape(model, drawing.rows, drawing.source)), shapes, vmap_method="expand_dims")
    numbers = (*drawing.numbers, jnp.asarray(wanted, jnp.int32))
    gW, gb, loss = call(W, bias, drawing.weight, *numbers, rows=np.uint32(drawing.rows))
    slopes = {model.wiring.into: gW, model.wiring.out_bias: gb}
    return loss, jax.tree.unflatten(jax.tree.structure(model), [slopes[name] for name in named_leaves(model)])


def shape(model: Any, rows: int, source: str) -> Shape:
    hidden, features = getattr(model, model.wiring.into).shape
    relu, bias = model.wiring.activation == "relu", model.wiring.out_bias is not None
    return Shape(features, hidden, source, relu, bias, rows % LANES > 0)


def lacks(recipe: Any, model: Any) -> str:
    """What keeps a recipe from this path, in words; "" if nothing does. The model may be known by its shapes alone."""
    if os.environ.get(OFF) == "0":
        return f"{OFF}=0 turns the kernel off"
    for fine, wanted in _needs(recipe, model):
        if not fine():
            return wanted
    return ""


def unbuilt(recipe: Any, model: Any) -> str:
    """Why there is no kernel for a recipe that it covers; "" once it is built and loaded."""
    try:
        exact = recipe.batch == "all"
        target(shape(model, LANES if exact else recipe.batch, "all" if exact else recipe.stream))
    except NoLibrary as why:
        return str(why)
    return ""


def _needs(recipe: Any, model: Any) -> tuple[tuple[Callable[[], bool], str], ...]:
    """Each holds only if those before it do."""
    world, objective, exact = recipe.world, recipe.objective, recipe.batch == "all"
    return (
        (lambda: jax.default_backend() == "cpu", "the kernel is for CPUs"),
        (lambda: type(world) in WORLDS[exact], f"the world must be a {' or '.join(w.__name__ for w in WORLDS[exact])}"),
        (lambda: exact or world.values == "uniform", "values must be uniform"),
        (lambda: exact or world.points == "random", "rows must be drawn at random"),
        (lambda: recipe.precision == "float32", "the precision must be float32"),
        (lambda: recipe.optimizer.kind != "lbfgs", "L-BFGS follows gradients of its own"),
        (lambda: _squares(objective), "the objective must be a squared error alone, Reconstruct()"),
        (lambda: _plain(model), "the model must be a tied toy, linear or ReLU, without activation in the middle"),
        (
            lambda: _small(model, 1 if exact else recipe.batch),
            f"features go to {MOST_FEATURES}, and hidden dimensions to {MOST_HIDDEN}",
        ),
    )


def _squares(objective: Any) -> bool:
    if not isinstance(objective, Reconstruct) or objective.power != 2:
        return False
    return not objective.penalties and not objective.noise and objective.attack is None


def _plain(model: Any) -> bool:
    wiring = getattr(model, "wiring", None)
    return wiring is not None and wiring.gram and wiring.activation in ("relu", "identity")


def _small(model: Any, rows: int) -> bool:
    hidden, features = getattr(model, model.wiring.into).shape
    return features <= MOST_FEATURES and hidden <= MOST_HIDDEN and features * rows < 2**31
