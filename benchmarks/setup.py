"""An environment for PyTorch, apart from the project's: `benchmarks/.venv`, made when it is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
VENV = HERE / ".venv"


def torch_python() -> str:
    """Its interpreter."""
    python = VENV / "bin" / "python"
    if not _has_torch(python):
        print("making benchmarks/.venv with PyTorch, a few hundred megabytes", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
        install = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*install, *_torch_line()], check=True)
        subprocess.run([*install, "-r", str(HERE / "requirements.txt")], check=True)
    return str(python)


def compiler() -> str | None:
    """A C++ compiler, which `torch.compile` and the hand-written limits need."""
    return next((path for name in ("g++", "clang++", "c++") if (path := shutil.which(name))), None)


def _has_torch(python: Path) -> bool:
    return python.exists() and subprocess.run([str(python), "-c", "import torch"], capture_output=True).returncode == 0


def _torch_line() -> list[str]:
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("torch")]


if __name__ == "__main__":
    print(torch_python())
