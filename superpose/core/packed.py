"""Arrays from an `.npz` of unknown origin: sizes are added up before anything is unpacked, and nothing is unpickled."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np

from superpose.core.mistakes import BadValue, Mistake, amount, memory, said
from superpose.core.reading import open_plain

MEMBERS = 10_000
LARGE = 2**30
"""Bytes above which an archive must not be packed tighter than `TIGHT` to one, as bombs are."""
TIGHT = 200
HEADER = 10_000
"""Characters in which an array may say what it is."""


def open_npz(path: str | Path, most: int | None = None) -> dict[str, np.ndarray]:
    """Its arrays by name, if all of them together take at most `most` bytes: a quarter of this machine's memory."""
    with open_plain(path) as file:
        return unpack(file, str(path), most)


def unpack(file: IO[bytes], name: str, most: int | None = None) -> dict[str, np.ndarray]:
    """`open_npz` of what is already open, or in memory; messages call it `name`."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_sizes(members, file.seek(0, 2), memory() // 4 if most is None else most)
            names = _names(members)
            return {n: _array(archive, m, n) for n, m in zip(names, members, strict=True)}
    except Mistake as wrong:
        raise BadValue(f"{name}: {wrong}") from None
    except Exception as wrong:  # whatever a stranger's bytes make zipfile, zlib and NumPy's header do
        raise BadValue(f"{name} is no whole archive of arrays: {type(wrong).__name__}: {wrong}") from None


def _check_sizes(members: list[zipfile.ZipInfo], packed: int, most: int) -> None:
    if len(members) > MEMBERS:
        raise BadValue(f"it has {len(members):,} arrays; at most {MEMBERS:,} are read")
    total = sum(m.file_size for m in members)
    if total > most:
        raise BadValue(f"its arrays would take {amount(total)}; at most {amount(most)} are read on this machine")
    if total > LARGE and total > TIGHT * packed:
        raise BadValue(f"its {amount(packed)} would unpack to {amount(total)}, as those of a bomb do")


def _names(members: list[zipfile.ZipInfo]) -> list[str]:
    names = [m.filename.removesuffix(".npy") for m in members]
    for name, member in zip(names, members, strict=True):
        if not member.filename.endswith(".npy") or not name:
            raise BadValue(f"its member {said(member.filename)} is no array; each is called <name>.npy")
        if name.startswith(("/", "\\")) or ":" in name or ".." in name.replace("\\", "/").split("/"):
            raise BadValue(f"its member {said(member.filename)} is named as a path; each is called <name>.npy")
    if len(set(names)) < len(names):
        raise BadValue(f"its array {said(next(n for i, n in enumerate(names) if n in names[:i]))} is there twice")
    return names


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> np.ndarray:
    with archive.open(member) as file:
        shape, backwards, dtype = _header(file)
        if dtype.hasobject or dtype.kind not in "biufcSU":
            raise BadValue(f"its array {said(name)} holds {dtype}, not numbers; nothing here runs a pickle")
        data = file.read()  # all of it: only then does zipfile compare its checksum
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise BadValue(f"its array {said(name)} has {len(data):,} bytes, which do not make {shape} of {dtype}")
    return np.frombuffer(bytearray(data), dtype).reshape(shape, order="F" if backwards else "C")


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise BadValue(f"one of its arrays has a header of version {version}; 1.0 and 2.0 are read")
    shape, backwards, dtype = readers[version](file, max_header_size=HEADER)
    if min(shape, default=0) < 0:
        raise BadValue(f"one of its arrays has the shape {said(shape)}")
    return shape, backwards, dtype
