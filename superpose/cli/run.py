"""`superpose run NAME`: a recipe, its fields changed, over a grid, into a folder."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from superpose.cli.named import NAMED, recipe
from superpose.cli.parse import parse
from superpose.cli.working import Working, prepared
from superpose.core.mistakes import BadValue, Mistake, amount, unknown
from superpose.core.reading import parse_json, read_text
from superpose.train.grids import axes

DATA = ("own", "shared")
LARGEST = 256 * 2**20
"""Bytes of a recipe that is still read: its models may hold weights."""
EXAMPLES = """examples:
  superpose run toy                                                  one model, into runs/toy
  superpose run toy --world.density 0.05 --model.n-hidden 8 --steps 5000
  superpose run toy --grid world.density=log:0.01:1:64 --grid seed=0..9 --out runs/densities
  superpose run toy.plane --grid model.activation=relu,identity --data shared --plan
  superpose run toy --grid world.density=0.1,0.01 --grid learning_rate=1e-3,3e-3 --zip world.density,learning_rate
  superpose run toy --grid world.n_features=20,40 --grid model.n_features=20,40 --zip world.n_features,model.n_features
  superpose run results/default/phase_diagram                        the recipe that a result or a run has kept

axes: lin:a:b:n and log:a:b:n, n numbers from a to b; i..j, whole numbers; a,b,c, values. Ctrl-C stops at the next
segment, and the same command, or superpose resume, goes on from there to the same bits."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What to train, and where it goes."""

    grid: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="FIELD=AXIS")] = ()
    """An axis: each of its values is trained with each of the others'. The field is one of those below, or seed."""
    zip: Annotated[tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(metavar="FIELD,FIELD")] = ()
    """Axes of one length that move together, as one."""
    out: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER", help_behavior_hint="(default: runs/NAME)")] = None
    """Where the run is kept. One that is there already goes on."""
    seed: Annotated[int, tyro.conf.arg(metavar="WHOLE")] = 0
    """What all luck follows from."""
    data: Annotated[str, tyro.conf.arg(metavar="WORD")] = "own"
    """Samples: own to each model, or shared by all, which is faster. One of own, shared."""
    max_cells: Annotated[int, tyro.conf.arg(metavar="WHOLE")] = 10_000_000
    """The largest grid to accept."""
    plan: bool = False
    """Say how many models, programs, bytes and seconds it would be, and stop."""
    json: bool = False
    """With --plan: one JSON document on stdout."""


@dataclasses.dataclass(frozen=True)
class Words:
    """What to train, where it goes, and how to work."""

    options: Annotated[Options, tyro.conf.arg(name="")] = dataclasses.field(default_factory=Options)
    working: Annotated[Working, tyro.conf.arg(name="")] = dataclasses.field(default_factory=Working)


def main(argv: Sequence[str]) -> int:
    if not argv or argv[0].startswith("-"):
        return _without_a_name(argv)
    name, *rest = argv
    base = recipe(name) if name in NAMED or not Path(name).exists() else saved(Path(name))
    from superpose.cli.fields import changed, mirror

    given: Any = parse(_command(name, mirror(base)), rest, f"run {name}", EXAMPLES)
    asked: Options = given.options
    wanted, over = changed(base, given.recipe), axes(asked.grid, asked.zip)
    if asked.data not in DATA:
        raise unknown("--data cannot be", asked.data, DATA)
    if asked.json and not asked.plan:
        raise BadValue("--json goes with --plan; superpose status RUN --json tells of a run")
    folder = asked.out or Path("runs", Path(name).name)
    how = prepared(given.working, folder)
    return _plan(wanted, over, folder, asked, how) if asked.plan else _run(wanted, over, folder, asked, how, argv)


def _command(name: str, fields: type) -> type:
    """Our own options, how to work, then the recipe's."""
    recipe = ("recipe", Annotated[fields, tyro.conf.arg(name="")], dataclasses.field(default_factory=fields))
    made = dataclasses.make_dataclass("Command", [recipe], bases=(Words,), frozen=True)
    about = NAMED[name][0] if name in NAMED else "the recipe that it keeps"
    every = "Every field of the recipe is an option, and may be an axis of a --grid."
    made.__doc__ = f"{name}: {about}.\n\n{every}\n\n{fields.__doc__}"
    return made


def _without_a_name(argv: Sequence[str]) -> int:
    if any(word in ("-h", "--help") for word in argv):
        names = "\n".join(f"  {name:20} {about}" for name, (about, _) in NAMED.items())
        more = "superpose run NAME --help lists the fields of a recipe, and what each allows"
        parse(Words, argv, "run NAME", f"names:\n{names}\n\n{more}\n\n{EXAMPLES}")
    hint = f"; {argv[0]!r} looks like an option: write ./{argv[0]}" if argv and Path(argv[0]).exists() else ""
    raise BadValue(f"run needs a recipe first: one of {', '.join(NAMED)}, or a folder that keeps one{hint}")


def saved(path: Path) -> Any:
    """The recipe in a file, in a result or in a run."""
    from superpose.store import from_json
    from superpose.train.recipe import check_recipe

    places = [path] if path.is_file() else [path / "recipe.json", path / "run.json"]
    found = next((p for p in places if p.is_file()), None)
    if found is None:
        raise BadValue(f"{path} keeps no recipe; give a folder with a recipe.json or a run.json")
    text = read_text(found, LARGEST)
    try:
        if found.name == "run.json":
            text = json.dumps(parse_json(text, "it")["job"]["recipe"])
        recipe = from_json(text)
        check_recipe("what it keeps", recipe)
    except Mistake as wrong:
        raise type(wrong)(f"{found}: {wrong}") from None
    except (LookupError, TypeError) as wrong:
        raise BadValue(f"{found} keeps no recipe: it has no {wrong}") from None
    return recipe


def _run(wanted: Any, over: dict[str, Any], folder: Path, asked: Options, how: Any, argv: Sequence[str]) -> int:
    from superpose.cli.ending import ended
    from superpose.runs.launch import train

    def work() -> None:
        train(folder, wanted, over or None, _key(asked), data=asked.data, max_cells=asked.max_cells, how=how)

    return ended(work, folder, f"the same again: {shlex.join(['superpose', 'run', *argv])}")


def _plan(wanted: Any, over: dict[str, Any], folder: Path, asked: Options, how: Any) -> int:
    from superpose import runs
    from superpose.cli.ending import begun

    words = {name: getattr(how, name) for name in ("budget", "devices", "chunk")}
    found = runs.plan(wanted, over or None, _key(asked), data=asked.data, max_cells=asked.max_cells, **words)
    told = dataclasses.asdict(found)
    if begun(folder):
        told["already_finished"] = _finished(wanted, over, folder, asked)
    if asked.json:
        print(json.dumps(told, indent=1))
        return 0
    for name, value in told.items():
        print(f"{name.replace('_', ' '):16} {amount(value) if name.endswith('bytes') else f'{value:,.6g}'}")
    return 0


def _finished(wanted: Any, over: dict[str, Any], folder: Path, asked: Options) -> int:
    """How many of the cells the folder has; none if it holds another run."""
    from superpose.runs.folder import make
    from superpose.runs.job import job

    try:
        there, mine = make(folder, job(wanted, over or None, _key(asked), asked.data, asked.max_cells))
        known = there.finished()[0]
    except Mistake:
        return 0
    return sum(ident.tobytes() in known for part in mine.parts() for ident in part.ids)


def _key(asked: Options) -> Any:
    import jax

    from superpose.core.fields import check_whole

    return jax.random.key(check_whole("--seed", asked.seed, 0, 2**32 - 1))
