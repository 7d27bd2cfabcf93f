"""Places of the disk as commands say them, and write to them."""

from __future__ import annotations

import contextlib
import errno
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from superpose.core.mistakes import BadValue, Mistake, shown


def say(*lines: object) -> None:
    """Print lines, of which none can steer the terminal."""
    for line in lines:
        print(shown(str(line)))


def word(place: Path) -> str:
    """A place as a word of a command that can be pasted: a name that begins with - would be taken for an option."""
    text = str(place)
    return shown(shlex.quote(f"./{text}" if text.startswith("-") else text))


def beside(run: Path, ending: str) -> Path:
    """Where a file about a run goes if nobody says: next to its folder, also from within it."""
    name = f"{run.resolve().name}{ending}"
    return run.with_name(name) if run.name not in ("", "..") else run.resolve().with_name(name)


def loaded(folder: Path, partial: bool) -> Any:
    """The run in a folder; what is not there is told in words of the command line."""
    from superpose import runs

    try:
        return runs.load_run(folder, partial=partial)
    except Mistake as wrong:
        raise type(wrong)(str(wrong).replace("load_run(folder, partial=True)", "--partial")) from None


def check_place(out: Path) -> None:
    """Refuse a file that cannot be written, before there is something to lose. It leaves nothing."""
    with writing(out):
        if out.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        tempfile.TemporaryFile(dir=out.absolute().parent).close()


@contextlib.contextmanager
def possible() -> Iterator[None]:
    """A name that no disk takes is a mistake, wherever it is first looked at."""
    try:
        yield
    except OSError as wrong:
        if wrong.errno != errno.ENAMETOOLONG:
            raise
        raise BadValue(f"{wrong.filename} cannot be a name: {wrong.strerror}") from None


@contextlib.contextmanager
def writing(out: Path) -> Iterator[None]:
    """What the disk refuses, in one line."""
    try:
        yield
    except OSError as wrong:
        raise BadValue(f"{out} cannot be written: {wrong.strerror or wrong}; give --out a file that can be") from None
