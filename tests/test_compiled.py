"""Compiled programs are kept for their owner's next process, and come to the same bits there."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from superpose.core import compiled

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = """
import jax
import superpose as sp
from superpose.core.compiled import keep_compiled
keep_compiled()
toy = sp.ToyConfig(n_features=5, n_hidden=2)
run = sp.fit(sp.Recipe(world=sp.SparseWorld(n_features=5), model=toy, steps=50), jax.random.key(0))
print(run.model.W[...].tobytes().hex())
"""


def child(cache):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(cache)}
    environment.pop("PYTHONWARNDEFAULTENCODING", None)
    ran = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT], env=environment, capture_output=True, encoding="utf-8", timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_next_process_finds_the_programs_and_comes_to_the_same_bits(tmp_path):
    first = child(tmp_path)
    kept = {p.name: p.stat().st_mtime_ns for p in tmp_path.rglob("*-cache")}
    assert any(name.startswith("jit_advance_units") for name in kept)
    assert child(tmp_path) == first
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.rglob("*-cache")} == kept


@pytest.mark.parametrize("mode, wanted", [(0o700, True), (0o777, False)])
def test_programs_that_others_could_have_written_are_not_looked_for(tmp_path, monkeypatch, mode, wanted):
    asked = {}
    monkeypatch.setattr(type(jax.config), "jax_compilation_cache_dir", None, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("jax.config.update", lambda name, value: asked.update({name: value}))
    compiled.folder().mkdir(parents=True)
    compiled.folder().chmod(mode)
    compiled.keep_compiled()
    assert bool(asked) == wanted
