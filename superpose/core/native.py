"""From C to a loaded library: compiled for this processor when it is first asked for, and kept for the next process.

A kept library is code that this process runs. So it lies in a folder that only its owner can write to, and is loaded
only if that is still so; otherwise it is built anew, in a folder that goes when it has been loaded.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

import jax

from superpose.core.machine import cache_folder, kind, private

COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-O3", "-std=gnu11", "-shared", "-fPIC", "-w")
NATIVE = ("-march=native", "-mcpu=native")
"""How a compiler is told to use all that this processor has: the first that it understands."""
PATIENCE = 60.0
"""Seconds that a compiler may take."""


class NoLibrary(Exception):
    """Why there is none."""


def library(source: Path, **macros: int) -> tuple[str, ctypes.CDLL]:
    """A name of its own for `source` under these macros, and the library. Raises `NoLibrary`."""
    compiler = _compiler()
    words = (*FLAGS, f"-I{jax.ffi.include_dir()}", *(f"-D{name}={int(value)}" for name, value in macros.items()))
    name = f"{source.stem}-{_digest(source, compiler, words)}"
    found = _library(source, compiler, words, name)
    if isinstance(found, str):
        raise NoLibrary(found)
    return name, found


def _compiler() -> tuple[str, ...]:
    """What CC says, with its options, or the first of the usual names."""
    said = shlex.split(os.environ.get("CC", ""))
    for name in said[:1] or COMPILERS:
        if path := shutil.which(name):
            return path, *said[1:]
    raise NoLibrary(f"there is no C compiler: {said[0] if said else ', '.join(COMPILERS)} was not found")


def _digest(source: Path, compiler: tuple[str, ...], words: tuple[str, ...]) -> str:
    sources = [file.read_text(encoding="utf-8") for file in (source, *sorted(source.parent.glob("*.h")))]
    parts = [*sources, *compiler, *words, *kind(), version("jaxlib")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@functools.lru_cache(maxsize=256)
def _library(source: Path, compiler: tuple[str, ...], words: tuple[str, ...], name: str) -> ctypes.CDLL | str:
    """Once a process, and if it fails, why."""
    try:
        return _kept(source, compiler, words, name) or _passing(source, compiler, words)
    except NoLibrary as why:
        return str(why)
    except OSError as why:
        return f"the C kernel could not be built or loaded: {why}"


def _kept(source: Path, compiler: tuple[str, ...], words: tuple[str, ...], name: str) -> ctypes.CDLL | None:
    """From the user's cache, or into it; None where that cannot be, or is not to be trusted."""
    folder = cache_folder() / "kernels"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / f"{name}.so"
        if not private(folder) or (file.exists() and not private(file)):
            return None
        if not file.exists():
            _build(source, compiler, words, file)
        return ctypes.CDLL(str(file))
    except OSError:
        return None


def _passing(source: Path, compiler: tuple[str, ...], words: tuple[str, ...]) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "kernel.so"
        _build(source, compiler, words, file)
        return ctypes.CDLL(str(file))


def _build(source: Path, compiler: tuple[str, ...], words: tuple[str, ...], file: Path) -> None:
    """Whole or not at all, so that no other process can load half of it."""
    handle, fresh = tempfile.mkstemp(dir=file.parent, suffix=".so")
    os.close(handle)
    try:
        _compile(source, compiler, words, fresh)
        os.chmod(fresh, 0o700)
        os.replace(fresh, file)
    finally:
        Path(fresh).unlink(missing_ok=True)


def _compile(source: Path, compiler: tuple[str, ...], words: tuple[str, ...], out: str) -> None:
    for native in NATIVE:
        command = [*compiler, *words, native, str(source), "-o", out]
        try:
            ran = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=PATIENCE)
        except subprocess.SubprocessError as why:
            raise NoLibrary(f"the C compiler {compiler[0]} did not end: {why}") from None
        if ran.returncode == 0:
            return
    said = (ran.stderr.strip().splitlines() or [f"exit status {ran.returncode}"])[0]
    raise NoLibrary(f"the C compiler {compiler[0]} failed: {said}")
