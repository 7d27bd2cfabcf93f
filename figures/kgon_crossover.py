"""Which polygon a posterior over models prefers, by how much data it has seen: free energies, and their odds."""
# shows: FU-KG
# reads: kgons

import numpy as np

from superpose.plots import main, style


def draw(tables):
    free, printed = tables["free"], tables["constant"].values
    n = free.ticks("n")
    figure = style.figure(style.TEXT, 2.7)
    left, right = figure.subplots(1, 2)
    lines = [
        (free.sel(phase="5+").values, style.GREEN, "-", "5+: pentagon, sixth feature answers by bias"),
        (free.sel(phase="6").values, style.BLUE, "--", "6: hexagon, no constant term"),
        (printed, style.BLUE, "-", "6: hexagon, constant term 2.75 of the preprint"),
    ]
    for values, colour, dash, words in lines:
        left.plot(n, values, dash, color=colour, label=words)
    left.axhline(0, color=style.ORANGE, label="5: pentagon, sixth feature silent")
    _mark(left, n, printed)
    left.set(xlim=(n[0], n[-1]), ylim=(-19, 9.5), ylabel="free energy less the pentagon’s\n(nats; lower is preferred)")
    left.set_xlabel("samples n")
    left.set_title("Free energy in theory: n × loss + complexity × ln n")
    left.legend(loc="lower left")
    _odds(right, n, printed)
    return figure


def _odds(ax, n, difference):
    six = 1 / (1 + np.exp(difference))
    ax.fill_between(n, 0, six, color=style.BLUE, alpha=0.25, lw=0)
    ax.fill_between(n, six, 1, color=style.ORANGE, alpha=0.25, lw=0)
    ax.plot(n, six, color=style.INK)
    ax.text(230, 0.55, "pentagon", ha="center", fontsize=7.5)
    ax.text(1000, 0.45, "hexagon", ha="center", fontsize=7.5)
    at = _root(n, difference)
    ax.axvline(at, color=style.MUTED, lw=0.6, ls="--")
    ax.text(at + 12, 0.04, f"even at n = {at:.0f}", fontsize=6, color=style.MUTED)
    ax.set(xlim=(n[0], n[-1]), ylim=(0, 1), xlabel="samples n", ylabel="share of the posterior, of these two")
    ax.set_title("What follows for the posterior: the simpler shape first")


def _mark(ax, n, difference):
    at = _root(n, difference)
    ax.plot(at, 0, "o", color=style.INK, ms=3.5, zorder=4)
    ax.annotate(f"they cross\nat n = {at:.0f}", (at, 0), (at - 360, -4.5), fontsize=6, ha="left",
                arrowprops={"arrowstyle": "-", "color": style.MUTED, "lw": 0.5})  # fmt: skip


def _root(n, difference):
    return float(np.interp(0, -difference, n))


if __name__ == "__main__":
    main(draw)
