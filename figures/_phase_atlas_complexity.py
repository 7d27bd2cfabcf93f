"""The local learning coefficient over the atlas: it changes where shapes change, and is below 0 where nothing holds."""
# shows: NX-2
# reads: phase_atlas_complexity

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from superpose.plots import main, style

INKS = {
    "dedicated": "#003399", "2 dedicated": "#5b7fcf", "1 digon + 1 dedicated": "#8e5bb0", "digon": "#dd4444",
    "2 digons": style.AMBER, "triangle": style.SKY, "pentagon": style.GREEN,
}  # fmt: skip
LOWEST = -3


def draw(tables):
    best, toys = tables["best"], list(tables["best"].axes["toy"])
    figure = style.figure(style.TEXT, 4.5)
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.1])
    colours = ScalarMappable(Normalize(0, max(1.0, np.nanmax(best.values))), style.VIRIDIS)
    axes = above.subplots(1, len(toys), sharey=True, squeeze=False)[0]
    for i, (ax, toy) in enumerate(zip(axes, toys, strict=True)):
        _map(ax, best, i, _shapes(tables, i), colours)
        ax.set_title(f"{toy} dimension" + "s" * (not toy.endswith("1")), fontsize=7)
    axes[0].set_ylabel("density")
    bar = above.colorbar(colours, ax=axes, pad=0.01, aspect=14)
    bar.set_label("local learning coefficient")
    bar.outline.set_visible(False)
    above.suptitle("The coefficient of the best model of each cell; black lines: its shape changes there",
                   fontsize=7.5, x=0.01, ha="left")  # fmt: skip
    left, right = below.subplots(1, 2)
    _ladder(left, tables, toys)
    _against_loss(right, tables)
    return figure


def _shapes(tables, toy):
    """The name's number of the best model of each cell: the seed whose loss is least."""
    pick = tables["excess"].values[toy].argmin(-1)[..., None]
    return np.take_along_axis(tables["label"].values[toy], pick, -1)[..., 0]


def _map(ax, best, toy, shape, colours):
    ratio, density = best.ticks("ratio"), best.ticks("density")
    values = best.values[toy].T
    ax.imshow(colours.to_rgba(np.clip(values, 0, None)), origin="lower", aspect="auto")
    for (j, i), value in np.ndenumerate(values):
        dark = np.mean(colours.to_rgba(max(value, 0))[:3]) < 0.5
        ax.text(i, j, f"{value:.1f}" if values.size <= 60 else f"{value:.0f}", fontsize=4.2, ha="center", va="center",
                color="white" if dark else style.INK)  # fmt: skip
    for i, j in np.ndindex(*shape.shape):
        if j + 1 < shape.shape[1] and shape[i, j] != shape[i, j + 1]:
            ax.plot((i - 0.5, i + 0.5), (j + 0.5, j + 0.5), color="black", lw=1.4, solid_capstyle="butt")
        if i + 1 < shape.shape[0] and shape[i, j] != shape[i + 1, j]:
            ax.plot((i + 0.5, i + 0.5), (j - 0.5, j + 0.5), color="black", lw=1.4, solid_capstyle="butt")
    every = max(1, len(ratio) // 4)
    ax.set_xticks(range(0, len(ratio), every), [f"{r:.2g}×" for r in ratio[::every]])
    ax.set_yticks(range(0, len(density), 2), [f"{p:.2g}" for p in density[::2]])
    ax.set_xlabel("importance of one feature", fontsize=6)
    ax.tick_params(length=0)


def _ladder(ax, tables, toys):
    """Five equal features: every model, by shape."""
    values, label, half = (tables[name] for name in ("coefficient", "label", "half_rank"))
    toy, names = toys.index("5 features in 2"), list(tables["names"].axes["name"])
    alike = int(np.argmin(np.abs(np.log(values.ticks("ratio")))))
    y, codes, density = np.maximum(values.values[toy, alike], LOWEST), label.values[toy, alike], values.ticks("density")
    step = np.abs(np.log(density[1] / density[0])) if len(density) > 1 else 1
    x = np.exp(np.log(density)[:, None] + 0.3 * step * np.linspace(-1, 1, y.shape[1]))
    for k in np.unique(codes):
        here = codes == k
        known = names[k] in INKS
        ax.scatter(x[here], y[here], s=9, lw=0, color=INKS.get(names[k], style.MUTED), alpha=0.85, zorder=3,
                   label=names[k] if known else None)  # fmt: skip
    if any(names[k] not in INKS for k in np.unique(codes)):
        ax.scatter([], [], s=9, lw=0, color=style.MUTED, label="no named shape")
    middle = np.median(half.values[toy, alike], axis=-1)
    ax.step(
        density,
        middle,
        where="mid",
        color=style.INK,
        lw=0.8,
        ls=(0, (3, 2)),
        label="half the rank of the Hessian, median",
    )
    ax.set(xscale="log", xlim=(density.max() * 1.4, density.min() / 1.4), ylim=(LOWEST - 0.3, 10.2))
    ax.set(xlabel="density (sparser to the right)", ylabel="local learning coefficient")
    ax.set_title("Five equal features in a plane: every model")
    ax.axhline(0, color=style.FAINT, lw=0.6, zorder=0)
    ax.text(density.max() * 1.3, LOWEST + 0.1, f"at the bottom: {LOWEST} or less", fontsize=5.5, color=style.MUTED)
    ax.legend(loc="lower right", bbox_to_anchor=(1, 0.08))


def _against_loss(ax, tables):
    """What is below 0, against how much better the best of the same cell is."""
    y, excess = tables["coefficient"].values.ravel(), tables["excess"].values.ravel()
    error = tables["error"].values.ravel()
    x, below = np.maximum(excess, 1e-6), y < -2 * error
    for where, colour, words in (
        (~below, style.BLUE, "not below 0 for certain"),
        (below, style.ORANGE, "below 0 by two errors"),
    ):
        ax.scatter(x[where], np.maximum(y[where], LOWEST), s=4, lw=0, alpha=0.5, color=colour,
                   label=f"{words}: {where.sum():,} models")  # fmt: skip
    ax.axhline(0, color=style.FAINT, lw=0.6, zorder=0)
    ax.axvline(0.01, color=style.MUTED, lw=0.6, ls=(0, (3, 2)), zorder=0)
    ax.text(0.012, 9.9, "1 % worse than the best", fontsize=5.5, color=style.MUTED, va="top")
    ax.set(xscale="log", ylim=(LOWEST - 0.3, 10.2), xlabel="loss over that of the best model of its cell, less 1")
    ax.set_title("Below 0 walks find lower loss: no minimum holds them")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 0.1), markerscale=2, frameon=True, edgecolor="none", framealpha=0.9)


if __name__ == "__main__":
    main(draw)
