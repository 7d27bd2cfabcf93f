"""The same measures of a toy, of a dictionary on its hidden layer, and of a language model's unembedding."""
# shows: GEO
# reads: any_matrix

import jax.numpy as jnp
import numpy as np

from superpose.geometry import census, directions, recognise
from superpose.plots import heatmap, main, style, weight_scale

NAMES = {
    "toy": "a toy's features",
    "dictionary": "a dictionary's decoder, fitted\nto that toy's hidden layer",
    "unembedding, untrained": "a language model's\nunembedding, untrained",
    "unembedding, trained": "the same, trained",
}


def draw(tables):
    figure = style.figure(style.TEXT, 2.75)
    axes = figure.subplots(2, len(NAMES), height_ratios=[1, 0.12])
    for (name, words), ax in zip(NAMES.items(), axes[0], strict=True):
        W = jnp.asarray(tables[f"W_{name}"].values)
        components = recognise(W)
        order = [f for c in sorted(components, key=lambda c: c.name in ("unknown", "diffuse")) for f in c.features]
        U = np.asarray(directions(W), float)[:, order]
        heatmap(ax, U.T @ U)
        ax.set_title(words, loc="center", fontsize=6.5)
        told = [f"{_row(tables[key], name):.2f}" for key in ("coherence", "welch", "overlap", "luck")]
        ax.set_xlabel(
            f"{W.shape[1]} directions in {W.shape[0]} dimensions\n{census(W[None]).labels[0]}\n"
            f"largest |cosine| {told[0]}, bound {told[1]}\nmean cosine² {told[2]}, by luck {told[3]}",
            fontsize=6,
        )
    for ax in axes[1]:
        ax.set_axis_off()
    weight_scale(axes[1, 0], "cosine of two directions")
    return figure


def _row(table, name):
    return float(table.values[list(table.axes["matrix"]).index(name)])


if __name__ == "__main__":
    main(draw)
