"""`fit`: one recipe and one key to one trained model."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import jax
import jax.numpy as jnp

from superpose.core.keys import check_key
from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float, Int, Key
from superpose.core.trees import index, leaf, pytree, static
from superpose.train.begun import begun
from superpose.train.choose import agreed, choose
from superpose.train.engine import Clock, State
from superpose.train.paths import Path, plain
from superpose.train.recipe import Recipe, check_recipe, data_in_words
from superpose.train.units import Cells, advance_units, begin_units, open_ended


@pytree
class Run:
    """One trained model, or a stack of them. `loss` is the training loss at the last step of every `log_every`.

    `diverged` is the step at which a model stopped being finite (it stays where it was before), −1 if it never did.
    `history` holds the model at `recipe.snapshots`. `path` is how the engine computed it.
    """

    recipe: Recipe = leaf()
    model: Any = leaf()
    loss: Float[Array, "... logs"] = leaf()
    diverged: Int[Array, "..."] = leaf()
    history: Any = leaf(default=None)
    path: Path = static(default=Path())


def fit(recipe: Recipe, key: Key, *, data: Key | None = None, path: Path | None = None, start: Any = None) -> Run:
    """Train one model. Pure: jit it, vmap it, or call it as it is.

    A point of a sweep equals this to the bit on a CPU, given `fold_in(key, seed)`. `data` is the key of the samples
    where they are shared with other runs; by default they follow from `key`. `path` is how to compute, as an earlier
    run has it, to repeat its bits on another machine. Where few features of very many are on, the path depends on the
    density, and a sweep's on its largest: a point of it is repeated to the bit with the sweep's own path.
    `start` is a model to go on from in place of a new one; no recipe tells of it.
    Inside your own `jit` the compiler is yours to instruct, so the path's vector width is not asked for, and the last
    bit may differ.
    """
    check_recipe("fit's recipe", recipe)
    check_key("fit's key", key)
    with precision(recipe, key):
        path = agreed(path, recipe) if path else choose(recipe)
        roomy, clock = open_ended(recipe), _clock(recipe.steps)
        first = jax.tree.map(lambda a: jnp.broadcast_to(a, (1, path.width, *a.shape)), begun([recipe], start))
        cells = Cells(points={}, keys=jnp.broadcast_to(key, (1, path.width)), data=data, start=first)
        traced = any(isinstance(a, jax.core.Tracer) for a in jax.tree.leaves((recipe, key, data)))
        state = jax.lax.optimization_barrier(_begin(traced)(roomy, cells))
        advanced = _advance(path, recipe.batch, traced)(roomy, cells, state, clock)
        return as_run(recipe, index(advanced, (0, 0)), path)


def _clock(steps: int) -> Clock:
    """The whole run. Inside a trace its length must stay a number that the compiler does not know, as in a sweep."""
    start, stop = jax.lax.optimization_barrier((jnp.zeros((), jnp.int32), jnp.asarray(steps, jnp.int32)))
    return Clock(start=start, stop=stop, steps=stop)


@functools.cache
def _begin(traced: bool) -> Any:
    return jax.jit(begin_units, compiler_options=None if traced else plain())


@functools.lru_cache(maxsize=64)
def _advance(path: Path, batch: Any, traced: bool) -> Any:
    options = None if traced else path.options(batch)
    return jax.jit(functools.partial(advance_units, path=path), compiler_options=options)


TRAINED: set[tuple[str, Path]] = set()
"""What this process has trained on, and by which paths: every result says so."""


def as_run(recipe: Recipe, state: State, path: Path) -> Run:
    TRAINED.add((data_in_words(recipe), path))
    loss = state.loss[..., : recipe.logs]
    return Run(recipe=recipe, model=state.model, loss=loss, diverged=state.diverged, history=state.history, path=path)


def precision(recipe: Recipe, key: Any = None) -> contextlib.AbstractContextManager:
    """Double precision while this recipe trains, if it asks for it."""
    wanted = recipe.precision == "float64"
    if wanted == jax.config.read("jax_enable_x64"):
        return contextlib.nullcontext()
    if isinstance(key, jax.core.Tracer):
        raise BadValue(
            f"this recipe has precision={recipe.precision!r}; call fit outside jit, which traces in the other"
        )
    return jax.enable_x64(wanted)
