"""One look for every figure: sizes, colours, and files that come out the same whenever they are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure, FigureBase
from matplotlib.rcsetup import cycler

COLUMN, TEXT = 3.4, 6.9
"""Widths in inches: of a column of the paper, and of its whole text."""

INK, MUTED, FAINT, TRACK, CREAM = "#222222", "#6b6b6b", "#c8c8c8", "#ececec", "#fcfbf8"
"""Text; text that explains; rules and guides; what a bar runs in; the ground under feature vectors."""

BLUE, ORANGE, GREEN, PINK, AMBER, SKY = "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"
CYCLE = (BLUE, ORANGE, GREEN, PINK, AMBER, SKY)
"""Colours to tell lines apart by, also for the colour-blind (Okabe and Ito)."""

WEIGHTS = LinearSegmentedColormap.from_list("weights", ["#1f5fb4", "#8fb4e0", "#f2f2f2", "#f0a08c", "#c22f1e"])
"""−1 is blue, 0 the grey of the page, +1 red; use it with `SIGNED`."""
SIGNED = Normalize(-1, 1, clip=True)
SHARE = Normalize(0, 1, clip=True)
VIRIDIS = mpl.colormaps["viridis"]

STYLE: Any = {
    "font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans", "font.size": 7,
    "axes.titlesize": 7.5, "axes.labelsize": 7, "xtick.labelsize": 6, "ytick.labelsize": 6, "legend.fontsize": 6,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": MUTED, "xtick.color": MUTED, "ytick.color": MUTED,
    "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "axes.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False, "axes.titlepad": 4,
    "axes.titlelocation": "left", "axes.prop_cycle": cycler(color=CYCLE), "axes.axisbelow": True,
    "xtick.major.size": 2.5, "ytick.major.size": 2.5, "xtick.minor.size": 1.5, "ytick.minor.size": 1.5,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4, "ytick.minor.width": 0.4,
    "lines.linewidth": 1.2, "lines.markersize": 3, "patch.linewidth": 0.6, "grid.color": TRACK, "grid.linewidth": 0.6,
    "legend.frameon": False, "image.interpolation": "nearest", "image.cmap": "viridis",
    "figure.dpi": 150, "savefig.dpi": 300, "savefig.bbox": None, "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.w_pad": 0.03, "pdf.fonttype": 42, "pdf.compression": 6, "svg.hashsalt": "superpose",
}  # fmt: skip


def figure(width: float = COLUMN, height: float = 2.4) -> Figure:
    """An empty figure of so many inches, laid out by its contents. Making one puts the style in force."""
    mpl.rcParams.update(STYLE)
    return Figure(figsize=(width, height), layout="constrained")


def foot(figure: Figure, words: str, room: float = 0.13) -> None:
    """A small line beneath everything, on `room` inches of its own."""
    engine: Any = figure.get_layout_engine()
    if not words or engine is None:
        return
    width, height = figure.get_size_inches()
    share = room / (height + room)
    figure.set_size_inches(width, height + room)
    engine.set(rect=(0, share, 1, 1 - share))
    figure.text(0.03 / width, 0.25 * share, words, fontsize=4.5, color=MUTED)


def by_superposition(values: Any) -> np.ndarray:
    """Colours for `geometry.superposition`: dark is alone, yellow is a whole other feature's worth or more."""
    return VIRIDIS(SHARE(np.asarray(values, float)))


def by_importance(values: Any) -> np.ndarray:
    """Colours for importances: yellow is the most important. Spread over the range that there is."""
    values = np.asarray(values, float)
    spread = values.max() - values.min()
    return VIRIDIS(0.93 * (values - values.min()) / spread if spread > 0 else np.full(values.shape, 0.6))


DATED = {
    ".png": ("Software",), ".pdf": ("Creator", "Producer", "CreationDate", "ModDate"), ".svg": ("Creator", "Date"),
}  # fmt: skip
"""What would make a file another one every day."""


def save(figure: Figure, path: str | Path) -> Path:
    """Write `path` as .png and beside it .pdf, or as .pdf or .svg alone, without dates or versions; and return it."""
    path = Path(path)
    kinds = [path.suffix] if path.suffix in (".pdf", ".svg") else [".pdf", ".png"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        settle(figure)
        for kind in kinds:
            figure.savefig(path.with_suffix(kind), metadata=dict.fromkeys(DATED[kind]))
    return path.with_suffix(kinds[-1])


def settle(figure: Figure) -> None:
    """Lay the figure out once, to four digits: the solver's last digits differ from one process to the next."""
    if figure.get_layout_engine() is None:
        return
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        x, y, width, height = (round(v, 4) for v in axes.get_position().bounds)
        axes.set_position((x, y, width, height))
    for part in figure.findobj(FigureBase):
        for title in part.texts:
            x, y = title.get_position()
            title.set_position((round(x, 4), round(y, 4)))
