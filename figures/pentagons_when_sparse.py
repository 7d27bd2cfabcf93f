"""Two orthogonal features, two opposite pairs, a pentagon: what five features do in a plane as they grow rare."""
# shows: TMS-01
# reads: pentagons_when_sparse

import numpy as np

import superpose as sp
from superpose.plots import style, upright, vectors

CAPTIONS = {
    1.0: ("0% sparsity", "Always on: the two that\nmatter most get a dimension\neach, the rest are dropped."),
    0.2: ("80% sparsity", "On one time in five: four\nare kept, in opposite pairs\nthat share a dimension."),
    0.1: ("90% sparsity", "On one time in ten: all five,\nevenly apart, each leaning\non the others (dotted)."),
}


def draw(tables):
    strip = tables.get("strip_W")
    figure = style.figure(style.COLUMN, 1.85 if strip is None else 2.5)
    rows = figure.subfigures(
        1 if strip is None else 2, 1, height_ratios=[2] if strip is None else [2, 0.75], squeeze=False
    )
    panels = rows[0, 0].subplots(1, 3)
    for axis, (density, (title, words)) in zip(panels, CAPTIONS.items(), strict=True):
        vectors(axis, upright(tables["W"].sel(density=density).values))
        axis.set_title(title, loc="center")
        axis.set_xlabel(words, fontsize=5.4, color=style.MUTED, linespacing=1.35)
    rows[0, 0].suptitle("Where five features point in two dimensions; yellow matters most, purple least", fontsize=6)
    right_angle(panels[0], upright(tables["W"].sel(density=1.0).values))
    projection(panels[2], upright(tables["W"].sel(density=0.1).values))
    if strip is not None:
        draw_strip(rows[1, 0], strip)
    return figure


def right_angle(axis, W):
    """The small square between two orthogonal features."""
    u, v = 0.17 * (W / np.hypot(*W))[:, :2].T
    axis.plot(*np.transpose([u, u + v, v]), color=style.INK, lw=0.6, zorder=2)


def projection(axis, W):
    """What one feature looks like along its neighbour: the foot of the perpendicular."""
    u = W[:, 0] / np.hypot(*W[:, 0])
    nearest = 1 + np.argmax(u @ W[:, 1:])
    foot = u * (u @ W[:, nearest])
    axis.plot(*np.transpose([W[:, nearest], foot]), color=style.INK, lw=0.8, ls=(0, (1, 1)), zorder=5)


def draw_strip(figure, strip):
    panels = figure.subplots(1, len(strip.values))
    for axis, p, W in zip(panels, strip.ticks("density"), strip.values, strict=True):
        vectors(axis, upright(W), dot=1.8)
        axis.set_title(f"{1 - p:.0%}", loc="center", fontsize=5)
    figure.suptitle("the authors' notebook: one start at each sparsity", fontsize=5.4, color=style.MUTED)


if __name__ == "__main__":
    sp.plots.main(draw)
