"""What each shape makes of the dimensions it takes, against how rare features are, and whole models beside them."""
# shows: TMS-X1
# reads: efficiency

import numpy as np

from superpose.plots import main, style

WORDS = {
    "dedicated": ("a dimension each", style.MUTED), "tetrahedron": ("tetrahedra", style.PINK),
    "triangle": ("triangles", style.GREEN), "pair": ("opposite pairs", style.BLUE),
    "pentagon": ("pentagons", style.ORANGE), "antiprism": ("square antiprisms", style.AMBER),
}  # fmt: skip


def draw(tables):
    efficiency, tuned, trained = (tables[name] for name in ("efficiency", "tuned", "trained"))
    rarity = 1 / efficiency.ticks("density")
    figure = style.figure(style.TEXT, 2.9)
    ax, near = figure.subplots(1, 2, width_ratios=[1.5, 1])
    for axis in (ax, near):
        for name, (words, colour) in WORDS.items():
            axis.plot(rarity, efficiency.sel(shape=name).values, color=colour, label=words)
        axis.plot(1 / tuned.ticks("density"), tuned.values, "--", color=style.AMBER, label="… of the best height")
    x = np.repeat(1 / trained.ticks("density"), trained.values.shape[1])
    ax.plot(x, trained.values.ravel(), "o", color=style.INK, ms=2.5, label="trained models")
    _ticks(ax, [1, 2, 3, 4, 5, 7, 10], (1, 10.5), (0.95, 2.5))
    ax.set_ylabel("what a dimension saves, in units of\nwhat it saves for one feature alone")
    ax.set_title("The rarer features are, the more of them a dimension should hold")
    ax.legend(loc="upper left")
    _lead(near, rarity, efficiency, tuned)
    return figure


def _lead(ax, rarity, efficiency, tuned):
    """Where pairs give way."""
    _ticks(ax, [3.5, 4, 5, 6, 7], (3.5, 7), (1.6, 2.0))
    pairs, pentagons = (efficiency.sel(shape=name).values for name in ("pair", "pentagon"))
    swaps = [("pentagons overtake pairs", pentagons - pairs, pairs, (4.55, 1.66))]
    swaps += [("antiprisms overtake pentagons", np.asarray(tuned.values) - pentagons, pentagons, (5.15, 1.72))]
    for words, lead, height, place in swaps:
        where = np.flatnonzero((rarity[1:] > 3.5) & (rarity[1:] < 7) & (lead[1:] >= 0) & (lead[:-1] < 0))
        if len(where):
            i = where[0]
            at = np.interp(0, lead[i : i + 2], rarity[i : i + 2])
            ax.annotate(
                f"{words}\nat 1/density {at:.1f}", (at, np.interp(at, rarity, height)), place, fontsize=6,
                arrowprops={"arrowstyle": "-", "color": style.MUTED, "lw": 0.5},
            )  # fmt: skip
    ax.set_title("The end of the plateau, enlarged")


def _ticks(ax, ticks, wide, high):
    ax.set(xscale="log", xlim=wide, ylim=high, xlabel="1 / density: rarer features →")
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.set_xticks([], minor=True)


if __name__ == "__main__":
    main(draw)
