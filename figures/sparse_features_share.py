"""What twenty features do in five dimensions, from a linear model and a dense world to a very sparse one."""
# reads: sparse_features_share

import jax.numpy as jnp

import superpose as sp
from superpose.plots import bars, heatmap, style

RELU = [("relu", p) for p in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)]
GROUPS = {
    "Linear\nmodel": [("identity", 0.001)],
    "Dense world: five\nfeatures, apart": RELU[:1],
    "Sparser: more features, most in opposite\npairs that share a dimension": RELU[1:4],
    "Very sparse: over twice as many features\nas dimensions, disturbing one another": RELU[4:],
}


def draw(tables):
    figure = style.figure(style.TEXT, 2.75)
    body, foot = (figure.add_subfigure(cell) for cell in figure.add_gridspec(2, 1, height_ratios=[2.4, 0.35]))
    columns = body.add_gridspec(1, len(GROUPS), width_ratios=[len(models) for models in GROUPS.values()])
    for cell, (words, models) in zip(columns, GROUPS.items(), strict=True):
        group = body.add_subfigure(cell)
        group.suptitle(words, fontsize=6.5, color=style.INK, linespacing=1.25)
        panels = group.subplots(2, len(models), squeeze=False, height_ratios=[1, 0.85])
        for (above, below), (activation, p) in zip(panels.T, models, strict=True):
            W, b = (jnp.asarray(tables[name].sel(activation=activation, density=p).values) for name in ("W", "b"))
            heatmap(above, sp.geometry.gram(W), b)
            norms = sp.geometry.norms(W)
            bars(below, norms, sp.geometry.superposition(W))
            above.set_title(f"density {p:g}", fontsize=6, loc="center")
            below.set_xlabel(f"{int((norms > 0.5).sum())} kept", fontsize=6)
    legends = foot.subplots(1, 2)
    sp.plots.weight_scale(legends[0], "above: products of two features' directions; thin column: biases")
    sp.plots.sharing_scale(legends[1], "below: length of each feature, the most important on top; kept: over ½")
    return figure


if __name__ == "__main__":
    sp.plots.main(draw)
