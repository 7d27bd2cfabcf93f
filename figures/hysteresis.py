"""Models led from dense worlds to sparse ones and back do not come back the way they went."""
# shows: NX-1
# reads: phase_atlas

import numpy as np

from superpose import Table
from superpose.plots import main, style
from superpose.plots.scales import plain_log

LEGS = {"sparser": (style.BLUE, "going sparser", ">"), "denser": (style.ORANGE, "going back, denser", "<")}
CROSSED = (style.BLUE, style.GREEN, style.AMBER, style.PINK)


def draw(tables):
    kept = tables["led_kept"]
    none = Table({"toy": kept.axes["toy"], "ratio": kept.axes["ratio"]}, np.full((*kept.values.shape[:2], 1), np.nan))
    width = tables.get("width", none)  # it is left only where some model switched on both ways
    toys, ratio = list(kept.axes["toy"]), kept.ticks("ratio")
    figure = style.figure(style.TEXT, 2.9)
    left, right = figure.subfigures(1, 2, width_ratios=[2.1, 1])
    axes = left.subplots(2, -(-len(toys) // 2), sharex=True, squeeze=False).ravel()
    for ax in axes[len(toys) :]:
        ax.set_axis_off()
    for i, (ax, toy) in enumerate(zip(axes, toys, strict=False)):
        _loop(ax, kept, i, _widest(width.values[i], ratio))
        ax.set_title(f"{toy}, {_times(ratio[_widest(width.values[i], ratio)])}", fontsize=6.5)
    axes[0].legend(loc="lower right", handlelength=2.4)
    left.supxlabel("density of the world (sparser to the right)", fontsize=7)
    left.supylabel("features kept, mean of models", fontsize=7)
    _widths(right.subplots(), width, ratio, toys, kept.ticks("density")[:2])
    return figure


def _times(ratio):
    return "all alike" if abs(np.log(ratio)) < 1e-6 else f"one {ratio:.2g}× as important"


def _widest(width, ratio):
    """The ratio to show: equal features where some model switched on both ways, else where most did."""
    count = np.isfinite(width).sum(-1)
    alike = int(np.argmin(np.abs(np.log(ratio))))
    return alike if count[alike] else int(np.argmax(count))


def _loop(ax, kept, toy, ratio):
    density = kept.ticks("density")
    lines = kept.values[toy, ratio].mean(-1)
    ax.fill_between(density, *lines, color=style.TRACK, lw=0)
    for line, (colour, words, mark) in zip(lines, LEGS.values(), strict=True):
        ax.plot(density, line, color=colour, marker=mark, ms=2.5, lw=1, label=words)
    n = int(list(kept.axes["toy"])[toy].split()[0])
    ax.axhline(n, color=style.MUTED, lw=0.5, ls=(0, (3, 2)), zorder=0)
    ax.set(xscale="log", ylim=(0.8, n + 0.35), yticks=range(1, n + 1))
    plain_log(ax.xaxis, density.min(), 0.99 * density.max())
    ax.set(xlim=(density.max() * 1.1, density.min() / 1.1))


def _widths(ax, width, ratio, toys, rungs):
    """How far apart the two switches of one and the same model are: a dot each, and a bar at their median."""
    for i, toy in enumerate(toys):
        for j in range(len(ratio)):
            values = width.values[i, j][np.isfinite(width.values[i, j])]
            jitter = np.linspace(-0.06, 0.06, len(values))
            at = j + 0.19 * (i - (len(toys) - 1) / 2)

            ax.plot(at + jitter, values, "o", color=CROSSED[i], ms=1.6, alpha=0.6, mew=0)
            if len(values):
                ax.plot((at - 0.08, at + 0.08), [np.median(values)] * 2, color=CROSSED[i], lw=1.6)
        ax.plot([], [], color=CROSSED[i], lw=1.6, label=toy)
    rung = abs(np.diff(np.log10(rungs)))[0]
    ax.axhline(rung, color=style.MUTED, lw=0.6, ls=(0, (3, 2)), zorder=0)
    ax.text(-0.5, rung, "one step of the way", fontsize=5.5, color=style.MUTED, va="bottom")
    ax.axhline(0, color=style.MUTED, lw=0.6)
    ax.set_xticks(range(len(ratio)), [f"{r:.2g}×" for r in ratio])
    ax.set(xlabel="importance of one feature", xlim=(-0.6, len(ratio) - 0.4), ylabel="width, decades of density")
    ax.set_title("One model's two switches, apart")
    ax.set_ylim(top=1.35 * max(rung, np.nanmax(width.values, initial=rung, where=np.isfinite(width.values))))
    ax.legend(loc="upper left", ncols=2, handlelength=0.8, columnspacing=0.8, borderaxespad=0)


if __name__ == "__main__":
    main(draw)
