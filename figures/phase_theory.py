"""Which of three arrangements is cheapest, and the sudden change between them."""
# shows: TMS-07
# reads: phase_diagram

import numpy as np

from superpose.plots import main, phases, style

NAMES = {
    "ignored": ("feature 0 has the dimension,\nfeature 1 is ignored", phases.IGNORED),
    "dedicated": ("feature 1 has the dimension,\nfeature 0 is ignored", phases.DEDICATED),
    "antipodal": ("they share it,\nin opposite directions", phases.SHARED),
}
PLACES = [(-0.52, -0.13, style.INK), (0.52, -0.13, "white"), (0, -1.2, "white")]


def draw(tables):
    figure = style.figure(style.TEXT, 2.9)
    plane, cut = figure.subplots(1, 2, width_ratios=[1.15, 1])
    _plane(plane, tables["theory"], tables["boundary"])
    _cut(cut, tables["cut"])
    return figure


def _plane(ax, theory, boundary):
    r, p = theory.ticks("importance.1"), theory.ticks("density")
    phases.theory(ax, r, p, theory.values)
    phases.boundaries(ax, r, boundary.values, colour="white")
    for (text, _), (x, y, colour) in zip(NAMES.values(), PLACES, strict=True):
        ax.text(x, y, text, color=colour, ha="center", va="center", fontsize=6.5)
    ax.plot(0, np.log10(4 / 7), "o", color="white", ms=3)
    ax.annotate(
        "all three cost the same\nat density 4/7", (0, np.log10(4 / 7)), (0.0, -0.62), color="white", fontsize=6,
        ha="center", arrowprops={"arrowstyle": "-", "color": "white", "lw": 0.5},
    )  # fmt: skip
    ax.axvline(np.log10(0.4), color=style.INK, lw=0.6, ls=":")
    ax.set(
        title="The cheapest way to keep two features in one dimension",
        xlabel="importance of feature 1, relative to feature 0",
        ylabel="density: how often each feature is on",
    )


def _cut(ax, cut):
    p = cut.ticks("density")
    for (_, colour), cost in zip(NAMES.values(), cut.values.T, strict=True):
        colour = {phases.IGNORED: "#999999"}.get(colour, colour)
        ax.plot(p, cost, color=colour, lw=1)
    least = cut.values.min(1)
    ax.plot(p, least, color=style.INK, lw=2.6, alpha=0.25, solid_capstyle="round")
    ax.set(xscale="log", yscale="log", xlim=(0.01, 1), ylim=(2e-5, 0.5))
    ax.set(title="The dotted line, cut open: importance 0.4×", xlabel="density", ylabel="expected loss")
    swap = p[np.argmax(least < cut.values[:, 0])]
    ax.annotate(
        f"the cheapest changes\nat density {4 * 0.4 / (2 + 5 * 0.4):.2g}: its slope jumps", (swap, least[p == swap][0]),
        (0.32, 1.5e-3), fontsize=6, ha="center", arrowprops={"arrowstyle": "-", "color": style.MUTED, "lw": 0.5},
    )  # fmt: skip
    labels = [(0.021, 1.7e-3, "ignore feature 1", "#777777"), (0.014, 1.6e-2, "ignore feature 0", phases.DEDICATED)]
    for x, y, text, colour in [*labels, (0.045, 2e-4, "share", phases.SHARED)]:
        ax.text(x, y, text, color=colour, fontsize=6.5)


if __name__ == "__main__":
    main(draw)
