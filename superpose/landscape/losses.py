"""The loss of any (model, objective, world) as a function of the model alone: what a landscape is of."""

from __future__ import annotations

import inspect
from typing import Any

import jax

from superpose.core.fields import check_whole
from superpose.core.keys import check_key, stream
from superpose.core.mistakes import BadName, BadValue, said
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import leaf, pytree, static
from superpose.train.recipe import Recipe, check_recipe
from superpose.worlds.base import Batch, Enumerable


@pytree
class FixedLoss:
    """`loss(model)`: the objective on the same rows at every call, all of a finite world or one draw that is kept."""

    objective: Any = leaf()
    rows: Batch = leaf()
    noise: Any = leaf()

    def __call__(self, model: Any) -> Float[Array, ""]:
        return self.objective(model, self.rows, self.noise)


@pytree
class WorldLoss:
    """`loss(model)`: as `FixedLoss`, but with the world that its rows come from, whose fields may be stacks.

    `n` rows are drawn with `key`; all there are where `n` is 0.
    """

    objective: Any = leaf()
    world: Any = leaf()
    key: Any = leaf()
    n: int = static(default=0)

    def ready(self) -> FixedLoss:
        drawn = self.world.sample(stream(self.key, "data"), self.n) if self.n else self.world.everything()
        return FixedLoss(objective=self.objective, rows=drawn, noise=stream(self.key, "noise"))

    def __call__(self, model: Any) -> Float[Array, ""]:
        return self.ready()(model)


@pytree
class FreshLoss:
    """`loss(model, key)`: the objective on `n` rows that the key draws, so that no two calls see the same."""

    objective: Any = leaf()
    world: Any = leaf()
    n: int = static()

    def __call__(self, model: Any, key: Key) -> Float[Array, ""]:
        drawn = self.world.sample(stream(key, "data"), self.n)
        return self.objective(model, drawn, stream(key, "noise"))


def loss_of(recipe: Recipe, rows: int | str | None = None, key: Key | None = None) -> Any:
    """The loss that training with this recipe makes small, as a pure function of the model.

    `rows="all"` is the exact expectation, for worlds that can be enumerated: `loss(model)`. A number is that many rows
    drawn once with `key`: `loss(model)` too. `rows="fresh"` draws a minibatch as training did: `loss(model, key)`.
    By default it is "all" where the recipe's batch is, and "fresh" elsewhere.
    """
    check_recipe("loss_of's recipe", recipe)
    rows = ("all" if recipe.batch == "all" else "fresh") if rows is None else rows
    if rows == "fresh":
        if recipe.batch == "all":
            raise BadValue('loss_of\'s rows are "fresh", but the recipe\'s batch is "all", which is no number to draw')
        return FreshLoss(objective=recipe.objective, world=recipe.world, n=recipe.batch)
    key = jax.random.key(0) if key is None else key
    check_key("loss_of's key", key)
    if rows != "all":
        if isinstance(rows, str):
            raise BadName(f'loss_of\'s rows are {said(rows)}; they are "all", "fresh" or a whole number')
        n = check_whole("loss_of's rows", rows)
        return WorldLoss(objective=recipe.objective, world=recipe.world, key=key, n=n)
    if not isinstance(recipe.world, Enumerable):
        name = type(recipe.world).__name__
        raise BadName(f'loss_of\'s rows are "all", but {name} cannot be enumerated; give a number')
    return WorldLoss(objective=recipe.objective, world=recipe.world, key=key)


def draws(loss: Any) -> bool:
    """Whether a loss takes a key beside the parameters, and so differs from call to call."""
    if isinstance(loss, jax.tree_util.Partial):
        loss = loss.func if not loss.args and not loss.keywords else loss
    try:
        given = inspect.signature(loss).parameters.values()
    except (TypeError, ValueError):
        return False
    places = [p for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    if len(places) > 2 or not any(p.kind != p.KEYWORD_ONLY for p in given):
        raise BadValue(f"a loss takes the parameters, and a key if it draws; this one takes {len(places)} arguments")
    return len(places) == 2


def as_tree(loss: Any) -> Any:
    """A loss that compiled programs can take: a function is part of the program, the leaves of a pytree are not."""
    if not callable(loss):
        raise BadValue(f"a loss is {said(loss)}; it must be a function of the parameters, and of a key if it draws")
    return jax.tree_util.Partial(loss) if jax.tree_util.all_leaves([loss]) else loss


def ready(loss: Any) -> Any:
    """The loss with its rows drawn, if it has any to draw."""
    return loss.ready() if isinstance(loss, WorldLoss) else loss
