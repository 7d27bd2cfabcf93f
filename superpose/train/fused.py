"""Small toys and computers by a kernel of our own: it draws a batch, goes there and back, and writes the gradient.

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
from superpose.worlds.tasks import TaskWorld

MOST_FEATURES, MOST = 32, 12
"""Features and hidden dimensions; beyond, compiled products are as good: measured."""
WORLDS: dict[bool, tuple[type, ...]] = {False: (SparseWorld, CorrelatedWorld)}
WORLDS[True] = (*WORLDS[False], AnticorrelatedWorld, HierarchicalWorld)
"""Whose samples the kernel draws, and whose exact rows it reads."""
OFF = "SUPERPOSE_KERNEL"


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A batch that may never be written down: how to draw it, and what the kernel needs to know of its world.

    `numbers` are densities and a key, or inputs, features first, and the chance of each. `weight` is that of the
    error's derivative.
    """

    rows: int
    shape: Shape
    weight: Float[Array, "features"]
    numbers: tuple[Array, Array]


def drawer(recipe: Any, model: Any, data: Key) -> Callable[[Any], Drawing]:
    """The drawing of each step."""
    if recipe.batch == "all":
        exact = given(recipe, model, recipe.world.everything())
        return lambda t: exact
    inputs, rows, shape = _inputs(recipe.world), recipe.batch, shaped(recipe, model)
    weight = _weight(recipe, inputs.importances()) / rows
    density = jnp.repeat(inputs.densities(), shape.together, total_repeat_length=shape.features)

    def draw(t: Any) -> Drawing:
        key = jax.random.key_data(jax.random.fold_in(data, t))
        return Drawing(rows, shape, weight, (density, key))

    return draw


def given(recipe: Any, model: Any, batch: Batch) -> Drawing:
    """Exact rows, with rows of no chance until all vectors are full."""
    rows = len(batch.x)
    chance = jnp.full(rows, 1 / rows) if batch.chance is None else batch.chance
    more = -rows % LANES
    numbers = jnp.pad(batch.x.T, ((0, 0), (0, more))), jnp.pad(chance, (0, more))
    return Drawing(rows + more, shaped(recipe, model), _weight(recipe, batch.weight), numbers)


def _inputs(world: Any) -> Any:
    return world.inputs if isinstance(world, TaskWorld) else world


def _weight(recipe: Any, importance: Float[Array, "features"]) -> Float[Array, "features"]:
    power, reduce = recipe.objective.power, recipe.objective.reduce
    return importance * (power / len(importance) if reduce == "mean" else power)


def loss_and_slope(model: Any, drawing: Drawing, wanted: Any) -> tuple[Float[Array, ""], Any]:
    """The loss if it is wanted, else 0, and its gradient, shaped like the model.

    Numbers that a stack of models shares are passed once.
    """
    wiring, s = model.wiring, drawing.shape
    W, V, b_hidden, b = layers.parameters(model)
    nothing = lambda a, size: jnp.zeros(size, W.dtype) if a is None else a
    parts = (W, V if wiring.out else W, nothing(b_hidden, s.hidden), nothing(b, s.features))
    shapes = [jax.ShapeDtypeStruct(a.shape, W.dtype) for a in (*parts, jnp.zeros(()))]
    call = jax.ffi.ffi_call(target(s), shapes, vmap_method="expand_dims")
    numbers = (*drawing.numbers, jnp.asarray(wanted, jnp.int32))
    *slopes, loss = call(*parts, drawing.weight, *numbers, rows=np.uint32(drawing.rows))
    names = (wiring.into, wiring.out, wiring.into_bias, wiring.out_bias)
    by_name = dict(zip(names, slopes, strict=True))
    return loss, jax.tree.unflatten(jax.tree.structure(model), [by_name[name] for name in named_leaves(model)])


def shaped(recipe: Any, model: Any) -> Shape:
    """What the kernel is compiled for; the model may be known by its shapes alone."""
    wiring, inputs, exact = model.wiring, _inputs(recipe.world), recipe.batch == "all"
    hidden, features = getattr(model, wiring.into).shape
    return Shape(
        features,
        hidden,
        rows="all" if exact else recipe.stream,
        values="uniform" if exact else inputs.values,
        together=1 if exact else getattr(inputs, "set_size", 1),
        absolute=isinstance(recipe.world, TaskWorld),
        untied=wiring.out is not None,
        hidden_relu=wiring.hidden == "relu",
        hidden_bias=wiring.into_bias is not None,
        relu=wiring.activation == "relu",
        bias=wiring.out_bias is not None,
        power=int(recipe.objective.power),
        ragged=not exact and recipe.batch % LANES > 0,
    )


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
        target(shaped(recipe, model))
    except NoLibrary as why:
        return str(why)
    return ""


def _needs(recipe: Any, model: Any) -> tuple[tuple[Callable[[], bool], str], ...]:
    """Each holds only if those before it do."""
    world, inputs, exact = recipe.world, _inputs(recipe.world), recipe.batch == "all"
    worlds = " or ".join(w.__name__ for w in WORLDS[exact])
    return (
        (lambda: jax.default_backend() == "cpu", "the kernel is for CPUs"),
        (lambda: world is inputs or world.task == "absolute", 'the only task it has is "absolute"'),
        (lambda: type(inputs) in WORLDS[exact], f"the world must be a {worlds}"),
        (lambda: exact or inputs.values in _values(inputs), f"values must be {' or '.join(_values(inputs))}"),
        (lambda: exact or inputs.points == "random", "rows must be drawn at random"),
        (lambda: recipe.precision == "float32", "the precision must be float32"),
        (lambda: recipe.optimizer.kind != "lbfgs", "L-BFGS follows gradients of its own"),
        (lambda: _error_alone(recipe.objective), "the objective must be Reconstruct() of power 2 or 4, and that alone"),
        (lambda: _plain(model), "the model must be a toy or a computer whose activations are linear or ReLU"),
        (lambda: _small(model, 1 if exact else recipe.batch), f"features go to {MOST_FEATURES}, and hidden to {MOST}"),
    )


def _values(inputs: Any) -> tuple[str, ...]:
    """A set of features of value one takes one number for all."""
    return ("uniform", "signed", "one") if isinstance(inputs, SparseWorld) else ("uniform", "signed")


def _error_alone(objective: Any) -> bool:
    if not isinstance(objective, Reconstruct) or objective.power not in (2, 4):
        return False
    return not objective.penalties and not objective.noise and objective.attack is None


def _plain(model: Any) -> bool:
    wiring = getattr(model, "wiring", None)
    return wiring is not None and {wiring.hidden, wiring.activation} <= {"identity", "relu"}


def _small(model: Any, rows: int) -> bool:
    hidden, features = getattr(model, model.wiring.into).shape
    outputs = getattr(model, model.wiring.out).shape[0] if model.wiring.out else features
    return outputs == features <= MOST_FEATURES and hidden <= MOST and features * rows < 2**31
