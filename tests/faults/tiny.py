"""The runs that faults happen to: small enough that a second of training writes many chunks."""

from __future__ import annotations

import hashlib

import jax
import numpy as np

import superpose as sp

OVER = {"model.n_hidden": [1, 2], "world.density": [0.1, 0.5], "seed": [0, 1, 2, 3, 4, 5]}
CHUNK = 4
FEW = {"world.density": [0.1, 0.5], "seed": [0, 1, 2, 3]}
"""Two chunks of one program."""


def key():
    return jax.random.key(0)


def recipe(wide=4, **more):
    """`wide` features, and half as many dimensions."""
    given = {"steps": 64, "batch": 16, "learning_rate": 1e-2, **more}
    return sp.Recipe(
        world=sp.SparseWorld(n_features=wide), model=sp.ToyConfig(n_features=wide, n_hidden=wide // 2), **given
    )


def long(**more):
    """For one long fit, many segments of which are kept."""
    return recipe(steps=1024, **more)


def over(chosen):
    return OVER if chosen is None else chosen


def bits(result):
    """A digest of every number of a run or a sweep."""
    stacks = getattr(result, "stacks", [result])
    leaves = jax.tree.leaves([(s.model, s.loss, s.diverged, s.history) for s in stacks])
    found = hashlib.sha256()
    for a in map(np.asarray, leaves):
        found.update(f"{a.dtype} {a.shape}".encode() + a.tobytes())
    return found.hexdigest()
