"""What made a result: data, versions, commit, machine, command, time."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import superpose
from superpose.train.fit import TRAINED


def provenance() -> dict[str, Any]:
    """What made a result: data, versions, commit, machine, command, time. An installed copy belongs to no commit."""
    import jax

    ours = _git("ls-files", "--error-unmatch", Path(__file__).name) is not None
    return {
        "command": command(sys.argv),
        "commit": _git("rev-parse", "HEAD") if ours else None,
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no")) if ours else None,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seconds": round(time.monotonic() - superpose.BEGAN, 1),
        "data": sorted({words for words, _ in TRAINED}),
        "paths": sorted({str(path) for _, path in TRAINED}),
        "python": platform.python_version(),
        "versions": {n: metadata.version(n) for n in ("jax", "jaxlib", "flax", "optax", "numpy")},
        "devices": [d.device_kind for d in jax.local_devices()],
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def command(argv: Sequence[str]) -> str:
    """What was typed, to be pasted: our command by its short name, and a script behind python."""
    program, *words = argv or [""]
    match Path(program).name:
        case "superpose":
            said = ["superpose", *words]
        case name if name.endswith(".py"):
            said = ["python", *(["-P"] if sys.flags.safe_path else []), program, *words]
        case _:
            said = [program, *words]
    return shlex.join(said)


def versions() -> dict[str, str]:
    """What the bits of a result hang on beside its recipe: another of these may round differently."""
    import jax

    names = ("jax", "jaxlib", "optax", "superpose")
    return {**{n: metadata.version(n) for n in names}, "device": jax.local_devices()[0].device_kind}


def _git(*words: str) -> str | None:
    here = Path(__file__).parent
    try:
        found = subprocess.run(["git", *words], cwd=here, capture_output=True, encoding="utf-8", timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
