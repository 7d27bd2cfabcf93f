"""One of five features is made rarer or denser than the rest: beyond a point the plane holds two pairs without it."""
# shows: TMS-14
# reads: perturbed_pentagon

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm

from superpose.plots import frame, main, sets, style, upright

PANELS = {
    0: ("Rarer: two digons", "The varied feature is dropped;\nthe other four pair up."),
    1: ("Else: a pentagon", "The varied feature points up: the rarer, the longer.\nThe denser, the more room it gets."),
}  # fmt: skip


def draw(tables):
    rho, W, shape = tables["best_W"].ticks("rho"), tables["best_W"].values, tables["best_shape"].values
    colours = ScalarMappable(LogNorm(rho.min(), rho.max()), style.VIRIDIS)
    figure = style.figure(style.TEXT, 3.1)
    axes = figure.subplots(1, 2)
    for ax, (which, (title, words)) in zip(axes, PANELS.items(), strict=True):
        frame(ax, 1.4)
        sets.circle(ax, 1.0, "length 1")
        here = np.flatnonzero(shape == which)
        for i in here:
            sets.rays(ax, turned(W[i]), [colours.to_rgba(rho[i])] * 5, dot=3.4)
        span = f": rho {rho[here].min():.3g} to {rho[here].max():.3g}" if len(here) else ": at no rho"
        ax.set_title(title + span, fontsize=7.5)
        ax.set_xlabel(words, fontsize=6.5)
    bar = figure.colorbar(colours, ax=axes, shrink=0.8, pad=0.02)
    bar.set_label("rho: how many times as dense as the others feature 0 is")
    bar.outline.set_visible(False)
    bar.set_ticks([0.1, 0.2, 0.5, 1, 2, 5, 10], labels=["0.1 rarer", "0.2", "0.5", "1 alike", "2", "5", "10 denser"])
    bar.minorticks_off()
    return figure


def turned(W):
    """Feature 0 up, or feature 1 where 0 is dropped; mirrored so that the next one is to the right."""
    lengths = np.hypot(*W)
    order = [0, 1, 2, 3, 4] if lengths[0] > 0.1 else [1, 2, 3, 4, 0]
    angles = np.angle((W[0] + 1j * W[1]) * np.exp(-1j * np.angle(W[0, order[0]] + 1j * W[1, order[0]])))
    nearest = min(order[1:], key=lambda i: (lengths[i] < 0.1, abs(angles[i])))
    rest = [i for i in order if i not in (order[0], nearest)]
    return upright(W[:, [order[0], nearest, *rest]])


if __name__ == "__main__":
    main(draw)
