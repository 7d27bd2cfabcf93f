"""What becomes of the second of two features in one dimension, for five functions at the output."""
# shows: TMS-37 TMS-X2
# reads: other_activations

from superpose.plots import main, phases, style

WORDS = {
    "relu": "ReLU", "leaky_relu": "leaky ReLU (0.01)", "gelu": "GELU", "square": "square, x²", "identity": "linear",
}  # fmt: skip


def draw(tables):
    norm, overlap, boundary = tables["norm"], tables["superposition"], tables["boundary"]
    figure = style.figure(style.TEXT, 1.95)
    *axes, corner = figure.subplots(1, 6, width_ratios=[1, 1, 1, 1, 1, 0.85])
    for ax, word in zip(axes, norm.ticks("activation"), strict=True):
        length, shared = norm.sel(activation=word), overlap.sel(activation=word)
        phases.found(ax, length.ticks("importance.1"), length.ticks("density"), length.values, shared.values)
        if word == "relu":
            phases.boundaries(ax, boundary.ticks("importance.1"), boundary.values, colour="white")
            ax.text(0, -1.9, "white: theory", color="white", ha="center", fontsize=5.5)
        ax.set_title(WORDS[word], fontsize=7)
        ax.set_box_aspect(1.5)
    axes[0].set_ylabel("density of both features")
    for ax in axes[1:]:
        ax.set_yticklabels([])
    axes[2].set_xlabel("importance of feature 1, relative to feature 0")
    phases.key(corner)
    corner.set_title("Feature 1's fate", fontsize=7, loc="center")
    corner.set_box_aspect(1)
    return figure


if __name__ == "__main__":
    main(draw)
