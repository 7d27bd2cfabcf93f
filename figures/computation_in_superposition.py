"""What forty neurons read to compute a hundred absolute values, from a dense world to one where features are rare."""
# shows: TMS-31
# reads: computation_in_superposition

import numpy as np

from superpose.geometry import features_read, participation, superposition
from superpose.plots import main, sharing_scale, style
from superpose.plots.stacks import stacks, tint_key


def draw(tables):
    into, ratios = tables["into"], tables["over_exact"].values
    densities = into.ticks("density")
    figure = style.figure(style.TEXT, 7.4)
    body, foot = figure.subfigures(2, 1, height_ratios=[7, 0.35])
    rows = body.subplots(len(densities), 1, height_ratios=[1, 1, 1, 1.1, 1.25, 1.45, 1.7])
    for axis, p, W, ratio in zip(rows, densities, into.values, ratios, strict=True):
        row(axis, W)
        alone = int((features_read(W) == 1).sum())
        words = f"density {p:g}: {alone} of {len(W)} neurons read one feature; loss {ratio:.2g} × that of"
        axis.set_title(f"{words} {len(W) // 2} exact features")
    rows[3].set_ylabel("size of weights in, $|W_1|$, each neuron in units of its largest")
    rows[-1].set_xlabel("neurons, by the feature that each reads most: the most important on the left")
    scale, key = foot.subplots(1, 2)
    sharing_scale(scale, "a rectangle is a feature's weight; its colour: how far the feature shares its neurons")
    key.set_axis_off()
    key.legend(handles=tint_key(), ncols=2, loc="center")
    return figure


def row(axis, W):
    """One model."""
    effective = np.asarray(participation(W))
    stacks(axis, np.abs(W), style.by_superposition(superposition(W)), polysemantic=(effective - 1) / 2)
    axis.set_ylim(0, 1.08 * max(np.abs(W).sum(1).max(), 1))
    axis.locator_params(axis="y", nbins=3, integer=True)


if __name__ == "__main__":
    main(draw)
