"""Frozen dataclasses that are pytrees: float fields are leaves, static fields shape the program."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform

import jax
import numpy as np

from superpose.core.fields import check, leaf, real, static, whole, word
from superpose.core.mistakes import BadName, BadValue, said, unknown

T = TypeVar("T")
CLASSES: dict[str, type] = {}
"""Every pytree class by its name: what a saved recipe may be read back into."""

__all__ = [
    "CLASSES", "at", "index", "is_static", "leaf", "named_leaves", "plain", "pytree", "real", "replace_at",
    "replace_many", "stack", "stack_at", "static", "whole", "word",
]  # fmt: skip


@dataclass_transform(
    frozen_default=True, kw_only_default=True, field_specifiers=(static, whole, word, real, leaf, dataclasses.field)
)
def pytree(cls: type[T]) -> type[T]:
    """A frozen, keyword-only dataclass whose non-static fields are leaves; fields are checked when it is made."""
    own_check = cls.__dict__.get("__post_init__", lambda self: None)

    def __post_init__(self: Any) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, check(type(self).__name__, field, getattr(self, field.name)))
        own_check(self)

    cls.__post_init__ = __post_init__  # type: ignore[attr-defined]
    cls.__eq__ = _equal  # type: ignore[assignment, method-assign]
    cls = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    cls.__init__ = _naming_typos(cls, cls.__init__)  # type: ignore[misc, method-assign]
    _register(cls)
    CLASSES[cls.__name__] = cls
    return cls


def _equal(self: Any, other: Any) -> bool:
    """As a dataclass has it, but a field may hold an array."""
    if type(self) is not type(other):
        return NotImplemented
    return all(_same(getattr(self, f.name), getattr(other, f.name)) for f in dataclasses.fields(self))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, (np.ndarray, jax.Array)) or isinstance(b, (np.ndarray, jax.Array)):
        return a is b or np.array_equal(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return a is b or a == b


def _naming_typos(cls: type, init: Callable) -> Callable:
    names = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
    needed = [f.name for f in dataclasses.fields(cls) if f.init and _has_no_default(f)]  # type: ignore[arg-type]

    def __init__(self: Any, *unnamed: Any, **values: Any) -> None:
        if unnamed:
            raise BadValue(f"{cls.__name__} takes its fields by name, not {said(unnamed[0])}; they are {names}")
        for name in values:
            if name not in names:
                raise unknown(f"{cls.__name__} has no field", name, names)
        if missing := [n for n in needed if n not in values]:
            raise BadValue(f"{cls.__name__} needs {', '.join(missing)}; its fields are {names}")
        init(self, **values)

    __init__.__wrapped__ = init  # type: ignore[attr-defined]
    return __init__


def _has_no_default(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _register(cls: type) -> None:
    """Unflattening skips `__init__`: JAX fills trees with tracers and placeholders that no check understands."""
    data = [f.name for f in dataclasses.fields(cls) if not f.metadata.get("static")]  # type: ignore[arg-type]
    meta = [f.name for f in dataclasses.fields(cls) if f.metadata.get("static")]  # type: ignore[arg-type]

    def flatten(tree: Any) -> Any:
        return [getattr(tree, n) for n in data], tuple(getattr(tree, n) for n in meta)

    def flatten_with_keys(tree: Any) -> Any:
        return [(jax.tree_util.GetAttrKey(n), getattr(tree, n)) for n in data], flatten(tree)[1]

    def unflatten(fixed: Any, leaves: Any) -> Any:
        tree: Any = object.__new__(cls)
        for name, value in (*zip(meta, fixed, strict=True), *zip(data, leaves, strict=True)):
            object.__setattr__(tree, name, value)
        return tree

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)


def _step(owner: Any, name: str) -> Any:
    """What `name` means inside `owner`: a field of a dataclass, or a place in a tuple or vector."""
    if dataclasses.is_dataclass(owner):
        names = [f.name for f in dataclasses.fields(owner)]
        if name not in names:
            raise unknown(f"{type(owner).__name__} has no field", name, names)
        return getattr(owner, name)
    if not isinstance(owner, tuple) and not (isinstance(owner, (np.ndarray, jax.Array)) and owner.ndim):
        raise BadName(f"{name!r} is asked of {said(owner)}, which has no parts")
    if not name.isdecimal() or int(name) >= len(owner):
        raise BadName(f"{name!r} is not a place among the {len(owner)} of {type(owner).__name__} {said(owner)}")
    return owner[int(name)]


def at(tree: Any, path: str) -> Any:
    """`at(recipe, "world.density")`."""
    for name in path.split("."):
        tree = _step(tree, name)
    return tree


def is_static(tree: Any, path: str) -> bool:
    """Whether the field at `path` is compiled in, and so cannot ride a vmapped axis."""
    head, _, rest = path.partition(".")
    below = _step(tree, head)
    here = dataclasses.is_dataclass(tree) and tree.__dataclass_fields__[head].metadata.get("static", False)
    return bool(here) or (bool(rest) and is_static(below, rest))


def replace_at(tree: Any, path: str, value: Any) -> Any:
    """`replace_at(recipe, "world.density", 0.1)`: the same tree with one named part changed, and checked."""
    return _replace(tree, path, value, lambda owner, name, v: dataclasses.replace(owner, **{name: v}))


def replace_many(tree: Any, changes: Mapping[str, Any]) -> Any:
    """`replace_at` for many parts at once, so that parts which must agree with one another may change together."""
    if not dataclasses.is_dataclass(tree) or isinstance(tree, type):
        for path, value in changes.items():
            tree = replace_at(tree, path, value)
        return tree
    below: dict[str, dict[str, Any]] = {}
    for path, value in changes.items():
        head, _, rest = path.partition(".")
        below.setdefault(head, {})[rest] = value
    parts = {
        name: replace_many(deep.pop("", None) if "" in deep else _step(tree, name), deep)
        for name, deep in below.items()
    }
    return dataclasses.replace(tree, **parts)


def stack_at(tree: Any, path: str, values: Any) -> Any:
    """`replace_at` for many trees at once: the part becomes a stack of values, which is not checked again."""
    return _replace(tree, path, values, _unchecked)


def _replace(tree: Any, path: str, value: Any, change: Callable[[Any, str, Any], Any]) -> Any:
    head, _, rest = path.partition(".")
    below = _step(tree, head)
    value = _replace(below, rest, value, change) if rest else value
    if dataclasses.is_dataclass(tree):
        return change(tree, head, value)
    if isinstance(tree, tuple):
        return (*tree[: int(head)], value, *tree[int(head) + 1 :])
    return jax.numpy.broadcast_to(tree, (*jax.numpy.shape(value), len(tree))).at[..., int(head)].set(value)


def _unchecked(owner: Any, name: str, value: Any) -> Any:
    tree = object.__new__(type(owner))
    for field in dataclasses.fields(owner):
        object.__setattr__(tree, field.name, value if field.name == name else getattr(owner, field.name))
    return tree


def plain(config: T) -> T:
    """A config with every leaf at its default: what a built model keeps of it, equal and hashable for all instances."""
    fields: Any = dataclasses.fields(config)  # type: ignore[arg-type]
    fresh = {f.name: f.default for f in fields if not f.metadata.get("static")}
    return dataclasses.replace(config, **fresh)  # type: ignore[type-var]


def stack(trees: list[T]) -> T:
    return jax.tree.map(lambda *leaves: jax.numpy.stack(leaves), *trees)


def index(tree: T, place: Any) -> T:
    """One instance of a stack: every leaf at `place`."""
    return jax.tree.map(lambda leaf: leaf[place], tree)


def named_leaves(tree: Any) -> dict[str, Any]:
    """Leaves by dotted name; the `.value` that Flax adds to each parameter is dropped."""
    return {_dotted(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _dotted(path: tuple) -> str:
    words = [str(getattr(p, "name", getattr(p, "key", getattr(p, "idx", p)))) for p in path]
    return ".".join(words[:-1] if words and words[-1] == "value" else words)
