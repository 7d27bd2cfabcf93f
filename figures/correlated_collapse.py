"""Three correlated pairs in a plane: the denser the world, the more of them are kept only as their mean."""
# shows: TMS-20
# reads: correlated_collapse

from superpose.plots import main, sets, style
from superpose.plots.scales import plain_log

SHOWN = (0.75, 0.4, 0.18, 0.1, 0.03)


def draw(tables):
    figure = style.figure(style.TEXT, 3.8)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    for ax, p in zip(top.subplots(1, 5), SHOWN, strict=True):
        sets.sets(ax, tables["W"].sel(density=p).values, 2, circles=(0.5**0.5, 1), limit=1.25)
        ax.set_title(f"density {p:g}", loc="center", fontsize=7)
        count = int(tables["collapsed"].sel(density=p).values)
        ax.set_xlabel(f"pairs collapsed: {count}", fontsize=6.5)
    top.suptitle("The best there is; circles: lengths 1/√2, which keeps a pair's mean, and 1\n", fontsize=7)
    sets.sets_key(top, ["pair one: always on together", "pair two", "pair three; dots within dots are one direction"])
    left, right = bottom.subplots(1, 2)
    _counts(left, tables)
    _losses(right, tables)
    return figure


def _counts(ax, tables):
    p, count = tables["collapsed"].ticks("density"), tables["collapsed"].values
    ax.plot(p, count, "o-", color=style.INK, lw=0.8, label="the best there is")
    sgd = tables["sgd_collapsed"]
    ax.plot(sgd.ticks("density"), sgd.values, "x", color=style.ORANGE, ms=6, mew=1, label="best trained on samples")
    ax.set(xscale="log", ylim=(-0.3, 3.5), yticks=[0, 1, 2, 3], xlabel="density of a pair", ylabel="pairs collapsed")
    plain_log(ax.xaxis, p.min(), p.max())
    ax.legend(loc="upper left")


def _losses(ax, tables):
    p = tables["loss"].ticks("density")
    linear, best = tables["linear"].values, tables["loss"].values
    ax.plot(p, linear, color=style.MUTED, lw=0.8, ls=(0, (3, 2)), label="best linear model, 5p/6 − p²/2")
    ax.plot(p, best, "o-", color=style.INK, lw=0.8, label="ReLU: the best there is")
    sgd = tables["sgd_loss"]
    ax.plot(sgd.ticks("density"), sgd.values, "x", color=style.ORANGE, ms=6, mew=1, label="best trained on samples")
    ax.set(xscale="log", yscale="log", xlabel="density of a pair, p", ylabel="expected loss")
    plain_log(ax.xaxis, p.min(), p.max())
    ax.legend(loc="lower right")


if __name__ == "__main__":
    main(draw)
