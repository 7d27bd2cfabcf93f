"""Every local minimum as one feature of five gets rarer: two shapes cross, and the cheaper one is what models make."""
# shows: TMS-15
# reads: perturbed_pentagon

import numpy as np

from superpose.plots import main, style
from superpose.plots.scales import plain_log

SHAPES = {
    1: (style.GREEN, "a pentagon"),
    0: (style.BLUE, "two digons, and the fifth dropped or short"),
    2: (style.FAINT, "three features or fewer"),
}


def draw(tables):
    figure = style.figure(style.TEXT, 2.7)
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    _losses(left, tables)
    _crossings(right, tables["crossing"])
    return figure


def _losses(ax, tables):
    rho, loss, shape = tables["loss"].ticks("rho"), tables["loss"].values, tables["shape"].values
    x = np.broadcast_to(rho[:, None], loss.shape)
    for which, (colour, words) in SHAPES.items():
        ax.scatter(x[shape == which], loss[shape == which], s=11, color=colour, lw=0, alpha=0.8, label=words, zorder=3)
    digons = tables["digons"]
    ax.plot(digons.ticks("rho"), digons.values, color=style.BLUE, lw=0.8, zorder=2, label="two digons, closed form")
    sgd = tables["sgd_loss"]
    ax.plot(
        sgd.ticks("rho"),
        sgd.values,
        "x",
        color=style.INK,
        ms=5,
        mew=0.8,
        zorder=4,
        label="best model trained on samples",
    )
    crossing = float(tables["crossing"].sel(density=0.05).values)
    if np.isfinite(crossing):
        ax.axvline(crossing, color=style.MUTED, lw=0.6, ls=(0, (3, 2)))
        ax.text(crossing * 0.95, 0.036, f"they cross at {crossing:.2f}", ha="right", fontsize=6, color=style.MUTED)
    ax.set(xscale="log", yscale="log", ylim=(0.0028, 0.045))
    plain_log(ax.xaxis, rho.min(), 0.99 * rho.max())
    plain_log(ax.yaxis, 0.0028, 0.045)
    ax.set(xlabel="rho: density of feature 0 over that of the other four (0.05)", ylabel="expected loss")
    ax.set_title("Where descents end")
    ax.legend(loc="lower right")


def _crossings(ax, table):
    p, at = table.ticks("density"), table.values
    ax.plot(p, at, "o-", color=style.INK)
    for x, y in zip(p, at, strict=True):
        ax.annotate(f"{y:.3g}", (x, y), (-3, 4), textcoords="offset points", ha="right", fontsize=6)
    ax.axhline(1 / 2.5, color=style.ORANGE, lw=0.8, ls=(0, (3, 2)))
    ax.text(p.min() / 2, 1 / 2.5, "2.5 times rarer, as the paper says", color=style.ORANGE, fontsize=6, va="bottom")
    ax.set(xscale="log", xlim=(p.min() / 2.2, p.max() * 1.7), ylim=(0, max(0.5, 1.15 * np.nanmax([0.4, *at]))))
    plain_log(ax.xaxis, p.min(), p.max())
    ax.set(xlabel="density of the other four features", ylabel="rho where the two cross")
    ax.set_title("In a sparser world it takes a rarer feature")


if __name__ == "__main__":
    main(draw)
