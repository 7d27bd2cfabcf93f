"""Every critical polygon from two corners to twelve: how far out its corners are, their bias, and what it costs."""
# shows: FU-KG
# reads: kgons

import numpy as np

from superpose.plots import frame, main, sets, style


def draw(tables):
    polygon = tables["polygon"]
    figure = style.figure(style.TEXT, 4.1)
    top, bottom = figure.subfigures(2, 1, height_ratios=[2.15, 1])
    axes = top.subplots(2, 6).ravel()
    for ax, k in zip(axes, polygon.ticks("k"), strict=False):
        _one(ax, int(k), dict(zip(polygon.ticks("of"), polygon.sel(k=k).values, strict=True)))
    _key(axes[-1])
    top.suptitle("Critical polygons: one for each number of corners", fontsize=7.5, x=0.01, ha="left")
    _energies(bottom.subplots(), polygon)
    return figure


def _one(ax, k, of):
    frame(ax, 1.95)
    sets.circle(ax)
    angles = np.pi / 2 + 2 * np.pi * np.arange(k) / k
    W = of["radius"] * np.stack([np.cos(angles), np.sin(angles)])
    ax.fill(*W, facecolor="none", edgecolor=style.FAINT, lw=0.8, zorder=2)
    sets.rays(ax, W, [style.BLUE] * k, dot=3.2)
    ax.set_title(f"{k} corners" if k > 2 else "2: a pair", fontsize=6.5)
    ax.set_xlabel(f"radius {of['radius']:.4f}\nbias {of['bias']:.4f}".replace("-", "−") + f"\nloss {of['level']:.4f}",
                  fontsize=5.8)  # fmt: skip


def _key(ax):
    ax.set_axis_off()
    words = "A dot is a feature,\nthe circle has radius 1.\n\nThe loss is the mean\nsquared error when\n"
    words += "there are no features\nbut the corners."
    ax.text(0, 0.95, words, fontsize=5.8, va="top", color=style.MUTED, transform=ax.transAxes)


def _energies(ax, polygon):
    k, saved = polygon.ticks("k"), polygon.ticks("k") - polygon.sel(of="energy").values
    best = int(np.argmax(saved))
    ax.bar(k, saved, color=[style.ORANGE if i == best else style.BLUE for i in range(len(k))], width=0.62)
    for x, y in zip(k, saved, strict=True):
        ax.text(x, y + 0.08, f"{y:.2f}", ha="center", fontsize=6)
    ax.set(xticks=k, ylim=(0, 6.1), xlabel="corners", ylabel="features’ worth\nof error saved")
    ax.set_title("With features to spare, seven corners save most: an eighth costs the others more than it brings")


if __name__ == "__main__":
    main(draw)
