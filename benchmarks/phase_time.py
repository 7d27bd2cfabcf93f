"""How soon the phase diagram is right: exact expected gradients against sampled training, as users would ask for them.

Another algorithm for the same question, so its times never share a number with those of the same work.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from benchmarks.setup import ROOT

NODES = 8
"""Points a feature in every pattern of what is on."""
FINE = 0
"""As many as the world takes by itself, to judge by."""


def toy(n: int, **words: Any) -> Any:
    import superpose as sp

    return sp.Recipe(
        world=sp.SparseWorld(n_features=n, importance=(1.0,) * n),
        model=sp.ToyConfig(n_features=n, n_hidden=n - 1),
        **{"optimizer": "adamw", "log_every": 100, **words},
    )


def exact(n: int) -> Any:
    """500 steps down the expected loss itself."""
    recipe = toy(n, batch="all", steps=500, learning_rate=2e-2, schedule="cosine")
    return dataclasses.replace(recipe, world=dataclasses.replace(recipe.world, nodes=NODES))


def sampled(n: int) -> Any:
    """The notebook's settings."""
    return toy(n, batch=1024, steps=10_000, learning_rate=1e-3, stream="fast")


def grid(n: int, side: int, seeds: int) -> dict[str, Any]:
    densities, importances = np.geomspace(1, 0.01, side), np.geomspace(0.1, 10, side)
    return {"world.density": densities, f"world.importance.{n - 1}": importances, "seed": range(seeds)}


def trained(recipe: Any, over: dict[str, Any]) -> tuple[Any, float]:
    """The sweep, and its seconds with compilation."""
    import jax

    import superpose as sp

    began = time.perf_counter()
    swept = sp.sweep(recipe, over, jax.random.key(0), quiet=True)
    return swept, time.perf_counter() - began


def judged(swept: Any) -> tuple[np.ndarray, np.ndarray]:
    """The exact loss of every cell's best seed, and what that seed does with the last feature: 0, 1 or 2.

    The feature is ignored, has a dimension of its own, or shares one.
    """
    import jax

    import superpose as sp

    def look(run: Any) -> dict[str, Any]:
        W, world = run.model.W[...], dataclasses.replace(run.recipe.world, nodes=FINE)
        loss = sp.Reconstruct()(run.model, world.everything(), jax.random.key(0))
        norm, shared = sp.geometry.norms(W)[-1], sp.geometry.superposition(W)[-1]
        return {"loss": loss, "phase": jax.numpy.where(norm < 0.5, 0, jax.numpy.where(shared < 0.5, 1, 2))}

    found = swept.measure(look)
    loss = np.where(np.isfinite(found["loss"].values), found["loss"].values, np.inf)
    best = loss.argmin(-1)[..., None]
    return tuple(np.take_along_axis(a, best, -1)[..., 0] for a in (loss, found["phase"].values))


def compared(side: int = 20, seeds: int = 4) -> list[dict[str, Any]]:
    """2→1: exact and sampled against many exact descents by L-BFGS in double precision."""
    import superpose as sp

    over = grid(2, side, seeds)
    reference, _ = trained(sp.oracle(toy(2)), {**over, "seed": range(2 * seeds)})
    least, right = judged(reference)
    rows = []
    for name, recipe in (("exact", exact(2)), ("sampled", sampled(2))):
        swept, seconds = trained(recipe, over)
        loss, phase = judged(swept)
        excess = loss / least - 1
        row = {"how": name, "models": side * side * seeds, "steps": recipe.steps, "seconds": seconds}
        found = {"median": float(np.median(excess)), "high": float(np.quantile(excess, 0.9))}
        rows.append({**row, **found, "agree": float((phase == right).mean())})
    return rows


def whole(n: int, side: int = 100, seeds: int = 10) -> dict[str, Any]:
    """The whole exact diagram: on a machine that has never seen its shape, and in the next process.

    Both compile. The first also times forms of the gradient against each other, and builds the kernel.
    """
    words = [sys.executable, "-m", "benchmarks.phase_time", "--whole", *map(str, (n, side, seeds))]
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "XDG_CACHE_HOME": cache}
        first, again = (
            float(subprocess.run(words, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout)
            for _ in range(2)
        )
    return {"shape": f"{n}→{n - 1}", "models": side * side * seeds, "steps": 500, "first": first, "next": again}


def main() -> None:
    import superpose as sp

    sp.cli.use_cores()
    if "--whole" in sys.argv:
        n, side, seeds = map(int, sys.argv[-3:])
        print(trained(exact(n), grid(n, side, seeds))[1])
        return
    small = "--quick" in sys.argv
    wholes = [whole(n, *((10, 2) if small else (100, 10))) for n in (2, 3)]
    rows = compared(*((5, 2) if small else (20, 4)))
    print(json.dumps({"nodes": NODES, "compared": rows, "whole": wholes}))


if __name__ == "__main__":
    main()
