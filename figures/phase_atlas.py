"""Which shapes training finds, and how often, for four small toys over the importance of a feature and the density."""
# shows: NX-1
# reads: phase_atlas

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch

from superpose.plots import frame, main, style
from superpose.plots.scales import Scale

INKS = {
    "dedicated": "#003399", "2 dedicated": "#5b7fcf", "1 digon + 1 dedicated": "#8e5bb0", "digon": "#dd4444",
    "2 digons": style.AMBER, "triangle": style.SKY, "pentagon": style.GREEN,
}  # fmt: skip
GREYS = {1: "#d9d9d9", 2: "#c4c4c4", 3: "#a8a8a8", 4: "#8a8a8a", 5: "#6a6a6a"}


def ink(name):
    return INKS.get(name) or GREYS.get(int(name[0]) if name[0].isdigit() else 1, "#bbbbbb")


def draw(tables):
    label, names = tables["label"], list(tables["names"].axes["name"])
    figure = style.figure(style.TEXT, 4.7)
    above, below = figure.subfigures(2, 1, height_ratios=[1.05, 1])
    toys = list(label.axes["toy"])
    axes = above.subplots(1, len(toys), sharey=True, squeeze=False)[0]
    for ax, toy, codes in zip(axes, toys, label.values, strict=True):
        _map(ax, toy, codes, names, label, tables["boundary"])
    above.suptitle("The commonest shape of each cell, and the per cent of models that make it. "
        "Above the white line sharing costs least in theory",
                   fontsize=7, x=0.01, ha="left")  # fmt: skip
    left, right = below.subfigures(1, 2, width_ratios=[1.5, 1])
    _shares(left, label, names)
    _shapes(right, tables, names)
    return figure


def _map(ax, toy, codes, names, label, boundary):
    sides = [Scale.of(axis, axis, label.axes[axis]) for axis in ("ratio", "density")]
    counts = np.stack([(codes == k).mean(-1) for k in range(len(names))], -1)
    share, inks = counts.max(-1), np.array([to_rgb(ink(name)) for name in names])[counts.argmax(-1)]
    picture = share[..., None] * inks + (1 - share[..., None])
    x, y = (np.arange(len(side.ticks) + 1) - 0.5 for side in sides)
    ax.pcolormesh(x, y, picture.swapaxes(0, 1), edgecolor="white", lw=0.3)
    small = len(x) * len(y) > 80
    for i, j in np.ndindex(*share.shape):
        dark = share[i, j] > 0.6 and sum(to_rgb(ink(names[counts[i, j].argmax()]))) < 2
        ax.text(i, j, f"{100 * share[i, j]:.0f}", fontsize=3 if small else 4.5, ha="center", va="center",
                color="white" if dark else style.INK)  # fmt: skip
    if toy in boundary.axes["toy"] and len(sides[0].ticks) > 1:
        line = boundary.values[list(boundary.axes["toy"]).index(toy)]
        ax.plot(_place(sides[0].ticks, sides[0].ticks), _place(sides[1].ticks, line), color=style.INK, lw=2.2)
        ax.plot(_place(sides[0].ticks, sides[0].ticks), _place(sides[1].ticks, line), color="white", lw=1)
    every = max(1, len(sides[0].ticks) // 4)
    ax.set_xticks(range(0, len(sides[0].ticks), every), [f"{t:.2g}×" for t in sides[0].ticks[::every]])
    ax.set_yticks(range(0, len(sides[1].ticks), 2), [f"{t:.2g}" for t in sides[1].ticks[::2]])
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(toy + (" dimension" if toy.endswith("1") else " dimensions"), fontsize=7)
    ax.set_xlabel("importance of one feature", fontsize=6)
    if ax.get_subplotspec().is_first_col():
        ax.set_ylabel("density: chance to be on")


def _place(ticks, values):
    """Where values lie between ticks that are drawn at 0, 1, 2, …; in logarithms, and not beyond them."""
    ticks, order = np.log(np.asarray(ticks, float)), np.argsort(ticks)
    return np.interp(np.log(values), ticks[order], order)


def _shares(figure, label, names):
    """What becomes of equal features, all in all: one column a density."""
    toys = [toy for toy in ("2 features in 1", "5 features in 2") if toy in label.axes["toy"]]
    alike = int(np.argmin(np.abs(np.log(label.ticks("ratio")))))
    density = label.ticks("density")
    axes = figure.subplots(1, len(toys), sharey=True, squeeze=False)[0]
    for ax, toy in zip(axes, toys, strict=True):
        codes, base = label.values[list(label.axes["toy"]).index(toy), alike], np.zeros(len(density))
        for k in sorted(range(len(names)), key=lambda k: (names[k] not in INKS, names[k])):
            part = 100 * (codes == k).mean(-1)
            ax.bar(range(len(density)), part, bottom=base, width=0.92, color=ink(names[k]), lw=0)
            base += part
        ax.set_xticks(range(0, len(density), 2), [f"{p:.2g}" for p in density[::2]])
        ax.set(
            title=f"{toy}, all alike",
            xlabel="density (sparser to the right)",
            xlim=(-0.6, len(density) - 0.4),
            ylim=(0, 100),
        )
    axes[0].set_ylabel("per cent of models")
    figure.suptitle("Equal features: seeds differ in where they end", fontsize=7.5, x=0.01, ha="left")


def _shapes(figure, tables, names):
    """One model of each name that has one, and how many models there are of it."""
    W, codes = tables["W"].values.reshape(-1, 2, 5), tables["label"].values.ravel()
    count = np.bincount(codes, minlength=len(names))
    known = [k for k in np.argsort(-count) if names[k] in INKS]
    axes = figure.subplots(2, 4).ravel()
    figure.suptitle("One of each, and how many there are", fontsize=7.5, x=0.01, ha="left")
    for ax in axes:
        ax.set_axis_off()
    for ax, k in zip(axes, known[:7], strict=False):
        frame(ax, 1.4)
        model = W[np.flatnonzero(codes == k)[count[k] // 2]]
        for w in model.T[np.linalg.norm(model.T, axis=1) > 0.5]:
            ax.plot((0, w[0]), (0, w[1]), color=ink(names[k]), lw=1.4)
            ax.plot(*w, "o", color=ink(names[k]), ms=3)
        ax.set_title(f"{names[k]}\n{count[k]:,}".replace(" + ", "\n+ "), fontsize=5.5, loc="center")
        ax.set_axis_off()
    rest = [Patch(color=GREYS[k], label=f"{k} kept") for k in GREYS if any(n.startswith(f"{k} of no") for n in names)]
    if rest:
        axes[-1].legend(handles=rest, title="no named shape", title_fontsize=5.5, fontsize=5.5, loc="center")


if __name__ == "__main__":
    main(draw)
