"""The ideas in pictures: bases, polysemantic neurons, superposition, interference, simulated networks, the toy."""
# shows: TMS-02
# reads: mathematics

import itertools

import numpy as np
from matplotlib.patches import Rectangle

from superpose.plots import frame, main, style

COLOURS = (style.BLUE, style.ORANGE, style.GREEN, style.PINK, style.AMBER, style.SKY)


def draw(tables):
    figure = style.figure(style.TEXT, 6.1)
    rows = [figure.add_subfigure(cell) for cell in figure.add_gridspec(3, 1, height_ratios=[1.15, 1.05, 1])]
    _bases(*rows[0].subplots(1, 4))
    interference, large, small = rows[1].subplots(1, 3, width_ratios=[0.8, 1, 0.8])
    _interference(interference)
    _networks(large, small)
    setup, crowd = rows[2].subplots(1, 2, width_ratios=[1.5, 1])
    _setup(setup)
    _crowd(crowd, tables["crowd"])
    return figure


def _bases(privileged, turned, polysemantic, superposed):
    _plane(
        privileged,
        _round([0, 90]),
        "Privileged basis",
        "neurons are special directions:\na feature may be one of them",
        neurons=True,
    )
    _plane(turned, _round([35, 125]), "No privileged basis", "any rotation is as good:\nno direction is special")
    _plane(
        polysemantic,
        _round([30, 120]),
        "Polysemantic neurons",
        "two features, two neurons: but\neach neuron answers to both",
        neurons=True,
    )
    _plane(
        superposed,
        _round([0, 72, 144, 216, 288]),
        "Superposition",
        "five features, two dimensions:\nthey cannot all be at right angles",
    )


def _round(degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)])


def _plane(ax, W, title, words, neurons=False):
    """Features as coloured arrows; the axes have names only where neurons make them special."""
    frame(ax, 1.3)
    for colour, end in zip(COLOURS, W.T, strict=False):
        _arrow(ax, (0, 0), end, colour, 1.6)
    if neurons:
        ax.text(1.26, -0.16, "neuron 1", fontsize=5.5, color=style.MUTED, ha="right")
        ax.text(-0.06, 1.26, "neuron 2", fontsize=5.5, color=style.MUTED, ha="right", va="top", rotation=90)
    else:
        for line in list(ax.lines):
            line.set_visible(False)
    ax.set_title(title, loc="center")
    ax.set_xlabel(words, fontsize=6)


def _arrow(ax, start, end, colour, width=1.0, **more):
    arrow = {"arrowstyle": "-|>", "color": colour, "lw": width, "mutation_scale": 7, "shrinkA": 0, "shrinkB": 0, **more}
    ax.annotate("", end, start, arrowprops=arrow)


def _interference(ax):
    """One feature is on; what of it lies along the others is read as a little of them."""
    W = 1.1 * _round([90, 162, 234, 306, 18])
    frame(ax, 1.4)
    for line in list(ax.lines):
        line.set_visible(False)
    on = W[:, 0]
    for colour, end in zip(COLOURS[1:], W[:, 1:].T, strict=False):
        _arrow(ax, (0, 0), end, style.FAINT)
        foot = (end @ on) / (end @ end) * end
        ax.plot(*np.stack([on, foot], 1), ":", color=style.MUTED, lw=0.8)
        ax.plot(*np.stack([0 * foot, foot], 1), color=colour, lw=2.2, solid_capstyle="butt")
    _arrow(ax, (0, 0), on, COLOURS[0], 2)
    ax.text(0, 1.18, "the feature that is on", fontsize=6, color=COLOURS[0], ha="center")
    ax.set_title("Interference", loc="center")
    ax.set_xlabel("one feature on: its shadows (coloured)\non the others are read as a little of them", fontsize=6)


def _networks(large, small):
    """A large network of single features, and a small one whose neurons each do a part of several."""
    many, few = np.linspace(0.06, 0.94, 10), np.linspace(0.2, 0.8, 4)
    draw = np.random.default_rng(1)
    for x in (0.15, 0.5):
        for i, j in itertools.product(range(10), repeat=2):
            if draw.random() < 0.16 or i == j:
                large.plot((x, x + 0.35), (many[i], many[j]), color=style.FAINT, lw=0.6, zorder=1)
    for x, i in itertools.product((0.15, 0.5, 0.85), range(10)):
        large.plot(x, many[i], "o", color=COLOURS[i % 6], ms=4.5, mec=style.INK, mew=0.3)
    large.set_title("A large, sparse network that would\nhave a neuron for each feature …", loc="center")
    for x, i, j in itertools.product((0.15, 0.5), range(4), range(4)):
        small.plot((x, x + 0.35), (few[i], few[j]), color=style.FAINT, lw=0.8, zorder=1)
    for x, i in itertools.product((0.15, 0.5, 0.85), range(4)):
        colours = draw.choice(6, 3, replace=False)
        small.pie(
            [1, 1, 1],
            colors=[COLOURS[c] for c in colours],
            radius=0.055,
            center=(x, few[i]),
            wedgeprops={"lw": 0.3, "ec": style.INK},
        )
    small.set_title("… simulated by a small one, whose\nneurons each answer to several", loc="center")
    for ax in (large, small):
        ax.set(xlim=(0, 1), ylim=(0, 1))
        ax.set_axis_off()


def _setup(ax):
    """x → h → x': columns of numbers, and what turns one into the next."""
    x = np.array([0, 0.8, 0, 0, 0, 0.3, 0, 0])
    columns = {
        0.12: (x, "x: features,\nmost of them 0"),
        0.47: (np.array([0.55, -0.35, 0.2]), "h: fewer\ndimensions"),
        0.84: (np.array([0, 0.75, 0.1, 0, 0, 0.33, 0, 0.06]), "x′: features\nanswered"),
    }
    for centre, (values, words) in columns.items():
        heights = 0.5 + 0.095 * (np.arange(len(values))[::-1] - (len(values) - 1) / 2)
        for value, y in zip(values, heights, strict=True):
            colour = style.WEIGHTS(style.SIGNED(value))
            ax.add_patch(Rectangle((centre - 0.03, y - 0.045), 0.06, 0.09, fc=colour, ec=style.MUTED, lw=0.5))
        ax.text(centre, 0.02, words, ha="center", va="top", fontsize=6)
    for start, end, words in ((0.17, 0.42, r"$h = W x$"), (0.52, 0.79, r"$x' = \mathrm{ReLU}(W^\top h + b)$")):
        _arrow(ax, (start, 0.5), (end, 0.5), style.INK)
        ax.text((start + end) / 2, 0.56, words, ha="center", fontsize=7)
    ax.set(xlim=(0, 1), ylim=(-0.18, 1))
    ax.set_axis_off()
    ax.set_title("The toy: more features than dimensions, there and back")


def _crowd(ax, crowd):
    for colour, d in zip(style.VIRIDIS([0.0, 0.3, 0.6, 0.88]), crowd.ticks("d"), strict=True):
        ax.plot(crowd.ticks("N"), crowd.sel(d=d).values, "o-", color=colour, ms=2, label=f"{int(d)} dimensions")
    ax.legend(loc="upper left", ncols=2, bbox_to_anchor=(0, 1.02))
    ax.set(xscale="log", ylim=(0, 1.35), xlabel="number of random directions", ylabel="largest |cosine| of two")
    ax.set_yticks([0, 0.5, 1])
    ax.set_title("Wide spaces hold many nearly\northogonal directions")


if __name__ == "__main__":
    main(draw)
