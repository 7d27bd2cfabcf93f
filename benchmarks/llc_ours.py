"""Our learning coefficient of a k-gon, over the same exact loss; answers over a pipe."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import superpose as sp
from benchmarks.worker import Job, serve
from superpose.geometry import own_error, spill


def loss(params: dict) -> jax.Array:
    """As in `llc_torch`, products by broadcasting."""
    W, b = params["W"], params["b"]
    G = (W[:, :, None] * W[:, None, :]).sum(0)
    others = jnp.where(jnp.eye(b.shape[0], dtype=bool), 0.0, spill(G, b[:, None]))
    return (own_error((W * W).sum(0), b).sum() + others.sum()) / b.shape[0]


def make(spec: dict) -> Job:
    sp.use_cores()
    params = {name: np.asarray(spec[name], spec["precision"]) for name in ("W", "b")}
    found: list = []

    def run(steps: int) -> None:
        half = steps // 2
        given = sp.landscape.Sampler(
            nbeta=spec["nbeta"], step=spec["step"], chains=spec["chains"], burn_in=half, draws=steps - half, polish=0
        )
        key = jax.random.key(len(found))
        found.append(jax.block_until_ready(sp.landscape.learning_coefficient(params, loss, key, given)))

    def save(path: str) -> None:
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"{float(found[-1].value)} {float(found[-1].error)}")

    return Job(run=run, models=spec["chains"], save=save, about={"jax": jax.__version__})


if __name__ == "__main__":
    serve(make)
