"""How to read a picture of a model: what is learnt of each feature, what its bias is, and how long its direction."""
# shows: TMS-03
# reads: sparse_features_share

import jax.numpy as jnp

import superpose as sp
from superpose.plots import bars, heatmap, style

KEPT = 5


def draw(tables):
    W, b = (jnp.asarray(tables[name].sel(activation="identity", density=1.0).values) for name in ("W", "b"))
    figure = style.figure(style.TEXT, 2.9)
    body, foot = figure.subfigures(2, 1, height_ratios=[1, 0.16])
    left, right = body.subplots(1, 2, width_ratios=[1.75, 1])
    heatmap(left, sp.geometry.gram(W), b)
    norms = sp.geometry.norms(W)
    bars(right, jnp.where(norms > 0.02, norms, 0), sp.geometry.superposition(W))
    _explain_gram(left, len(b))
    _explain_bars(right, len(b))
    scales = foot.subplots(1, 2, width_ratios=[1.75, 1])
    sp.plots.weight_scale(scales[0], "products and biases")
    sp.plots.sharing_scale(scales[1], "how much of other features lies along it")
    return figure


def _explain_gram(ax, n):
    ax.set_title("What a linear model in a dense world makes of features, $W^TW$, and its biases, $b$", loc="center")
    ax.set_xlim(-0.47 * n, 1.55 * n)
    _say(ax, "feature 0, the most\nimportant: answered\nby itself (red, 1)", (0, 0.6), (-0.46 * n, 0.1 * n))
    _say(ax, "no feature disturbs\nanother: grey, 0\noff the diagonal", (0.1 * n, 0.45 * n), (-0.46 * n, 0.42 * n))
    _say(ax, "features given up:\nnothing", (0.62 * n, 0.78 * n), (-0.46 * n, 0.8 * n))
    _say(ax, "kept exactly:\nbias 0", (1.12 * n, 0.5 * KEPT), (1.19 * n, 0.12 * n))
    _say(ax, "given up: the\nbias answers with\nthe mean, 1/2", (1.12 * n, 0.6 * n), (1.19 * n, 0.6 * n))


def _explain_bars(ax, n):
    ax.set_title("Length of each direction, $‖W_i‖$", loc="center")
    ax.set_ylabel("feature, the most important on top")
    ax.axvline(1, color=style.MUTED, lw=0.6, ls=(0, (3, 2)))
    ax.set_xticks([0, 1], ["0", "1"])
    _say(ax, "kept, and alone in its\ndirection: dark", (0.5, KEPT - 0.6), (0.3, 0.38 * n))
    _say(ax, "not kept: no length", (0.02, 0.75 * n), (0.3, 0.75 * n))


def _say(ax, words, point, where):
    ax.annotate(
        words, point, where, fontsize=6, color=style.INK, va="center", ha="left",
        arrowprops={"arrowstyle": "-", "color": style.MUTED, "lw": 0.5, "shrinkB": 0},
    )  # fmt: skip


if __name__ == "__main__":
    sp.plots.main(draw)
