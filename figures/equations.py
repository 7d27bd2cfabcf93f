"""What a feature gains by being kept and loses to others: the loss taken apart, with two checks by numbers."""
# shows: TMS-06
# reads: mathematics

from superpose.plots import main, style

GAIN, PAIN = style.BLUE, style.ORANGE


def draw(tables):
    figure = style.figure(style.TEXT, 3.9)
    top, bottom = (figure.add_subfigure(cell) for cell in figure.add_gridspec(2, 1, height_ratios=[1.05, 1]))
    words = top.subplots()
    words.set_axis_off()
    words.set(xlim=(0, 1), ylim=(0, 1))
    _linear(words)
    _sparse(words)
    linear, sparse = bottom.subplots(1, 2)
    _against_samples(linear, tables["linear"].values)
    _against_exact(sparse, tables["sparse"])
    return figure


def _linear(ax):
    ax.text(0.0, 0.96, "Linear model on whitened inputs", weight="bold", va="center")
    ax.text(0.02, 0.77, r"$L\;\sim$", fontsize=11, va="center")
    _term(
        ax,
        0.09,
        0.30,
        0.77,
        r"$\sum_i\; I_i\,(1-\|W_i\|^2)^2$",
        GAIN,
        "feature benefit: a feature is worth\nkeeping, by its importance",
    )
    ax.text(0.425, 0.77, "+", fontsize=11, va="center")
    _term(
        ax,
        0.47,
        0.28,
        0.77,
        r"$\sum_{i\neq j}\; I_j\,(W_j\cdot W_i)^2$",
        PAIN,
        "interference: features that\nare not at right angles disturb each other",
    )


def _sparse(ax):
    ax.text(0.0, 0.46, "ReLU model when one feature is on at a time", weight="bold", va="center")
    ax.text(0.02, 0.26, r"$L_1\;=$", fontsize=11, va="center")
    _term(
        ax,
        0.09,
        0.40,
        0.26,
        r"$\sum_i\; I_i \int_0^1 (x-\mathrm{ReLU}(\|W_i\|^2 x+b_i))^2\,dx$",
        GAIN,
        "feature benefit: the feature that is on\nis to be answered by itself",
    )
    ax.text(0.505, 0.26, "+", fontsize=11, va="center")
    _term(
        ax,
        0.54,
        0.42,
        0.26,
        r"$\sum_{i\neq j}\; I_j \int_0^1 \mathrm{ReLU}(W_j\cdot W_i\,x+b_j)^2\,dx$",
        PAIN,
        "interference: only positive products spill over,\nand a bias below 0 hides small ones",
    )


def _term(ax, x, width, y, formula, colour, words):
    """A term of an equation, underlined, with what it means beneath."""
    ax.text(x, y, formula, fontsize=10, color=colour, va="center")
    ax.plot([x, x + width], [y - 0.12] * 2, color=colour, lw=1)
    ax.text(x, y - 0.14, words, fontsize=6, color=colour, va="top")


def _against_samples(ax, linear):
    closed, sampled, error = linear.T
    ax.plot([0, closed.max() * 1.05], [0, closed.max() * 1.05], color=style.FAINT, lw=0.8)
    ax.errorbar(closed, sampled, 3 * error, fmt="o", color=style.GREEN, ms=2.5, lw=0.8)
    ax.set(xlabel="benefit and interference, by the formula", ylabel="loss on normal samples")
    ax.set_title(f"Linear: {len(closed)} random matrices (bars: 3 standard errors)")
    low, high = closed.min() * 0.9, closed.max() * 1.1
    ax.set(xlim=(low, high), ylim=(low, high))


def _against_exact(ax, sparse):
    p, (exact, form) = sparse.ticks("density"), sparse.values.T
    ax.plot(p, form / exact, color=style.GREEN)
    ax.axhspan(0.97, 1.03, color=style.TRACK, lw=0)
    ax.text(0.9, 1.035, "within 3 %", fontsize=6, color=style.MUTED, ha="right", va="bottom")
    ax.set(
        xscale="log",
        xlim=(p.min(), 1),
        ylim=(0, 1.2),
        xlabel="density of each feature",
        ylabel="one at a time / exact loss",
    )
    ax.set_title("ReLU: a pentagon, nothing or one feature on")


if __name__ == "__main__":
    main(draw)
