"""`superpose doctor`: what a bug report needs, and what is amiss here."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from superpose.cli.parse import parse
from superpose.core import compiled
from superpose.core.machine import cache_folder
from superpose.core.mistakes import amount, memory

EXAMPLES = """examples:
  superpose doctor                the lines to put in a bug report
  superpose doctor --json         the same for a program"""
EXTRAS = {
    "data": ("xarray", "pyarrow", "duckdb"),
    "log": ("tensorboardX", "wandb", "trackio"),
    "ray": ("ray",),
    "slurm": ("submitit",),
}
"""What `pip install 'superpose[EXTRA]'` brings."""
COMPILED = "jax_compilation_cache_dir"
DRIVER = Path("/proc/driver/nvidia/version")
NEEDS = {"13": 580, "12": 525}
"""The oldest driver for each CUDA that JAX is built with."""


@dataclasses.dataclass(frozen=True)
class Options:
    """Versions, devices, memory, disk, caches and optional parts: what to put in a bug report."""

    json: bool = False
    """One JSON document on stdout."""


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "doctor", EXAMPLES)
    found = examined()
    if given.json:
        print(json.dumps(found, indent=1))
        return 0
    for name, value in found.items():
        if value not in ([], None):
            print(f"{name:10} {_line(value)}")
    return 0


def examined() -> dict[str, Any]:
    from superpose.store import provenance

    disk = shutil.disk_usage(".")
    found = {
        **provenance(),
        "memory": amount(memory()),
        "disk": f"{amount(disk.free)} free of {amount(disk.total)} here",
        "caches": _caches(),
        "extras": _extras(),
    }
    return found | {"gpu": _gpu(_driver(), found["devices"], _platform())}


def _extras() -> dict[str, str]:
    """Each optional package: there, or the command that brings it."""
    return {
        name: "there" if importlib.util.find_spec(name) else f"missing: pip install 'superpose[{extra}]'"
        for extra, names in EXTRAS.items()
        for name in names
    }


def _caches() -> dict[str, str]:
    """What is kept between processes. All of it may be removed: it is made again."""
    import jax

    return {
        "clocks and kernels": _sized(cache_folder(), but="programs"),
        "compiled programs": _sized(Path(getattr(jax.config, COMPILED) or compiled.folder())),
    }


def _sized(folder: Path, but: str = "") -> str:
    if not folder.is_dir():
        return f"{folder} (not there yet)"
    inside = (p for p in folder.rglob("*") if not but or but not in p.relative_to(folder).parts)
    sizes = [p.stat().st_size for p in inside if p.is_file()]
    return f"{folder} ({len(sizes)} files, {amount(sum(sizes))})"


def _driver() -> int | None:
    """The NVIDIA driver's version on Linux, if there is one."""
    try:
        found = re.search(r"Kernel Module\D*(\d+)\.", DRIVER.read_text(encoding="utf-8"))
    except OSError:
        return None
    return int(found[1]) if found else None


def _platform() -> str:
    import jax

    return jax.default_backend()


def _gpu(driver: int | None, devices: Sequence[str], platform: str) -> str:
    """Whether JAX has what the driver offers."""
    if platform != "cpu":
        return f"JAX runs on {platform}: {', '.join(sorted(set(devices)))}" + (f", driver {driver}" if driver else "")
    if driver is None:
        return "no NVIDIA driver here; JAX runs on the CPU"
    fitting = next((cuda for cuda, least in NEEDS.items() if driver >= least), None)
    if fitting is None:
        return f"NVIDIA driver {driver} is older than {min(NEEDS.values())}, which JAX needs; it runs on the CPU"
    return f"NVIDIA driver {driver} is here, but JAX runs on the CPU: pip install 'superpose[cuda{fitting}]'"


def _line(value: Any) -> str:
    said = ", ".join(value) if isinstance(value, list) else str(value)
    return ", ".join(f"{n} {v}" for n, v in value.items()) if isinstance(value, dict) else said
