"""What shapes a whole sweep of models makes: components counted by name, and a few words for each model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Array, Float
from superpose.geometry.catalogue import UNNAMED
from superpose.geometry.recognise import APART, WITHIN, Component, measured, sift

TOGETHER = 2**24
"""How many cosines are held at once."""


class Census(NamedTuple):
    """Over the leading axes of W: `labels` in words, and for each name how many `counts` of it there are.

    `components` are those of every model, in the order of the axes laid flat.
    """

    labels: np.ndarray
    counts: dict[str, np.ndarray]
    components: list[list[Component]]


def census(
    W: Float[Array, "... hidden features"],
    threshold: float = 0.1,
    least_share: float = 0.2,
    least_norm: float = 0.5,
    within: float = WITHIN,
    apart: float = APART,
) -> Census:
    """`recognise` for every matrix of a stack: one compiled call for the measures, then the host. Axes are kept.

    Models of different sizes fit in one stack if the smaller are filled up with zeros, which change nothing.
    """
    if np.ndim(W) < 3:
        raise BadValue(
            f"W has shape {np.shape(W)}; census() takes a stack (…, hidden, features), recognise() one matrix"
        )
    *axes, hidden, features = np.shape(W)
    flat = jax.numpy.asarray(W).reshape(-1, hidden, features)
    found: list[list[Component]] = []
    step = max(1, TOGETHER // features**2)
    for start in range(0, len(flat), step):
        looked = measured(flat[start : start + step], start)
        found += sift(looked, threshold, least_share, least_norm, within, apart)
    counts = [Counter(component.name for component in each) for each in found]
    names = sorted({name for count in counts for name in count}, key=lambda name: (name in UNNAMED, name))
    table = {name: np.array([count[name] for count in counts], int).reshape(axes) for name in names}
    return Census(np.array([signature(each) for each in found], dtype=str).reshape(axes), table, found)


def joint(found: Sequence[Component]) -> str:
    """What components in orthogonal subspaces make together: "square" or "octahedron" of digons, "bipyramid", …"""
    count = Counter(component.name for component in found)
    match sorted(count.items()):
        case [("digon", k)] if k > 1:
            return {2: "square", 3: "octahedron"}.get(k, f"{k}-cross-polytope")
        case [("digon", 1), ("triangle", 1)]:
            return "triangular bipyramid"
        case [("digon", 1), ("pentagon", 1)]:
            return "pentagonal bipyramid"
        case [(name, k)] if k > 1 and name not in (*UNNAMED, "dedicated"):
            return f"tegum of {signature(found)}"
        case _:
            return signature(found)


def signature(found: Sequence[Component]) -> str:
    """The components in few words: "pentagon", "2 digons + 1 dedicated". Those of no shape count by features."""
    count: Counter[str] = Counter()
    size = {component.name: len(component.features) for component in found}
    for component in found:
        count[component.name] += len(component.features) if component.name in UNNAMED else 1
    if len(found) == 1 and found[0].name not in UNNAMED:
        return found[0].name
    order = sorted(count, key=lambda name: (name in UNNAMED, -size[name], name))
    return " + ".join(f"{count[name]} {_plural(name, count[name])}" for name in order) or "nothing"


def _plural(name: str, n: int) -> str:
    if n == 1 or name in (*UNNAMED, "dedicated") or name.endswith(")"):
        return name
    return name.removesuffix("ex") + "ices" if name.endswith("simplex") else f"{name}s"
