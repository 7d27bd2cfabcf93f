"""One model's training as two pure functions: `begin` it, `advance` it. Everything else calls these."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import nnx

from superpose.core.keys import stream
from superpose.core.shapes import Array, Float, Int, Key
from superpose.core.streams import in_stream
from superpose.core.trees import leaf, pytree
from superpose.train import hosts
from superpose.train.gradient import Draw, closed, drawer
from superpose.train.optimisers import transformation
from superpose.train.paths import Path
from superpose.train.recipe import Recipe


@pytree
class State:
    """A model in training. `diverged` is the step at which it was found not to be finite, −1 if it never was.

    Parameters are looked at in every step, the loss whenever it is taken.
    """

    model: Any = leaf()
    memory: Any = leaf()
    loss: Float[Array, "logs"] = leaf()
    diverged: Int[Array, ""] = leaf()
    history: Any = leaf(default=None)


def bare(state: State) -> State:
    """Without the optimiser's memory: what is left of a run when it is over."""
    return State(model=state.model, memory=None, loss=state.loss, diverged=state.diverged, history=state.history)  # type: ignore[arg-type]


@pytree
class Clock:
    """Which steps to take, `start` … `stop` − 1, of how many in all."""

    start: Any = leaf()
    stop: Any = leaf()
    steps: Any = leaf()


def begin(recipe: Recipe, key: Key, start: Any = None) -> State:
    """A new model, or `start` in its place. It starts alike whichever stream its samples come from."""
    model = recipe.model.build(nnx.Rngs(stream(in_stream(key, "threefry"), "model")))
    if start is not None:
        leaves, tree = jax.tree.flatten(model)
        given = zip(jax.tree.leaves(start), leaves, strict=True)
        model = jax.tree.unflatten(tree, [jnp.asarray(new).astype(old.dtype) for new, old in given])
    return State(
        model=model,
        memory=_updates(recipe, recipe.steps).init(model),
        loss=jnp.full(recipe.logs, jnp.nan),
        diverged=jnp.asarray(-1, jnp.int32),
        history=_empty_history(recipe, model),
    )


def advance(recipe: Recipe, state: State, keys: tuple[Key, Key], clock: Clock, path: Path) -> State:
    """The steps of the clock, whose number may be known only at run time. Keys are (data, noise)."""
    draw = drawer(recipe, state.model, in_stream(keys[0], recipe.stream), path)
    noise = stream(in_stream(keys[1], recipe.stream), "noise")

    def step(t: Int[Array, ""], state: State) -> State:
        return _step(recipe, path, state, draw, jax.random.fold_in(noise, t), t, clock.steps)

    return jax.lax.fori_loop(clock.start, clock.stop, step, state)


def _step(recipe: Recipe, path: Path, old: State, draw: Draw, key: Key, t: Any, steps: Any) -> State:
    def objective(model: nnx.Module) -> Float[Array, ""]:
        return recipe.objective(model, hosts.rows(draw(t)), key)

    kept = ((t + 1) % recipe.log_every == 0) | (t + 1 == steps)
    if path.slope == "autodiff":
        value, slope = jax.value_and_grad(objective)(old.model)
    else:
        value, slope = closed(recipe, path, old.model, draw, t, kept)
    change = _updates(recipe, steps).update
    updates, memory = change(slope, old.memory, old.model, step=t, value=value, value_fn=objective)
    model = optax.apply_updates(old.model, updates)
    fine = _finite((value, model)) & (old.diverged < 0)
    return State(
        model=_keep(fine, model, old.model),
        memory=_keep(fine, memory, old.memory),
        loss=_logged(old.loss, value, t // recipe.log_every, kept),
        diverged=jnp.where(fine | (old.diverged >= 0), old.diverged, t).astype(jnp.int32),
        history=_record(recipe, old.history, _keep(fine, model, old.model), t + 1),
    )


def _updates(recipe: Recipe, steps: Any) -> optax.GradientTransformationExtraArgs:
    return transformation(recipe.optimizer, recipe.learning_rate, recipe.schedule, steps)


def _logged(losses: Array, value: Array, place: Any, kept: Any) -> Array:
    new = jnp.where(kept, value, losses[place]).astype(losses.dtype)
    return jax.lax.dynamic_update_index_in_dim(losses, new, place, 0, allow_negative_indices=False)


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
