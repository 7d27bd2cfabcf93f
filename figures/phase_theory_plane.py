"""Which of four arrangements of three features in a plane is cheapest, and the sudden changes between them."""
# shows: TMS-09
# reads: phase_diagram_plane

import numpy as np

from superpose.plots import main, phases, style

NAMES = {  # where it is written, in decades of importance and density
    "ignored": ("the others have the plane,\nfeature 2 is ignored", (-0.5, -0.1), style.INK),
    "dedicated": ("feature 2 has a dimension,\none other is ignored", (0.5, -0.13), "white"),
    "antipodal": ("feature 2 and another\nshare a dimension,\nin opposite directions", (-0.45, -1.4), "white"),
    "beside": ("feature 2 has a dimension,\nthe other two share one", (0.5, -1.2), "white"),
}
LINES = {
    "ignore feature 2": "#999999",
    "ignore another": phases.DEDICATED,
    "feature 2 and another share": phases.SHARED,
    "the other two share": phases.BESIDE,
}


def draw(tables):
    figure = style.figure(style.TEXT, 2.9)
    plane, cut = figure.subplots(1, 2, width_ratios=[1.15, 1])
    _plane(plane, tables["theory"], tables["boundary"])
    _cut(cut, tables["cut"])
    return figure


def _plane(ax, theory, boundary):
    r, p = theory.ticks("importance.2"), theory.ticks("density")
    phases.theory(ax, r, p, theory.values)
    phases.boundaries(ax, r, boundary.values, colour="white")
    ax.plot([0, 0], [-2, np.log10(4 / 7)], color="white", lw=0.8)
    for text, (x, y), colour in NAMES.values():
        ax.text(x, y, text, color=colour, ha="center", va="center", fontsize=6.5)
    ax.plot(0, np.log10(4 / 7), "o", color="white", ms=3)
    ax.annotate(
        "all four cost the same\nat density 4/7", (0, np.log10(4 / 7)), (0.5, -0.62), color="white", fontsize=6,
        ha="center", arrowprops={"arrowstyle": "-", "color": "white", "lw": 0.5},
    )  # fmt: skip
    ax.axvline(np.log10(3), color=style.INK, lw=0.6, ls=":")
    ax.set(
        title="The cheapest way to keep three features in a plane",
        xlabel="importance of feature 2, relative to the others",
        ylabel="density: how often each feature is on",
    )


def _cut(ax, cut):
    p, least = cut.ticks("density"), cut.values.min(1)
    for (words, colour), cost in zip(LINES.items(), cut.values.T, strict=True):
        ax.plot(p, cost, color=colour, lw=1, label=words)
    ax.plot(p, least, color=style.INK, lw=2.6, alpha=0.25, solid_capstyle="round")
    swap = p[np.argmax(cut.values[:, 3] < cut.values[:, 1])]
    ax.annotate(
        f"the cheapest changes\nat density {4 / 7:.2g}: its slope jumps", (swap, least[p == swap][0]), (0.32, 5e-4),
        fontsize=6, ha="center", arrowprops={"arrowstyle": "-", "color": style.MUTED, "lw": 0.5},
    )  # fmt: skip
    ax.legend(loc="upper left")
    ax.set(xscale="log", yscale="log", xlim=(0.01, 1), ylim=(2e-5, 3))
    ax.set(title="The dotted line, cut open: importance 3×", xlabel="density", ylabel="expected loss")


if __name__ == "__main__":
    main(draw)
