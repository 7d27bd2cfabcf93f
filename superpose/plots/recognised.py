"""What the recogniser found: a gallery of shapes as they are, and which shapes a sweep over two axes made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import FigureBase
from matplotlib.patches import Patch

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Float
from superpose.plots.geometry import frame
from superpose.plots.graphs import colour
from superpose.plots.polyhedra import Corners, solid
from superpose.plots.style import FAINT, INK, SKY


def gallery(
    figure: FigureBase, shapes: Mapping[str, Float[Any, "hidden features"]], across: int = 6, words: Any = None
) -> None:
    """A panel for each matrix of one, two or three dimensions, titled by its name and, from `words`, a line more."""
    rows = -(-len(shapes) // across)
    grid = figure.add_gridspec(rows, across)
    for i, (name, W) in enumerate(shapes.items()):
        place = grid[i // across, i % across]
        axis = _flat(figure, place, W, colour(name)) if len(W) < 3 else _solid(figure, place, W, colour(name))
        more = (words or {}).get(name, "")
        axis.set_title(f"{name}\n{more}" if more else name, loc="center", fontsize=6.5, y=1.0, pad=2)


def _flat(figure: FigureBase, place: Any, W: Any, ink: str) -> Axes:
    W = np.vstack([np.asarray(W, float), np.zeros((2 - len(W), np.shape(W)[1]))])
    axis = figure.add_subplot(place)
    frame(axis, 1.3)
    for i, j in neighbours(W):
        axis.plot(*W[:, [i, j]], color=FAINT, lw=0.8, zorder=2)
    for w in W.T:
        axis.plot((0, w[0]), (0, w[1]), color=ink, lw=1.3, zorder=3)
        axis.plot(*w, "o", color=ink, ms=3.6, mec=INK, mew=0.25, zorder=4)
    return axis


def _solid(figure: FigureBase, place: Any, W: Any, ink: str) -> Any:
    if len(W) > 3:
        raise BadValue(f"W has shape {np.shape(W)}; a gallery draws up to three dimensions")
    axis = solid(figure, place)
    Corners(axis, [ink] * np.shape(W)[1], neighbours(W), dot=3.6).at(W)
    return axis


def neighbours(W: Float[Any, "hidden features"]) -> list[tuple[int, int]]:
    """Edges from every corner to those nearest to it: within a tenth of a right angle's cosine of the nearest."""
    W = np.asarray(W, float)
    U = W / np.maximum(np.linalg.norm(W, axis=0), 1e-9)
    cosines = U.T @ U - 2 * np.eye(W.shape[1])
    close = cosines > cosines.max(1, keepdims=True) - 0.1
    return [(i, j) for i in range(len(close)) for j in range(i) if close[i, j] or close[j, i]]


def census_map(axis: Axes, labels: Any, x: Sequence[str], y: Sequence[str], most: int = 8) -> dict[str, Any]:
    """The commonest label of each cell of `labels`, (x, y, models): as pale as it is rare there. Returns the colours.

    The `most` common labels of all have colours; all others are grey.
    """
    labels = np.asarray(labels, object)
    if labels.ndim != 3 or labels.shape[:2] != (len(x), len(y)):
        raise BadValue(f"labels have shape {labels.shape}; with {len(x)} and {len(y)} ticks it is (x, y, models)")
    winners = [[Counter(cell).most_common(1)[0] for cell in column] for column in labels]
    common = [name for name, _ in Counter(name for column in winners for name, _ in column).most_common(most)]
    colours: dict[str, str] = dict(zip(common, INKS, strict=False)) | {"other": "#9a9a9a"}
    picture = np.ones((len(y), len(x), 3))
    for i, column in enumerate(winners):
        for j, (name, count) in enumerate(column):
            share = count / labels.shape[2]
            ink: Any = to_rgb(colours.get(name, "#9a9a9a"))
            picture[j, i] = share * np.asarray(ink) + (1 - share)
            axis.text(i, j, f"{share:.0%}", ha="center", va="center", fontsize=5, color="white" if share > 0.5 else INK)
    axis.imshow(picture, origin="lower", aspect="auto")
    axis.set_xticks(range(len(x)), list(x))
    axis.set_yticks(range(len(y)), list(y))
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    return colours if any(name not in common for column in winners for name, _ in column) else _but(colours, "other")


INKS = ("#0072b2", "#009e73", "#d55e00", "#cc79a7", "#e69f00", SKY, "#7a4fa3", INK)


def census_key(axis: Axes, colours: Mapping[str, Any], title: str = "", columns: int = 1) -> None:
    """What the colours of a `census_map` mean, beside it."""
    axis.set_axis_off()
    patches = [Patch(color=ink, label=name) for name, ink in colours.items()]
    axis.legend(handles=patches, loc="center left", title=title, title_fontsize=6.5, ncols=columns, alignment="left")


def _but(mapping: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}
