"""What trained models do with the extra feature, against what theory says."""
# shows: TMS-08
# reads: phase_diagram

from superpose.plots import main, phases


def draw(tables):
    figure, axes = phases.trained(tables, feature=1, last="The best model there is")
    axes[0].text(0, -1.9, "white lines: theory", color="white", ha="center", fontsize=6)
    return figure


if __name__ == "__main__":
    main(draw)
