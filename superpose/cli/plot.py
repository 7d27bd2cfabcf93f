"""`superpose plot RUN MEASURE`: a picture of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from superpose.cli.measures import MEASURES, Measure, default, measure
from superpose.cli.parse import parse
from superpose.cli.places import beside, check_place, loaded, say, writing
from superpose.core.mistakes import BadValue

EXAMPLES = f"""measures:
{chr(10).join(f"  {name:16} {each.about}" for name, each in MEASURES.items())}

examples:
  superpose plot runs/toy                                        its loss against the longest axis
  superpose plot runs/toy dimensionality --against density
  superpose plot runs/toy kept --against density --by decay      a heat map; what diverged is hatched
  superpose plot runs/toy curve --out curve.png                  also writes curve.pdf"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Draw a measure of a run, as .png and .pdf."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """The folder of the run."""
    measure: tyro.conf.Positional[
        Annotated[str | None, tyro.conf.arg(metavar="MEASURE", help_behavior_hint="(default: loss)")]
    ] = None
    """What to draw; see below."""
    against: Annotated[str | None, tyro.conf.arg(metavar="AXIS", help_behavior_hint="(default: the longest)")] = None
    """The axis across; the last word of its name is enough."""
    by: Annotated[str | None, tyro.conf.arg(metavar="AXIS", help_behavior_hint="(default: none)")] = None
    """A second axis: lines where it has few ticks, else a heat map."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="(default: RUN-MEASURE.png)")] = None
    """The picture to write: .png, with a .pdf beside it; or .pdf or .svg alone."""
    partial: bool = False
    """Also of a run under way, or damaged: what is not there is left out."""


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "plot", EXAMPLES)
    chosen = measure(given.measure) if given.measure else None
    out = given.out or beside(given.run, f"-{given.measure or 'loss'}.png")
    if out.suffix not in (".png", ".pdf", ".svg", ""):
        raise BadValue(f"{out} cannot be written; give the name of a .png, .pdf or .svg")
    check_place(out)
    from superpose.plots import save

    swept = loaded(given.run, given.partial)
    picture = _drawn(swept, chosen or measure(default(swept)), given)
    with writing(out):
        say(save(picture, out))
    return 0


def _drawn(swept: Any, chosen: Measure, given: Options) -> Any:
    import numpy as np

    from superpose.plots import measured as plots
    from superpose.train.table import Table

    table, diverged = chosen.of(swept), swept.measure(lambda run: run.diverged)
    lost, gone = Table(diverged.axes, diverged.values >= 0), int(np.isnan(diverged.values).sum())
    note = f"{gone:,} of {diverged.values.size:,} models are not there yet, and are left out" if gone else ""
    if (given.against or given.by) and chosen.per == "step":
        raise BadValue("curve takes no axes, as it is drawn over the steps: leave out --against and --by")
    if (given.against or given.by) and not table.axes:
        raise BadValue("--against and --by are axes of a sweep, and this run is one model: leave them out")
    if chosen.per == "step":
        return plots.curve(table, swept.stacks[0].recipe.log_every, chosen.label, lost, note)
    if not table.axes:
        return plots.single(table, chosen.label)
    return plots.measured(table, chosen.label, against=given.against, by=given.by, lost=lost, note=note)
