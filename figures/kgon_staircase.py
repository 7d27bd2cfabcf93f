"""Two models learn: the loss rests at the levels of polygons, drawn where it rests, and complexity goes up."""
# shows: FU-KG
# reads: kgon_staircase

import numpy as np

from superpose.plots import frame, main, sets, style, upright

COLOURS = {4: style.GREEN, 5: style.ORANGE, 6: style.BLUE}


def draw(tables):
    runs = tables["W"].ticks("run")
    figure = style.figure(style.TEXT, 4.4)
    axes = figure.subplots(2, len(runs), sharex="col", sharey="row", height_ratios=[2.4, 1], squeeze=False)
    for i, (above, below) in enumerate(axes.T):
        _loss(above, tables, i, int(runs[i]), last=i == len(runs) - 1)
        _coefficient(below, tables, i)
    axes[0, 0].set_ylabel("expected squared error")
    axes[1, 0].set_ylabel("learning coefficient λ̂\n(lines: theory)")
    return figure


def _loss(ax, tables, i, run, last):
    steps, loss = tables["loss"].ticks("step"), tables["loss"].sel(seed=run).values
    for name, level in zip(tables["level"].ticks("phase"), tables["level"].values, strict=True):
        ax.axhline(level, color=COLOURS[int(name[0])], lw=0.6, ls="--", zorder=1)
        if last:
            ax.text(1.02, level, name, fontsize=6.5, va="center", transform=ax.get_yaxis_transform())
    ax.plot(steps, loss, color=style.INK, zorder=3)
    ax.set(xlim=(0, steps[-1]), ylim=(0.042, 0.155))
    ends = "a hexagon" if tables["corners"].sel(seed=run).values[-1] == 6 else "a pentagon"
    ax.set_title(f"A run that ends as {ends}")
    rests = _rests(tables, run)
    for j, (start, end, level) in enumerate(rests):
        left = 0.16 + 0.80 * (j + 0.5) / len(rests) - 0.11
        _inset(ax, tables, i, (start + end) / 2, level, (left, 0.66, 0.22, 0.3))


def _rests(tables, run):
    rest = tables["rest"]
    mine = rest.values[rest.sel(of="seed").values == run]
    return [(row[1], row[2], row[3]) for row in mine][:4]


def _inset(ax, tables, i, step, level, place):
    steps = tables["W"].ticks("step")
    at = int(np.abs(steps - step).argmin())
    W, b = (tables[name].values[i, at] for name in ("W", "b"))
    inset = ax.inset_axes(place)
    frame(inset, 1.7)
    sets.circle(inset)
    asleep = (W**2).sum(0) + b <= 0
    sets.rays(inset, upright(W[:, np.argsort(-np.hypot(*W))]), [style.BLUE] * W.shape[1], dot=2.6)
    silent = f", {asleep.sum()} silent" if asleep.any() else ""
    inset.set_title(f"step {steps[at]:,}{silent}", fontsize=5.5, pad=2)
    ax.annotate("", (steps[at], level), (0.5, 0), textcoords=inset.transAxes,
                arrowprops={"arrowstyle": "-", "color": style.MUTED, "lw": 0.5})  # fmt: skip
    ax.plot(steps[at], level, "o", color=style.INK, ms=2.5, zorder=4)


def _coefficient(ax, tables, i):
    steps = tables["W"].ticks("step")
    value, error = (tables[f"moving_{name}"].values[i] for name in ("value", "error"))
    for level, words in ((7.0, "5"), (8.5, "5+, 6")):
        ax.axhline(level, color=style.FAINT, lw=0.6, zorder=0)
        if i:
            ax.text(1.01, level, words, fontsize=6, va="center", transform=ax.get_yaxis_transform())
    shown = np.where(value > -1, value, np.nan)
    ax.errorbar(steps, shown, error, fmt="o", ms=2, lw=0.5, color=style.PINK, zorder=3)
    low = steps[~(value > -1)]
    ax.plot(low, np.full(len(low), 0.35), "v", ms=2.5, color=style.MUTED, zorder=3)
    if len(low):
        ax.text(150, 1.0, "below 0: no minimum yet", fontsize=6, color=style.MUTED, va="bottom")
    ax.set(ylim=(0, 11), xlabel="step of SGD")


if __name__ == "__main__":
    main(draw)
