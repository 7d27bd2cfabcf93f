"""Models in a row, in groups: what their features' products are, and below that how long features are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
from matplotlib.figure import Figure

from superpose import geometry
from superpose.plots import style
from superpose.plots.geometry import bars, heatmap, sharing_scale, weight_scale


def packed(tables: Mapping[str, Any], groups: Mapping[str, Sequence[tuple[str, float]]]) -> Figure:
    """Tables `W` and `b` over activation and density; groups of (activation, density), each under its words."""
    figure = style.figure(style.TEXT, 2.75)
    rows: Any = figure.add_gridspec(2, 1, height_ratios=[2.4, 0.35])
    body, foot = (figure.add_subfigure(cell) for cell in rows)
    columns: Any = body.add_gridspec(1, len(groups), width_ratios=[len(models) for models in groups.values()])
    for cell, (words, models) in zip(columns, groups.items(), strict=True):
        group = body.add_subfigure(cell)
        group.suptitle(words, fontsize=6.5, color=style.INK, linespacing=1.25)
        panels = group.subplots(2, len(models), squeeze=False, height_ratios=[1, 0.85])
        for axes, (activation, p) in zip(panels.T, models, strict=True):
            W, b = (tables[name].sel(activation=activation, density=p).values for name in ("W", "b"))
            _model(axes, W, b, p)
    legends = foot.subplots(1, 2)
    weight_scale(legends[0], "above: products of two features' directions; thin column: biases")
    sharing_scale(legends[1], "below: length of each feature, the most important on top; kept: over ½")
    return figure


def _model(axes: Any, W: Any, b: Any, p: Any) -> None:
    above, below = axes
    W, b = jnp.asarray(W), jnp.asarray(b)
    heatmap(above, geometry.gram(W), b)
    norms = geometry.norms(W)
    bars(below, norms, geometry.superposition(W))
    above.set_title(f"density {p:g}", fontsize=6, loc="center")
    below.set_xlabel(f"{int((norms > 0.5).sum())} kept", fontsize=6)
