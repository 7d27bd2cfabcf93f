"""Small circuits of neurons that are known by their weights. `W1` is `hidden inputs`, `W2` is `outputs hidden`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Float
from superpose.geometry.neurons import rescaled


class Motif(NamedTuple):
    """Asymmetric superposition: `neuron` reads much of `strong` and little of `weak`, and writes the other way round.

    `read` and `written` are the ratios, strong over weak, of what it reads and writes. `inhibitors` are the other
    neurons that hold down one of the two outputs, the strongest first.
    """

    neuron: int
    strong: int
    weak: int
    read: float
    written: float
    inhibitors: tuple[int, ...]


def asymmetric_motifs(
    W1: Float[Any, "... hidden features"], W2: Float[Any, "... features hidden"], *,
    ratio: float = 1.5,
    visible: float = 0.1,
    inhibition: float = 0.5,
) -> list[Motif]:  # fmt: skip
    """Every asymmetric motif of a model (TMS, "Computation in superposition").

    The neuron reads both features, more than `visible` of what it reads most, and writes both positively; the two
    ratios are above `ratio` and below 1 / `ratio`. An inhibitor writes less than −`inhibition` to one of the two. All
    weights are counted in units in which a neuron's largest input is 1.
    """
    if np.ndim(W1) != 2 or np.shape(W2) != np.shape(W1)[::-1]:
        shapes = f"W1 is {np.shape(W1)} and W2 {np.shape(W2)}"
        raise BadValue(f"{shapes}; motifs are sought in one model, (hidden, n) and (n, hidden)")
    into, out = (np.asarray(a, float) for a in rescaled(W1, W2))
    found = [
        Motif(k, i, j, read, written, _inhibitors(out, k, i, j, inhibition))
        for k, i, j, read, written in _asymmetries(np.abs(into), out, visible)
        if read > ratio and written < 1 / ratio
    ]
    return [motif for motif in found if motif.inhibitors]


def _asymmetries(into: Any, out: Any, visible: float) -> Any:
    """Every neuron with two features that it reads and writes, and the ratios of the first to the second."""
    for k, reads in enumerate(into):
        both = np.flatnonzero((reads > visible) & (out[:, k] > 0))
        for i in both:
            for j in both[both != i]:
                yield k, int(i), int(j), float(reads[i] / reads[j]), float(out[i, k] / out[j, k])


def _inhibitors(out: Any, k: int, i: int, j: int, inhibition: float) -> tuple[int, ...]:
    lowest = out[[i, j]].min(0)
    return tuple(int(q) for q in np.argsort(lowest, kind="stable") if q != k and lowest[q] < -inhibition)
