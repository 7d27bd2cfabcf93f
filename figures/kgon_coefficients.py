"""How good a rest is against how complex: every plateau, beside the exact polygons whose levels they are."""
# shows: FU-KG
# reads: kgon_staircase

import numpy as np

from superpose.plots import main, style

COLOURS = {"4": style.GREEN, "5": style.ORANGE, "6": style.BLUE}
FLOOR = -3
THEORY = {"5": 7.0, "5+": 8.5, "6": 8.5}


def draw(tables):
    rest, phases = tables["rest"], list(tables["level"].ticks("phase"))
    figure = style.figure(style.TEXT, 2.9)
    ax = figure.subplots()
    loss, value, error = (rest.sel(of=of).values for of in ("level", "lambda", "error"))
    known, alike = np.isfinite(value), rest.sel(of="alike").values > 0
    for which, colour, words in (
        (known & alike, style.INK, "a plateau of SGD that is this polygon"),
        (known & ~alike, style.PINK, "one that is at its level, but is not yet a polygon"),
    ):
        _plateaus(ax, loss[which], value[which], error[which], colour, words)
    levels, exact = tables["level"].values, tables["critical_value"].values
    for name, level, lam, err in zip(phases, levels, exact, tables["critical_error"].values, strict=True):
        _phase(ax, name, level, lam, err)
    ax.axhline(0, color=style.MUTED, lw=0.5)
    ax.text(0.0795, -1.5, "λ̂ below 0: the walks found lower loss,\nso learning is not at a minimum", fontsize=6,
            color=style.MUTED, va="center", ha="center")  # fmt: skip
    _stairs(ax, dict(zip(phases, levels, strict=True)))
    ax.plot([], [], "o", ms=5, mfc="none", mec=style.INK, label="the exact polygon, λ̂ by the same walks")
    ax.plot([], [], color=style.INK, lw=0.8, label="half the rank of the Hessian")
    ax.set(xlim=(0.118, 0.044), ylim=(FLOOR, 11.5), xlabel="expected squared error: learning goes to the right →")
    ax.set_ylabel("learning coefficient λ̂")
    ax.set_title("Loss and complexity of every plateau: where learning ends, λ̂ is that of the polygon")
    ax.legend(loc="center left", bbox_to_anchor=(0.27, 0.42))
    return figure


def _plateaus(ax, loss, value, error, colour, words):
    """Those far below 0 lie on the floor."""
    above = value > FLOOR
    ax.errorbar(loss[above], value[above], error[above], fmt="o", ms=2.2, lw=0.4, color=colour, alpha=0.6, label=words)
    ax.plot(loss[~above], np.full((~above).sum(), FLOOR), "v", ms=3, color=colour, alpha=0.6, clip_on=False)


def _phase(ax, name, level, lam, err):
    colour = COLOURS[name[0]]
    ax.axvline(level, color=colour, lw=0.5, ls="--", zorder=0)
    ax.text(level, 11.3, name, ha="center", va="top", fontsize=7, bbox={"fc": "white", "ec": "none", "pad": 0.8})
    if lam > 2 * err and name not in ("4", "4+"):
        ax.errorbar([level], [lam], [err], fmt="o", ms=6, mfc="none", color=colour, mew=1.2, zorder=4)
    else:
        ax.text(level, FLOOR + 0.3, "walks leave it:\nno minimum", fontsize=5.5, ha="center", color=style.MUTED,
                bbox={"fc": "white", "ec": "none", "pad": 0.8})  # fmt: skip


def _stairs(ax, level):
    for name, half_rank in THEORY.items():
        ax.plot([level[name] * 1.04, level[name] / 1.04], [half_rank] * 2, color=style.INK, lw=0.8, zorder=2)


if __name__ == "__main__":
    main(draw)
