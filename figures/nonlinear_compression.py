"""Two numbers in one by a saw-tooth of three steps, how they are read back, and what that costs as its jumps soften."""
# shows: TMS-35
# reads: nonlinear_compression

from superpose.plots import main, style


def draw(tables):
    figure = style.figure(style.TEXT, 2.35)
    code, back, cost = figure.subplots(1, 3, width_ratios=[1, 1, 1.25])
    _code(figure, code, tables["code"])
    _back(back, tables["decoded"])
    _cost(cost, tables)
    return figure


def _code(figure, ax, code):
    picture = ax.imshow(code.values, origin="lower", extent=(0, 1, 0, 1), cmap="viridis")
    ax.contour(code.ticks("x"), code.ticks("y"), code.values, levels=8, colors="white", linewidths=0.4)
    bar = figure.colorbar(picture, ax=ax, location="bottom", shrink=0.8, aspect=25, pad=0.02)
    bar.set_label("the one number that is kept, t", fontsize=6)
    ax.set(xticks=[0, 1 / 3, 2 / 3, 1], xticklabels=["0", "⅓", "⅔", "1"], yticks=[0, 1], xlabel="x", ylabel="y")
    ax.set_title("Encoded: which third x is in,\nthen y within it")


def _back(ax, decoded):
    t = decoded.ticks("t")
    for name, colour in (("x", style.BLUE), ("y", style.ORANGE)):
        ax.plot(t, decoded.sel(number=name).values, color=colour, lw=1, label=f"{name} read back")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    ax.set(xlabel="the number kept, t", ylabel="value read back", xlim=(0, 1), ylim=(0, 1.03))
    ax.set_title("Decoded: piecewise linear,\nwith ramps for jumps")


def _cost(ax, tables):
    loss, linear = tables["loss"], tables["linear"].values.min()
    ramp = loss.ticks("ramp")
    for colour, steps in zip(style.VIRIDIS([0.0, 0.22, 0.45, 0.68, 0.9]), loss.ticks("steps"), strict=True):
        ax.plot(ramp, loss.sel(steps=steps).values, color=colour, label=f"{int(steps)} step{'s' if steps > 1 else ''}")
    ax.plot(ramp, 1 / 108 + ramp / 6, ":", color=style.INK, lw=0.8, label="1/(12·3²) + ε/6")
    ax.axhline(linear, color=style.MUTED, ls="--", lw=0.8)
    ax.text(0.3, linear - 0.003, "best linear code, 1/12", fontsize=5.5, color=style.MUTED, ha="right", va="top")
    ax.legend(loc="upper left", ncols=2, bbox_to_anchor=(0, 1))
    ax.set(
        xlim=(0, 0.3),
        ylim=(0, 0.17),
        xlabel="width of a ramp, ε (share of a step)",
        ylabel="squared error, both",
    )
    ax.set_title("Sharp jumps cost little,\nsoft ones more and more")


if __name__ == "__main__":
    main(draw)
