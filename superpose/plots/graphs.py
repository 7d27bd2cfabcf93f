"""Feature graphs: who interferes with whom, as the shapes that features make."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from superpose.core.shapes import Array, Float
from superpose.geometry import gram, recognise
from superpose.plots.style import AMBER, BLUE, GREEN, INK, ORANGE, PINK, SKY

SHAPES = {
    "dedicated": INK,
    "tetrahedron": PINK,
    "triangle": ORANGE,
    "digon": BLUE,
    "pentagon": GREEN,
    "square antiprism": AMBER,
    "unknown": "#9a9a9a",
}
"""A colour for the shapes that toys make most; `colour` has one for every name."""


def colour(name: str) -> str:
    """The colour of a shape, whatever `geometry.recognise` calls it: rings are alike, and so are solids."""
    if name in SHAPES:
        return SHAPES[name]
    return SKY if name.endswith("gon") else SHAPES["unknown"] if name == "diffuse" else "#7a4fa3"


def feature_graph(ax: Axes, W: Float[Array, "hidden features"], size: float = 7.0) -> set[str]:
    """Features that own a fifth of a dimension or more, joined as strongly as they interfere. Returns the shapes."""
    groups = [group for group in recognise(W) if group.name != "diffuse"]
    features = [f for group in groups for f in group.features]
    colours = [colour(group.name) for group in groups for _ in group.features]
    ax.set_axis_off()
    ax.set_box_aspect(1)
    if not features:
        return set()
    weights = np.abs(np.asarray(gram(W), float)[np.ix_(features, features)])
    np.fill_diagonal(weights, 0.0)
    joined = np.where(weights > 0.1, weights, 0.0)
    where = layout(joined)
    where -= (where.max(0) + where.min(0)) / 2
    tail, head = np.nonzero(np.triu(joined))
    ends, strength = np.stack([where[tail], where[head]], axis=1), np.minimum(joined[tail, head], 1.0)
    inks = [(*to_rgb(colours[i]), 0.25 + 0.75 * float(s)) for i, s in zip(tail, strength, strict=True)]
    ax.add_collection(LineCollection(list(ends), colors=inks, linewidths=0.3 + 0.9 * strength, zorder=1))
    ax.scatter(where[:, 0], where[:, 1], s=size, c=colours, linewidths=0, zorder=2)
    reach = 1.08 * np.abs(where).max()
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
    return {group.name for group in groups}


def layout(weights: np.ndarray, steps: int = 400) -> np.ndarray:
    """Places in the plane: joined nodes attract, all repel, the middle pulls, and steps shrink as it cools.

    It starts from a spiral, so that it always ends the same.
    """
    n = len(weights)
    turn = np.pi * (3 - 5**0.5) * np.arange(n)
    where = np.sqrt(np.arange(n) + 0.5)[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for heat in np.geomspace(1.0, 0.01, steps):
        apart = where[:, None] - where[None]
        distance = np.sqrt((apart**2).sum(-1) + 1e-3)
        push = 1.0 / distance**2 - 0.5 * np.minimum(weights, 1.0)
        force = (push[..., None] * apart).sum(1) - 0.5 * where
        length = np.sqrt((force**2).sum(-1, keepdims=True))
        where = where + force / np.maximum(length, 1e-9) * np.minimum(length, heat)
    return where


def dimensionality_scatter(ax: Axes, x: Any, D: Float[Array, "models features"], spread: float = 0.1) -> None:
    """One dot for every feature of every model, jittered across by `spread` of the gap to the next model in log x."""
    where, shares = np.log(np.asarray(x, float))[:, None], np.asarray(D, float)
    gaps = np.abs(np.gradient(where, axis=0))
    where = where + spread * gaps * np.random.default_rng(0).uniform(-1, 1, shares.shape)
    ax.scatter(np.exp(where).ravel(), shares.ravel(), s=1.6, c=INK, alpha=0.5, linewidths=0, zorder=3)
