"""Who a cell is: by what it is made of, so that it is known again whatever the chunk, the order or the machine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from superpose.core.text import INLINE, to_json
from superpose.core.trees import named_leaves, replace_at
from superpose.train.paths import Path
from superpose.train.recipe import Recipe
from superpose.train.units import Cells

MEANING = 1
"""Raised when the same recipe, key and path would train to other bits."""

BYTES = 16


def identities(recipe: Recipe, cells: Cells, path: Path) -> np.ndarray:
    """[cells, 16] bytes: digests of recipe, key and path. An axis and a field of one value are the same cell."""
    for name, column in cells.points.items():
        recipe = replace_at(recipe, name, column[0].item())
    kind = np.dtype(recipe.precision)
    numbers, rest = _parted(recipe)
    row = np.concatenate([np.ravel(v) for v in numbers.values()] or [np.zeros(0)]).astype(kind)
    rows = np.tile(row, (cells.keys.shape[0], 1))
    for name, column in cells.points.items():
        rows[:, _place(numbers, name)] = column
    common = hashlib.sha256("\n".join([str(MEANING), rest, to_json(path), _words(cells.data)]).encode()).digest()
    keys = np.asarray(jax.random.key_data(cells.keys))
    return np.frombuffer(b"".join(_short(common, r, k) for r, k in zip(rows, keys, strict=True)), np.uint8).reshape(
        -1, BYTES
    )


def _short(common: bytes, numbers: np.ndarray, key: np.ndarray) -> bytes:
    return hashlib.sha256(common + numbers.tobytes() + key.tobytes()).digest()[:BYTES]


def _parted(recipe: Recipe) -> tuple[dict[str, Any], str]:
    """The numbers that a sweep could vary, by name, and all the rest as text."""
    leaves, tree = jax.tree.flatten(recipe)
    small = [np.asarray(leaf).dtype.kind == "f" and np.size(leaf) <= INLINE for leaf in leaves]
    blanks = [np.zeros(np.shape(a)) if is_small else a for a, is_small in zip(leaves, small, strict=True)]
    names = list(named_leaves(recipe))
    numbers = {n: np.asarray(a) for n, a, is_small in zip(names, leaves, small, strict=True) if is_small}
    return numbers, to_json(jax.tree.unflatten(tree, blanks))


def _place(numbers: Mapping[str, np.ndarray], name: str) -> int:
    """The column of a field, or of a place in a vector."""
    starts = dict(zip(numbers, np.cumsum([0, *(np.size(v) for v in numbers.values())]), strict=False))
    if name in starts:
        return int(starts[name])
    whole, _, place = name.rpartition(".")
    return int(starts[whole]) + int(place)


def _words(key: Any) -> str:
    return "own" if key is None else f"{jax.random.key_impl(key)} {np.asarray(jax.random.key_data(key)).tolist()}"
