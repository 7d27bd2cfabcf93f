"""Toy models of superposition, and the tools to read them, in JAX and Flax."""

import ast
import importlib
import time
from pathlib import Path
from typing import Any

__version__ = "0.1.0"
BEGAN = time.monotonic()


def _homes() -> dict[str, str]:
    """Where each public name lives, read from the stub beside this file, which editors and type checkers read too."""
    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    found = [node for node in stub.body if isinstance(node, ast.ImportFrom) and node.module.startswith("superpose")]
    return {name.name: node.module for node in found for name in node.names}


_HOMES = _homes()
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Names are imported when they are first used, so that `superpose --help` need not wait for JAX."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"superpose has no {name!r}; it has {', '.join(__all__)}")
    if home == "superpose":
        return importlib.import_module(f"superpose.{name}")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return __all__
