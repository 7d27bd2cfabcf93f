"""In one model some neurons read a single feature, an important one, and others read several."""
# shows: TMS-32
# reads: computation_in_superposition

import numpy as np

from superpose.geometry import features_read, participation, superposition
from superpose.plots import main, sharing_scale, style
from superpose.plots.stacks import stacks, tint_key

DENSITY = 0.03
READ = 0.2
"""A weight below this, of a neuron's largest, does not count as read."""


def draw(tables):
    signed = tables["into"].sel(density=DENSITY).values
    W, shared = np.abs(signed), np.asarray(superposition(signed))
    alone = np.asarray(features_read(W, READ)) == 1
    groups = {
        f"{alone.sum()} neurons read one feature": W[alone],
        f"{(~alone).sum()} neurons read several, of which the largest is in bold": W[~alone],
    }
    figure = style.figure(style.TEXT, 3.9)
    body, foot = figure.subfigures(2, 1, height_ratios=[3.5, 0.35])
    axes = body.subplots(2, 1, height_ratios=[0.62, 1])
    for axis, (title, part) in zip(axes, groups.items(), strict=True):
        panel(axis, part, shared)
        axis.set(title=title, ylabel="size of weights in, $|W_1|$")
    axes[1].set_xlabel("neurons, by the number of the feature that each reads most; 0 is the most important")
    scale, key = foot.subplots(1, 2)
    sharing_scale(scale, "a rectangle is a feature's weight; its colour: how far the feature shares its neurons")
    key.set_axis_off()
    key.legend(handles=tint_key(), ncols=2, loc="center")
    return figure


def panel(axis, W, shared):
    """Neurons that read `W`; every rectangle that counts as read has the number of its feature."""
    if not len(W):
        axis.set(xticks=[], yticks=[])
        axis.text(0.5, 0.5, "none in this model", ha="center", color=style.MUTED)
        return
    effective = np.asarray(participation(W))
    placed = stacks(axis, W, style.by_superposition(shared), polysemantic=(effective - 1) / 2)
    primary = W.argmax(1)
    for neuron, feature, bottom, height in zip(*placed, strict=True):
        if height > READ:
            ink = style.INK if shared[feature] > 0.6 else "white"
            weight = "bold" if feature == primary[neuron] else "normal"
            where = (neuron, bottom + height / 2)
            axis.text(*where, feature, color=ink, weight=weight, fontsize=5, ha="center", va="center", zorder=5)
    axis.set_xticks(range(len(W)), [str(i) for i in primary])
    axis.tick_params(axis="x", length=0)
    axis.set_ylim(0, 1.05 * W.sum(1).max())
    axis.locator_params(axis="y", nbins=3, integer=True)


if __name__ == "__main__":
    main(draw)
