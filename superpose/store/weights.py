"""Arrays by name in a `.safetensors` file, the format in which models are exchanged: it holds numbers and no code.

The names of a file are never used as paths. Its header is read here rather than by the library, so that what is wrong
is said with the name of the file, and a header cannot ask for memory that the file does not fill.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from superpose.core.files import write
from superpose.core.mistakes import BadName, BadValue, amount, memory, said
from superpose.core.reading import open_plain, parse_json

HEADER = 10_000_000
"""Bytes of the largest header: room for about 100,000 arrays."""
KINDS: dict[str, Any] = {
    "F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": jnp.bfloat16, "BOOL": np.bool_,
    "I64": np.int64, "I32": np.int32, "I16": np.int16, "I8": np.int8,
    "U64": np.uint64, "U32": np.uint32, "U16": np.uint16, "U8": np.uint8,
}  # fmt: skip
"""Kinds of number, as the format calls them."""


def save_weights(path: str | Path, arrays: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Write arrays by name, with words about them, whole or not at all."""
    from safetensors.numpy import save

    kept = {name: np.ascontiguousarray(a).reshape(np.shape(a)) for name, a in arrays.items()}
    kinds = {np.dtype(kind) for kind in KINDS.values()}
    for name, a in kept.items():
        if not isinstance(name, str) or name == "__metadata__":
            raise BadName(f"an array cannot be called {said(name)} in {path}")
        if a.dtype.newbyteorder("=") not in kinds:
            raise BadValue(f"array {said(name)} holds {a.dtype}, which {path} cannot; cast it to one of {list(KINDS)}")
    packed = save(kept, {str(n): str(v) for n, v in (metadata or {}).items()} or None)
    head, numbers = _ordered(packed)
    write(Path(path), lambda file: file.writelines([head, numbers]))


def _ordered(packed: bytes) -> tuple[bytes, memoryview]:
    """The header with its words in order, which the library shuffles anew in each process; and the numbers."""
    length = int.from_bytes(packed[:8], "little")
    header = json.loads(packed[8 : 8 + length])
    words = {"__metadata__": dict(sorted(header.pop("__metadata__").items()))} if "__metadata__" in header else {}
    text = json.dumps({**words, **header}, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, memoryview(packed)[8 + length :]


def load_weights(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a file by name, and the words about them."""
    with open_plain(path) as file:
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, HEADER):
            raise BadValue(
                f"{path} is no whole safetensors file: {size:,} bytes, {length:,} of them header (at most {HEADER:,})"
            )
        if size > memory():
            raise BadValue(f"{path} has {amount(size)}; this machine has {amount(memory())}")
        header = parse_json(file.read(length), f"the header of {path}")
        words, told = _parts(header, str(path))
        _check_layout(told, size - 8 - length, str(path))
        data = np.fromfile(file, np.uint8, size - 8 - length)
    return {name: _array(data, part, f"array {said(name)} of {path}") for name, part in told.items()}, words


def _array(data: np.ndarray, part: tuple, what: str) -> np.ndarray:
    dtype, shape, start, end = part
    try:
        return data[start:end].view(dtype).reshape(shape)
    except (ValueError, OverflowError) as wrong:  # no number in it, and yet a shape beyond counting
        raise BadValue(f"{what} cannot have the shape {said(shape)}: {wrong}") from None


_Told = dict[str, tuple[np.dtype, tuple[int, ...], int, int]]


def _parts(header: Any, path: str) -> tuple[dict[str, str], _Told]:
    if not isinstance(header, dict):
        raise BadValue(f"the header of {path} is {said(header)}, not arrays by name")
    words = header.pop("__metadata__", {})
    if not isinstance(words, dict) or not all(isinstance(v, str) for v in words.values()):
        raise BadValue(f"the metadata of {path} is {said(words)}, not words by name")
    return words, {name: _part(name, about, path) for name, about in header.items()}


def _part(name: str, about: Any, path: str) -> tuple[np.dtype, tuple[int, ...], int, int]:
    match about:
        case {"dtype": str(kind), "shape": [*shape], "data_offsets": [int(start), int(end)], **more} if (
            kind in KINDS
            and not more
            and all(type(n) is int and n >= 0 for n in (*shape, start, end))
            and len(shape) <= 32
        ):
            dtype = np.dtype(KINDS[kind])
        case _:
            raise BadValue(f"array {said(name)} of {path} is {said(about)}; it needs a dtype, shape and data_offsets")
    if end - start != math.prod(shape) * dtype.itemsize:
        raise BadValue(f"array {said(name)} of {path} has {end - start:,} bytes, which do not make {shape} of {dtype}")
    return dtype, tuple(shape), start, end


def _check_layout(told: _Told, size: int, path: str) -> None:
    """One array after the other, from the first byte to the last."""
    at = 0
    for name, (_, _, start, end) in sorted(told.items(), key=lambda item: item[1][2:]):
        if start != at:
            raise BadValue(
                f"array {said(name)} of {path} begins at byte {start:,}, not at {at:,} where the last one ends"
            )
        at = end
    if at != size:
        raise BadValue(f"{path} has {size:,} bytes of numbers, and its arrays take {at:,}")
