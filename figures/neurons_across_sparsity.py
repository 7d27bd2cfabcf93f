"""From dense to sparse, a ReLU layer goes from a neuron for each feature to a pair of neurons for each feature."""
# shows: TMS-28
# reads: privileged_basis

import numpy as np

from superpose.geometry import features_read, represented, superposition
from superpose.plots import main, sharing_scale, stacks, style, tint_key, weight_scale


def matrix(axis, W):
    axis.imshow(W.T, cmap=style.WEIGHTS, norm=style.SIGNED, aspect="auto")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def counted(W):
    """What the panel shows, in words."""
    several = int((features_read(W) > 1).sum())
    of_one = int((features_read(W) == 1).sum())
    return f"{int(represented(W).sum())} features kept:\n{of_one} neurons of one,\n{several} of many"


def draw(tables):
    W, density = tables["W"].values, tables["W"].ticks("density")
    figure = style.figure(style.TEXT, 3.9)
    grid = figure.add_gridspec(3, len(W), height_ratios=[0.75, 1, 0.22])
    share = None
    for k, (p, w) in enumerate(zip(density, W, strict=True)):
        above = figure.add_subplot(grid[0, k])
        below = share = figure.add_subplot(grid[1, k], sharey=share)
        above.set_title(f"density {p:g}", loc="center")
        matrix(above, w)
        stacks(below, w, style.by_superposition(superposition(w)), polysemantic=np.asarray(features_read(w) > 1, float))
        below.set_xlabel(counted(w), fontsize=6)
        below.tick_params(labelleft=k == 0)
        if k == 0:
            above.set_ylabel("features")
            below.set_ylabel("weights of each neuron")
    legends = [figure.add_subplot(cell) for cell in grid[2, :].subgridspec(1, 3)]
    weight_scale(legends[0], "above: W, neurons across")
    sharing_scale(legends[1], "below: each weight's feature")
    legends[2].set_axis_off()
    legends[2].legend(handles=tint_key("neuron of one feature", "neuron of many"), loc="center", borderpad=0)
    return figure


if __name__ == "__main__":
    main(draw)
