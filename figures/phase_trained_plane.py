"""What trained models do with the extra of three features in a plane, against what theory says."""
# shows: TMS-10
# reads: phase_diagram_plane

import numpy as np

from superpose.plots import main, phases, style

LEAST = 0.05  # density from which agreement is tested


def draw(tables):
    norm, overlap, boundary = tables["norm"], tables["superposition"], tables["boundary"]
    count = norm.values.shape[-1]
    panels = {
        f"The best of {count} trained models": (norm.values[..., 0], overlap.values[..., 0]),
        f"The {count - 1} better ones, averaged": (norm.values[..., :-1].mean(-1), overlap.values[..., :-1].mean(-1)),
        f"The best of {count}, without noise": (tables["best_norm"].values, tables["best_superposition"].values),
    }
    figure = style.figure(style.TEXT, 2.2)
    *axes, corner = figure.subplots(1, 4, width_ratios=[1, 1, 1, 0.5])
    for ax, (title, (length, shared)) in zip(axes, panels.items(), strict=True):
        phases.found(ax, norm.ticks("importance.2"), norm.ticks("density"), length, shared)
        phases.boundaries(ax, boundary.ticks("importance.2"), boundary.values, colour="white")
        ax.plot([0, 0], [-2.1, np.log10(4 / 7)], color="white", lw=0.8)
        ax.axhline(np.log10(LEAST), color=style.INK, lw=0.6, ls=":")
        ax.set(title=title, xlabel="importance of feature 2")
    axes[0].set_ylabel("density")
    axes[0].text(0.55, -1.85, "white: theory", color="white", ha="center", fontsize=6)
    axes[0].text(0.55, np.log10(LEAST) + 0.04, "compared above", color="white", ha="center", fontsize=6)
    for ax in axes[1:]:
        ax.set_yticklabels([])
    phases.key(corner)
    corner.set_title("Feature 2's fate", loc="center")
    corner.set_box_aspect(1)
    return figure


if __name__ == "__main__":
    main(draw)
