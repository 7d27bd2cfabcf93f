"""Where a curve rests: the stretches of a loss over which nothing is learnt."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from superpose.core.mistakes import BadValue
from superpose.core.shapes import Float


class Plateau(NamedTuple):
    """Records from `start` to `end`, both within, and the middle one of the losses between them."""

    start: int
    end: int
    level: float


def plateaus(loss: Float[Any, "records"], least: int, within: float = 0.01) -> list[Plateau]:
    """Every stretch in which the loss of any `least` records in a row stays `within` that share of its lowest.

    Two in a row at one level, to within that share, are one plateau with a bump in it. Records should be evenly spaced.
    A long rest may drift: each part of it is flat, the whole need not be. A record that is not finite, or not above 0,
    is in no window.
    """
    loss = np.asarray(loss, float)
    if loss.ndim != 1 or not 2 <= least <= max(len(loss), 2) or not within > 0:
        raise BadValue(f"loss has shape {loss.shape}, least is {least}, within {within}; plateaus looks at one curve, "
                       "in windows of 2 records or more that fit into it, for a share above 0")  # fmt: skip
    if len(loss) < least:
        return []
    windows = np.lib.stride_tricks.sliding_window_view(np.where(loss > 0, loss, np.nan), least)
    flat = np.flatnonzero(windows.max(1) <= (1 + within) * windows.min(1))
    found: list[Plateau] = []
    for run in np.split(flat, np.flatnonzero(np.diff(flat) >= least) + 1) if len(flat) else []:
        here = _plateau(loss, int(run[0]), int(run[-1]) + least - 1)
        if found and abs(np.log(here.level / found[-1].level)) <= np.log1p(within):
            here = _plateau(loss, found.pop().start, here.end)
        found.append(here)
    return found


def _plateau(loss, start, end):
    return Plateau(start, end, float(np.median(loss[start : end + 1])))
