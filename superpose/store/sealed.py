"""Files and folders that know what they should hold: whatever happens to a byte of them is found, and named.

A sealed file is one JSON object whose last field is the digest of every byte before it. A sealed folder has a
manifest, itself sealed and written last, with the size and digest of each file: with it a folder is whole.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from superpose.core.mistakes import Mistake, said
from superpose.core.reading import parse_json
from superpose.store.files import settle, write

MANIFEST = "MANIFEST.json"
MOST = 256 * 2**20
"""Bytes of the largest sealed file."""
BLOCK = 2**20
_SEAL = re.compile(rb'(.*),\n"seal": "([0-9a-f]{64})"}\n', re.DOTALL)


class Damaged(Mistake):
    """What is on the disk is not what was written there."""


@dataclasses.dataclass(frozen=True)
class Damage:
    """One file, and what is wrong with it."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path} {self.what}"


def write_sealed(path: Path, body: dict[str, Any]) -> None:
    write(path, lambda f: f.write(sealed(body)))


def sealed(body: dict[str, Any]) -> bytes:
    text = json.dumps(body, indent=0, allow_nan=False).removesuffix("\n}").encode()
    return text + b',\n"seal": "' + hashlib.sha256(text).hexdigest().encode() + b'"}\n'


def read_sealed(path: Path) -> dict[str, Any]:
    """The body, if not a byte of it has changed."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return unsealed(file.read(min(os.fstat(file.fileno()).st_size, MOST) + 1), str(path))
    except FileNotFoundError:
        raise Damaged(f"{path} is missing") from None
    except OSError as wrong:
        raise Damaged(f"{path} cannot be read: {wrong.strerror}") from None


def unsealed(data: bytes, name: str) -> dict[str, Any]:
    found = _SEAL.fullmatch(data) if len(data) <= MOST else None
    if not found or hashlib.sha256(found[1]).hexdigest().encode() != found[2]:
        raise Damaged(f"{name} is damaged: its bytes are not those its seal was made of")
    try:
        return parse_json(found[1] + b"}", name)
    except Mistake as wrong:
        raise Damaged(f"{name} is sealed, and cannot be read: {wrong}") from None


def close(folder: Path, about: dict[str, Any]) -> None:
    """Seal the folder: every file's digest, and what the folder is. Files are on the disk before the manifest is."""
    files = {}
    for path in members(folder):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
        files[str(path.relative_to(folder))] = {"bytes": path.stat().st_size, "sha256": digest(path)}
    for inner in sorted({path.parent for path in members(folder)}):
        settle(inner)
    write_sealed(folder / MANIFEST, {**about, "files": files})


def members(folder: Path) -> list[Path]:
    """Every file of a folder but its manifest, in one order everywhere."""
    inside = (Path(here, name) for here, _, names in os.walk(folder) for name in names)
    return sorted(path for path in inside if path != folder / MANIFEST)


def damages(folder: Path, content: bool = True) -> Iterator[Damage]:
    """What is wrong with a sealed folder; sizes alone, if `content` is not to be read."""
    try:
        files = _listed(folder)
    except Damaged as wrong:
        yield Damage(str(folder / MANIFEST), str(wrong).removeprefix(f"{folder / MANIFEST} "))
        return
    for name, told in files.items():
        if what := _wrong(folder / name, told, content):
            yield Damage(str(folder / name), what)
    for path in members(folder):
        if str(path.relative_to(folder)) not in files:
            yield Damage(str(path), "is not in the manifest")


def _listed(folder: Path) -> dict[str, Any]:
    """What the manifest tells of the files inside, and of none outside."""
    files = read_sealed(folder / MANIFEST).get("files")
    if not isinstance(files, dict) or not all(isinstance(told, dict) for told in files.values()):
        raise Damaged(f"{folder / MANIFEST} lists no files")
    for name in files:
        parts = Path(name).parts
        if not parts or Path(name).is_absolute() or ".." in parts or "\0" in name:
            raise Damaged(f"{folder / MANIFEST} names {said(name)}, which is not inside the folder")
    return files


def _wrong(path: Path, told: dict[str, Any], content: bool) -> str | None:
    try:
        size = path.stat(follow_symlinks=False).st_size
        if size != told.get("bytes"):
            return f"has {size:,} bytes, and should have {said(told.get('bytes'))}"
        if content and digest(path) != told.get("sha256"):
            return "does not have the bytes that were written"
    except FileNotFoundError:
        return "is missing"
    except OSError as wrong:
        return f"cannot be read: {wrong.strerror}"
    return None


def digest(path: Path) -> str:
    """SHA-256 of a file, never followed through a link."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
