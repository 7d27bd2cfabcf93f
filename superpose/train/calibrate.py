"""What is timed to choose a path: bare draws for the width of vectors, gradients for the form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from superpose.core.machine import processor
from superpose.core.streams import in_stream
from superpose.models import layers, tiles
from superpose.models.toy import ToyConfig
from superpose.train import fused
from superpose.train.fastest import Build, Program, fastest
from superpose.train.objectives import reconstruct
from superpose.train.recipe import Recipe
from superpose.worlds.active import drawer
from superpose.worlds.base import Batch
from superpose.worlds.sparse import SparseWorld


def vector() -> int:
    """512 where the processor has such registers and gains by them, else 0."""
    if "avx512f" not in processor().get("flags", "").split():
        return 0
    return int(fastest("vector", ("0", "512"), _draws))


def kernel(width: int) -> bool:
    """Whether the kernel is the faster on this machine: asked once, of a toy of 5 features, for all that it covers."""
    toy = Recipe(world=SparseWorld(n_features=5), model=ToyConfig(n_features=5, n_hidden=2), batch=256, stream="fast")
    built = not fused.unbuilt(toy, _model(toy.model))
    return built and fastest(f"kernel at {width}", ("gram", "fused"), _drawn_slopes(toy, width)) == "fused"


def form(forms: tuple[str, ...], features: int, hidden: int, rows: int, shared: bool, width: int) -> str:
    """The form whose gradients take least time for a unit of toys of this size. `shared` rows are the same for all."""
    kind = "float64" if jax.config.read("jax_enable_x64") else "float32"
    name = f"{kind} {features}→{hidden} {'all' if shared else 'batch'} {rows} at {width}"
    return fastest(name, forms, _slopes(features, hidden, rows, shared, width))


def sparse(
    forms: tuple[str, ...], world: SparseWorld, hidden: int, rows: int, room: int, stream: str, width: int
) -> str:
    """The form whose gradients take least time, drawing included, on rows of which little is on."""
    kind = "float64" if jax.config.read("jax_enable_x64") else "float32"
    name = f"{kind} {world.n_features}→{hidden} on {room} {world.values} batch {rows} {stream} at {width}"
    return fastest(name, forms, _sparse_slopes(world, hidden, rows, room, stream, width))


def _draws(width: str) -> Build:
    def draw(key: Any) -> Any:
        u = jax.random.uniform(key, (2, 1024))
        return jnp.where(u < 0.1, u, 0.0).sum()

    return _repeated(draw, 32, int(width))


def _slopes(features: int, hidden: int, rows: int, shared: bool, width: int) -> Callable[[str], Build]:
    """Gradients of a toy on dense rows: their number of operations is what matters."""
    config = ToyConfig(n_features=features, n_hidden=hidden)
    still = np.linspace(0, 1, features * rows).reshape(features, rows)

    def program(form: str) -> Build:
        model = _model(config)

        def total(key: Any) -> Any:
            x = (jnp.asarray(still, dtype=float) if shared else jax.random.uniform(key, still.shape)).T
            moved = jax.tree.map(lambda a: a + 1e-3 * jax.random.uniform(key), model)
            slope = layers.slope(moved, Batch(x=x, y=x), reconstruct, form)
            return sum(a.sum() for a in jax.tree.leaves(slope))

        return _repeated(total, max(1, min(64, 2**16 // still.size)), width)

    return program


def _drawn_slopes(recipe: Recipe, width: int) -> Callable[[str], Build]:
    """Gradients of a toy, drawing included."""

    def program(form: str) -> Build:
        model = _model(recipe.model)

        def total(key: Any) -> Any:
            key = in_stream(key, recipe.stream)
            moved = jax.tree.map(lambda a: a + 1e-3 * jax.random.uniform(key), model)
            if form == "fused":
                _, slope = fused.loss_and_slope(moved, fused.drawer(recipe, moved, key)(0), 0)
            else:
                slope = layers.slope(moved, recipe.world.sample(key, int(recipe.batch)), reconstruct, form)
            return sum(a.sum() for a in jax.tree.leaves(slope))

        return _repeated(total, 16, width)

    return program


def _sparse_slopes(world: SparseWorld, hidden: int, rows: int, room: int, stream: str, width: int) -> Callable:
    config = ToyConfig(n_features=world.n_features, n_hidden=hidden)

    def program(form: str) -> Build:
        model, draw = _model(config), drawer(world, rows, room)

        def total(key: Any) -> Any:
            key = in_stream(key, stream)
            moved = jax.tree.map(lambda a: a + 1e-3 * jax.random.uniform(key), model)
            if form == "active":
                slope = tiles.slope(moved, draw(key), reconstruct)
            else:
                slope = layers.slope(moved, world.sample(key, rows), reconstruct, form)
            return sum(a.sum() for a in jax.tree.leaves(slope))

        return _repeated(total, 1, width)

    return program


def _model(config: Any) -> Any:
    """Some model: to start one properly is a second's compiling."""
    shapes = jax.eval_shape(lambda: config.build(nnx.Rngs(jax.random.key(0))))
    return jax.tree.map(lambda a: np.linspace(-0.5, 0.5, a.size, dtype=a.dtype).reshape(a.shape), shapes)


def _repeated(f: Callable[[Any], Any], copies: int, width: int) -> Build:
    """`f(key)` side by side, in a loop whose length is asked for. Compiled ahead, so that a trace can call it too."""

    def loop(seeds: Any, count: Any) -> Any:
        keys = in_stream(jax.random.wrap_key_data(seeds, impl="threefry2x32"), "fast")

        def step(t: Any, total: Any) -> Any:
            return total + jax.vmap(lambda key: f(jax.random.fold_in(key, t)))(keys)

        return jax.lax.fori_loop(0, count, step, jnp.zeros(copies))

    seeds = np.arange(2 * copies, dtype=np.uint32).reshape(copies, 2)
    options: dict[str, str | bool] | None = {"xla_cpu_prefer_vector_width": str(width)} if width else None
    traced = jax.jit(loop).lower(seeds, np.int32(1))

    def build() -> Program:
        compiled = traced.compile(compiler_options=options)
        return lambda count: compiled(seeds, np.int32(count))

    return build
