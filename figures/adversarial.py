"""A small shift of the input hurts models in superposition more, about as many times as they keep features."""
# shows: TMS-23
# reads: adversarial

from superpose.plots import main, style


def draw(tables):
    figure = style.figure(style.COLUMN, 3.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.3, 1])
    rarity = 1 / tables["together"].ticks("density")
    alone, together, features = (tables[name].values for name in ("alone", "together", "features"))
    above.plot(rarity, alone, "o-", color=style.ORANGE, ms=2.5, label="the worst shift for each input by itself")
    above.plot(rarity, together, "o-", color=style.BLUE, ms=2.5, label="one shift for all inputs, the worst")
    above.axhline(1, color=style.MUTED, lw=0.6, ls="--")
    above.text(10.4, 0.96, "without superposition", fontsize=6, color=style.MUTED, ha="right", va="top")
    above.set(yscale="log", ylim=(0.8, 20), ylabel="error that the shift adds,\ntimes that without superposition")
    above.set_yticks([1, 2, 3, 5, 10, 20], ["1×", "2×", "3×", "5×", "10×", "20×"])
    above.set_yticks([], minor=True)
    above.legend(loc="upper left")
    above.set_title("Superposition makes a model easier to fool")
    below.plot(rarity, features, "o-", color=style.INK, ms=2.5)
    below.axhline(1, color=style.MUTED, lw=0.6, ls="--")
    below.set(ylim=(0, None), ylabel="features per dimension, 1/D*", xlabel="1 / density: rarer features →")
    below.set(xscale="log", xlim=(0.96, 10.6))
    below.set_xticks([1, 2, 3, 4, 5, 7, 10], ["1", "2", "3", "4", "5", "7", "10"])
    below.set_xticks([], minor=True)
    below.set_title("and it grows as the number of features kept does")
    return figure


if __name__ == "__main__":
    main(draw)
