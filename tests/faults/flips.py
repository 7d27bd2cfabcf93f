"""Damage to the files of a run: one bit, a cut, a block of zeros, a file that is gone."""

from __future__ import annotations

import dataclasses
import random
import re
from pathlib import Path

BLOCK = 4096
MODES = ("flip", "cut", "zero", "delete")


@dataclasses.dataclass(frozen=True)
class Harm:
    """`what` was done to the file at `path`, relative to the run."""

    kind: str
    path: str
    what: str


def kinds(run: Path) -> dict[str, list[Path]]:
    """Every file of a run whose bytes matter, by what it is: names of chunks and of Orbax's own files aside."""
    found: dict[str, list[Path]] = {}
    for path in sorted(p for p in run.rglob("*") if p.is_file() and not p.name.startswith("lock")):
        name = re.sub(r"chunks/\w+", "chunk", str(path.relative_to(run)))
        name = re.sub(r"midway/[\w-]+", "midway", re.sub(r"/d/\w+", "/d/*", name))
        found.setdefault(name, []).append(path)
    return found


def harm(run: Path, kind: str, mode: str, draw: random.Random) -> Harm:
    """Do one such damage to one file of this kind; an empty file can only go, or grow."""
    path = draw.choice(kinds(run)[kind])
    data = bytearray(path.read_bytes())
    if mode == "delete" or not data:
        return _gone(run, kind, path, mode)
    if mode == "flip":
        place, bit = draw.randrange(len(data)), draw.randrange(8)
        data[place] ^= 1 << bit
        what = f"bit {bit} of byte {place}"
    elif mode == "cut":
        place = draw.randrange(len(data) - 1)  # the end of a log's last line alone says nothing
        data, what = data[:place], f"cut at {place}"
    else:
        place = draw.randrange(0, len(data), BLOCK)
        data[place : place + BLOCK] = bytes(len(data[place : place + BLOCK]))
        what = f"zeros from {place}"
    path.write_bytes(data)
    return Harm(kind, str(path.relative_to(run)), what)


def _gone(run: Path, kind: str, path: Path, mode: str) -> Harm:
    if mode == "delete":
        path.unlink()
    else:
        path.write_bytes(b"\0")
    return Harm(kind, str(path.relative_to(run)), "deleted" if mode == "delete" else "no longer empty")


def plan(run: Path, count: int, modes=MODES, seed: int = 0) -> list[tuple[str, str, int]]:
    """Kind, mode and seed of each damage, every kind as often as every other; an empty file has no bit to flip."""
    names = [n for n, paths in kinds(run).items() if modes != ("flip",) or paths[0].stat().st_size]
    return [(names[i % len(names)], modes[(i // len(names)) % len(modes)], seed * 10**6 + i) for i in range(count)]
