"""What a change of the question costs: the rate of each kind of toy, and its share of the plain one's rate per FLOP.

Only superpose is timed here. FLOPs are those of a step without random numbers, by the formulas of `flops`.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from statistics import median
from typing import Any

import numpy as np

TARGET = 0.5
"""Seconds that a repeat must last."""


def flops(n: int, m: int, batch: int, n_out: int | None = None) -> float:
    """Multiply-adds count two. Two matrices there, one back, and the two products that make the slopes.

    The inputs need no slope, so a tied toy and an untied one both take 10 B n m.
    """
    return batch * (4.0 * n * m + 6.0 * (n_out or n) * m)


def base(n: int, m: int, batch: int = 1024) -> Any:
    import superpose as sp

    return sp.Recipe(
        world=sp.SparseWorld(n_features=n, importance=(1.0,) * n),
        model=sp.ToyConfig(n_features=n, n_hidden=m),
        objective=sp.Reconstruct(reduce="mean"),
        optimizer="adamw",
        learning_rate=1e-3,
        batch=batch,
        log_every=100,
        stream="fast",
    )


def variants(n: int, m: int) -> dict[str, tuple[Any, float, dict[str, Any]]]:
    """By name: the recipe, FLOPs of a step, and axes beside the density's."""
    import superpose as sp

    plain, same = base(n, m), flops(n, m, 1024)
    replace = dataclasses.replace
    toy = lambda **words: replace(plain, model=replace(plain.model, **words))
    world = lambda **words: replace(plain, world=replace(plain.world, **words))
    absolute = replace(
        plain,
        world=sp.TaskWorld(inputs=sp.SparseWorld(n_features=n, values="signed"), task="absolute"),
        model=sp.ComputerConfig(n_inputs=n, n_hidden=m, n_outputs=n),
    )
    found = {
        "base": (plain, same, {}),
        "importance swept": (plain, same, {f"world.importance.{n - 1}": np.geomspace(0.1, 10, 4)}),
        "signed values": (world(values="signed"), same, {}),
        "untied": (toy(tied=False), same, {}),
        "hidden ReLU": (toy(hidden="relu"), same, {}),
        "L⁴": (replace(plain, objective=sp.Reconstruct(reduce="mean", power=4.0)), same, {}),
        "absolute value": (absolute, same, {}),
    }
    if n % 2 == 0:
        pairs = sp.CorrelatedWorld(n_sets=n // 2, importance=(1.0,) * n)
        found["correlated pairs"] = (replace(plain, world=pairs), same, {})
    return found


class Timer:
    """Whole sweeps of one recipe, long enough and compiled before."""

    def __init__(self, recipe: Any, over: dict[str, Any]):
        self.recipe, self.over, self.steps = recipe, over, 10
        self.took()
        while (wall := self.took()) < TARGET:
            self.steps = int(self.steps * min(30.0, 1.2 * TARGET / wall)) + 1
            self.took()

    def took(self) -> float:
        import jax

        import superpose as sp

        began = time.perf_counter()
        recipe = dataclasses.replace(self.recipe, steps=self.steps)
        sp.sweep(recipe, self.over, jax.random.key(0), quiet=True)
        return time.perf_counter() - began


def axes(recipe: Any, models: int, more: dict[str, Any]) -> dict[str, Any]:
    path = "world.inputs.density" if hasattr(recipe.world, "inputs") else "world.density"
    rest = int(np.prod([len(t) for t in more.values()])) if more else 1
    return {path: np.geomspace(1.0, 0.01, models // rest), **more}


def measured(n: int, m: int, models: int, rounds: int) -> list[dict[str, Any]]:
    """All variants in turn, round after round; a share is the median of the shares within the rounds."""
    found = variants(n, m)
    timers = {name: Timer(recipe, axes(recipe, models, more)) for name, (recipe, _, more) in found.items()}
    times = [{name: timer.took() for name, timer in timers.items()} for _ in range(rounds)]
    rows = []
    for name, (_, work, _) in found.items():
        rates = [models * timers[name].steps / took[name] for took in times]
        against = [models * timers["base"].steps / took["base"] for took in times]
        share = median(r / a for r, a in zip(rates, against, strict=True)) * work / found["base"][1]
        row = {"shape": f"{n}→{m}", "variant": name, "rate": median(rates), "gflops": median(rates) * work / 1e9}
        rows.append({**row, "share": share})
    return rows


def main() -> None:
    import superpose as sp

    sp.cli.use_cores()
    quick = "--quick" in sys.argv
    shapes = [(6, 2, 200)] if quick else [(5, 2, 2000), (6, 2, 2000), (20, 5, 400)]
    print(json.dumps([row for shape in shapes for row in measured(*shape, rounds=1 if quick else 3)]))


if __name__ == "__main__":
    main()
