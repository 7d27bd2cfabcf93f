"""What the recogniser knows: its shapes, how much noise it bears, and what it found in trained toys."""
# shows: GEO
# reads: recogniser

import jax.numpy as jnp
import numpy as np

from superpose.geometry import census
from superpose.plots import census_key, census_map, gallery, main, style

GROUPS = {
    "flat": ["digon", "triangle", "square", "pentagon", "hexagon", "7-gon", "12-gon"],
    "solid": ["tetrahedron", "octahedron", "cube", "icosahedron", "triangular prism", "square antiprism"],
    "higher": ["4-simplex", "9-simplex", "5-cross-polytope", "ETF(6,3)", "ETF(16,6)", "ETF(28,7)"],
}
SHOWN = ["digon", "triangle", "square", "pentagon", "hexagon", "12-gon", "tetrahedron", "octahedron"]
SHOWN += ["triangular prism", "square antiprism", "cube", "icosahedron"]


def draw(tables):
    figure = style.figure(style.TEXT, 5.6)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    gallery(top, {name: tables[f"W_{name}"].values for name in SHOWN})
    top.suptitle("Shapes that have a name: features are lines from the centre, neighbours are joined", fontsize=7.5)
    left, right, key = bottom.subplots(1, 3, width_ratios=[1.25, 1.1, 0.62])
    _noise(left, tables["accuracy"])
    labels = census(jnp.asarray(tables["W"].values)).labels
    x, y = (tables["W"].ticks(name) for name in ("decay", "density"))
    colours = census_map(right, labels, [f"{v:.2g}" for v in x], [f"{v:.2g}" for v in y])
    right.set(xlabel="importance of a feature over that of the last", ylabel="density: how often a feature is on")
    right.set_title("The shape most toys make, and what part of\nthe seeds make it: 5 features in 2 dimensions")
    census_key(key, colours)
    return figure


def _noise(ax, accuracy):
    noise = 100 * accuracy.ticks("noise")
    words = {"flat": "in one or two dimensions", "solid": "in three", "higher": "in four to nine, or lines"}
    for (group, names), ink in zip(GROUPS.items(), (style.BLUE, style.ORANGE, style.GREEN), strict=True):
        rows = np.array([_row(accuracy, name) for name in names])
        for row in rows:
            ax.plot(noise, 100 * row, color=ink, lw=0.5, alpha=0.35)
        ax.plot(noise, 100 * rows.mean(0), color=ink, marker="o", label=f"mean of shapes {words[group]}")
    ax.axvline(1, color=style.MUTED, lw=0.6, ls=":")
    ax.set(
        xlabel="noise in every entry, % of a feature's length",
        ylabel="named rightly, %",
        ylim=(-3, 135),
        yticks=range(0, 101, 20),
    )
    ax.set_title("Names survive a few per cent of noise;\nthin lines are single shapes")
    ax.legend(loc="upper right")


def _row(accuracy, name):
    return accuracy.values[list(accuracy.axes["shape"]).index(name)]


if __name__ == "__main__":
    main(draw)
