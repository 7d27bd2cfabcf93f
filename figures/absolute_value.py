"""Three absolute values by six neurons: what every neuron takes in and gives out, and the network they make."""
# shows: TMS-30
# reads: absolute_value

import numpy as np
from matplotlib.patches import Patch

from superpose.plots import main, style
from superpose.plots.geometry import weight_scale
from superpose.plots.stacks import stacks

COLOURS = (style.BLUE, style.ORANGE, style.GREEN)


def draw(tables):
    into, out = tables["into"].values, tables["out"].values.T
    figure = style.figure(style.TEXT, 3.3)
    body, foot = figure.subfigures(2, 1, height_ratios=[2.9, 0.35])
    left, right = body.subfigures(1, 2, width_ratios=[1.9, 1])
    (read, written), (above, below) = left.subplots(2, 2, height_ratios=[0.7, 1])
    for axis, W, words in ((read, into, "input"), (written, out, "output")):
        matrix(axis, W, words)
    above_to_below(above, into, "weight on an input, $W_1$")
    above_to_below(below, out, "weight on an output, $W_2$")
    read.set_title("What each neuron takes in")
    written.set_title("What each neuron gives out")
    axis = right.subplots()
    network(axis, into, out)
    axis.set_title("The network: a neuron for each sign", loc="center")
    legend, scale = foot.subplots(1, 2)
    legend.set_axis_off()
    names = [Patch(color=colour, label=f"feature {i}") for i, colour in enumerate(COLOURS)]
    legend.legend(handles=names, ncols=3, loc="center", title="below left: one rectangle a weight", title_fontsize=6)
    weight_scale(scale, "above left and right: weights, each neuron in units of its largest input")
    return figure


def matrix(axis, W, words):
    """Features down, neurons across."""
    axis.imshow(W.T, cmap=style.WEIGHTS, norm=style.SIGNED, aspect="auto")
    axis.set(xticks=[], yticks=range(W.shape[1]), yticklabels=[f"{words} {i}" for i in range(W.shape[1])])
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)


def above_to_below(axis, W, words):
    stacks(axis, W, COLOURS)
    axis.set(ylim=(-1.15, 1.15), yticks=[-1, 0, 1], ylabel=words)
    axis.set_xticks(range(len(W)), [f"{k + 1}" for k in range(len(W))])
    axis.tick_params(axis="x", length=0)
    axis.set_xlabel("neuron")


def network(axis, into, out):
    """Inputs below, outputs above, a line for every weight that can be seen."""
    neurons, features = into.shape
    places = {"x": np.linspace(0.5, neurons - 1.5, features), "h": np.arange(neurons), "y": None}
    places["y"] = places["x"]
    for low, W, (below, above) in ((0, into, "xh"), (1, out, "yh")):
        for k, i in np.argwhere(np.abs(W) > 0.02):
            side, middle = (places[below][i], 2 * low), (places[above][k], 1)
            colour = style.WEIGHTS(style.SIGNED(W[k, i]))
            axis.plot(*zip(side, middle, strict=True), color=colour, lw=2.2 * min(abs(W[k, i]), 1), zorder=1)
    for level, key, colours in ((0, "x", COLOURS), (1, "h", ["white"] * neurons), (2, "y", COLOURS)):
        axis.scatter(places[key], [level] * len(places[key]), s=70, c=colours, edgecolors=style.INK, lw=0.6, zorder=2)
    for i, x in enumerate(places["x"]):
        axis.text(x, -0.14, f"$x_{i}$", ha="center", va="top")
        axis.text(x, 2.12, f"$|x_{i}|$", ha="center", va="bottom")
    axis.text(neurons - 0.55, 1, "ReLU", va="center", fontsize=6, color=style.MUTED)
    axis.set(xlim=(-0.6, neurons + 0.1), ylim=(-0.4, 2.4))
    axis.set_axis_off()


if __name__ == "__main__":
    main(draw)
