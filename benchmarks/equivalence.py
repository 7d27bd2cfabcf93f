"""Gates before any ratio is printed: fast code trains to the same place, from the same numbers, down the same slope."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ab import Row, Worker
from benchmarks.workloads import Alike

LEAST_P = 1e-3
"""Below this a statistical gate is shut: one chance in a thousand for each of them, in a run that is right."""


@dataclasses.dataclass(frozen=True)
class Gate:
    """`passed` is None where there was nothing to test."""

    name: str
    passed: bool | None
    found: str


def gates(torch: str, quick: bool = False) -> list[Gate]:
    return [bogus_flag(), *same_bits(), slope_by_one_step(), slopes_of_the_engine(), *same_statistics(torch, quick)]


def bogus_flag() -> Gate:
    """XLA drops silently what it does not take for a flag; it must at least refuse a flag it does not know."""
    asked = {**os.environ, "XLA_FLAGS": "--xla_no_such_flag=1"}
    ran = subprocess.run([sys.executable, "-c", "import jax; jax.devices()"], env=asked, capture_output=True, text=True)
    refused = ran.returncode != 0 and "xla_no_such_flag" in ran.stderr
    return Gate("an unknown XLA flag is refused", refused, f"exit status {ran.returncode}")


def same_bits() -> list[Gate]:
    import jax

    from superpose.core.streams import in_stream

    def agree(shape: tuple[int, ...], seed: int) -> bool:
        key = jax.random.key(seed)
        ours, theirs = (np.asarray(jax.random.bits(k, shape)) for k in (in_stream(key, "threefry"), key))
        return bool((ours == theirs).all())

    shapes = [(1,), (7,), (3, 1001), (64, 20, 256)]
    good = sum(agree(shape, seed) for shape in shapes for seed in range(4))
    return [Gate("threefry is jax.random to the bit", good == 16, f"{good} of 16 draws equal")]


def slope_by_one_step() -> Gate:
    """One step of plain descent at rate 1 moves by the gradient: in double precision, against `jax.grad`."""
    import jax

    import superpose as sp

    recipe = sp.Recipe(
        world=sp.SparseWorld(n_features=3, decay=0.8, density=0.3),
        model=sp.ToyConfig(n_features=3, n_hidden=2, bias_scale=0.1),
        objective=sp.Reconstruct(reduce="mean"),
        optimizer="sgd",
        learning_rate=1.0,
        batch="all",
        steps=1,
        snapshots=(0, 1),
        precision="float64",
    )
    with jax.enable_x64(True):
        run = sp.fit(recipe, jax.random.key(0))
        start, end = (jax.tree.map(lambda a, i=i: a[i], run.history) for i in (0, 1))
        everything = recipe.world.everything()
        slope = jax.grad(lambda model: recipe.objective(model, everything, jax.random.key(1)))(start)
        moved = jax.tree.map(lambda a, b: np.asarray(a - b), start, end)
        off = max(_relative(m, s) for m, s in zip(jax.tree.leaves(moved), jax.tree.leaves(slope), strict=True))
    return Gate("one step is the gradient, float64", off <= 1e-6, f"relative error {off:.1e}")


def slopes_of_the_engine() -> Gate:
    """Both closed forms on sampled rows, in double precision, for shapes and words of every workload's kind."""
    import jax

    import superpose as sp

    kinds = [(2, 1, {}), (5, 2, {"tied": False}), (20, 5, {"hidden": "relu"}), (400, 30, {})]
    with jax.enable_x64(True):
        off = max(_slopes_apart(sp.ToyConfig(n_features=n, n_hidden=m, **words)) for n, m, words in kinds)
    return Gate("closed-form gradients are autodiff's, float64", off <= 1e-6, f"relative error {off:.1e}")


def _slopes_apart(config: Any) -> float:
    import jax
    from flax import nnx

    import superpose as sp
    from superpose.models import layers

    model = config.build(nnx.Rngs(jax.random.key(0)))
    batch = sp.SparseWorld(n_features=config.n_features, density=0.3, decay=0.9).sample(jax.random.key(1), 256)
    wanted = jax.tree.leaves(jax.grad(lambda m: sp.reconstruct(m, batch, jax.random.key(2)))(model))
    forms = layers.FORMS if model.wiring.gram else ("direct",)
    found = [jax.tree.leaves(layers.slope(model, batch, sp.reconstruct, form)) for form in forms]
    return max(_relative(f, w) for each in found for f, w in zip(each, wanted, strict=True))


def _relative(a: Any, b: Any) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def same_statistics(torch: str, quick: bool) -> list[Gate]:
    """Seeds of 5→2, trained by the notebook and by both streams, judged on one draw of fresh samples."""
    from scipy import stats

    work, steps = Alike("seeds of 5→2", 5, 2, 64 if quick else 256), 1000 if quick else 3000
    theirs = Row("notebook", torch, "torch_ref", "notebook", work)
    loss, kept = _ends(theirs, steps)
    found = []
    for stream in ("threefry", "fast"):
        own_loss, own_kept = _ends(Row(stream, sys.executable, "ours", stream, work), steps)
        p = stats.ks_2samp(own_loss, loss).pvalue
        said = (
            f"{own_loss.mean():.5f} ± {own_loss.std():.5f} against {loss.mean():.5f} ± {loss.std():.5f}, KS p = {p:.2f}"
        )
        found.append(Gate(f"final losses of {work.models} seeds, {steps} steps, {stream}", bool(p > LEAST_P), said))
        p, said = _same_histogram(own_kept, kept)
        found.append(Gate(f"features represented, {stream}", bool(p > LEAST_P), said))
    return found


def _ends(row: Row, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Held-out losses of a row's models after `steps` in all, and how many features each represents."""
    worker = Worker(row)
    try:
        worker.ask({"steps": steps - worker.about.get("done", 0)})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "models.npz"
            worker.ask({"save": str(path)})
            with np.load(path) as saved:
                W, b = saved["W"], saved["b"]
    finally:
        worker.close()
    return _losses(row.work, W, b), (np.linalg.norm(W, axis=-1) > 0.5).sum(-1)


def _losses(work: Any, W: np.ndarray, b: np.ndarray, count: int = 20_000) -> np.ndarray:
    """W is "models features hidden"; the samples are the same for every model."""
    luck = np.random.default_rng(0)
    p, importance = (a[0] for a in work.flat())
    x = np.where(luck.random((count, work.n)) < p, luck.random((count, work.n)), 0.0)
    out = np.maximum(x @ W @ W.swapaxes(-1, -2) + b.reshape(len(W), 1, -1), 0.0)
    return (importance * (out - x) ** 2).mean(axis=(1, 2))


def _same_histogram(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, str]:
    """Chi-square of two counts, with bins of fewer than ten models joined to a neighbour."""
    from scipy import stats

    most = int(max(ours.max(), theirs.max())) + 1
    both = np.stack([np.bincount(k, minlength=most) for k in (ours, theirs)])
    said = f"{both[0].tolist()} against {both[1].tolist()}"
    bins: list[np.ndarray] = []
    for column in both.T:
        if bins and (bins[-1].sum() < 10 or column.sum() < 10):
            bins[-1] = bins[-1] + column
        else:
            bins.append(column)
    p = 1.0 if len(bins) < 2 else stats.chi2_contingency(np.stack(bins, axis=1)).pvalue
    return p, f"{said}, p = {p:.2f}"


if __name__ == "__main__":
    from benchmarks.setup import torch_python

    for gate in gates(torch_python(), quick="--quick" in sys.argv):
        print({True: "passed", False: "FAILED", None: "no test"}[gate.passed], gate.name, gate.found, sep=": ")
