"""`superpose export RUN --to FORMAT`: a run for other programs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from superpose.cli.measures import MEASURES, measure, standard
from superpose.cli.parse import parse
from superpose.cli.places import beside, check_place, loaded, say, writing
from superpose.core.mistakes import unknown

FORMATS = ("parquet", "csv", "npz", "safetensors")
EXAMPLES = f"""measures:
{chr(10).join(f"  {name:16} {each.about}" for name, each in MEASURES.items())}

examples:
  superpose export runs/toy --to csv
  superpose export runs/toy --to parquet --measures loss,dimensionality --out toy.parquet
  superpose export runs/toy --to safetensors         all weights, stacked along the axes of the grid

a column an axis, then one a measure; a measure per feature has a row per feature. parquet needs
pip install 'superpose[data]', which brings duckdb too; duckdb.sql(...) takes, for example:
  SELECT "world.density", avg(dimensionality) FROM 'toy.parquet' GROUP BY 1 ORDER BY 1"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Write a run's measures as one long table, or its weights, for other programs."""

    run: tyro.conf.Positional[Annotated[Path, tyro.conf.arg(metavar="RUN")]]
    """The folder of the run."""
    to: Annotated[str, tyro.conf.arg(metavar="WORD")] = "csv"
    """One of parquet, csv, npz, safetensors."""
    measures: Annotated[
        str | None, tyro.conf.arg(metavar="NAME,NAME", help_behavior_hint="(default: loss,kept,diverged)")
    ] = None
    """What to measure of every model; see below."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="(default: RUN.FORMAT)")] = None
    """The file to write."""
    partial: bool = False
    """Also of a run under way, or damaged: what is not there is nan."""


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "export", EXAMPLES)
    if given.to not in FORMATS:
        raise unknown("--to cannot be", given.to, FORMATS)
    chosen = {name: measure(name) for name in given.measures.split(",")} if given.measures else {}
    out = given.out or beside(given.run, f".{given.to}")
    check_place(out)
    swept = loaded(given.run, given.partial)
    if given.to == "safetensors":
        return _weights(swept, out)
    from superpose.store.export import TABLES

    chosen = chosen or {name: measure(name) for name in standard(swept)}
    tables = {name: each.of(swept) for name, each in chosen.items()}
    with writing(out):
        TABLES[given.to](out, tables)
    say(out)
    return 0


def _weights(swept: Any, out: Path) -> int:
    """One file for each program: models of different shapes do not stack."""
    from superpose.core.trees import named_leaves
    from superpose.store.export import to_safetensors

    points = list(itertools.product(*swept.looped.values()))
    for number, (point, stack) in enumerate(zip(points, swept.stacks, strict=True)):
        path = out if len(points) == 1 else out.with_name(f"{out.stem}-{number:03d}{out.suffix}")
        model = {n: a.reshape(*swept.sizes, *a.shape[1:]) for n, a in named_leaves(stack.model).items()}
        fixed = {name: [tick] for name, tick in zip(swept.looped, point, strict=True)}
        with writing(path):
            to_safetensors(path, model, swept.moving, fixed=fixed, model=type(stack.model).__name__)
        say(path)
    return 0
