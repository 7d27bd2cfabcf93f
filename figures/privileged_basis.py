"""Features lie along neurons if the hidden layer has a ReLU, and anywhere at all if it is linear."""
# shows: TMS-26
# reads: privileged_basis

import numpy as np

from superpose.plots import main, style, weight_scale
from superpose.plots.scales import plain_log

SHOWN = (1.0, 0.3, 0.06)
ROWS = {"linear_W": "Linear hidden layer:\none of many turns of W", "W": "ReLU hidden layer:\nthe best model"}


def matrix(axis, W):
    """Features down, neurons across, as TMS shows W."""
    axis.imshow(W.T, cmap=style.WEIGHTS, norm=style.SIGNED, aspect="equal")
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


def alignment(axis, tables):
    turned, aligned = tables["linear_alignment"], tables["alignment"]
    for k, (p, seeds) in enumerate(zip(turned.ticks("density"), turned.values, strict=True)):
        label = f"linear, each of {len(seeds)} models" if k == 0 else None
        axis.plot(np.full(len(seeds), p), seeds, "_", color=style.ORANGE, ms=6, alpha=0.7, label=label)
    axis.plot(aligned.ticks("density"), aligned.values, "o-", color=style.BLUE, label="ReLU, the best model", zorder=3)
    neurons = tables["W"].values.shape[-2]
    axis.axhline(neurons**-0.5, color=style.FAINT, lw=0.8, ls=(0, (4, 2)), zorder=1)
    axis.text(0.98, neurons**-0.5 + 0.01, "the least there is", transform=axis.get_yaxis_transform(), ha="right",
              va="bottom", fontsize=6, color=style.MUTED)  # fmt: skip
    axis.set(xscale="log", ylim=(neurons**-0.5 - 0.05, 1.03), xlabel="density: how often a feature is on")
    axis.set(ylabel="alignment: mean largest |cosine|\nof a kept feature and a neuron", title="How well features align")
    plain_log(axis.xaxis, aligned.ticks("density").min(), 1)
    axis.invert_xaxis()
    axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=1)


def draw(tables):
    figure = style.figure(style.TEXT, 3.1)
    left, right = figure.subfigures(1, 2, width_ratios=[1.25, 1])
    panels = left.add_gridspec(3, len(SHOWN), height_ratios=[1, 1, 0.28])
    for r, (name, words) in enumerate(ROWS.items()):
        for c, p in enumerate(SHOWN):
            axis = left.add_subplot(panels[r, c])
            matrix(axis, tables[name].sel(density=p).values)
            if r == 0:
                axis.set_title(f"density {p:g}", loc="center")
            else:
                axis.set_xlabel("neurons")
            if c == 0:
                axis.set_ylabel(f"{words}\nfeatures", fontsize=6.5)
    weight_scale(left.add_subplot(panels[2, :]), "weights; the most important feature is on top")
    alignment(right.subplots(), tables)
    return figure


if __name__ == "__main__":
    main(draw)
