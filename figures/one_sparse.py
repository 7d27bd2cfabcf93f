"""Loss while learning when features come one at a time: it rests at the levels of polygons, drawn beside them."""
# shows: TMS-X3
# reads: one_sparse

import numpy as np

from superpose.plots import main, style, vectors

WORDS = {
    2: "one pair", 3: "triangle", 4: "square", 5: "pentagon", 6: "hexagon",
}  # fmt: skip
LOG_EVERY = 20


def draw(tables):
    levels = dict(zip((int(k) for k in tables["level"].ticks("corners")), tables["level"].values, strict=True))
    figure = style.figure(style.TEXT, 3.0)
    left, right = figure.add_gridspec(1, 2, width_ratios=[1, 0.92])
    curves, ends = figure.add_subfigure(left).subplots(1, 2, sharey=True, width_ratios=[1, 0.36])
    _curves(curves, tables["near_loss"].values, levels)
    _ends(ends, tables["wide_final"].values, levels)
    _polygons(figure.add_subfigure(right), tables, levels)
    return figure


def _curves(ax, losses, levels):
    steps, picked = (
        np.arange(losses.shape[1]) * LOG_EVERY,
        {0, int(losses[:, -1].argmin()), int(losses[:, 40:60].mean(1).argmax())},
    )
    for i, one in enumerate(losses):
        ax.plot(
            steps,
            one,
            color=style.BLUE if i in picked else style.FAINT,
            lw=0.9 if i in picked else 0.4,
            zorder=3 if i in picked else 2,
        )
    _lines(ax, levels)
    ax.set(xlim=(0, min(steps[-1], 6000)), yscale="log", ylim=(0.042, 0.36), xlabel="step")
    ax.set_ylabel("mean loss when one feature is on")
    ax.set_yticks([0.05, 0.1, 0.2, 0.3], ["0.05", "0.1", "0.2", "0.3"])
    ax.set_yticks([], minor=True)
    ax.set_title("From near 0: learning rests at levels")


def _ends(ax, final, levels):
    x = 0.5 + 0.4 * (np.arange(len(final)) / max(len(final) - 1, 1) - 0.5)
    ax.plot(x, final, "o", color=style.ORANGE, ms=2, alpha=0.7)
    _lines(ax, levels)
    ax.set(xlim=(0, 1), xticks=[], xlabel="models from\nwide starts")
    ax.set_title("Ends")


def _lines(ax, levels):
    for k, level in levels.items():
        ax.axhline(level, color=style.INK, lw=0.5, ls="--", zorder=1)
        if ax.get_subplotspec().is_last_col():
            ax.text(1.04, level, WORDS[k], fontsize=6, va="center", transform=ax.get_yaxis_transform())


def _polygons(part, tables, levels):
    """For each level a model that ended near it, or else the one that came nearest."""
    W, final = (
        np.concatenate([tables[f"{start}_{what}"].values for start in ("wide", "near")]) for what in ("W", "final")
    )
    part.suptitle("Models by the loss they ended at", fontsize=7.5, x=0.02, ha="left")
    axes = part.subplots(2, 2).ravel()
    for ax, k in zip(axes, (6, 5, 4), strict=False):
        i = np.abs(np.log(final / levels[k])).argmin()
        vectors(ax, W[i], np.ones(6), limit=1.6)
        ax.set_title(f"nearest the {WORDS[k]}’s: {final[i]:.4f}", fontsize=6)
    i = np.abs(final - np.median(tables["near_final"].values)).argmin()
    vectors(axes[3], W[i], np.ones(6), limit=1.6)
    axes[3].set_title(f"typical from near 0: {final[i]:.4f}", fontsize=6)


if __name__ == "__main__":
    main(draw)
