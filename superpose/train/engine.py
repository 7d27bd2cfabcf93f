"""One model's training as two pure functions: `begin` it, `advance` it. Everything else calls these."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from superpose.core.keys import stream
from superpose.core.shapes import Array, Float, Int, Key
from superpose.core.trees import leaf, pytree
from superpose.train.optimisers import transformation
from superpose.train.recipe import Recipe
from superpose.worlds.base import Batch


@pytree
class State:
    """A model in training. `diverged` is the step at which it stopped being finite, −1 if it never did."""

    model: Any = leaf()
    memory: Any = leaf()
    loss: Float[Array, "logs"] = leaf()
    diverged: Int[Array, ""] = leaf()
    history: Any = leaf(default=None)


def begin(recipe: Recipe, key: Key) -> State:
    model = recipe.model.build(nnx.Rngs(stream(key, "model")))
    return State(
        model=model,
        memory=_updates(recipe).init(model),
        loss=jnp.full(recipe.logs, jnp.nan),
        diverged=jnp.asarray(-1, jnp.int32),
        history=_empty_history(recipe, model),
    )


def advance(recipe: Recipe, state: State, keys: tuple[Key, Key], start: Any, stop: Any) -> State:
    """Steps `start` … `stop` − 1, whose number may be known only at run time. Keys are (data, noise)."""
    draw = _draws(recipe, keys[0])

    def step(t: Int[Array, ""], state: State) -> State:
        return _step(recipe, state, draw(t), jax.random.fold_in(stream(keys[1], "noise"), t), t)

    return jax.lax.fori_loop(start, stop, step, state)


def _draws(recipe: Recipe, key: Key) -> Any:
    """The batch of each step: always the same rows, or fresh ones from a key that belongs to the step."""
    if recipe.batch == "all":
        rows = recipe.world.everything()  # type: ignore[attr-defined]
        return lambda t: rows
    data = stream(key, "data")
    return lambda t: recipe.world.sample(jax.random.fold_in(data, t), recipe.batch)


def _step(recipe: Recipe, old: State, batch: Batch, key: Key, t: Int[Array, ""]) -> State:
    def objective(model: nnx.Module) -> Float[Array, ""]:
        return recipe.objective(model, batch, key)

    loss, slope = jax.value_and_grad(objective)(old.model)
    updates, memory = _updates(recipe).update(slope, old.memory, old.model, step=t, value=loss, value_fn=objective)
    model = optax.apply_updates(old.model, updates)
    fine = _finite((loss, model)) & (old.diverged < 0)
    return State(
        model=_keep(fine, model, old.model),
        memory=_keep(fine, memory, old.memory),
        loss=old.loss.at[t // recipe.log_every].set(loss.astype(old.loss.dtype)),
        diverged=jnp.where(fine | (old.diverged >= 0), old.diverged, t).astype(jnp.int32),
        history=_record(recipe, old.history, _keep(fine, model, old.model), t + 1),
    )


def _updates(recipe: Recipe) -> optax.GradientTransformationExtraArgs:
    return transformation(recipe.optimizer, recipe.learning_rate, recipe.schedule, recipe.steps)


def _finite(tree: Any) -> Array:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(a)) for a in jax.tree.leaves(tree)]))


def _keep(fine: Array, new: Any, old: Any) -> Any:
    """A member that diverged stays where it last was finite, so that its neighbours' bits cannot depend on it."""
    return jax.tree.map(lambda a, b: jnp.where(fine, a, b), new, old)


def _empty_history(recipe: Recipe, model: Any) -> Any:
    if not recipe.snapshots:
        return None
    room = jax.tree.map(lambda a: jnp.zeros((len(recipe.snapshots), *a.shape), a.dtype), model)
    return _record(recipe, room, model, jnp.asarray(0))


def _record(recipe: Recipe, history: Any, model: Any, done: Int[Array, ""]) -> Any:
    """Write the model into its place if `done` is one of the steps asked for."""
    if not recipe.snapshots:
        return history
    here = jnp.asarray(recipe.snapshots) == done
    place = jnp.argmax(here)

    def write(history: Any) -> Any:
        return jax.tree.map(lambda h, a: h.at[place].set(a), history, model)

    return jax.lax.cond(jnp.any(here), write, lambda history: history, history)
