"""Recipes by name, to begin from: each is a line of words and a function. JAX is imported when one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from superpose.core.mistakes import unknown


def recipe(name: str) -> Any:
    if name not in NAMED:
        raise unknown("no recipe is called", name, NAMED)
    return NAMED[name][1]()


def _toy(n_features: int = 20, n_hidden: int = 5, decay: float = 0.9, **model: Any) -> Any:
    import superpose as sp

    world = sp.SparseWorld(n_features=n_features, decay=decay)
    return _long(world, sp.ToyConfig(n_features=n_features, n_hidden=n_hidden, **model))


def _sets(kind: str) -> Any:
    """Six features in sets of two, in a plane: enough to see that correlated features prefer to be orthogonal."""
    import superpose as sp

    return _long(getattr(sp, kind)(n_sets=3, set_size=2), sp.ToyConfig(n_features=6, n_hidden=2))


def _hierarchical() -> Any:
    import superpose as sp

    world = sp.HierarchicalWorld(n_roots=3, branching=2, depth=2)
    return _long(world, sp.ToyConfig(n_features=world.n_features, n_hidden=4))


def _exact() -> Any:
    import superpose as sp

    world, model = sp.SparseWorld(n_features=5, decay=0.9), sp.ToyConfig(n_features=5, n_hidden=2)
    return sp.oracle(sp.Recipe(world=world, model=model))


def _signed(task: str, n: int, n_hidden: int) -> Any:
    import superpose as sp

    inputs = sp.SparseWorld(n_features=n, decay=0.8, values="signed")
    return _long(
        sp.TaskWorld(inputs=inputs, task=task),
        sp.ComputerConfig(n_inputs=n, n_hidden=n_hidden, n_outputs=n, init="copied"),
    )


def _gates() -> Any:
    import superpose as sp

    world = sp.GateWorld(inputs=sp.SparseWorld(n_features=8, density=0.2, values="one"), gate="and")
    return _long(world, sp.ComputerConfig(n_inputs=8, n_hidden=16, n_outputs=28, hidden_bias=True))


def _residual() -> Any:
    import superpose as sp

    inputs = sp.SparseWorld(n_features=100, density=0.01, values="signed")
    model = sp.ResidualMLPConfig(n_features=100, width=100, n_neurons=50)
    return _long(sp.TaskWorld(inputs=inputs, task="residual_relu"), model, learning_rate=3e-3)


def _long(world: Any, model: Any, learning_rate: float = 5e-3) -> Any:
    import superpose as sp

    return sp.Recipe(
        world=world, model=model, learning_rate=learning_rate, schedule="quarter_cosine", steps=2000
    )  # fmt: skip


NAMED: dict[str, tuple[str, Callable[[], Any]]] = {
    "toy": ("20 features of falling importance in 5 dimensions, relu out: the README's", _toy),
    "toy.linear": (
        "the same without the relu: it keeps the 5 most important and no more",
        lambda: _toy(activation="identity"),
    ),
    "toy.plane": ("5 features in 2 dimensions: digons and pentagons", lambda: _toy(5, 2)),
    "toy.uniform": (
        "400 features of one importance in 30 dimensions: how features fall into polytopes",
        lambda: _toy(400, 30, 1.0),
    ),
    "toy.correlated": ("3 pairs of features that come on together, in 2 dimensions", lambda: _sets("CorrelatedWorld")),
    "toy.anticorrelated": (
        "3 pairs of features that never are on together, in 2 dimensions",
        lambda: _sets("AnticorrelatedWorld"),
    ),
    "toy.hierarchical": ("3 features with 2 below each that need it, in 4 dimensions", _hierarchical),
    "toy.exact": ("5 features in 2 dimensions without noise: exact expected losses, minimised by L-BFGS", _exact),
    "computer.absolute": ("absolute values of 10 signed features, by 20 neurons", lambda: _signed("absolute", 10, 20)),
    "computer.gates": ("the AND of every pair of 8 bits, by 16 neurons", _gates),
    "computer.residual": ("x + relu(x) of 100 features, by 50 neurons beside a residual stream", _residual),
}
