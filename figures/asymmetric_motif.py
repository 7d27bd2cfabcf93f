"""A model with two asymmetric motifs: a neuron takes in much of one feature and gives out much of another."""
# shows: TMS-33
# reads: asymmetric_motif

from matplotlib.patches import Patch

from superpose.plots import main, style
from superpose.plots.stacks import MANY, stacks

NAMES = ("A", "B")
"""What the motifs are called."""

COLUMNS = (0.02, 0.55, 0.74, 0.98)
"""Where those of the tables stand."""


def draw(tables):
    motifs = [dict(zip(tables["motif"].axes["column"], row, strict=True)) for row in tables["motif"].values.T][:2]
    into, out = tables["W1"].values, tables["W2"].values.T
    figure = style.figure(style.TEXT, 3.7)
    body, foot = figure.subfigures(2, 1, height_ratios=[3.3, 0.4])
    left, right = body.subfigures(1, 2, width_ratios=[1.75, 1])
    read, written = left.subplots(2, 1)
    labels = columns(out, motifs)
    for axis, W, words in ((read, into, "weights in, $W_1$"), (written, out, "weights out, $W_2$")):
        stacks(axis, W, style.CYCLE)
        for place in (k for k, label in enumerate(labels) if label in NAMES):
            axis.axvspan(place - 0.5, place + 0.5, color=MANY, lw=0, zorder=0)
        axis.set(ylabel=words)
        axis.margins(y=0.08)
        axis.set_xticks(range(len(W)), labels, fontsize=5.5)
        axis.tick_params(axis="x", length=0)
    count, models = (tables["motifs"].values > 0).sum(), tables["motifs"].values.size
    read.set_title(f"One column a neuron; {count} of {models} models have the motif")
    boxes = right.subplots(3, 1, height_ratios=[1, 1, 0.75])
    for axis, name, motif in zip(boxes, NAMES, motifs, strict=False):
        table(axis, f"Neuron {name}", motif, out[int(motif["inhibitor"])])
    ideal = {"strong": None, "weak": None, "in strong": 2, "in weak": -0.5, "out strong": 0.5, "out weak": 2}
    table(boxes[2], "The paper's ideal", ideal, None)
    for axis in boxes[len(motifs) : 2]:
        axis.text(0.5, 0.5, "no other motif in this model", ha="center", color=style.MUTED)
    for axis in boxes:
        axis.set_axis_off()
    key(foot.subplots(), into.shape[1])
    return figure


def columns(out, motifs):
    """What stands below each neuron: the letter of its motif, or that it inhibits."""
    labels = [""] * len(out)
    for name, motif in zip(NAMES, motifs, strict=False):
        for k in (out[:, int(motif["weak"])] < -1).nonzero()[0]:
            labels[k] = "inhibits"
        labels[int(motif["neuron"])] = name
    return labels


def table(axis, title, motif, inhibitor):
    """The four weights of a motif, feature by feature, and what its inhibitor gives out."""
    axis.set(xlim=(0, 1), ylim=(0, 1))
    heads = [title, "in", "out", "" if inhibitor is None else "inhibitor"]
    for x, head in zip(COLUMNS, heads, strict=True):
        first = head is title
        axis.text(x, 0.88, head, ha="left" if first else "right", weight="bold" if first else "normal", fontsize=6.5)
    for y, which in ((0.58, "strong"), (0.3, "weak")):
        feature = motif[which]
        name = {"strong": "feature i", "weak": "feature j"}[which] if feature is None else f"feature {int(feature)}"
        colour = style.MUTED if feature is None else style.CYCLE[int(feature)]
        axis.plot([0.04], [y + 0.05], "s", color=colour, ms=5)
        axis.text(0.09, y, name)
        values = [motif[f"in {which}"], motif[f"out {which}"]]
        values += [] if inhibitor is None else [inhibitor[int(feature)]]
        for x, value in zip(COLUMNS[1:], values, strict=False):
            large = abs(value) > 1
            axis.text(x, y, f"{value:+.2f}".replace("-", "−"), ha="right", weight="bold" if large else "normal")
    axis.plot([0, 1], [0.8, 0.8], color=style.FAINT, lw=0.6)


def key(axis, features):
    axis.set_axis_off()
    names = [Patch(color=style.CYCLE[i], label=f"feature {i}") for i in range(features)]
    axis.legend(
        handles=[*names, Patch(color=MANY, label="a motif's neuron")],
        ncols=7,
        loc="center",
        columnspacing=1.2,
        handlelength=1.2,
    )


if __name__ == "__main__":
    main(draw)
