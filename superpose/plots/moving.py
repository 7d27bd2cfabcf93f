"""Figures that move: one figure brought up to date frame after frame, and saved as a .gif beside the still picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.animation import PillowWriter
from matplotlib.figure import Figure
from PIL import Image

from superpose.plots.style import STYLE, settle


class Moving(NamedTuple):
    """`update(frame)` makes of `figure` its frame, from 0 to `frames` - 1; the last one stays on for a while."""

    figure: Figure
    update: Callable[[int], object]
    frames: int
    per_second: int = 12


def save_moving(moving: Moving, path: str | Path, *, dots: int = 140, rest: float = 2.0) -> Path:
    """Write `path` as .gif, `dots` an inch, and return it; it repeats for ever, after `rest` seconds of its last frame.

    The layout is that of frame 0, so nothing jumps: give axes limits and titles that hold for all frames.
    """
    path = Path(path).with_suffix(".gif")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = _Plain(fps=moving.per_second, metadata={})
    with mpl.rc_context(STYLE):
        moving.update(0)
        settle(moving.figure)
        with writer.saving(moving.figure, str(path), dots):
            for frame in range(moving.frames):
                moving.update(frame)
                writer.grab_frame()
            for _ in range(round(rest * moving.per_second)):
                writer.grab_frame()
    return path


class _Plain(PillowWriter):
    """All frames in one palette, without specks, so that the file holds only what changes: half the size, or less."""

    _frames: list[Any]  # what PillowWriter collects

    def finish(self) -> None:
        frames = [frame.convert("RGB") for frame in self._frames]
        some = [np.asarray(frames[i]) for i in np.linspace(0, len(frames) - 1, 5).round().astype(int)]
        palette = Image.fromarray(np.concatenate(some)).quantize(colors=128)
        first, *rest = (frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames)
        first.save(self.outfile, save_all=True, append_images=rest, duration=int(1000 / self.fps), loop=0)
