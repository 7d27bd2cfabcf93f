"""Triangles and tetrahedra live in a narrow window of density, between features apart and features in pairs."""
# shows: TMS-12
# reads: triangles_and_tetrahedra

import numpy as np

from superpose.geometry import recognise
from superpose.plots import graphs, main, style

LINES = {
    "tetrahedron": (3 / 4, "3/4  tetrahedron"),
    "triangle": (2 / 3, "2/3  triangle"),
    "digon": (1 / 2, "1/2  pair"),
}


def draw(tables):
    rarities = 1 / tables["D"].ticks("density")
    figure = style.figure(style.TEXT, 2.9)
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.35])
    _scatter(left.subplots(), rarities, tables["D"].values)
    rows = right.subplots(min(2, tables["W"].values.shape[1]), len(rarities), squeeze=False)
    right.suptitle(
        "Two models of each density. A dot is a feature, a line joins two that are not\n"
        "orthogonal; colours as on the left, grey is no simple shape",
        fontsize=6.5, x=0.02, ha="left",
    )  # fmt: skip
    for column, rarity, models in zip(rows.T, rarities, tables["W"].values, strict=True):
        column[0].set_title(f"1 / density {rarity:g}", loc="center", fontsize=6.5)
        for ax, W in zip(column, sorted(models, key=_clear)[-2:][::-1], strict=False):
            graphs.feature_graph(ax, W)
        for ax in column:
            ax.set_axis_off()
    return figure


def _clear(W):
    """How many features are in shapes that have a name; a tetrahedron's count twice."""
    weight = {"unknown": 0, "diffuse": 0, "tetrahedron": 2}
    return sum(len(group.features) * weight.get(group.name, 1) for group in recognise(W))


def _scatter(ax, rarities, D):
    for name, (share, words) in LINES.items():
        ax.axhline(share, color=graphs.SHAPES[name], lw=0.8, zorder=1)
        ax.text(len(D) - 0.45, share + 0.004, words, color=graphs.SHAPES[name], fontsize=6)
    seeds = D.shape[1]
    for i, models in enumerate(D):
        for k, shares in enumerate(models):
            x = i + 0.7 * ((k + 0.5) / seeds - 0.5)
            across = x + 0.25 / seeds * np.random.default_rng(k).uniform(-1, 1, shares.size)
            ax.scatter(across, shares, s=3, c=style.INK, alpha=0.5, lw=0, zorder=3)
    ax.set_xticks(range(len(D)), [f"{r:g}" for r in rarities])
    ax.set(xlim=(-0.5, len(D) + 0.35), ylim=(0.45, 0.8))
    ax.set(xlabel="1 / density: rarer features →", ylabel="share of a dimension a feature owns, $D_i$")
    ax.set_title("Each column of dots is one model;\nfeatures given up lie below", fontsize=7)


if __name__ == "__main__":
    main(draw)
