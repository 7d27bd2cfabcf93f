"""What `plan` says a run will hold at its peak, beside what it held: `python tests/faults/memory.py`."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jax
import numpy as np

import superpose as sp
from superpose import runs
from superpose.runs.launch import train

sp.cli.use_cores()
KEY = jax.random.key(0)


def toy(features: int, hidden: int, steps: int, **more: Any) -> sp.Recipe:
    world = sp.SparseWorld(n_features=features, decay=0.9)
    return sp.Recipe(world=world, model=sp.ToyConfig(n_features=features, n_hidden=hidden), steps=steps, **more)


def cases() -> dict[str, tuple[sp.Recipe, dict[str, Any], dict[str, Any]]]:
    """Small; many losses; wide models; many snapshots; small chunks; untied; computing; a program a value."""
    signed = sp.SparseWorld(n_features=150, values="signed")
    untied = sp.ToyConfig(n_features=150, n_hidden=30, tied=False)
    inputs = sp.SparseWorld(n_features=60, values="signed")
    computer = sp.ComputerConfig(n_inputs=60, n_hidden=100, n_outputs=60)
    task = sp.TaskWorld(inputs=inputs, task="absolute")
    kept = tuple(range(0, 48, 2))
    return {
        "small": (toy(20, 5, 500), {"world.density": np.geomspace(1, 0.01, 8), "seed": range(8)}, {}),
        "losses": (toy(5, 2, 4000, log_every=1, batch=16), {"seed": range(8192)}, {}),
        "wide": (toy(400, 80, 4, batch=16), {"seed": range(1024)}, {}),
        "snapshots": (toy(64, 16, 48, batch=16, snapshots=kept), {"seed": range(6000)}, {}),
        "chunks": (toy(200, 40, 4, batch=16), {"seed": range(8000)}, {"chunk": 512}),
        "untied": (sp.Recipe(world=signed, model=untied, steps=6, batch=32), {"seed": range(3000)}, {}),
        "computer": (sp.Recipe(world=task, model=computer, steps=30, batch=64), {"seed": range(2400)}, {}),
        "programs": (toy(30, 5, 200), {"model.n_hidden": [2, 5, 8], "seed": range(2000)}, {}),
    }  # fmt: skip


def planned(name: str) -> int:
    recipe, over, how = cases()[name]
    return runs.plan(recipe, over, KEY, **how).peak_bytes


def held(name: str) -> int:
    recipe, over, how = cases()[name]
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder, "run"), recipe, over, KEY, how=runs.How(quiet=True, **how))
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return 1024 * int(re.findall(r"VmHWM:\s+(\d+)", status)[0])


def child(what: str, name: str) -> int:
    """In a process of its own, as memory that was held once shows for good."""
    ran = subprocess.run(
        [sys.executable, __file__, what, name], capture_output=True, encoding="utf-8", timeout=600, check=True
    )
    return int(ran.stdout.split()[-1])


def main() -> None:
    print(f"{'run':10} {'planned MB':>10} {'held MB':>8} {'ratio':>6}")
    for name in cases():
        plan, peak = child("planned", name), child("held", name)
        print(f"{name:10} {plan / 1e6:10,.0f} {peak / 1e6:8,.0f} {plan / peak:6.2f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print({"planned": planned, "held": held}[sys.argv[1]](sys.argv[2]))
    else:
        main()
