"""Artefacts: what an experiment leaves behind for figures, claims and the paper."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from superpose.core.files import write, write_json
from superpose.core.mistakes import BadName, BadValue, Mistake, check_folder, said
from superpose.core.packed import open_npz
from superpose.core.reading import number, read_json
from superpose.core.text import from_json, to_json
from superpose.models import ToyConfig as _models
from superpose.store.made import provenance
from superpose.train.recipe import Recipe as _recipes
from superpose.train.table import Table

READABLE = (_models, _recipes)
"""Importing these makes every class of ours known by name to `from_json`, whatever a program has used so far."""
AXES = 256_000_000
"""Bytes of the largest `axes.json`: a sweep of ten million seeds names each."""

__all__ = ["from_json", "load", "load_numbers", "provenance", "save"]


def save(
    folder: str | Path,
    tables: Mapping[str, Table],
    numbers: Mapping[str, float] | None = None,
    *,
    recipe: Any = None,
    claims: Sequence[Any] = (),
    profile: str = "",
    changes: Sequence[str] = (),
) -> None:
    """Write tables, numbers, claims, recipe and provenance. `numbers.json` comes last: with it a result is whole.

    `profile` is the size at which an experiment ran, if it has sizes, and `changes` what its user changed.
    """
    folder = Path(folder)
    if not isinstance(tables, Mapping):
        raise BadValue(f"save takes tables by name, for example {{'D': table}}, not {said(tables)}")
    _check(tables)
    written = None if recipe is None else to_json(recipe)
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {n: t.values for n, t in tables.items()}
    (folder / "numbers.json").unlink(missing_ok=True)
    write(folder / "tables.npz", lambda f: np.savez_compressed(f, allow_pickle=False, **arrays))
    write_json(
        folder / "axes.json",
        {n: {a: [_tick(v) for v in ticks] for a, ticks in t.axes.items()} for n, t in tables.items()},
    )
    (folder / "recipe.json").unlink(missing_ok=True)
    if written is not None:
        write(folder / "recipe.json", lambda f: f.write(written.encode()))
    write_json(folder / "claims.json", [{n: _finite(v) for n, v in dataclasses.asdict(c).items()} for c in claims])
    write_json(folder / "provenance.json", provenance() | {"profile": profile, "changes": list(changes)})
    write_json(folder / "numbers.json", {n: _finite(float(v)) for n, v in (numbers or {}).items()})


def load(folder: str | Path) -> dict[str, Table]:
    """The tables of a whole artefact."""
    folder = Path(folder)
    _check_whole(folder)
    try:
        axes = read_json(folder / "axes.json", AXES)
        return {n: Table(_read_axes(axes[n]), values) for n, values in open_npz(folder / "tables.npz").items()}
    except (ValueError, LookupError, TypeError, AttributeError) as wrong:
        raise _damaged(folder, wrong) from None


def load_numbers(folder: str | Path) -> dict[str, float]:
    """The scalars of a whole artefact; one that was not finite is nan."""
    folder = Path(folder)
    _check_whole(folder)
    try:
        found = read_json(folder / "numbers.json")
        return {n: number(n, v) for n, v in found.items()}
    except (ValueError, AttributeError) as wrong:
        raise _damaged(folder, wrong) from None


def load_profile(folder: str | Path) -> str:
    """The size at which a whole artefact was made; nothing for one that does not say."""
    _check_whole(Path(folder))
    try:
        return str(read_json(Path(folder) / "provenance.json").get("profile", ""))
    except (Mistake, AttributeError, TypeError):
        return ""


def load_changes(folder: str | Path) -> list[str]:
    """What the user of an experiment changed, for example "world.decay=0.9"."""
    try:
        return list(map(str, read_json(Path(folder) / "provenance.json").get("changes", [])))
    except (Mistake, AttributeError, TypeError):
        return []


def load_data_in_words(folder: str | Path) -> list[str]:
    """What the models of an artefact were trained on; nothing for one that does not say."""
    try:
        return list(map(str, read_json(Path(folder) / "provenance.json").get("data", [])))
    except (Mistake, AttributeError, TypeError):
        return []


def _check_whole(folder: Path) -> None:
    if not (folder / "numbers.json").exists():
        raise BadValue(f"{folder} holds no finished result; {_maker(folder)}")


def _damaged(folder: Path, wrong: Exception) -> BadValue:
    return BadValue(f"the result in {folder} is damaged: {wrong}; remove that folder, then {_maker(folder)}")


def _maker(folder: Path) -> str:
    """How to get there: as the Makefile calls it, or from the script."""
    if folder.parent.parent == Path("results"):
        return f"make it with: make {folder}/numbers.json PROFILE={folder.parent.name}"
    return "run the experiment that leaves it to its end"


def _check(tables: Mapping[str, Table]) -> None:
    for name, table in tables.items():
        if not isinstance(name, str) or name in ("", "file", "allow_pickle"):
            raise BadName(f"a table cannot be called {name!r}")
        if not isinstance(table, Table):
            raise BadValue(f"table {name!r} is a {type(table).__name__}; wrap it: Table(axes, values)")
        if table.values.dtype.kind not in "iufb":
            raise BadValue(f"table {name!r} holds {table.values.dtype}, not numbers")


def _read_axes(axes: Any) -> dict[str, list[Any]]:
    """Values that move together are a tuple, which JSON knows as a list."""
    return {name: [tuple(t) if isinstance(t, list) else t for t in ticks] for name, ticks in axes.items()}


def _tick(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") and np.ndim(value) == 0 else value
    if isinstance(value, (tuple, list)):
        return [_tick(v) for v in value]
    return value if isinstance(value, (int, float, str, bool)) else str(value)


def _finite(value: Any) -> Any:
    """JSON has no infinity."""
    if isinstance(value, tuple):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
