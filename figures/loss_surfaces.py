"""The whole loss of two weights without a bias: ignoring a feature, opposite features, and features confused."""
# shows: TMS-36
# reads: loss_surfaces

import numpy as np

from superpose.plots import main, style

WORDS = {"ignoring": "Nearly ignoring", "opposite": "Opposite", "confused": "Confused, and opposite"}


def draw(tables):
    figure = style.figure(style.TEXT, 2.65)
    *axes, cut = figure.subplots(1, 4, width_ratios=[1, 1, 1, 1.05])
    for ax, name in zip(axes, tables["surface"].ticks("panel"), strict=True):
        picture = _surface(ax, name, tables)
    axes[0].set_ylabel("weight $W_2$ of feature 2", labelpad=1)
    bar = figure.colorbar(picture, ax=axes, location="bottom", shrink=0.4, aspect=30, pad=0.02)
    bar.set_ticks([0, 1, 2], labels=["the least there is", "× 10", "× 100 or more"])
    bar.set_label("expected loss in each panel (dots: its minima; white: the lowest)", fontsize=6)
    _cut(cut, tables)
    return figure


def _surface(ax, name, tables):
    surface, minima = tables["surface"].sel(panel=name), tables["minima"].sel(panel=name).values
    (p, r), side = tables["setting"].sel(panel=name).values, surface.ticks("W1")
    height = np.log10(surface.values / np.nanmin(minima[:, 2]))
    picture = ax.imshow(height, extent=(side[0], side[-1]) * 2, origin="lower", cmap="viridis_r", vmin=0, vmax=2)
    ax.contour(side, side, height, levels=np.linspace(0.1, 2, 13), colors="white", linewidths=0.3)
    known = minima[~np.isnan(minima[:, 0])]
    for sign in (1, -1):
        for i, (w, v, _) in enumerate(known):
            ax.plot(sign * w, sign * v, "o", color="white" if i == 0 else style.FAINT, mec=style.INK, ms=4, mew=0.6)
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], aspect="equal")
    ax.set_xlabel("weight $W_1$ of feature 1", labelpad=1)
    ax.set_title(f"{WORDS[name]}\ndensity {p:g}, importance {r:g}×", fontsize=7)
    return picture


def _cut(ax, tables):
    switch = tables["switch"]
    p = switch.ticks("density")
    for losses, colour, words in zip(
        switch.values.T, (style.ORANGE, style.BLUE), ("same sign", "opposite"), strict=True
    ):
        ax.plot(p, losses, color=colour, label=words)
    ax.plot(p, tables["confused"].values, ":", color=style.INK, lw=0.8, label="both at 1/√2, exactly")
    at = p[np.argmin(np.abs(np.diff(switch.values, axis=1)))]
    ax.axvline(at, color=style.MUTED, lw=0.5, ls="--")
    ax.text(at + 0.015, 0.01, f"density {at:.2f}", fontsize=6, color=style.MUTED, va="bottom")
    ax.set_ylim(0, 0.4)
    ax.legend(loc="upper left", handlelength=1.4)
    ax.set(xlabel="density of both features", ylabel="least expected loss")
    ax.set_title("Equally important:\nthe lower valley switches", fontsize=7)


if __name__ == "__main__":
    main(draw)
