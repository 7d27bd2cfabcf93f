"""Three pairs of features that come together make a hexagon, partners side by side; six independent ones seldom do."""
# shows: TMS-18
# reads: correlated_features

import numpy as np

from superpose.plots import frame, main, sets, style


def draw(tables):
    figure = style.figure(style.TEXT, 2.15)
    axes = figure.subplots(1, 4)
    W, loss = tables["hexagon_W"].values, tables["hexagon_loss"].values
    order = loss.argsort()
    best = tables["best_hexagon_W"].sel(density=0.05).values
    shown = [
        (best, tables["best_hexagon_loss"].sel(density=0.05).values, "the best there is"),
        (W[order[0]], loss[order[0]], f"best of {len(loss)} trained models"),
        (W[order[-1]], loss[order[-1]], "the worst of them: stuck"),
    ]
    for ax, (matrix, cost, words) in zip(axes, shown, strict=False):
        sets.sets(ax, matrix, 2)
        ax.set_title(f"Pairs, loss {1000 * float(cost):.1f}", loc="center", fontsize=6.5)
        ax.set_xlabel(words, fontsize=6.5)
    _contrast(axes[3], tables)
    figure.suptitle("Six features in a plane; circle: length 1; losses in thousandths", fontsize=7)
    sets.sets_key(figure, ["pair one: on together, one time in twenty", "pair two", "pair three"])
    return figure


def _contrast(ax, tables):
    """The middle one of the models, by loss."""
    W, loss = tables["apart_W"].values, tables["apart_loss"].values
    middle = loss.argsort()[len(loss) // 2]
    frame(ax, 1.4)
    sets.circle(ax)
    sets.rays(ax, W[middle][:, np.hypot(*W[middle]).argsort()[::-1]], [style.MUTED] * 6)
    ax.set_title(f"Independent, loss {1000 * loss[middle]:.1f}", loc="center", fontsize=6.5)
    ax.set_xlabel(f"for contrast: a middling one of {len(loss)}", fontsize=6.5)


if __name__ == "__main__":
    main(draw)
