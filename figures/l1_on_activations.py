"""An L1 penalty on hidden activations aligns features with hidden units at once, then drops those that share."""
# shows: TMS-34
# reads: l1_on_activations

import numpy as np

from superpose.plots import main, style, weight_scale

COLOURS = (style.BLUE, style.ORANGE)
SHOWN = (0.0, 0.01, 0.03, 0.1)


def lines(axis, tables, name, label, title):
    """One line for each density; the rates lie evenly, so that none, 0, has a place too."""
    table = tables[name]
    rates = table.ticks("rate")
    for p, colour, row in zip(table.ticks("density"), COLOURS, table.values, strict=True):
        axis.plot(range(len(rates)), row, "o-", color=colour, label=f"density {p:g}")
    axis.set(xticks=range(len(rates)), xticklabels=[f"{r:g}" for r in rates], xlabel="rate of the penalty, λ")
    axis.tick_params(axis="x", labelsize=5)
    axis.set(ylabel=label, title=title)


def draw(tables):
    figure = style.figure(style.TEXT, 4.1)
    grid = figure.add_gridspec(3, 1, height_ratios=[1, 1.05, 0.16])
    above = grid[0].subgridspec(1, 3)
    kept, turned, cost = (figure.add_subplot(above[0, c]) for c in range(3))
    lines(kept, tables, "kept", "features", "Features kept (– – sharing)")
    for colour, row in zip(COLOURS, tables["sharing"].values, strict=True):
        kept.plot(range(len(row)), row, "--", color=colour, lw=0.9)
    n_hidden = tables["W"].values.shape[-2]
    kept.axhline(n_hidden, color=style.FAINT, lw=0.8, zorder=1)
    kept.text(0, n_hidden + 0.15, "as many as dimensions", fontsize=5.5, color=style.MUTED)
    kept.legend()
    lines(turned, tables, "alignment", "|cosine| with a hidden unit", "The kept feature aligned worst")
    lines(cost, tables, "error", "error without the penalty", "What it costs")
    cost.set_yscale("log")
    below = grid[1].subgridspec(1, 2 * len(SHOWN))
    for d, p in enumerate(tables["W"].ticks("density")):
        for k, rate in enumerate(SHOWN):
            axis = figure.add_subplot(below[0, d * len(SHOWN) + k])
            W = tables["W"].sel(density=p, rate=rate).values
            order = np.abs(W).argmax(1).argsort()
            axis.imshow(W[order].T, cmap=style.WEIGHTS, norm=style.SIGNED, aspect="auto")
            axis.set(xticks=[], yticks=[], xlabel=f"λ = {rate:g}")
            axis.spines[:].set_visible(False)
            if k == 0:
                axis.set_ylabel("features")
                axis.set_title(f"W at density {p:g}")
    weight_scale(figure.add_subplot(grid[2]), "weights; features down, the most important on top; hidden units across")
    return figure


if __name__ == "__main__":
    main(draw)
