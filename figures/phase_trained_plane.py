"""What trained models do with the extra of three features in a plane, against what theory says."""
# shows: TMS-10
# reads: phase_diagram_plane

import numpy as np

from superpose.plots import main, phases, style

LEAST = 0.05  # density from which agreement is tested


def draw(tables):
    count = tables["norm"].values.shape[-1]
    figure, axes = phases.trained(tables, feature=2, last=f"The best of {count}, without noise")
    for ax in axes:
        ax.plot([0, 0], [-2.1, np.log10(4 / 7)], color="white", lw=0.8)
        ax.axhline(np.log10(LEAST), color=style.INK, lw=0.6, ls=":")
    axes[0].text(0.55, -1.85, "white: theory", color="white", ha="center", fontsize=6)
    axes[0].text(0.55, np.log10(LEAST) + 0.04, "compared above", color="white", ha="center", fontsize=6)
    return figure


if __name__ == "__main__":
    main(draw)
