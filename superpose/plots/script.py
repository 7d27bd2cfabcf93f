"""The command line of figure scripts: `python -P figures/NAME.py RESULTS OUT.png`."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from superpose import store
from superpose.claims import check_profile
from superpose.core.mistakes import BadValue, Mistake
from superpose.plots.moving import Moving, save_moving
from superpose.plots.style import foot, save
from superpose.train.table import Table

SHOWS = re.compile(r"^# *shows: *(.+?) *$", re.MULTILINE)
READS = re.compile(r"^# *reads: *(.*?) *$", re.MULTILINE)


def main(
    draw: Callable[..., Figure], argv: Sequence[str] | None = None, *, animate: Callable[..., Moving] | None = None
) -> None:
    """Draw the figure whose script defines `draw`, and save it as .png and .pdf; what `animate` returns, as .gif.

    Both are given the tables of what the script names on a line `# reads: NAME …`: one argument for each experiment.
    """
    script = Path(draw.__code__.co_filename)
    parser = argparse.ArgumentParser(description=draw.__globals__.get("__doc__"), allow_abbrev=False)
    parser.add_argument("results", nargs="?", type=Path, default=Path("results", "default"), help="folder of artefacts")
    parser.add_argument("out", nargs="?", type=Path, help="the picture (RESULTS/figures/NAME.png)")
    given = parser.parse_args(argv)
    try:
        tables, words = read(script, given.results), data(script, given.results)
        figure = draw(*tables)
        foot(figure, words)
        picture = save(figure, given.out or given.results / "figures" / f"{script.stem}.png")
        if animate:
            moving = animate(*tables)
            foot(moving.figure, words)
            save_moving(moving, picture)
    except Mistake as wrong:
        print(f"superpose: {wrong}", file=sys.stderr)
        raise SystemExit(2) from None
    print(picture)


def read(script: str | Path, results: str | Path) -> list[dict[str, Table]]:
    """The tables of every experiment that a figure script reads, in the order it names them."""
    folders = _folders(script, results)
    for folder in folders:
        check_profile(folder)
    if len(sizes := {store.load_profile(folder): folder for folder in folders}) > 1:
        told = " and ".join(f"{folder} is {size or 'of no profile'}" for size, folder in sorted(sizes.items()))
        raise BadValue(f"{told}: a figure is of one profile; make them anew with: make figures PROFILE=…")
    return [store.load(folder) for folder in folders]


def data(script: str | Path, results: str | Path) -> str:
    """What the models in the figure were trained on, in words, and what was changed."""
    folders = _folders(script, results)
    words = {word for folder in folders for word in store.load_data_in_words(folder)}
    told = [f"trained on {' and on '.join(sorted(words))}"] if words else []
    told += sorted({f"with {change}" for folder in folders for change in store.load_changes(folder)})
    told += sorted({"smoke: far too short" for folder in folders if store.load_profile(folder) == "smoke"})
    return "; ".join(told)


def _folders(script: str | Path, results: str | Path) -> list[Path]:
    found: Any = READS.search(Path(script).read_text(encoding="utf-8"))
    if not found or not found[1]:
        raise BadValue(f"{script} does not say what it draws; give it a line '# reads: NAME' with an experiment's name")
    return [Path(results) / name for name in found[1].split()]
