"""The few words every experiment script understands."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from superpose.core.mistakes import BadValue, Mistake, check_folder, said
from superpose.papers import PROFILES

if TYPE_CHECKING:
    from superpose.claims import Claim
    from superpose.train.table import Table

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Where a script leaves its results, at what size it runs, and which fields its user changed."""

    out: Path
    profile: str
    changes: tuple[tuple[str, Any], ...] = ()

    def pick(self, *, smoke: T, default: T, paper: T) -> T:
        """The value for this profile."""
        return {"smoke": smoke, "default": default, "paper": paper}[self.profile]

    def change(self, recipe: Any) -> Any:
        """The recipe with every `--set field=value` applied."""
        from superpose.core.trees import replace_at

        for path, value in self.changes:
            recipe = replace_at(recipe, path, value)
        return recipe

    def read(self, name: str) -> dict[str, Table]:
        """The tables of another experiment, of this profile, which a line `# reads: NAME` of the script names."""
        from superpose.store import load

        return load(self.out.parent / name)

    def leave(
        self,
        tables: Mapping[str, Table],
        numbers: Mapping[str, Any] | None = None,
        *,
        recipe: Any = None,
        claims: Sequence[Claim] = (),
    ) -> None:
        """Save all of it, print the claims, and fail where they are insisted on and one does not hold."""
        from superpose.claims import insist, table
        from superpose.store import save

        check_numbers(tables)
        changed = [f"{path}={value}" for path, value in self.changes]
        if changed:  # a reason for a difference is about the recipe that was not changed
            claims = [dataclasses.replace(c, why="") for c in claims]
        save(self.out, tables, numbers, recipe=recipe, claims=claims, profile=self.profile, changes=changed)
        if self.asserts:
            insist(claims)
            return
        print(table(claims))
        if changed:
            print(f"superpose: changed {', '.join(changed)}; what is expected above is of the recipe as it was")

    @property
    def asserts(self) -> bool:
        """Claims are insisted on at full sizes, and only for the recipe the claims are about."""
        return self.profile != "smoke" and not self.changes


def experiment(doc: str | None, argv: Sequence[str] | None = None) -> Experiment:
    """Read an experiment's command line: `OUT --profile default --set world.decay=0.9`. Uses all cores."""
    sys.excepthook = _say_mistakes
    parser = Parser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EXPERIMENT_EXAMPLES)
    script = Path(sys.argv[0]).stem
    parser.add_argument("out", nargs="?", type=Path, help=f"folder for the results (results/PROFILE/{script})")
    parser.add_argument("--profile", choices=PROFILES, default="default", help="seconds, minutes, or the paper's sizes")
    parser.add_argument("--smoke", action="store_true", help="the same as --profile smoke")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="change one recipe field")
    given = parser.parse_args(_arguments(argv))
    profile = "smoke" if given.smoke else given.profile
    out = given.out or Path("results", profile, script)
    changes = tuple(map(_assignment, given.set))
    check_swept([path for path, _ in changes], Path(sys.argv[0]))
    check_folder(out)
    use_cores()
    return Experiment(out, profile, changes)


def check_swept(paths: Sequence[str], script: Path) -> None:
    """What a script sweeps it sets itself, model by model: a change of it would be lost without a word."""
    if not paths or script.suffix != ".py" or not script.is_file():
        return
    parts = ast.walk(ast.parse(script.read_text(encoding="utf-8")))
    keys = [k.value for part in parts if isinstance(part, ast.Dict) for k in part.keys if isinstance(k, ast.Constant)]
    swept = {axis for key in keys for axis in str(key).split(",")}
    for path in paths:
        if path in swept:
            raise BadValue(f"--set {path}: {script.name} sweeps it itself; change that in a copy of the script")


def check_numbers(tables: Mapping[str, Table]) -> None:
    """A table without one finite number is of a run that blew up."""
    import numpy as np

    for name, table in tables.items():
        values = np.asarray(table.values)
        if values.size and np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).any():
            raise BadValue(f"no value of {said(name)} is a finite number: training blew up; lower the learning rate")


class Parser(argparse.ArgumentParser):
    """Says a mistake in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BadValue.code, f"{self.prog}: {message}; see {self.prog} --help\n")


_EXPERIMENT_EXAMPLES = """examples:
  python -P experiments/NAME.py                          the default size, into results/default/NAME
  python -P experiments/NAME.py --smoke                  seconds, to see that it runs
  python -P experiments/NAME.py out --set world.decay=1  a change of your own; claims are printed, not insisted on"""


def _arguments(argv: Sequence[str] | None) -> Sequence[str] | None:
    """Inside a notebook or an editor's cells, `sys.argv` belongs to the kernel."""
    return [] if argv is None and "ipykernel" in sys.modules else argv


def _assignment(text: str) -> tuple[str, Any]:
    path, sign, value = text.partition("=")
    if not sign or not path or not value:
        raise BadValue(f"--set {text!r}: write it as field=value, for example world.density=0.1")
    return path, _value(value)


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False, "none": None}.get(text.lower(), text)


def use_cores(count: int | None = None) -> int:
    """Let JAX see each CPU core as a device, so that sweeps use all of them. Call it before the first JAX work."""
    import jax

    count = count or os.cpu_count() or 1
    try:
        jax.config.update("jax_num_cpu_devices", count)
    except RuntimeError:
        if len(jax.local_devices()) < count and jax.default_backend() == "cpu":
            print("superpose: JAX has already started; this process keeps its devices", file=sys.stderr)
    return len(jax.local_devices())


def _say_mistakes(kind: type[BaseException], wrong: BaseException, trace: TracebackType | None) -> None:
    """A user's mistake is one line, and so is Ctrl-C; anything else is a bug and keeps its traceback."""
    if isinstance(wrong, KeyboardInterrupt):
        print("\nsuperpose: interrupted; the same command starts this experiment again", file=sys.stderr)
        os._exit(130)
    if not isinstance(wrong, Mistake):
        sys.__excepthook__(kind, wrong, trace)
        return
    print(f"superpose: {wrong}", file=sys.stderr)
    sys.stdout.flush()
    os._exit(wrong.code)
