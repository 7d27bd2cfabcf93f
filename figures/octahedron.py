"""Six features in three dimensions learn in steps: each set of three collapses, opens, and an octahedron is made."""
# shows: TMS-22
# reads: octahedron

import numpy as np
from matplotlib.colors import to_rgb

from superpose.geometry import cross_polytope
from superpose.plots import Moving, main, style
from superpose.plots.polyhedra import Corners, edges, solid, turned

SHADES = [
    tuple(1 - light * (1 - c) for c in to_rgb(hue)) for hue in (style.ORANGE, style.BLUE) for light in (1, 0.7, 0.4)
]
WORDS = ("1  start: nothing", "2  plateau: each set\nis one direction", "3  each set opens", "4  an octahedron")

KEY = "Orange: three features that come together. Blue: three others. Thin lines: the edges of what they end as."


def draw(tables):
    step, path, marks = _example(tables)
    figure = style.figure(style.TEXT, 3.7)
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    top.suptitle(KEY, fontsize=7)
    cells = top.add_gridspec(1, 4)
    joined = edges(path[-1])
    for cell, mark, words in zip(cells, marks, WORDS, strict=True):
        axis = solid(top, cell)
        Corners(axis, SHADES, joined).at(path[np.searchsorted(step, mark)])
        words += "\n" if "\n" in words else "\n\n"
        axis.set_title(f"{words}step {mark:,}", loc="center", fontsize=6.5)
    ax = bottom.subplots()
    _curve(ax, tables)
    for number, mark in enumerate(marks, 1):
        ax.axvline(mark, color=style.MUTED, lw=0.6, ls=(0, (3, 2)))
        ax.text(mark, 1.02, number, transform=ax.get_xaxis_transform(), ha="center", fontsize=6.5)
    return figure


def animate(tables):
    step, path, marks = _example(tables)
    early = int((step <= 1.5 * marks[2]).sum())
    frames = [*range(early), *range(early, len(step), 4)]
    figure = style.figure(3.4, 3.9)
    top, bottom = figure.subfigures(2, 1, height_ratios=[2.2, 1])
    axis = solid(top, 111)
    corners = Corners(axis, SHADES, edges(path[-1]), dot=8)
    ax = bottom.subplots()
    _curve(ax, tables)
    now = ax.axvline(0, color=style.INK, lw=0.8)
    words = axis.text2D(0.5, 0.95, "", transform=axis.transAxes, ha="center")

    def update(frame):
        corners.at(path[frames[frame]])
        axis.view_init(elev=20, azim=35 + 0.5 * frame)
        words.set_text(f"step {step[frames[frame]]:,}")
        now.set_xdata([step[frames[frame]]] * 2)

    return Moving(figure, update, len(frames), per_second=10)


def _example(tables):
    """The best model: its steps, its path turned so that it ends on the axes, and its stages."""
    k = _best(tables)
    step, W = tables["W"].ticks("step"), tables["W"].values[k]
    first = W[-1][:, :3].T @ W[-1][:, 3:]
    facing = np.argmin(first, axis=1)
    goal = np.asarray(cross_polytope(3))
    path = turned(W, goal[:, [0, 1, 2, *(3 + np.argsort(facing))]])
    return step, path, [0, *tables["stages"].values[k]]


def _best(tables):
    return int(tables["loss"].values[:, -1].argmin())


def _curve(ax, tables):
    step, loss, k = tables["loss"].ticks("step"), tables["loss"].values, _best(tables)
    ax.plot(step, np.delete(loss, k, axis=0).T, color=style.FAINT, lw=0.6)
    ax.plot([], [], color=style.FAINT, lw=0.6, label="models from other starts")
    ax.plot(step, loss[k], color=style.INK, label="this model")
    p = 0.05
    for level, words in ((p / 3, "p/3"), (p**2, "p²")):
        ax.axhline(level, color=style.GREEN, lw=0.6)
        ax.text(step[-1], level * 1.06, words, color=style.GREEN, fontsize=6, ha="right", va="bottom")
    ax.set(yscale="log", xlim=(-0.01 * step[-1], 1.01 * step[-1]), xlabel="step of training", ylabel="expected loss")
    ax.legend(loc="upper center")


if __name__ == "__main__":
    main(draw, animate=animate)
