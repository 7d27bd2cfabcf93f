"""While a model learns, features jump between shares of a dimension, and the loss drops with each jump."""
# shows: TMS-21
# reads: energy_jumps

import numpy as np

from superpose.geometry import gram
from superpose.plots import heatmap, main, style, weight_scale
from superpose.plots.moving import Moving


def draw(tables):
    figure = style.figure(style.TEXT, 3.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
    _panels(above, below, tables)
    for number, (step, drop) in enumerate(_jumps(tables), 1):
        for ax in (above, below):
            ax.axvspan(step - 250, step + 250, color=style.TRACK, lw=0, zorder=0)
        below.text(step, 0.92, f"jump {number}: −{drop:.3f}", fontsize=6, ha="center", va="top",
                   transform=below.get_xaxis_transform())  # fmt: skip
    for colour, words in zip(_COLOURS, _WORDS, strict=True):
        above.plot([], [], color=colour, label=words)
    above.legend(loc="center right", bbox_to_anchor=(1, 0.42))
    above.set_title("Features swap places between levels of dimensionality")
    below.set_title("and the loss drops when they do")
    return figure


_COLOURS = (style.BLUE, style.ORANGE, style.FAINT)
_WORDS = ("a feature kept in the end", "one that rose above 1/6, and was given up", "the other features")


def _panels(above, below, tables):
    """One line for each feature, and the loss below; returns all lines."""
    steps, D, loss = tables["shown_D"].ticks("step"), tables["shown_D"].values, tables["shown_loss"].values
    kind = _kinds(D, steps)
    lines = [
        above.plot(steps, D[:, i], color=_COLOURS[kind[i]], lw=0.8, alpha=0.9, zorder=3 - kind[i])[0]
        for i in np.argsort(-kind)
    ]
    lines += below.plot(steps, loss, color=style.INK)
    above.axhline(1 / 2, color=style.MUTED, lw=0.6, ls="--", zorder=0)
    above.text(steps[-1], 0.51, "1/2: a pair", fontsize=6, color=style.MUTED, ha="right", va="bottom")
    above.set(xlim=(0, steps[-1]), ylim=(0, 0.68), ylabel="share of a dimension, $D_i$")
    late = loss[len(loss) // 12 :]
    below.set(ylim=(late.min() - 0.02, late.max() + 0.02), xlabel="step of training")
    below.set_ylabel("loss on the same\n8,192 inputs")
    return lines


def _kinds(D, steps):
    """0 kept in the end, 1 risen and given up, 2 neither."""
    settled = D[steps > steps[-1] / 10]
    return np.where(D[-1] > 0.25, 0, np.where(settled.max(0) > 1 / 6, 1, 2))


def _jumps(tables):
    return zip(tables["drop"].ticks("jump"), tables["drop"].values, strict=True)


def animate(tables):
    """The same two panels as they come about, beside the products of all features that ever mattered."""
    W, steps = tables["W"].values, tables["shown_D"].ticks("step")
    figure = style.figure(style.TEXT, 3.2)
    left, right = figure.subfigures(1, 2, width_ratios=[1.6, 1])
    above, below = left.subplots(2, 1, sharex=True, height_ratios=[1.5, 1])
    lines = _panels(above, below, tables)
    gram_ax, scale = right.subplots(2, 1, height_ratios=[1, 0.14])
    order = _order(W[-1])
    grams = np.asarray(gram(W[:, :, order]))
    heatmap(gram_ax, grams[0])
    weight_scale(scale, "products of two features' directions")
    above.set_title("The share of a dimension that each feature owns")
    picture, title = gram_ax.images[0], gram_ax.set_title("", loc="center")
    frames = np.unique(np.linspace(0, len(steps) - 1, 73).round().astype(int))
    whole = [line.get_data() for line in lines]

    def update(frame):
        now = frames[frame]
        for line, (x, y) in zip(lines, whole, strict=True):
            line.set_data(x[: now + 1], y[: now + 1])
        picture.set_data(grams[now])
        title.set_text(f"step {steps[now]:,}")

    return Moving(figure, update, len(frames))


def _order(W, shown=24):
    """The features that are longest in the end, each followed by its opposite."""
    G = np.asarray(gram(W))
    left, out = list(np.argsort(-np.diag(G), kind="stable")), []
    while len(out) < shown:
        i = left.pop(0)
        j = left[int(np.argmin(G[i, left]))]
        left.remove(j)
        out += [i, j]
    return out


if __name__ == "__main__":
    main(draw, animate=animate)
