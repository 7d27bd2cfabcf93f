"""Training against shifts of the input takes superposition apart: fewer features, each more alone."""
# shows: TMS-25
# reads: adversarial_training

import numpy as np

import superpose as sp
from superpose.plots import heatmap, main, style

PANELS = {
    "features": "features per dimension,\nby squared length",
    "kept": "features kept\n(longer than 0.3)",
    "alone": "their mean share\nof a dimension, $D_i$",
}


def draw(tables):
    budgets = tables["features"].ticks("budget")
    figure = style.figure(style.TEXT, 3.3)
    top, bottom, foot = figure.subfigures(3, 1, height_ratios=[1.3, 1, 0.28])
    for ax, (name, words) in zip(top.subplots(1, 3), PANELS.items(), strict=True):
        ax.plot(budgets, tables[f"every_{name}"].values, ".", color=style.FAINT, ms=4)
        ax.plot(budgets, tables[name].values, "o-", color=style.BLUE, ms=3)
        ax.set(ylim=(0, None), xlabel="shift in training, in input lengths", ylabel=words)
        if name == "kept":
            ax.axhline(tables["W"].values.shape[1], color=style.MUTED, lw=0.6, ls="--")
            ax.text(0, tables["W"].values.shape[1] - 0.4, "hidden dimensions", fontsize=6, color=style.MUTED, va="top")
        if name == "features":
            ax.plot([], [], "o-", color=style.BLUE, ms=3, label="the model of lowest loss")
            ax.plot([], [], ".", color=style.FAINT, ms=4, label="each model")
            ax.legend(loc="upper right")
    top.suptitle("Trained against larger shifts, models keep fewer features, and those alone", fontsize=7.5)
    for ax, budget, W in zip(bottom.subplots(1, len(budgets)), budgets, tables["W"].values, strict=True):
        order = np.argsort(-np.asarray(sp.geometry.norms(W)), kind="stable")
        heatmap(ax, sp.geometry.gram(W[:, _paired(W, order)]))
        ax.set_title(f"shift {budget:g}", loc="center", fontsize=6)
    sp.plots.weight_scale(
        foot.subplots(), "above: products of two features' directions, the longest first, each beside its opposite"
    )
    return figure


def _paired(W, order):
    """The order, but that each feature is followed by the one it disturbs most."""
    G, left, out = np.asarray(sp.geometry.gram(W)), list(order), []
    while left:
        i = left.pop(0)
        out.append(i)
        if left and G[i, (j := left[int(np.argmin(G[i, left]))])] < -0.1:
            left.remove(j)
            out.append(j)
    return out


if __name__ == "__main__":
    main(draw)
