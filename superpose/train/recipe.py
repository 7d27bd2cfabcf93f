"""A recipe: all that a run depends on, except luck."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from flax import nnx

from superpose.core.mistakes import BadName, BadValue
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import leaf, pytree, real, static, whole, word
from superpose.train.objectives import reconstruct
from superpose.train.optimisers import SCHEDULES, Optimizer
from superpose.worlds.base import Batch, Enumerable, World


class Config(Protocol):
    def build(self, rngs: nnx.Rngs) -> nnx.Module: ...


class Objective(Protocol):
    def __call__(self, model: nnx.Module, batch: Batch, key: Key) -> Float[Array, ""]: ...


@pytree
class Recipe:
    """World, model, objective, optimiser and lengths.

    `batch` is a number of fresh samples for each step, or "all": every row of a finite world, or the exact
    expectation of one that can be enumerated. `log_every` is in steps. `snapshots` are the steps (0 is the
    initialisation) at which the model is kept as `run.history`.
    """

    world: World = leaf()
    model: Config = leaf()
    objective: Objective = leaf(default=reconstruct)
    learning_rate: float = real(default=1e-3, least=0)
    optimizer: Any = leaf(default="adam")
    schedule: str = word(default="constant", among=SCHEDULES)
    steps: int = whole(default=1000)
    batch: Any = static(default=256)
    log_every: int = whole(default=10)
    snapshots: tuple[int, ...] = static(default=())
    precision: str = word(default="float32", among=("float32", "float64"))

    def __post_init__(self) -> None:
        _check_part("world", self.world, "sample")
        _check_part("model", self.model, "build")
        object.__setattr__(self, "optimizer", _optimizer(self.optimizer))
        object.__setattr__(self, "snapshots", _snapshots(self.snapshots, self.steps))
        _check_batch(self.batch, self.world)

    @property
    def logs(self) -> int:
        return -(-self.steps // self.log_every)


def oracle(recipe: Recipe, *, steps: int = 150) -> Recipe:
    """The same question asked without noise: exact expected loss, minimised by L-BFGS in double precision.

    For worlds that can be enumerated (up to six features). Sweep it over "seed" for many starts and keep the
    best: the result is the global optimum that sampled training should approach.
    """
    return dataclasses.replace(recipe, optimizer="lbfgs", batch="all", precision="float64", steps=steps)


def _check_part(name: str, part: Any, method: str) -> None:
    if isinstance(part, type) or (not hasattr(part, method) and type(part).__module__.startswith("superpose")):
        raise BadValue(f"Recipe.{name} is {part!r}; it must be something with `{method}`")
    if isinstance(part, (str, int, float, list, dict, tuple)) or part is None:
        raise BadValue(f"Recipe.{name} is {part!r}; it must be something with `{method}`")


def _optimizer(given: Any) -> Any:
    return Optimizer(kind=given) if isinstance(given, str) else given


def _snapshots(given: Any, steps: int) -> tuple[int, ...]:
    wanted = tuple(int(s) for s in given)
    if any(not 0 <= s <= steps for s in wanted):
        raise BadValue(f"Recipe.snapshots is {wanted}; each must be a step from 0 to steps, {steps}")
    return tuple(sorted(set(wanted)))


def _check_batch(batch: Any, world: Any) -> None:
    if batch == "all" and not isinstance(world, Enumerable):
        raise BadName(
            f'Recipe.batch is "all", but {type(world).__name__} cannot be enumerated; give a number of samples'
        )
    if batch != "all" and (isinstance(batch, bool) or not isinstance(batch, int) or not 1 <= batch < 2**31):
        raise BadValue(f'Recipe.batch is {batch!r}; it must be a whole number of samples from 1, or "all"')
