"""Pictures of plain arrays in one style. Nothing that computes depends on what draws."""

from superpose.plots import style
from superpose.plots.demo import demo
from superpose.plots.geometry import bars, frame, heatmap, scale, sharing_scale, upright, vectors, weight_scale
from superpose.plots.script import main, read
from superpose.plots.style import figure, save

__all__ = [
    "bars",
    "demo",
    "figure",
    "frame",
    "heatmap",
    "main",
    "read",
    "save",
    "scale",
    "sharing_scale",
    "style",
    "upright",
    "vectors",
    "weight_scale",
]
