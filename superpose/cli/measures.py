"""Measures by name: what a command line can draw and export of any run that has them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from superpose.core.mistakes import BadValue, unknown


@dataclasses.dataclass(frozen=True)
class Measure:
    """A few words for `--help`, the label of an axis of a figure, and a function from a sweep to a table."""

    about: str
    label: str
    of: Callable[[Any], Any]
    per: str = "model"


def measure(name: str) -> Measure:
    if name not in MEASURES:
        raise unknown("no measure is called", name, MEASURES)
    return MEASURES[name]


def default(swept: Any) -> str:
    """What is drawn of a run if nothing is asked for: its loss, of one model all along."""
    return "loss" if swept.axes else "curve"


def standard(swept: Any) -> list[str]:
    """What is exported of a run if nothing is asked for."""
    model = swept.stacks[0].model
    return ["loss", *(["kept"] if hasattr(model, "W") or hasattr(model, "W1") else []), "diverged"]


def weights(model: Any) -> Any:
    """The matrix whose columns are the directions of features."""
    for name in ("W", "W1"):
        if hasattr(model, name):
            return getattr(model, name)[...]
    raise BadValue(f"{type(model).__name__} has no matrix W or W1 of feature directions; its loss can be measured")


def _of_weights(f: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def table(swept: Any) -> Any:
        from superpose import geometry

        return swept.measure(lambda run: f(geometry, weights(run.model)))

    return table


def _loss(swept: Any) -> Any:
    return swept.measure(lambda run: run.loss[-max(1, len(run.loss) // 20) :].mean())


MEASURES = {
    "loss": Measure("training loss, the mean of its last twentieth", "training loss", _loss),
    "held_out": Measure(
        "loss on 100,000 fresh samples, exact where the batch is", "held-out loss", lambda s: s.held_out()
    ),
    "curve": Measure(
        "training loss at every logged step", "training loss", lambda s: s.measure(lambda run: run.loss), "step"
    ),
    "dimensionality": Measure(
        "the share of a hidden dimension that each feature owns", "dimensionality (share of a dimension)",
        _of_weights(lambda g, W: g.dimensionality(W)), "feature",
    ),
    "norm": Measure(
        "how long each feature's direction is: about 1 is kept", "length of a feature's direction",
        _of_weights(lambda g, W: g.norms(W)), "feature",
    ),
    "interference": Measure(
        "how much of other features lies along each", "interference, Σ (Ŵᵢ·Wⱼ)²",
        _of_weights(lambda g, W: g.superposition(W)), "feature",
    ),
    "kept": Measure(
        "how many features are longer than a half", "features kept", _of_weights(lambda g, W: g.represented(W).sum())
    ),
    "per_dimension": Measure(
        "features carried by each hidden dimension", "features per dimension, ‖W‖² / m",
        _of_weights(lambda g, W: g.features_per_dimension(W)),
    ),
    "alignment": Measure(
        "how nearly features lie along single neurons: 1 is a feature a neuron", "alignment with neurons",
        _of_weights(lambda g, W: g.basis_alignment(W)),
    ),
    "diverged": Measure(
        "the step at which a model stopped being finite, −1 if it never did", "step of divergence",
        lambda s: s.measure(lambda run: run.diverged),
    ),
}  # fmt: skip
