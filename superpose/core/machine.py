"""What this machine is, and the folder where what was found out about it is kept."""

from __future__ import annotations

import functools
import os
import platform
import stat
from pathlib import Path


@functools.cache
def processor() -> dict[str, str]:
    """What Linux says of the first processor; nothing elsewhere."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


def cache_folder() -> Path:
    """The user's own. It may not be there yet."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "superpose"


def kind() -> list[str]:
    """What native code is made for: none that another kind made may run here."""
    return [*(processor().get(what, "") for what in ("model name", "flags", "Features")), platform.machine()]


def private(path: Path) -> bool:
    """Whether it is ours, no link to elsewhere, and nobody else can write to it."""
    about = path.lstat()
    return about.st_uid == os.getuid() and not stat.S_ISLNK(about.st_mode) and not about.st_mode & 0o022
