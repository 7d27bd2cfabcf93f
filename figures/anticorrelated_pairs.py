"""Two pairs of features that are never on together: partners lie opposite one another, and nothing is lost."""
# shows: TMS-17
# reads: correlated_features

from superpose.plots import main, sets, style


def draw(tables):
    figure = style.figure(style.TEXT, 1.75)
    axes = figure.subplots(1, 6, width_ratios=[1, 1, 1, 1, 1, 1])
    W, loss = tables["opposites_W"].values, tables["opposites_loss"].values
    order = loss.argsort()
    for ax, k in zip(axes, [*order[:5], order[-1]], strict=False):
        sets.sets(ax, W[k], 2)
        ax.set_title(f"loss {1000 * loss[k]:.2f}", loc="center", fontsize=6.5)
    axes[5].set_xlabel("the worst: wrongly paired", fontsize=6)
    figure.suptitle(
        f"The five best of {len(loss)} models and the worst, each trained by itself, turned alike; circle: length 1; "
        "losses in thousandths",
        fontsize=7,
    )  # fmt: skip
    sets.sets_key(figure, ["pair one: one of it on, one time in twenty", "pair two: likewise"])
    return figure


if __name__ == "__main__":
    main(draw)
