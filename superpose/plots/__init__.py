"""Pictures of plain arrays in one style. Nothing that computes depends on what draws."""

from superpose.plots import style
from superpose.plots.style import save

__all__ = ["save", "style"]
