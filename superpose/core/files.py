"""Files that are there whole or not at all, whenever the machine stops."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any


def write(path: Path, fill: Callable[[IO[bytes]], Any]) -> None:
    """A reader never sees half a file, and after the return it is on the disk."""
    part = path.with_name(f".{path.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with open(os.open(part, flags, 0o644), "wb") as f:
        fill(f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(part, path)
    settle(path.parent)


def write_json(path: Path, content: Any) -> None:
    write(path, lambda f: f.write((json.dumps(content, indent=1, allow_nan=False) + "\n").encode()))


def settle(folder: Path) -> None:
    """A new name is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
