"""The fields of a recipe as options of the command line."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Annotated, Any

import tyro

from superpose.core.trees import at, replace_many
from superpose.train.grids import plain, value

_WRITABLE = ("int", "float", "str", "bool")


def mirror(tree: Any) -> type:
    """A dataclass with a text for each field of `tree` that can be written on a command line, and the same docstring.

    The texts are read, and checked, by the fields themselves: `changed` tells a mistake as `Recipe(...)` would.
    """
    fields: list[Any] = []
    for field in dataclasses.fields(tree):
        here = getattr(tree, field.name)
        if dataclasses.is_dataclass(here):
            below = mirror(here)
            if dataclasses.fields(below):
                fields.append((field.name, below, dataclasses.field(default_factory=below)))
        elif _is_written(field, here):
            fields.append((field.name, _text(field), dataclasses.field(default=_shown(here))))
    made = dataclasses.make_dataclass(type(tree).__name__, fields, frozen=True)
    made.__doc__, made.__module__ = _readable(type(tree).__doc__ or ""), __name__
    return made


def changed(tree: Any, given: Any) -> Any:
    """The tree with every field whose text is no longer the default, all at once."""
    return replace_many(tree, dict(_changes(tree, given, "")))


def _changes(tree: Any, given: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for field in dataclasses.fields(given):
        text, path = getattr(given, field.name), prefix + field.name
        if dataclasses.is_dataclass(text):
            yield from _changes(tree, text, f"{path}.")
        elif text != _shown(before := at(tree, path)):
            owner = at(tree, prefix[:-1]) if prefix else tree
            yield path, _meant(f"--{path}", text, before, owner.__dataclass_fields__[field.name].metadata)


def _meant(option: str, text: str, before: Any, metadata: Any) -> Any:
    if metadata.get("among"):
        return text
    meant = value(text, option)
    several = isinstance(before, tuple)
    return () if several and meant is None else (meant,) if several and not isinstance(meant, tuple) else meant


def _shown(here: Any) -> str:
    return "none" if here == () else plain(here)


def _is_written(field: dataclasses.Field, here: Any) -> bool:
    """Numbers and words, and what may become one; not functions, models, arrays or tuples of configs."""
    if here is None or isinstance(here, tuple):
        return any(kind in str(field.type) for kind in _WRITABLE) and not any(map(dataclasses.is_dataclass, here or ()))
    return isinstance(here, (int, float, str))


def _text(field: dataclasses.Field) -> Any:
    words, allows = field.metadata.get("among"), field.metadata.get("allows", "")
    allows = allows or ("true or false" if "bool" in str(field.type) else "")
    about = f"One of {', '.join(words)}." if words else f"{allows[:1].upper()}{allows[1:]}."
    kind = next((kind for sign, kind in _KINDS.items() if sign in allows), "VALUE")
    several = "tuple" in str(field.type)
    return Annotated[str, tyro.conf.arg(help=about, metavar="WORD" if words else f"{kind}[,…]" if several else kind)]


_KINDS = {"whole": "WHOLE", "number": "NUMBER", "true": "BOOL"}
_TEX = {
    r"\\mathrm\{(\w+)\}": r"\1", r"\^\\top": "ᵀ", r"\\langle ": "⟨", r" ?\\rangle": "⟩", r"\\sum": "Σ",
    r"\\\|": "‖", r"\\[,;]": " ", r"\bx'": "x′", r"\$": "",
}  # fmt: skip
"""How the formulas of our docstrings look without their markup."""


def _readable(doc: str) -> str:
    doc = inspect.cleandoc(doc)
    for written, shown in _TEX.items():
        doc = re.sub(written, shown, doc)
    return doc
