"""All products of twenty features' directions: each set of ten that come together is a basis."""
# shows: TMS-19
# reads: local_bases

import numpy as np

from superpose.geometry import gram
from superpose.plots import heatmap, main, style, weight_scale


def draw(tables):
    figure = style.figure(style.TEXT, 3.3)
    body, foot = figure.subfigures(2, 1, height_ratios=[10, 1])
    left, right = body.subplots(1, 2, width_ratios=[1, 1.05])
    loss = tables["loss"].sel(density=0.02).values
    W = tables["W"].sel(density=0.02).values[loss.argmin()]
    heatmap(left, np.asarray(gram(W)))
    for middle in (5, 15):
        left.text(middle, -0.4, f"set {middle // 10 + 1}", ha="center", va="bottom", fontsize=6.5)
        left.text(-0.4, middle, f"set {middle // 10 + 1}", ha="right", va="center", rotation=90, fontsize=6.5)
    left.set_xlabel("feature: ten that come together, and ten more")
    left.set_ylabel("feature", labelpad=12)
    _cosines(right, W)
    weight_scale(foot.subplots(), "left: product of two features' directions")
    return figure


def _cosines(ax, W):
    U = W / np.linalg.norm(W, axis=0)
    C, sets = U.T @ U, np.arange(W.shape[1]) // 10
    upper = np.triu(np.ones_like(C, dtype=bool), 1)
    for kind, colour, words in (
        (sets[:, None] == sets, style.BLUE, "of one set: a basis, all at right angles"),
        (sets[:, None] != sets, style.ORANGE, "of different sets: an orthogonal matrix"),
    ):
        ax.hist(C[upper & kind], bins=np.linspace(-1.025, 1.025, 42), color=colour, alpha=0.7, label=words)
    for side in (-1, 1):
        ax.axvline(side * 10**-0.5, ymax=0.78, color=style.MUTED, lw=0.6, ls=(0, (3, 2)))
    ax.text(10**-0.5 + 0.02, 0.72, "±1/√10,\nthe rms across sets", transform=ax.get_xaxis_transform(), fontsize=6,
            color=style.MUTED)  # fmt: skip
    ax.set(xlim=(-1.03, 1.03), xlabel="cosine of two features", ylabel="pairs of features")
    ax.set_ylim(0, 1.3 * ax.get_ylim()[1])
    ax.set_title("How the directions lie")
    ax.legend(loc="upper left")


if __name__ == "__main__":
    main(draw)
