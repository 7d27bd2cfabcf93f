"""What a sweep leaves: runs along named axes, to be measured, compared and picked from."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from superpose.core.fields import check_whole
from superpose.core.keys import stream
from superpose.core.mistakes import BadName, BadValue, said
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import index, replace_at, stack_at
from superpose.models import tiles
from superpose.train.axes import by_field
from superpose.train.fit import Run, precision
from superpose.train.table import Table
from superpose.train.ticks import full_name, place
from superpose.worlds.active import drawer

_NOT_JAX = (jax.errors.ConcretizationTypeError, jax.errors.TracerArrayConversionError)

MISSING = -2
"""`diverged` of a cell that is not trained yet."""

BLOCK = 4096
"""Samples of a held-out draw that are looked at together."""


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Runs along named axes: one flat stack for each point of the `looped` axes, which come first in every table.

    After `best`, `score` holds the held-out loss of each run that was kept.
    """

    moving: Mapping[str, Sequence[Any]]
    looped: Mapping[str, Sequence[Any]]
    stacks: list[Run]
    points: Mapping[str, np.ndarray]
    key: Key
    score: Table | None = None

    @property
    def axes(self) -> dict[str, Sequence[Any]]:
        """Every axis and its ticks, in the order that tables have them."""
        return {**self.looped, **self.moving}

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(t) for t in self.moving.values())

    @property
    def runs(self) -> Run:
        """All runs as one, every array with the sweep's axes in front."""
        if len(self.stacks) != 1:
            raise BadValue(
                f"this sweep has static axes {list(self.looped)}; its models may differ in shape: use measure()"
            )
        recipe = self.stacks[0].recipe
        for path, values in self.points.items():
            recipe = stack_at(recipe, path, values.reshape(self.sizes))
        shaped = jax.tree.map(lambda a: a.reshape((*self.sizes, *a.shape[1:])), _arrays(self.stacks[0]))
        return dataclasses.replace(_on_device(shaped, recipe), recipe=recipe)

    def run(self, **at: Any) -> Run:
        """The run at the nearest ticks: `swept.run(density=0.1, seed=0)`. Every axis is named."""
        ticks = self.axes
        places = dict(place(short, value, ticks) for short, value in at.items())
        if missing := [n for n in ticks if n not in places]:
            raise BadName(f"run() needs a value for {missing} as well; the axes are {list(ticks)}")
        stack = self.stacks[_flat([places[n] for n in self.looped], [len(t) for t in self.looped.values()])]
        cell = _flat([places[n] for n in self.moving], self.sizes)
        point = dict(pair for n, t in self.moving.items() for pair in by_field(n, t[places[n]]).items())
        recipe = _placed(stack, {path: float(point[path]) for path in self.points})
        return dataclasses.replace(_on_device(index(_arrays(stack), cell), recipe), recipe=recipe)

    def measure(self, f: Callable[[Run], Any]) -> Any:
        """Apply `f` to every run; each array it returns becomes a `Table` with the sweep's axes in front."""
        return self._joined([self._measured(run, f) for run in self.stacks])

    def held_out(self, n: int = 100_000) -> Table:
        """Every run's objective on one common draw of `n` fresh samples; exact where the recipe's batch is "all"."""
        key = stream(self.key, "held-out")
        return self._joined([self._measured(run, lambda r: held_out(r, key, n), together=16) for run in self.stacks])

    def best(self, axis: str = "seed", n: int = 100_000) -> Sweep:
        """Along `axis`, keep the run with the lowest held-out loss. Diverged runs lose."""
        name = full_name(axis, self.moving)
        if any(field in self.points for field in name.split(",")):
            raise BadName(f"best() picks among runs of one recipe, and {name!r} changes the recipe: compare held_out()")
        scores, where = self.held_out(n), list(self.moving).index(name)
        diverged = np.stack([run.diverged != -1 for run in self.stacks]).reshape(scores.values.shape)
        lost = diverged | ~np.isfinite(scores.values)
        ranked = np.where(lost, np.inf, scores.values).reshape(-1, *self.sizes)
        picks = ranked.argmin(axis=where + 1)
        axes = {a: t for a, t in self.moving.items() if a != name}
        ticks = {**self.looped, **axes}
        lowest = np.min(ranked, axis=where + 1).reshape([len(t) for t in ticks.values()])
        return dataclasses.replace(
            self,
            moving=axes,
            stacks=[_picked(run, _places(self.sizes, where, p)) for run, p in zip(self.stacks, picks, strict=True)],
            points={p: v.reshape(self.sizes).take(0, axis=where).ravel() for p, v in self.points.items()},
            score=Table(ticks, lowest),
        )

    def _measured(self, run: Run, f: Callable[[Run], Any], together: int = 256) -> Any:
        """`f` over a flat stack, a bounded number of runs at a time."""

        def one(cell: tuple[Run, dict[str, Any]]) -> Any:
            return f(dataclasses.replace(cell[0], recipe=_placed(run, cell[1])))

        def every(cells: Any) -> Any:
            return jax.lax.map(one, cells, batch_size=min(together, run.diverged.shape[0]))

        if not callable(f):
            raise BadValue(f"measure takes a function of a run, not {said(f)}")
        try:
            with precision(run.recipe):
                return _but_missing(run, jax.device_get(jax.jit(every)((_arrays(run), dict(self.points)))))
        except _NOT_JAX as wrong:
            reason = str(wrong).split("\n", 1)[0]
            raise BadValue(f"a measure is compiled, so it must be written with jax.numpy: {reason}") from None

    def _joined(self, parts: list[Any]) -> Any:
        names = self.axes
        lead = tuple(len(t) for t in self.looped.values())

        def join(*arrays: np.ndarray) -> Table:
            if len(shapes := {a.shape[1:] for a in arrays}) > 1:
                raise BadValue(f"along {list(self.looped)} this measure has shapes {sorted(shapes)}; reduce it to one")
            return Table(names, np.stack(arrays).reshape((*lead, *self.sizes, *arrays[0].shape[1:])))

        return jax.tree.map(join, *parts)


def held_out(run: Run, key: Key, n: int = 100_000) -> Float[Array, ""]:
    """The recipe's objective on fresh samples, in blocks; exact where its batch is "all"."""
    recipe = run.recipe
    if recipe.batch == "all":
        return recipe.objective(run.model, recipe.world.everything(), stream(key, "noise"))  # type: ignore[attr-defined]
    block = min(check_whole("n, the number of held-out samples,", n), BLOCK)
    if run.path.slope == "active":
        draw = drawer(recipe.world, block, run.path.active)  # type: ignore[arg-type]
        return jax.lax.map(
            lambda key: tiles.loss(run.model, draw(stream(key, "data")), recipe.objective),
            jax.random.split(key, -(-n // block)),
        ).mean()

    def one(key: Key) -> Float[Array, ""]:
        return recipe.objective(run.model, recipe.world.sample(stream(key, "data"), block), stream(key, "noise"))

    return jax.lax.map(one, jax.random.split(key, -(-n // block))).mean()


def _but_missing(run: Run, found: Any) -> Any:
    """Of cells that are not there, in a run under way, every number measured is nan: relu makes 0 of a nan."""
    gone = np.asarray(run.diverged) == MISSING
    if not gone.any():
        return found
    floats = jax.tree.map(lambda a: np.asarray(a) if a.dtype.kind == "f" else np.asarray(a, np.float32), found)
    return jax.tree.map(lambda a: np.where(gone.reshape(-1, *[1] * (a.ndim - 1)), np.nan, a).astype(a.dtype), floats)


def _placed(run: Run, point: Mapping[str, Any]) -> Any:
    recipe = run.recipe
    for path, value in point.items():
        recipe = replace_at(recipe, path, value)
    return recipe


def _on_device(tree: Run, recipe: Any) -> Run:
    """Host arrays as JAX's, in the recipe's precision: models are indexed under transforms, which NumPy cannot be."""
    with precision(recipe):
        return jax.tree.map(jnp.asarray, tree)


def _arrays(run: Run) -> Run:
    """The run without its recipe: what is stacked."""
    return dataclasses.replace(run, recipe=None)  # type: ignore[arg-type]


def _picked(run: Run, places: np.ndarray) -> Run:
    return dataclasses.replace(index(_arrays(run), places), recipe=run.recipe)


def _flat(places: Sequence[int], sizes: Sequence[int]) -> int:
    return int(np.ravel_multi_index(tuple(places), tuple(sizes))) if sizes else 0


def _places(sizes: tuple[int, ...], axis: int, pick: np.ndarray) -> np.ndarray:
    """Flat places of the picked entries along `axis`."""
    every = np.arange(int(np.prod(sizes))).reshape(sizes)
    return np.take_along_axis(every, np.expand_dims(pick, axis), axis).ravel()
