"""What share of a dimension each corner of a bipyramid owns, a basis seen from its corner, and what shapes cost."""
# shows: TMS-13
# reads: tegum

import itertools

import numpy as np

from superpose.plots import heatmap, main, style

VIEW = (np.radians(20), np.radians(28))  # height, turn
COLOURS = {1 / 2: style.BLUE, 2 / 3: style.GREEN, 2 / 5: style.ORANGE}
FRACTIONS = {1 / 2: "½", 2 / 3: "⅔", 2 / 5: "⅖"}
BESIDE = {
    "prism": ((4, -7), "left"), "5-gon": ((-3, 4), "right"), "cube": ((3, 3), "left"), "antiprism": ((4, -6), "left"),
}  # fmt: skip
TITLES = {
    "triangular_bipyramid": "Triangle and pair:\n3 × ⅔ and 2 × ½, not 5 × ⅗",
    "pentagonal_bipyramid": "Pentagon and pair:\n5 × ⅖ and 2 × ½, not 7 × 3/7",
    "octahedron": "Three pairs:\n6 × ½",
}


def draw(tables):
    figure = style.figure(style.TEXT, 4.1)
    top, bottom = (figure.add_subfigure(cell) for cell in figure.add_gridspec(2, 1, height_ratios=[1, 1.1]))
    for ax, (name, title) in zip(top.subplots(1, 3), TITLES.items(), strict=True):
        _solid(ax, tables[f"corners_{name}"].values, tables[f"D_{name}"].values)
        ax.set_title(title, loc="center")
    gram, cosine, energy = bottom.subplots(1, 3, width_ratios=[0.8, 0.9, 1.5])
    heatmap(gram, tables["gram"].values)
    gram.set_title("Four basis vectors\nseen along (1, 1, 1, 1)")
    for i, j in itertools.product(range(4), repeat=2):
        gram.text(j + 0.5, i + 0.5, _number(tables["gram"].values[i, j]), ha="center", va="center", fontsize=6)
    gram.set_xlabel("their products: I − 11ᵀ/4", fontsize=6)
    _cosine(cosine, tables["cosine"])
    _energy(energy, tables["packing"])
    return figure


def _number(value):
    return f"{value:.2f}".replace("-", "−")


def _solid(ax, corners, shares):
    """Corners and edges as seen from a little above; what is behind is fainter. Opposite corners have no edge."""
    up, turn = VIEW
    x, y, z = corners
    x, depth = x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)
    flat, near = np.stack([x, z * np.cos(up) + depth * np.sin(up)]), z * np.sin(up) - depth * np.cos(up)
    for i, j in _edges(corners):
        ax.plot(*flat[:, [i, j]], color=style.INK, lw=0.8, alpha=0.22 if near[i] + near[j] < -0.55 else 0.9)
    for i in np.argsort(near):
        share = min(COLOURS, key=lambda s: abs(s - shares[i]))
        ax.plot(*flat[:, i], "o", color=COLOURS[share], ms=6, mec=style.INK, mew=0.4, zorder=3)
        outward = 10 * flat[:, i] / np.linalg.norm(flat[:, i])
        ax.annotate(
            FRACTIONS[share], flat[:, i], textcoords="offset points", xytext=outward, fontsize=8,
            color=COLOURS[share], ha="center", va="center",
        )  # fmt: skip
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.25, 1.25), aspect="equal")
    ax.set_axis_off()


def _edges(corners):
    """Pairs that are nearest in their ring, or from ring to apex."""
    gaps = np.linalg.norm(corners[:, :, None] - corners[:, None], axis=0)
    return [(i, j) for i, j in itertools.combinations(range(corners.shape[1]), 2) if gaps[i, j] < 1.75]


def _cosine(ax, cosine):
    n = cosine.ticks("n")
    line = np.linspace(n[0], n[-1], 100)
    ax.plot(line, -1 / (line - 1), color=style.FAINT)
    ax.plot(n, cosine.values, "o", color=style.BLUE, ms=3)
    ax.set(xlabel="number of basis vectors, n", ylabel="cosine between any two", ylim=(-1.08, 0))
    ax.set_title("n of them make a simplex:\ncosine −1/(n − 1)")


def _energy(ax, packing):
    names, (loss, _, _, D) = packing.ticks("shape"), packing.values.T
    free = loss < 1e-9
    ax.plot(1 / D[free], loss[free], "o", color=style.BLUE, ms=3.5)
    ax.plot(1 / D[~free], loss[~free], "o", color=style.ORANGE, ms=3.5)
    for name, share, cost in zip(names, D, loss, strict=True):
        if cost > 1e-9:
            side, across = BESIDE.get(name, ((4, 2), "left"))
            ax.annotate(name, (1 / share, cost), textcoords="offset points", xytext=side, fontsize=6, ha=across)
    ax.annotate(
        "pairs, simplices, octahedron:\nno cost up to two per dimension", (1.97, 0.003), (1.15, 0.09), fontsize=6,
        arrowprops={"arrowstyle": "-", "color": style.MUTED, "lw": 0.5},
    )  # fmt: skip
    ax.set(
        xlabel="features per dimension, 1/D", ylabel="loss when one feature is on", xlim=(1.1, 5.7), ylim=(-0.02, 0.18)
    )
    ax.set_title("One feature at a time: beyond two\nper dimension, features disturb each other")


if __name__ == "__main__":
    main(draw)
