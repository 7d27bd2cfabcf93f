"""`superpose demo`: the first sweep, and a picture of it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from superpose.cli.experiment import use_cores
from superpose.cli.parse import parse
from superpose.core.mistakes import make_folder

DENSITIES = 28
SEEDS = 20
EXAMPLES = """examples:
  superpose demo                  into ./superpose-demo
  superpose demo /tmp/first       elsewhere"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Train 560 small models, about 20 seconds, and draw how they pack their features."""

    out: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="FOLDER")]] = Path("superpose-demo")
    """Where the picture and its numbers go."""


def main(argv: Sequence[str]) -> int:
    demo(parse(Options, argv, "demo", EXAMPLES).out)
    return 0


def demo(out: Path) -> None:
    """Train a grid of toys from dense to sparse worlds and show how many features share their two dimensions."""
    make_folder(out)
    use_cores()
    import jax

    import superpose as sp

    recipe = sp.Recipe(
        world=sp.SparseWorld(n_features=5, decay=0.9),
        model=sp.ToyConfig(n_features=5, n_hidden=2),
        learning_rate=1e-2, schedule="quarter_cosine", steps=2000,
    )  # fmt: skip
    over = {"world.density": np.geomspace(1.0, 0.03, DENSITIES), "seed": range(SEEDS)}
    print(f"training {DENSITIES * SEEDS} models: 5 features in 2 dimensions, {DENSITIES} densities × {SEEDS} seeds")
    began = time.monotonic()
    swept = sp.sweep(recipe, over, jax.random.key(0), data="shared")
    took = time.monotonic() - began
    print(f"{DENSITIES * SEEDS * recipe.steps / took:,.0f} model-steps/s, {took:.0f} s with compilation")
    best = swept.best("seed", n=20_000)
    W = best.measure(lambda run: run.model.W[...])
    kept = swept.measure(lambda run: (sp.geometry.norms(run.model.W[...]) > 0.5).sum())
    sp.save(out, {"W": W, "kept": kept}, {"models": DENSITIES * SEEDS, "seconds": took}, recipe=recipe)
    picture = sp.plots.save(sp.plots.demo(W, kept), out / "demo.png")
    print(f"the picture is {picture}; the numbers beside it load with superpose.load({str(out)!r})")
