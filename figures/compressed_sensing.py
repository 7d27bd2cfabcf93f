"""What models spend for a feature, against what compressed sensing says that sparse recovery needs."""
# shows: TMS-38
# reads: compressed_sensing

import numpy as np

from superpose.plots import main, style


def draw(tables):
    spent, bound = tables["spent"].values, tables["bound"].values
    p = tables["spent"].ticks("density")
    sparse = p < np.exp(-1)
    least = (spent[sparse] / bound[sparse]).min()
    figure = style.figure(style.TEXT, 2.5)
    left, right = figure.subplots(1, 2)
    fine = np.geomspace(p.min(), 1, 200)
    left.plot(1 / p, spent, "o-", color=style.BLUE, ms=2.5, label="dimensions that a trained model spends, D*")
    left.plot(
        1 / fine,
        -least * fine * np.log(fine),
        color=style.ORANGE,
        label=f"the bound's shape, $-{least:.2f}\\,p\\,\\ln p$",
    )
    left.axvspan(0.96, np.e, color=style.TRACK, lw=0, zorder=0)
    left.text(1.3, 0.05, "not sparse: the bound\nsays nothing here", fontsize=6, color=style.MUTED)
    left.set(xscale="log", xlim=(0.96, 10.6), ylim=(0, 1.1))
    left.set_xticks([1, 2, 3, 4, 5, 7, 10], ["1", "2", "3", "4", "5", "7", "10"])
    left.set_xticks([], minor=True)
    left.set(xlabel="1 / density: rarer features →", ylabel="dimensions per feature")
    left.legend(loc="upper right")
    left.set_title("Sparse recovery needs $m = \\Omega(-n\\,p\\,\\log p)$ dimensions")
    right.plot(1 / bound[sparse], 1 / spent[sparse], "o", color=style.BLUE, ms=3)
    far = np.array([0, 1.08 / bound[sparse].min()])
    right.plot(far, far / least, color=style.ORANGE, lw=0.9)
    right.text(
        0.97, 0.06, "line: the bound, with the constant\nof the model nearest to it; models\nbelow it spend more",
        fontsize=6, color=style.ORANGE, ha="right", transform=right.transAxes,
    )  # fmt: skip
    right.set(xlim=(1 / bound[sparse].max() - 0.2, far[1]), ylim=(1.5, 1.1 / spent.min()))
    right.set(xlabel="$1 / (-p \\ln p)$, where p < 1/e", ylabel="features per dimension, 1/D*")
    right.set_title("Features kept rise with what the bound allows")
    return figure


if __name__ == "__main__":
    main(draw)
