"""Recipes as text: print them, save and load them as JSON, and tell two apart in words."""

from __future__ import annotations

import base64
import dataclasses
import difflib
import json
import math
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from superpose.core.mistakes import BadName, BadValue, Mistake, said
from superpose.core.reading import parse_json
from superpose.core.trees import CLASSES

INLINE = 64
"""Arrays of at most this many numbers are written as lists a person can read."""


def describe(tree: Any) -> str:
    """One indented line a field; big arrays by their size."""
    return "\n".join(_lines(tree, ""))


def to_json(tree: Any) -> str:
    """Text that `from_json` turns back into an equal tree, arrays and built models included."""
    return json.dumps(_pack(tree), indent=1, allow_nan=False)


def from_json(text: str) -> Any:
    """The tree that `to_json` wrote. Only classes made with `@pytree` in imported modules can be named in it."""
    try:
        return _unpack(parse_json(text, "this recipe"))
    except Mistake:
        raise
    except Exception as wrong:  # whatever a stranger's text makes the constructors do
        raise BadValue(f"this is not a recipe in JSON: {wrong}") from None


def difference(a: Any, b: Any) -> list[str]:
    """What differs between two recipes, a line each: `world.density: 0.1 → 0.01`. Empty if nothing does."""
    return list(_differences(a, b, ""))


def strangers(tree: Any) -> list[str]:
    """The classes of a tree that are not ours: a process that reads it back must have imported them before."""
    own = type(tree).__module__.partition(".")[0] == "superpose"
    here = [] if own or not dataclasses.is_dataclass(tree) else [type(tree).__name__]
    if isinstance(tree, (tuple, list)):
        below = list(tree)
    else:
        below = [getattr(tree, f.name) for f in dataclasses.fields(tree)] if dataclasses.is_dataclass(tree) else []
    return list(dict.fromkeys([*here, *(name for part in below for name in strangers(part))]))


def _pack(value: Any) -> Any:
    if isinstance(value, nnx.Module) and hasattr(value, "config"):
        leaves = [_pack(np.asarray(a)) for a in jax.tree.leaves(value)]
        return {"model": _pack(value.config), "arrays": leaves}
    if dataclasses.is_dataclass(value) and CLASSES.get(type(value).__name__) is type(value):
        fields = {f.name: _pack(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"class": type(value).__name__, **fields}
    if isinstance(value, (jax.Array, np.ndarray, np.generic)):
        return _pack_array(np.asarray(value))
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValue(f"{value} cannot be written as text; the numbers of a recipe are finite")
    if isinstance(value, (tuple, list)):
        return [_pack(v) for v in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise BadValue(f"{said(value)} cannot be written as text; use a class made with @pytree in its place")


def _pack_array(a: np.ndarray) -> Any:
    kind = {"dtype": str(_dtype(str(a.dtype))), "shape": list(a.shape)}
    if a.size <= INLINE and np.isfinite(a).all():
        return {"array": a.ravel().tolist(), **kind}
    return {"base64": base64.b64encode(np.ascontiguousarray(a).tobytes()).decode(), **kind}


def _unpack(packed: Any) -> Any:
    match packed:
        case list():
            return tuple(_unpack(p) for p in packed)
        case {"array": flat, "dtype": dtype, "shape": shape}:
            return np.asarray(flat, _dtype(dtype)).reshape(shape)
        case {"base64": text, "dtype": dtype, "shape": shape}:
            return np.frombuffer(base64.b64decode(text, validate=True), _dtype(dtype)).reshape(shape)
        case {"model": config, "arrays": arrays}:
            return _filled(_unpack(config), [_unpack(a) for a in arrays])
        case {"class": str(name), **fields}:
            if name not in CLASSES:
                near = difflib.get_close_matches(name, CLASSES, n=1)
                raise BadName(
                    f"no class made with @pytree is called {said(name)}"
                    + (f"; did you mean {near[0]!r}" if near else "")
                    + ": if it is one of a script's or of another package's, import it first, or run that script again"
                )
            return CLASSES[name](**{str(n): _unpack(v) for n, v in fields.items()})
        case dict():
            raise BadValue(f"this part of a recipe has no class: {str(packed)[:80]}")
    return packed


def _dtype(name: str) -> np.dtype:
    if name not in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "bool"):
        raise BadValue(f"arrays of {name!r} cannot be kept in a recipe")
    return np.dtype(name)


def _filled(config: Any, arrays: list[np.ndarray]) -> Any:
    """The model that `config` builds, with these arrays as its leaves."""
    shell = jax.eval_shape(lambda: config.build(nnx.Rngs(0)))
    leaves, tree = jax.tree.flatten(shell)
    if [(a.shape, a.dtype.kind) for a in arrays] != [(leaf.shape, leaf.dtype.kind) for leaf in leaves]:
        raise BadValue(
            f"the arrays {[f'{a.dtype} {a.shape}' for a in arrays]} do not fit "
            f"{type(config).__name__}, {[f'{e.dtype} {e.shape}' for e in leaves]}"
        )
    with jax.enable_x64(True):
        return jax.tree.unflatten(tree, [jnp.asarray(a) for a in arrays])


def _differences(a: Any, b: Any, where: str) -> Iterator[str]:
    if dataclasses.is_dataclass(a) and type(a) is type(b):
        for field in dataclasses.fields(a):
            below = f"{where}.{field.name}" if where else field.name
            yield from _differences(getattr(a, field.name), getattr(b, field.name), below)
    elif isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from _differences(one, other, f"{where}.{place}")
    elif json.dumps(_pack(a)) != json.dumps(_pack(b)):
        yield f"{where or 'the whole'}: {_short(a)} → {_short(b)}"


def _lines(value: Any, indent: str) -> Iterator[str]:
    if not dataclasses.is_dataclass(value):
        yield f"{indent}{_short(value)}"
        return
    yield f"{indent}{type(value).__name__}"
    for field in dataclasses.fields(value):
        below = getattr(value, field.name)
        if dataclasses.is_dataclass(below) and dataclasses.fields(below):
            first, *rest = _lines(below, indent + "  ")
            yield f"{indent}  {field.name}: {first.strip()}"
            yield from rest
        else:
            yield f"{indent}  {field.name}: {_short(below)}"


def _short(value: Any) -> str:
    if isinstance(value, nnx.Module):
        count = sum(np.size(a) for a in jax.tree.leaves(value))
        return f"{type(value).__name__} of {count:,} numbers"
    if isinstance(value, (jax.Array, np.ndarray)) and np.size(value) > 8:
        return f"{value.dtype} array of {' × '.join(map(str, value.shape))}"
    if dataclasses.is_dataclass(value):
        inside = ", ".join(f"{f.name}={_short(getattr(value, f.name))}" for f in dataclasses.fields(value))
        return f"{type(value).__name__}({inside})"
    return repr(value)
