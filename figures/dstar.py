"""How much of a dimension a feature gets, as features grow rare."""
# shows: TMS-11
# reads: dimensionality

from superpose.plots import main, style


def draw(tables):
    best, every = tables["dstar"], tables["every_dstar"]
    rarity = 1 / best.ticks("density")
    figure = style.figure(style.COLUMN, 2.5)
    ax = figure.subplots()
    for share, words in ((1, "a dimension for each feature"), (1 / 2, "one dimension for two")):
        ax.axhline(share, color=style.MUTED, lw=0.6, ls="--", zorder=0)
        ax.text(10.3, share + 0.015, words, fontsize=6, color=style.MUTED, ha="right")
    ax.plot(rarity, every.values, ".", color=style.FAINT, ms=3)
    ax.plot(rarity, best.values, "o-", color=style.BLUE, ms=2.5)
    ax.plot([], [], ".", color=style.FAINT, ms=3, label=f"each of {every.values.shape[1]} models")
    ax.plot([], [], "o-", color=style.BLUE, ms=2.5, label="the one of lowest loss")
    ax.legend(loc="lower left")
    ax.set(xscale="log", xlim=(0.96, 10.6), ylim=(0, 1.1))
    ax.set_xticks([1, 2, 3, 4, 5, 7, 10], ["1", "2", "3", "4", "5", "7", "10"])
    ax.set_xticks([], minor=True)
    ax.set(xlabel="1 / density: rarer features →", ylabel="dimensions per feature, D*")
    ax.set_title("Features cost a dimension, then half of one, then less")
    return figure


if __name__ == "__main__":
    main(draw)
