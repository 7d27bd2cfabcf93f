"""Any measure of a sweep as a picture: against one axis, or two, with what diverged hatched."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from superpose.core.mistakes import BadName, BadValue
from superpose.plots.dots import MOST_WORDS, dots, named, over, shade
from superpose.plots.scales import Scale, plain_log, written
from superpose.plots.style import BLUE, COLUMN, FAINT, MUTED, by_importance, figure, foot
from superpose.train.table import Table

FEW = 3
"""Numbers of a second axis that are told apart by a line each; more are a heat map's other side."""
LINE = 88
"""Characters of a line at the foot."""


def measured(
    table: Table, label: str, *, against: str | None = None, by: str | None = None, lost: Table | None = None,
    note: str = "",
) -> Figure:  # fmt: skip
    """The table's values over the axis `against`, by default its longest; `by` adds a second axis.

    A number per feature is a dot. A number per model is a mean and its spread over the other axes, a line for each of
    a few ticks of `by`, or a heat map. `lost` says which models diverged: they are left out, and hatched. `note` is one
    more word at the foot.
    """
    across = table.axis(against) if against else longest(table)
    up = table.axis(by) if by else None
    if up == across:
        raise BadName(f"both axes of the picture are {across!r}; give another to `by`")
    sides = [Scale.of(n, asked or n, table.axes[n]) for n, asked in ((across, against), (up, by)) if n]
    for name, side in zip((across, up), sides, strict=False):
        table, lost = _sorted(table, str(name), side), lost and _sorted(lost, str(name), side)
    scale, *other = [Scale.of(s.axis, s.asked, table.axes[s.axis]) for s in sides]
    values = _without(table, lost)
    picture = figure(COLUMN, 2.5)
    axis = picture.subplots()
    if values.values.ndim > len(values.axes):
        said = dots(picture, axis, values, scale, other)
    elif other and len(other[0].ticks) > (FEW if other[0].numbers else MOST_WORDS):
        said = _heat(picture, axis, values, lost, scale, other[0], label)
        label = other[0].label
    else:
        said = _lines(axis, values, scale, other)
    axis.set_ylabel(label)
    scale.on(axis, "x")
    if lost is not None and not other:
        _hatch_columns(axis, _any(lost, across), scale)
    _say(picture, said, _left_out(lost, "hatched: "), note)
    return picture


def curve(table: Table, every: int, label: str, lost: Table | None = None, note: str = "") -> Figure:
    """Numbers along the steps: the median of all models, with the range of the middle 80 %."""
    values = _without(table, lost)
    rows = values.values.reshape(-1, values.values.shape[-1])
    steps = every * np.arange(1, rows.shape[1] + 1)
    picture = figure(COLUMN, 2.5)
    axis = picture.subplots()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where every model diverged there is nothing to draw
        low, median, high = np.nanquantile(rows, [0.1, 0.5, 0.9], axis=0)
    if len(rows) > 1:
        axis.fill_between(steps, low, high, color=BLUE, alpha=0.2, lw=0)
    axis.plot(steps, median, color=BLUE)
    positive = bool(np.nanmin(rows, initial=np.inf, where=np.isfinite(rows)) > 0)
    axis.set(xlabel="step", ylabel=label, yscale="log" if positive else "linear", xlim=(0, steps[-1]))
    if positive:
        plain_log(axis.yaxis, *axis.get_ylim())
    axis.grid(axis="y", color=FAINT, lw=0.3)
    spread = f"median of {len(rows):,} models, and the middle 80 % of them" if len(rows) > 1 else "one model"
    _say(picture, spread, _left_out(lost), note)
    return picture


def single(table: Table, label: str) -> Figure:
    """One model's numbers, one a feature."""
    values = np.atleast_1d(table.values)
    if values.ndim != 1:
        raise BadValue(f"this measure of one model has shape {values.shape}; export it instead")
    picture = figure(COLUMN, 2.2)
    axis = picture.subplots()
    axis.bar(np.arange(len(values)), values, color=by_importance(np.arange(len(values))[::-1]), width=0.8)
    axis.set(xlabel="feature" if len(values) > 1 else "", ylabel=label)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return picture


def longest(table: Table) -> str:
    """The axis with most ticks; seeds only if there is no other."""
    if not table.axes:
        raise BadValue("one model has no axis to be drawn against")
    return max(table.axes, key=lambda name: (name != "seed", len(table.axes[name])))


def _lines(axis: Axes, values: Table, scale: Scale, other: Sequence[Scale]) -> str:
    """The mean over the other axes, and one standard deviation to either side: a band, or bars beside words."""
    up = other[0].axis if other else None
    rest = [a for a in values.axes if a not in (scale.axis, up)]
    groups = [values] if up is None else [_at(values, up, i) for i in range(len(values.axes[up]))]
    x, within = scale.where(), _possible(values.values)
    for place, group in enumerate(groups):
        colour = BLUE if up is None else shade(other[0], place)
        cells = np.moveaxis(group.values, list(group.axes).index(scale.axis), 0).reshape(len(x), -1)
        mean, spread = _mean(cells), _spread(cells)
        low, high = np.clip(mean - spread, *within), np.clip(mean + spread, *within)
        label = written(other[0].ticks[place]) if other else None
        if not scale.numbers:
            beside = x + 0.3 * ((place + 0.5) / len(groups) - 0.5)
            bars = np.maximum([mean - low, high - mean], 0) if rest else None
            axis.errorbar(beside, mean, bars, fmt="o", color=colour, label=label, elinewidth=0.8)
            continue
        if rest:
            axis.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        axis.plot(x, mean, "o-", color=colour, label=label, ms=2.5)
    if other:
        axis.legend(title=other[0].label, title_fontsize=6)
    axis.grid(axis="y", color=FAINT, lw=0.3)
    return f"mean ± one standard deviation over {over(values, rest)}" if rest else ""


def _possible(values: np.ndarray) -> tuple[float, float]:
    """Counts lie between the least and the most there is; what is no count may lie anywhere."""
    known = values[np.isfinite(values)]
    return (known.min(), known.max()) if len(known) and (known == known.round()).all() else (-np.inf, np.inf)


def _heat(
    picture: Figure, axis: Axes, values: Table, lost: Table | None, scale: Scale, other: Scale, label: str
) -> str:
    names = list(values.axes)
    a, b = names.index(scale.axis), names.index(other.axis)
    cells = np.moveaxis(values.values, (b, a), (0, 1))
    mean = _mean(cells.reshape(*cells.shape[:2], -1))
    x, y = scale.edges(), other.edges()
    image = axis.pcolormesh(x, y, mean, cmap="viridis", lw=0, rasterized=True)
    named(picture.colorbar(image, ax=axis, pad=0.02, aspect=30), label)
    other.on(axis, "y")
    if lost is not None and (bad := _any(lost, scale.axis, other.axis)).any():
        for row, column in zip(*np.nonzero(bad.T), strict=True):
            _rectangle(axis, x[column], x[column + 1], y[row], y[row + 1], MUTED)
    rest = [name for name in names if name not in (scale.axis, other.axis)]
    return f"mean over {over(values, rest)}" if rest else ""


def _hatch_columns(axis: Axes, bad: np.ndarray, scale: Scale) -> None:
    edges, (low, high) = scale.edges(), axis.get_ylim()
    for place in np.flatnonzero(bad):
        _rectangle(axis, edges[place], edges[place + 1], low, high, FAINT)
    axis.set_ylim(low, high)


def _rectangle(axis: Axes, left: float, right: float, low: float, high: float, colour: str) -> None:
    corners = [left, right, right, left], [low, low, high, high]
    axis.fill(*corners, hatch="//////", facecolor="none", edgecolor=colour, lw=0.0, zorder=1.5)


def _say(picture: Figure, *words: str) -> None:
    """At the foot, in as many lines as it takes."""
    told = [w for w in words if w]
    line = "; ".join(told)
    if len(line) > LINE:
        foot(picture, "\n".join(told), room=0.13 + 0.1 * (len(told) - 1))
    else:
        foot(picture, line, room=0.16)


def _sorted(table: Table, name: str, scale: Scale) -> Table:
    """Numbers rising along the axis; words stay in their order."""
    if not scale.numbers:
        return table
    order = np.argsort(scale.where(), kind="stable")
    ticks = [table.axes[name][i] for i in order]
    return Table({**table.axes, name: ticks}, np.take(table.values, order, axis=list(table.axes).index(name)))


def _without(table: Table, lost: Table | None) -> Table:
    """The values as floats, nan where the model diverged."""
    values = table.values.astype(float)
    if lost is not None:
        values[lost.values] = np.nan
    return Table(table.axes, np.where(np.isfinite(values), values, np.nan))


def _left_out(lost: Table | None, where: str = "") -> str:
    count = 0 if lost is None else int(lost.values.sum())
    return f"{where}{count:,} of {lost.values.size:,} models diverged, and are left out" if lost and count else ""


def _any(lost: Table, *names: str) -> np.ndarray:
    """Whether any model diverged at each tick of these axes."""
    rest = tuple(i for i, name in enumerate(lost.axes) if name not in names)
    flat = np.asarray(lost.values.any(axis=rest))
    order = [n for n in lost.axes if n in names]
    return np.moveaxis(flat, [order.index(n) for n in names], range(len(names)))


def _at(table: Table, name: str, place: int) -> Table:
    rest = {n: t for n, t in table.axes.items() if n != name}
    return Table(rest, np.take(table.values, place, axis=list(table.axes).index(name)))


def _mean(cells: np.ndarray) -> np.ndarray:
    count = np.isfinite(cells).sum(-1)
    return np.where(count, np.nansum(cells, axis=-1) / np.maximum(count, 1), np.nan)


def _spread(cells: np.ndarray) -> np.ndarray:
    return np.sqrt(_mean((cells - _mean(cells)[..., None]) ** 2))
