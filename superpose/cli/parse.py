"""Command lines by tyro, from dataclasses; what is wrong with one is a line of ours."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import io
import itertools
import os
import re
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import tyro

from superpose.core.mistakes import BadName, BadValue, said

T = TypeVar("T")
_POSITIONAL = get_args(tyro.conf.Positional[str])[1]
_WORDS = {
    r"Missing value for argument 'run'": "needs RUN",
    r"Missing value for argument '(\S+)'": r"needs a value after \1",
    r"Missing from .*?: (\S+)": r"needs \1",
    r"Error parsing (\S+): invalid literal for int\(\).*?: (.*)": r"has \1 \2; it must be a whole number",
    r"Error parsing (\S+): no type matching .* from \['(.*)'\]": r"has \1 '\2'; it must be a whole number",
}
"""What tyro says most often, and what we say."""


def parse(kind: type[T], argv: Sequence[str], verb: str, examples: str) -> T:
    """The options of `superpose VERB`. Prints the help, ending with `examples`, and exits where that is asked for."""
    prog, heard = f"superpose {verb}", io.StringIO()
    try:
        with contextlib.redirect_stderr(heard):
            given, strange = tyro.cli(
                kind, prog=prog, args=list(argv), return_unknown_args=True, config=(tyro.conf.FlagCreatePairsOff,)
            )
    except SystemExit as end:
        if end.code:
            why = f"{verb} {_in_a_line(heard.getvalue())}{_dashed(argv, kind)}"
            raise BadValue(f"{why}; see {prog} --help") from None
        print(f"\n{examples.strip()}")
        raise
    if strange:
        raise _stranger(strange, kind, verb)
    return given


def options(kind: Any, prefix: str = "--") -> list[str]:
    """Every option of a dataclass, as it is typed."""
    return [
        name
        for field, hint in get_type_hints(kind, include_extras=True).items()
        for name in _named(field, hint, prefix)
    ]


def _named(field: str, hint: Any, prefix: str) -> list[str]:
    base, *marks = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    if _POSITIONAL in marks:
        return []
    if dataclasses.is_dataclass(base):
        bare = any(getattr(mark, "name", None) == "" for mark in marks)
        return options(base, prefix if bare else f"{prefix}{field.replace('_', '-')}.")
    return [prefix + field.replace("_", "-")]


def _dashed(argv: Sequence[str], kind: Any) -> str:
    """A hint for what is no option of ours, but there by that name."""
    known = {option.replace("_", "-") for option in options(kind)}
    names = [word for word in argv if word.startswith("-") and word.partition("=")[0].replace("_", "-") not in known]
    found = next(filter(os.path.lexists, names), None)
    return f"; {found!r} looks like an option: write ./{found}" if found else ""


def _stranger(strange: Sequence[str], kind: Any, verb: str) -> BadName:
    word = next((w for w in strange if w.startswith("-")), strange[0]).partition("=")[0]
    if not word.startswith("-"):
        return BadName(f"{verb} does not know what to do with {said(word)}; see superpose {verb} --help")
    known = options(kind)
    last = {name.rpartition(".")[2].lstrip("-"): name for name in reversed(known)}
    bare = word.lstrip("-").replace("_", "-")
    near = difflib.get_close_matches(bare, [name.lstrip("-") for name in known], n=1)
    near = [f"--{n}" for n in near] or [
        last[n] for n in difflib.get_close_matches(bare.rpartition(".")[2], list(last), n=1)
    ]
    hint = (
        f"did you mean {near[0]}? " if near else f"a file of this name is ./{word}; " if os.path.lexists(word) else ""
    )
    return BadName(f"{verb} has no option {said(word)}; {hint}superpose {verb} --help lists them")


def _in_a_line(box: str) -> str:
    """What tyro says in a box: its first part, without the frame, in our words where we know what it is."""
    lines = [line.strip(" │|") for line in box.splitlines()[1:]]
    parts = [list(part) for ruled, part in itertools.groupby(lines, lambda line: not line.strip("-─╰╯")) if not ruled]
    text = " ".join(parts[0] if parts else lines).rstrip(".")
    for theirs, ours in _WORDS.items():
        if found := re.match(theirs, text):
            return found.expand(ours)
    return f"cannot be read: {text}"
