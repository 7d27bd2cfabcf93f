"""With a bias of its own the hidden ReLU is lifted out of the way: nearly nothing is cut off, and the loss is lower."""
# shows: TMS-29
# reads: hidden_bias

import numpy as np

from superpose.plots import main, style

KINDS = ("linear", "ReLU", "ReLU and bias")
COLOURS = (style.ORANGE, style.BLUE, style.GREEN)


def arrivals(axis, edges, parts, positive):
    for kind, colour, part, share in zip(KINDS, COLOURS, parts, positive, strict=True):
        axis.stairs(
            part / max(part.max(), 1e-9), edges, color=colour, lw=1.2, label=f"{kind}: {100 * share:.1f} % positive"
        )
    axis.axvspan(edges[0], 0, color=style.TRACK, lw=0, zorder=0)
    axis.text(0.02, 0.5, "a ReLU\ncuts off", transform=axis.transAxes, va="center", fontsize=6, color=style.MUTED)
    axis.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.08), yticks=[], xlabel="hidden value before the ReLU")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24))


def losses(axis, density, loss):
    places = np.arange(len(density))
    for k, (kind, colour, row) in enumerate(zip(KINDS, COLOURS, loss, strict=True)):
        drawn = axis.bar(places + 0.26 * (k - 1), row, width=0.24, color=colour, label=kind)
        axis.bar_label(drawn, fmt="%.3f", fontsize=5, padding=1)
    axis.set(xticks=places, xticklabels=[f"{p:g}" for p in density], xlabel="density", ylabel="loss of the best model")
    axis.set_title("What it costs")
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.24))


def draw(tables):
    shape, loss = tables["histogram"], tables["loss"]
    density = loss.ticks("density")
    figure = style.figure(style.TEXT, 2.7)
    *left, right = figure.subplots(1, len(density) + 1, width_ratios=[*[1.1] * len(density), 1])
    for d, (axis, p) in enumerate(zip(left, density, strict=True)):
        arrivals(axis, tables["edges"].values, shape.values[:, d], tables["positive"].values[:, d])
        axis.set_title(f"What reaches the hidden units, density {p:g}", fontsize=6.5)
    left[0].set_ylabel("how often, over the most often")
    losses(right, density, loss.values)
    return figure


if __name__ == "__main__":
    main(draw)
