"""The share of a dimension that every single feature owns, and the shapes that features make."""
# shows: TMS-12
# reads: dimensionality

from superpose.plots import graphs, main, style

SHARES = {
    "dedicated": (1, "1  a dimension to itself"),
    "tetrahedron": (3 / 4, "3/4  tetrahedron"),
    "triangle": (2 / 3, "2/3  triangle"),
    "digon": (1 / 2, "1/2  digon: two opposite features"),
    "pentagon": (2 / 5, "2/5  pentagon"),
    "square antiprism": (3 / 8, "3/8  square antiprism"),
}
SHOWN = (1.5, 1.75, 2.75, 4.5, 4.75, 10)


def draw(tables):
    figure = style.figure(style.TEXT, 4.6)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.9, 1])
    _scatter(top.subplots(), tables)
    _graphs(bottom.subplots(1, len(SHOWN)), tables)
    bottom.suptitle(
        "Who interferes with whom: a dot is a feature, a line joins two that are not orthogonal; "
        "colours as above, grey is no simple shape",
        fontsize=7.5, x=0.01, ha="left",
    )  # fmt: skip
    return figure


def _scatter(ax, tables):
    rarity = 1 / tables["dstar"].ticks("density")
    for name, (share, words) in SHARES.items():
        ax.axhline(share, color=graphs.SHAPES[name], lw=0.7, alpha=0.7, zorder=1)
        nudge = {"pentagon": 0.012, "square antiprism": -0.03}.get(name, 0.008)
        ax.text(12.2, share + nudge, words, color=graphs.SHAPES[name], fontsize=6, ha="right")
    ax.axhline(0, color=style.FAINT, lw=0.7)
    ax.plot(
        rarity,
        tables["dstar"].values,
        color=style.MUTED,
        lw=1,
        zorder=2,
        label="D*, the dimensions there are for each feature kept",
    )
    graphs.dimensionality_scatter(ax, rarity, tables["D"].values)
    ax.scatter([], [], s=3, color=style.INK, label="one feature of the best model")
    ax.text(0.86, 0.09, "always\non: all\nblur", fontsize=6, color=style.MUTED)
    ax.text(6, 0.03, "features given up", fontsize=6, color=style.MUTED, ha="center")
    ax.set(xscale="log", xlim=(0.85, 12.5), ylim=(-0.03, 1.08))
    ax.set_xticks([1, 2, 3, 4, 5, 7, 10], ["1", "2", "3", "4", "5", "7", "10"])
    ax.set_xticks([], minor=True)
    ax.set(xlabel="1 / density: rarer features →", ylabel="share of a dimension a feature owns, $D_i$")
    ax.set_title("Features settle on a few fractions of a dimension, one for each shape they make")
    ax.legend(loc="upper right", bbox_to_anchor=(1, 0.93))


def _graphs(axes, tables):
    for ax, rarity in zip(axes, SHOWN, strict=True):
        graphs.feature_graph(ax, tables["W"].sel(density=1 / rarity).values)
        ax.set_title(f"1 / density {rarity:g}", fontsize=6.5, loc="center")


if __name__ == "__main__":
    main(draw)
