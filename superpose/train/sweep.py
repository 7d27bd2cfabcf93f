"""Many runs at once, along named axes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import jax
import numpy as np

from superpose.core.keys import stream
from superpose.core.mistakes import BadName, BadValue
from superpose.core.shapes import Array, Float, Key
from superpose.core.trees import index, replace_at, stack_at
from superpose.train.axes import Axes, grid
from superpose.train.chunks import train
from superpose.train.fit import Run, as_run, precision
from superpose.train.progress import Progress
from superpose.train.recipe import Recipe
from superpose.train.table import Table, full_name, nearest
from superpose.train.units import Cells

BLOCK = 4096
"""Samples of a held-out draw that are looked at together."""


def sweep(
    recipe: Recipe,
    over: Axes,
    key: Key,
    *,
    data: Literal["own", "shared"] = "own",
    budget: int | None = None,
    max_cells: int = 10_000_000,
    quiet: bool = False,
) -> Sweep:
    """Fit `recipe` at every point of the grid `over`, whose axes are dotted field names or "seed".

    Axes naming float fields, and "seed", ride in one program; those naming static fields (sizes, words, whole
    worlds) compile one program a value and come first in the results. The run at a seed is
    `fit(recipe, fold_in(key, seed))` whatever else is in the grid. `data="shared"` draws the same samples for all
    cells, which is faster; seeds then differ by initialisation alone. `budget` is in bytes; results do not depend on it.
    """
    if data not in ("own", "shared"):
        raise BadName(f"data is {data!r}; it must be 'own' or 'shared'")
    plan = grid(recipe, over, max_cells)
    flat = plan.flat()
    recipes = list(plan.recipes(recipe))
    count = int(np.prod(plan.sizes, dtype=int))
    progress = Progress(sum(r.steps * count for r in recipes), f"{count * len(recipes):,} models", quiet=quiet)
    keys = jax.vmap(lambda s: jax.random.fold_in(key, s))(flat.pop("seed", np.zeros(max(count, 1), np.uint32)))
    cells = Cells(points=flat, keys=keys, data=key if data == "shared" else None)
    stacks = []
    for each in recipes:
        with precision(each):
            stacks.append(as_run(each, train(each, cells, budget, progress)))
    progress.close()
    moving = {n: list(over[n]) for n in plan.moving}
    return Sweep(axes=moving, looped=plan.looped, stacks=stacks, points=flat, key=key)


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Runs along named axes: one flat stack for each point of the `looped` axes, which come first in every table."""

    axes: Mapping[str, Sequence[Any]]
    looped: Mapping[str, Sequence[Any]]
    stacks: list[Run]
    points: Mapping[str, np.ndarray]
    key: Key
    score: Table | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(t) for t in self.axes.values())

    @property
    def runs(self) -> Run:
        """All runs as one, every array with the sweep's axes in front."""
        if len(self.stacks) != 1:
            raise BadValue(
                f"this sweep has static axes {list(self.looped)}; its models may differ in shape: use measure"
            )
        run = self.stacks[0]
        shaped = jax.tree.map(lambda a: a.reshape(*self.sizes, *a.shape[1:]), _arrays(run))
        recipe = run.recipe
        for path, values in self.points.items():
            recipe = stack_at(recipe, path, values.reshape(self.sizes))
        return dataclasses.replace(shaped, recipe=recipe)

    def run(self, **at: Any) -> Run:
        """The run at the nearest ticks: `swept.run(density=0.1, seed=0)`. Every axis is named."""
        ticks = {**self.looped, **self.axes}
        wanted = {full_name(short, ticks): value for short, value in at.items()}
        if missing := [n for n in ticks if n not in wanted]:
            raise BadName(f"run() needs a value for {missing} as well; the axes are {list(ticks)}")
        places = {n: nearest(n, t, wanted[n]) for n, t in ticks.items()}
        stack = _flat_place([places[n] for n in self.looped], [len(t) for t in self.looped.values()])
        cell = _flat_place([places[n] for n in self.axes], list(self.sizes))
        return _one(self.stacks[stack], self.points, cell)

    def measure(self, f: Callable[[Run], Any]) -> Any:
        """Apply `f` to every run; each array it returns becomes a `Table` with the sweep's axes in front."""
        return self._joined([self._measured(run, f) for run in self.stacks])

    def held_out(self, n: int = 100_000) -> Table:
        """Every run's objective on one common draw of `n` fresh samples (exact where the recipe's batch is "all")."""
        key = stream(self.key, "held-out")
        return self._joined([self._measured(run, lambda r: held_out(r, key, n), together=16) for run in self.stacks])

    def best(self, axis: str = "seed", n: int = 100_000) -> Sweep:
        """Along `axis`, keep the run with the lowest held-out loss; `.score` has the loss. Diverged runs lose."""
        name = full_name(axis, self.axes)
        scores = self.held_out(n)
        lead, where = len(self.looped), list(self.axes).index(name)
        ranked = np.where(np.isfinite(scores.values), scores.values, np.inf).reshape(-1, *self.sizes)
        pick = ranked.argmin(axis=where + 1)
        flat = [_take(self.sizes, where, p) for p in pick]
        stacks = [
            dataclasses.replace(index(_arrays(r), f), recipe=r.recipe) for r, f in zip(self.stacks, flat, strict=True)
        ]
        axes = {a: t for a, t in self.axes.items() if a != name}
        score = Table(
            {**self.looped, **axes},
            np.min(scores.values, axis=lead + where, initial=np.inf, where=~np.isnan(scores.values)),
        )
        points = {p: v.reshape(self.sizes).take(0, axis=where).ravel() for p, v in self.points.items() if p != name}
        if name in self.points:
            raise BadName(f"best() chooses among runs of one recipe; {name!r} changes the recipe: use held_out()")
        return dataclasses.replace(self, axes=axes, stacks=stacks, points=points, score=score)

    def _measured(self, run: Run, f: Callable[[Run], Any], together: int = 256) -> Any:
        """`f` over the flat stack, a bounded number of runs at a time."""
        with precision(run.recipe):
            count = run.diverged.shape[0]
            return jax.device_get(_mapped(f, run, dict(self.points), min(together, count)))

    def _joined(self, parts: list[Any]) -> Any:
        names = {**self.looped, **self.axes}
        lead = tuple(len(t) for t in self.looped.values())

        def join(*arrays: np.ndarray) -> Table:
            if len({a.shape[1:] for a in arrays}) > 1:
                shapes = sorted({a.shape[1:] for a in arrays})
                raise BadValue(
                    f"along {list(self.looped)} this measure has different shapes {shapes}; reduce it to one"
                )
            return Table(names, np.stack(arrays).reshape(*lead, *self.sizes, *arrays[0].shape[1:]))

        return jax.tree.map(join, *parts)


def held_out(run: Run, key: Key, n: int = 100_000) -> Float[Array, ""]:
    """The recipe's objective on fresh samples, in blocks; exact where its batch is "all"."""
    recipe = run.recipe
    if recipe.batch == "all":
        return recipe.objective(run.model, recipe.world.everything(), stream(key, "noise"))  # type: ignore[attr-defined]
    block = min(n, BLOCK)

    def one(k: Key) -> Float[Array, ""]:
        return recipe.objective(run.model, recipe.world.sample(stream(k, "data"), block), stream(k, "noise"))

    return jax.lax.map(one, jax.random.split(key, -(-n // block))).mean()


def _mapped(f: Callable[[Run], Any], run: Run, points: dict[str, np.ndarray], together: int) -> Any:
    def one(cell: tuple[Run, dict[str, Any]]) -> Any:
        arrays, point = cell
        recipe = run.recipe
        for path, value in point.items():
            recipe = replace_at(recipe, path, value)
        return f(dataclasses.replace(arrays, recipe=recipe))

    return jax.jit(lambda cells: jax.lax.map(one, cells, batch_size=together))((_arrays(run), points))


def _arrays(run: Run) -> Run:
    """The run without its recipe: what is stacked."""
    return dataclasses.replace(run, recipe=None)


def _one(run: Run, points: Mapping[str, np.ndarray], cell: int) -> Run:
    recipe = run.recipe
    for path, values in points.items():
        recipe = replace_at(recipe, path, float(values[cell]))
    return dataclasses.replace(index(_arrays(run), cell), recipe=recipe)


def _flat_place(places: list[int], sizes: list[int]) -> int:
    return int(np.ravel_multi_index(places, sizes)) if sizes else 0


def _take(sizes: tuple[int, ...], axis: int, pick: np.ndarray) -> np.ndarray:
    """Flat places of the picked entries along `axis`."""
    places = np.arange(int(np.prod(sizes))).reshape(sizes)
    return np.take_along_axis(places, np.expand_dims(pick, axis), axis).ravel()
