"""Compiled programs kept for the next process: what is gone on with need not be compiled again."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

from superpose.core.machine import cache_folder, kind, private

WORTH = 0.1
"""Seconds of compiling from which a program is kept."""


def folder() -> Path:
    """This machine's own: native code of one processor is not for another."""
    words = "\n".join([*kind(), version("jaxlib")])
    return cache_folder() / "programs" / hashlib.sha256(words.encode()).hexdigest()[:16]


def keep_compiled() -> None:
    """From now on JAX keeps what it compiles, in a folder of this user alone, unless it was told of another.

    Kept programs are code that this process runs: where others could have written to them, there are none.
    """
    import jax

    if getattr(jax.config, "jax_compilation_cache_dir", None):
        return
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        if not private(folder()):
            return
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder()))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", WORTH)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
