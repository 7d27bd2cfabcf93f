"""The README's story, as it stands there: a run is killed half-way, gone on with, checked, drawn and asked."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import jax
import numpy as np
import pytest

import superpose as sp
from superpose.cli.named import recipe
from superpose.train.grids import axes

ROOT = Path(__file__).resolve().parent.parent
STORY = re.search(r"<!-- story:.*?```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
COMMANDS = [shlex.split(line, comments=True) for line in STORY[1].splitlines()]


def started(words, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    environment.pop("PYTHONWARNDEFAULTENCODING", None)  # other people's warnings are not ours to print
    command = [sys.executable, "-P", "-c", "import sys; from superpose.cli import main; sys.exit(main())", *words[1:]]
    return subprocess.Popen(
        command, cwd=folder, env=environment, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def killed_half_way(words, folder, seconds=120.0):
    """SIGKILL as soon as a chunk of the run is there."""
    child, end = started(words, folder), time.monotonic() + seconds
    chunks = folder / words[words.index("--out") + 1] / "chunks"
    while child.poll() is None and time.monotonic() < end and not list(chunks.glob("[!.]*/MANIFEST.json")):
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.communicate(timeout=60)
    return child.returncode


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each command of the story said, and the folder it was told in."""
    folder = tmp_path_factory.mktemp("story")
    assert killed_half_way(COMMANDS[0], folder) == -signal.SIGKILL
    said = {}
    for words in COMMANDS[1:]:
        child = started(words, folder)
        out, err = child.communicate(timeout=200)
        assert child.returncode == 0, f"{' '.join(words)}\n{out}\n{err}"
        said[words[1]] = out
    return folder, said


def test_what_was_finished_is_there_after_a_kill(told):
    state = dict(line.split(maxsplit=1) for line in told[1]["status"].splitlines() if " " in line)
    assert state["state"] == "stopped" and 0 < int(state["done"]) < int(state["cells"]) == 128


def test_the_run_is_bit_for_bit_what_was_never_killed(told):
    folder, said = told
    words = COMMANDS[0]
    grid = axes([words[i + 1] for i, word in enumerate(words) if word == "--grid"], [])
    whole = sp.sweep(recipe(words[2]), grid, jax.random.key(0), quiet=True)
    kept = sp.load_run(folder / "runs/plane")
    pairs = [(r.model, r.loss, r.diverged) for r in (kept.stacks[0], whole.stacks[0])]
    jax.tree.map(np.testing.assert_array_equal, *pairs)
    assert "128 of 128 models" in said["resume"] and said["verify"].endswith("all as written\n")


def test_it_is_drawn_and_its_table_can_be_asked(told):
    folder, said = told
    assert (folder / said["plot"].split()[0]).read_bytes().startswith(b"\x89PNG")
    table = folder / said["export"].split()[0]
    found = duckdb.sql(
        f"""SELECT "world.density", avg(dimensionality), count(*) FROM '{table}' GROUP BY 1 ORDER BY 1"""
    )
    rows = found.fetchall()
    assert len(rows) == 16 and {count for *_, count in rows} == {8 * 5}
    assert rows[0][1] == pytest.approx(2 / 5, abs=0.02)  # five features share two dimensions where all are rare
