"""How to read a stack plot: each column of W is piled up, a colour for every feature, negative weights down."""
# shows: TMS-27
# reads: privileged_basis

import numpy as np

from superpose.geometry import features_read
from superpose.plots import main, stacks, style, tint_key, weight_scale

DENSITY = 0.3
LEAST = 0.1


def matrix(axis, W, colours):
    """Features down, neurons across; numbers where a weight is drawn beside, and each feature's colour."""
    axis.imshow(W.T, cmap=style.WEIGHTS, norm=style.SIGNED, aspect="auto")
    for neuron, feature in np.argwhere(np.abs(W) >= LEAST):
        ink = "white" if abs(W[neuron, feature]) > 0.5 else style.INK
        axis.text(neuron, feature, f"{W[neuron, feature]:.2f}", ha="center", va="center", fontsize=5.5, color=ink)
    features = range(W.shape[1])
    axis.scatter([-0.62] * W.shape[1], features, c=colours, marker="s", s=22, clip_on=False, lw=0)
    axis.set(xticks=range(len(W)), yticks=features, title="W, a column for each neuron", xlim=(-0.5, len(W) - 0.5))
    axis.set(xlabel="neuron", ylabel="feature, the most important on top")
    axis.tick_params(axis="y", pad=10, length=0)
    axis.tick_params(axis="x", length=0)
    axis.spines[:].set_visible(False)


def named(axis, placed):
    """Which feature each brick is the weight of, where there is room for it."""
    for neuron, feature, bottom, height in zip(*placed, strict=True):
        if height > 0.15:
            axis.text(
                neuron, bottom + height / 2, feature, ha="center", va="center", fontsize=6, color="white", zorder=5
            )


def draw(tables):
    W = tables["W"].sel(density=DENSITY).values
    drawn = np.abs(W).max(0) >= LEAST
    colours = [style.CYCLE[i % len(style.CYCLE)] if here else style.TRACK for i, here in enumerate(drawn)]
    figure = style.figure(style.TEXT, 3.0)
    grid = figure.add_gridspec(2, 2, height_ratios=[1, 0.14])
    left, right = (figure.add_subplot(grid[0, c]) for c in range(2))
    matrix(left, W, colours)
    placed = stacks(right, W, colours, polysemantic=np.asarray(features_read(W) > 1).astype(float), least=LEAST)
    named(right, placed)
    right.set(
        xticks=range(len(W)),
        xlabel="neuron",
        ylabel="weights, piled up:\npositive ones up, negative ones down",
        title="The same as stacks; numbers are features",
    )
    right.tick_params(axis="x", length=0)
    right.legend(handles=tint_key("one weight above 0.2: a neuron of one feature", "several: a neuron of many"),
                 loc="upper center", bbox_to_anchor=(0.5, -0.17))  # fmt: skip
    weight_scale(figure.add_subplot(grid[1, 0]), f"weights; those below {LEAST:g} are not piled up")
    figure.add_subplot(grid[1, 1]).set_axis_off()
    return figure


if __name__ == "__main__":
    main(draw)
