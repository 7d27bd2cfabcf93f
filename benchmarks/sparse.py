"""What a training step costs when few of many features are on: rows written out, beside what is on alone.

    .venv/bin/python -P benchmarks/sparse.py            # five minutes; 10^6 features written out take 8 GB
    .venv/bin/python -P benchmarks/sparse.py --smoke

Seconds of processor time a step, which other work on the machine moves less than the clock's: a run of many steps
less a run of few, both through `fit`. Each case is a process of its own, for its own peak of memory. What rows written
out cost does not depend on how many features are on, so they are timed once for each number of features.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from typing import Any

SECONDS = 0.7


def main() -> None:
    options = argparse.ArgumentParser(description="Sparse steps, dense and active.")
    options.add_argument("--smoke", action="store_true")
    options.add_argument("--one", help="internal: n, on, m, batch and slope of one line")
    given = options.parse_args()
    if given.one:
        print(json.dumps(measured(**json.loads(given.one))))
        return
    sizes = (10**3, 10**4) if given.smoke else (10**3, 10**4, 10**5, 10**6)
    print(" features   on  room  dense ms active ms  ratio  dense MB active MB")
    for n in sizes:
        dense = apart(n, 1, "direct")
        for on in (1, 10, 100):
            print(line(n, on, dense, apart(n, on, "active")), flush=True)


def line(n: int, on: int, dense: dict[str, float], active: dict[str, float]) -> str:
    times = f"{dense['ms']:9.2f} {active['ms']:9.2f} {dense['ms'] / active['ms']:6.2f}"
    return f"{n:9,} {on:4} {active['room']:5} {times} {dense['mb']:9.0f} {active['mb']:9.0f}"


def apart(n: int, on: int, slope: str) -> dict[str, float]:
    case = json.dumps({"n": n, "on": on, "m": 20, "batch": 256, "slope": slope})
    found = subprocess.run([sys.executable, "-P", __file__, "--one", case], capture_output=True, text=True, check=True)
    return json.loads(found.stdout.splitlines()[-1])


def measured(n: int, on: int, m: int, batch: int, slope: str) -> dict[str, float]:
    """Milliseconds of processor time a step, the peak of this process in MB, and the room for what is on."""
    import superpose as sp
    from superpose.train import calibrate
    from superpose.train.paths import Path
    from superpose.worlds.active import room

    world = sp.SparseWorld(n_features=n, density=on / n)
    recipe = sp.Recipe(world=world, model=sp.ToyConfig(n_features=n, n_hidden=m), batch=batch, steps=4, log_every=10**4)
    most = room(world, world.density, few=0)
    path = Path(slope=slope, vector=calibrate.vector(), active=most if slope == "active" else 0)
    return {"ms": 1e3 * a_step(recipe, path), "mb": peak(), "room": most}


def a_step(recipe: Any, path: Any) -> float:
    """Twice as many steps until they take long enough to tell; the best of three."""
    few = 1
    spent(recipe, path, few)
    while spent(recipe, path, 2 * few) < SECONDS:
        few *= 2
    return min((spent(recipe, path, 2 * few) - spent(recipe, path, few)) / few for _ in range(3))


def spent(recipe: Any, path: Any, steps: int) -> float:
    import dataclasses

    import jax

    import superpose as sp

    began = time.process_time()
    jax.block_until_ready(sp.fit(dataclasses.replace(recipe, steps=steps), jax.random.key(0), path=path).loss)
    return time.process_time() - began


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
