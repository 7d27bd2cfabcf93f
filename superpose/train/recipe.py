"""A recipe: all that a run depends on, except luck."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import jax
from flax import nnx

from superpose.core.fields import check_whole
from superpose.core.mistakes import BadName, BadValue, check_room, said
from superpose.core.shapes import Array, Float, Key
from superpose.core.streams import STREAMS
from superpose.core.trees import leaf, pytree, real, static, whole, word
from superpose.train.objectives import reconstruct
from superpose.train.optimisers import KINDS, SCHEDULES, Optimizer
from superpose.worlds.base import Batch, Enumerable, World
from superpose.worlds.features import check_number


class Config(Protocol):
    def build(self, rngs: nnx.Rngs) -> nnx.Module: ...


class Objective(Protocol):
    def __call__(self, model: nnx.Module, batch: Batch, key: Key) -> Float[Array, ""]: ...


@pytree
class Recipe:
    """World, model, objective, optimiser and lengths.

    `batch` is a number of fresh samples for each step, or "all": every row of a finite world, or the exact
    expectation of one that can be enumerated. `log_every` is in steps. `snapshots` are the steps (0 is the
    initialisation) at which the model is kept as `run.history`. `stream` names the random numbers of the samples:
    "threefry" is `jax.random`'s own, bit for bit; "fast" is a lighter hash, twice as quick on the smallest toys.
    """

    world: World = leaf()
    model: Config = leaf()
    objective: Objective = leaf(default=reconstruct)
    learning_rate: float = real(default=1e-3, least=0)
    optimizer: Any = leaf(default="adam")
    schedule: str = word(default="constant", among=SCHEDULES)
    steps: int = whole(default=1000)
    batch: Any = static(default=256, allows='a whole number from 1, or "all"')
    log_every: int = whole(default=10)
    snapshots: tuple[int, ...] = static(default=(), allows="whole numbers from 0 to steps, or none")
    precision: str = word(default="float32", among=("float32", "float64"))
    stream: str = word(default="threefry", among=STREAMS)

    def __post_init__(self) -> None:
        _check_part("world", self.world, "sample")
        _check_part("model", self.model, "build")
        _check_part("objective", self.objective, "__call__")
        check_number("Recipe.learning_rate", self.learning_rate)
        object.__setattr__(self, "optimizer", _optimizer(self.optimizer))
        object.__setattr__(self, "snapshots", _snapshots(self.snapshots, self.steps))
        object.__setattr__(self, "batch", _batch(self.batch, self.world))
        check_room("the losses kept by Recipe, steps / log_every,", self.logs)

    @property
    def logs(self) -> int:
        return -(-self.steps // self.log_every)


def oracle(recipe: Recipe, *, steps: int = 150) -> Recipe:
    """The same question asked without noise: exact expected loss, minimised by L-BFGS in double precision.

    For worlds that can be enumerated (up to six features). Sweep it over "seed" for many starts and keep the
    best: the result is the global optimum that sampled training should approach.
    """
    check_recipe("oracle's recipe", recipe)
    return dataclasses.replace(recipe, optimizer="lbfgs", batch="all", precision="float64", steps=steps)


def data_in_words(recipe: Recipe) -> str:
    """Where the gradients come from."""
    if recipe.batch == "all":
        return "exact expectations"
    world = getattr(recipe.world, "inputs", recipe.world)
    kind = "a shifted lattice" if getattr(world, "points", "random") == "lattice" else "random samples"
    return f"{kind}, {recipe.stream}"


def check_recipe(name: str, recipe: object) -> None:
    if not isinstance(recipe, Recipe):
        raise BadValue(f"{name} is {said(recipe)}; it must be a Recipe")


def _check_part(name: str, part: Any, method: str) -> None:
    """JAX must be able to look inside a part, so it cannot be a function or a class."""
    if isinstance(part, type) or not callable(getattr(part, method, None)):
        raise BadValue(f"Recipe.{name} is {said(part)}; it must be something with `{method}`")
    if jax.tree_util.all_leaves([part]):
        raise BadValue(f"Recipe.{name} is {said(part)}; it must be of a class made with @pytree")


def _optimizer(given: Any) -> Optimizer:
    if isinstance(given, Optimizer):
        return given
    if not isinstance(given, str):
        raise BadValue(f"Recipe.optimizer is {said(given)}; it must be an Optimizer, or one of {list(KINDS)}")
    return Optimizer(kind=given)


def _snapshots(given: Any, steps: int) -> tuple[int, ...]:
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise BadValue(f"Recipe.snapshots is {said(given)}; it must be steps, for example (0, {steps})")
    return tuple(sorted({check_whole("Recipe.snapshots", s, 0, steps) for s in given}))


def _batch(batch: Any, world: Any) -> int | str:
    if not isinstance(batch, str):
        return check_whole("Recipe.batch", batch)
    if batch != "all":
        raise BadValue(f'Recipe.batch is {batch!r}; it must be a whole number of samples, or "all"')
    if not isinstance(world, Enumerable):
        raise BadName(
            f'Recipe.batch is "all", but {type(world).__name__} cannot be enumerated; give a number of samples'
        )
    return batch
