"""A small disk: of memory, where this user may mount one, and otherwise a folder whose files may not grow."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path


class Disk:
    """`limit` is what children should be told, where the disk itself has no end."""

    def __init__(self, path: Path, size: int):
        self.path, self.limit = path, None
        path.mkdir()
        self.mounted = _quietly("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path))
        if not self.mounted:
            self.limit = size // 64

    def enlarge(self, size: int) -> None:
        self.limit = None
        if self.mounted:
            assert _quietly("mount", "-o", f"remount,size={size}", str(self.path))

    def close_to_writers(self) -> None:
        """Nothing can be written from now on."""
        if not (self.mounted and _quietly("mount", "-o", "remount,ro", str(self.path))):
            self.path.chmod(0o555)

    def end(self) -> None:
        if self.mounted:
            assert _quietly("umount", "--lazy", str(self.path))
        else:
            self.path.chmod(0o755)


@contextlib.contextmanager
def disk(path: Path, size: int) -> Iterator[Disk]:
    made = Disk(path, size)
    try:
        yield made
    finally:
        made.end()


def _quietly(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=20).returncode == 0
    except OSError:
        return False
