"""Two pairs of features that come together: partners are orthogonal, and each is opposite one of the other pair."""
# shows: TMS-16
# reads: correlated_features

from superpose.plots import main, sets, style


def draw(tables):
    figure = style.figure(style.TEXT, 1.75)
    axes = figure.subplots(1, 5)
    W, loss = tables["pairs_W"].values, tables["pairs_loss"].values
    for ax, k in zip(axes, loss.argsort(), strict=False):
        sets.sets(ax, W[k], 2)
        ax.set_title(f"loss {1000 * loss[k]:.2f}", loc="center", fontsize=6.5)
    best = 1000 * float(tables["best_pairs_loss"].sel(density=0.05).values)
    figure.suptitle(
        f"The five best of {len(loss)} models, each trained by itself, turned alike; circle: length 1; "
        f"losses in thousandths, the lowest possible is {best:.2f}",
        fontsize=7,
    )  # fmt: skip
    sets.sets_key(figure, ["pair one: on together, one time in twenty", "pair two: likewise, whatever pair one does"])
    return figure


if __name__ == "__main__":
    main(draw)
