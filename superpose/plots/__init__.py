"""Pictures of plain arrays in one style. Nothing that computes depends on what draws."""

from superpose.plots import style
from superpose.plots.demo import demo
from superpose.plots.geometry import bars, frame, heatmap, scale, sharing_scale, upright, vectors, weight_scale
from superpose.plots.moving import Moving, save_moving
from superpose.plots.recognised import census_key, census_map, gallery
from superpose.plots.script import main, read
from superpose.plots.stacks import bricks, stacks, tint, tint_key
from superpose.plots.style import figure, save

__all__ = [
    "Moving",
    "bars",
    "bricks",
    "census_key",
    "census_map",
    "demo",
    "figure",
    "frame",
    "gallery",
    "heatmap",
    "main",
    "read",
    "save",
    "save_moving",
    "scale",
    "sharing_scale",
    "stacks",
    "style",
    "tint",
    "tint_key",
    "upright",
    "vectors",
    "weight_scale",
]
