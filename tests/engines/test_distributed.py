"""Processes that `jax.distributed` joined are one: its bits, its run directory, its end."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

import superpose as sp
from superpose import runs
from superpose.core.mistakes import BadValue, Mistake
from superpose.core.text import to_json
from superpose.train import hosts

pytestmark = pytest.mark.timeout(120)
ROOT = Path(sp.__file__).parents[1]

START = """
import json, sys
import jax, numpy as np
import superpose as sp
from superpose import runs
from superpose.core.mistakes import Mistake

def bits(swept):
    arrays = [a for s in swept.stacks for a in jax.tree.leaves((s.model, s.loss, s.diverged))]
    return [np.asarray(a).tobytes().hex() for a in arrays]

coordinator, processes, process, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
jax.config.update("jax_num_cpu_devices", 2)
runs.join(coordinator, processes, process)
toy = dict(world=sp.SparseWorld(n_features=5), model=sp.ToyConfig(n_features=5, n_hidden=2))
"""
TOY = {"world": sp.SparseWorld(n_features=5), "model": sp.ToyConfig(n_features=5, n_hidden=2)}
OVER = {"world.density": [1.0, 0.3, 0.1], "seed": range(70)}
SWEEP = """
over = {"world.density": [1.0, 0.3, 0.1], "seed": range(70)}
"""
KEY = jax.random.key(3)


def bits(swept):
    arrays = [a for s in swept.stacks for a in jax.tree.leaves((s.model, s.loss, s.diverged))]
    return [np.asarray(a).tobytes().hex() for a in arrays]


@contextlib.contextmanager
def processes(body, out, count=2):
    """So many processes of a script; none is left behind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    all = [
        subprocess.Popen(
            [sys.executable, "-c", START + SWEEP + body, address, str(count), str(i), str(out)],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        )
        for i in range(count)
    ]  # fmt: skip
    try:
        yield all
    finally:
        for each in all:
            each.kill()
            each.communicate()


def ended(all, seconds=90):
    return [(each.communicate(timeout=seconds)[0], each.returncode) for each in all]


def fine(all):
    for said, code in ended(all):
        assert code == 0, said


def test_two_processes_sweep_to_one_processs_bits(tmp_path):
    """All get all of it, whatever each would have chosen; samples of one's own, shared ones and static axes alike."""
    body = """
recipe = sp.Recipe(**toy, steps=100, batch=16, snapshots=(0, 50))
if process == 1:
    from superpose.train import sweep
    sweep.choose = None
found = [bits(sp.sweep(recipe, over, jax.random.key(3)))]
found.append(bits(sp.sweep(recipe, {"model.n_hidden": [1]}, jax.random.key(3), data="shared")))
open(f"{out}/{process}", "w", encoding="utf-8").write(json.dumps(found))
"""
    with processes(body, tmp_path) as all:
        fine(all)
    recipe = sp.Recipe(**TOY, steps=100, batch=16, snapshots=(0, 50))
    wanted = [bits(sp.sweep(recipe, OVER, KEY, quiet=True))]
    wanted.append(bits(sp.sweep(recipe, {"model.n_hidden": [1]}, KEY, data="shared", quiet=True)))
    for process in range(2):
        assert json.loads((tmp_path / str(process)).read_text(encoding="utf-8")) == wanted


RUN = """
recipe = sp.Recipe(**toy, steps=STEPS, batch=64)
try:
    # Only the first has the directory: the other is told of one that is not there.
    folder = f"{out}/run" if process == 0 else f"{out}/nowhere"
    swept = runs.run(folder, recipe, over, jax.random.key(3), chunk=70)
    open(f"{out}/{process}", "w", encoding="utf-8").write(json.dumps(bits(swept)))
except (Mistake, runs.Stopped) as wrong:
    print(wrong, flush=True)
    raise SystemExit(wrong.code)
"""


def test_a_run_directory_of_two_processes_is_that_of_one(tmp_path):
    with processes(RUN.replace("STEPS", "300"), tmp_path) as all:
        fine(all)
    recipe = sp.Recipe(**TOY, steps=300, batch=64)
    alone = runs.run(tmp_path / "alone", recipe, OVER, KEY, chunk=70, quiet=True)
    for process in range(2):
        assert json.loads((tmp_path / str(process)).read_text(encoding="utf-8")) == bits(alone)
    chunks = [sorted(p.name for p in (tmp_path / name / "chunks").iterdir()) for name in ("run", "alone")]
    assert chunks[0] == chunks[1]
    assert not runs.verify(tmp_path / "run").damages
    assert not (tmp_path / "nowhere").exists()


RESUME = """
swept = runs.resume(f"{out}/run" if process == 0 else f"{out}/nowhere")
"""


def wait_for_a_chunk(run, all, seconds=60):
    until = time.monotonic() + seconds
    while not any((run / "chunks").glob("[0-9a-f]*")) and time.monotonic() < until:
        assert all[0].poll() is None, all[0].communicate()[0]
        time.sleep(0.05)


def test_one_that_is_asked_to_stop_stops_all_at_one_step(tmp_path):
    """The one asked is not the one who writes; what was midway is kept, and two go on with it."""
    run = tmp_path / "run"
    with processes(RUN.replace("STEPS", "6_000"), tmp_path) as all:
        wait_for_a_chunk(run, all)
        all[1].send_signal(signal.SIGTERM)
        for said, code in ended(all, 40):
            assert code == 75, said
            assert "stopped by SIGTERM" in said
    assert list((run / "midway").iterdir())
    before = runs.load_run(run, partial=True).stacks[0]
    with processes(RESUME, tmp_path) as all:
        fine(all)
    check_resumed(run, 6_000, before)


@pytest.mark.parametrize("dead", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_one_that_dies_ends_the_others_and_the_run_goes_on(tmp_path, dead):
    run = tmp_path / "run"
    with processes(RUN.replace("STEPS", "6_000"), tmp_path) as all:
        wait_for_a_chunk(run, all)
        all[dead].kill()
        began = time.monotonic()
        said, code = ended([all[1 - dead]], 60)[0]
    assert time.monotonic() - began < 45
    assert code in (75, -signal.SIGABRT), said
    assert "another" in said
    check_resumed(run, 6_000, runs.load_run(run, partial=True).stacks[0])


def check_resumed(run, steps, before):
    """Gone on with as it would have been: what was finished stays as it is, the rest has the bits of a sweep."""
    done = np.flatnonzero(np.asarray(before.diverged) != -2)
    assert 0 < len(done) < 210
    after = runs.resume(run, quiet=True).stacks[0]
    assert np.asarray(after.loss)[done].tobytes() == np.asarray(before.loss)[done].tobytes()
    left = np.setdiff1d(np.arange(210), done)[[0, -1]]
    recipe = sp.Recipe(**TOY, steps=steps, batch=64)
    for place in left:
        density, seed = divmod(int(place), 70)
        alone = sp.sweep(recipe, {"world.density": [OVER["world.density"][density]], "seed": [seed]}, KEY, quiet=True)
        assert np.asarray(alone.stacks[0].loss)[0].tobytes() == np.asarray(after.loss)[place].tobytes()


WIDE = sp.Recipe(
    world=sp.SparseWorld(n_features=24, density=0.2), model=sp.ToyConfig(n_features=24, n_hidden=8),
    steps=60, batch=512, log_every=20,
)  # fmt: skip


def test_one_model_learns_from_rows_that_processes_share(tmp_path):
    body = """
from superpose.train import hosts
run = runs.drive(f"{out}/run", recipe, jax.random.key(3), split="batch")
found = [np.asarray(run.model.W[...]).tolist(), run.loss.tolist()]
open(f"{out}/{process}", "w", encoding="utf-8").write(json.dumps(found))
"""
    (tmp_path / "wide.json").write_text(to_json(WIDE), encoding="utf-8")
    recipe = """
from superpose.core.text import from_json
recipe = from_json(open(f"{out}/wide.json", encoding="utf-8").read())
"""
    with processes(recipe + body, tmp_path) as all:
        fine(all)
    found = [json.loads((tmp_path / str(process)).read_text(encoding="utf-8")) for process in range(2)]
    assert found[0] == found[1]
    alone = one_device(tmp_path / "one")
    np.testing.assert_allclose(found[0][0], alone.model.W[...], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[0][1], alone.loss, rtol=1e-5)


def one_device(folder, **how):
    return runs.drive(folder, WIDE, KEY, quiet=True, **{"split": "batch", "devices": 1, **how})


def test_one_model_learns_from_rows_that_devices_share(tmp_path):
    """Each of four has a quarter of them; a run begun in another way cannot be gone on with in this one."""
    found, alone = one_device(tmp_path / "four", devices=4), one_device(tmp_path / "one")
    np.testing.assert_allclose(found.model.W[...], alone.model.W[...], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.loss, alone.loss, rtol=1e-5)
    fit = sp.fit(WIDE, KEY)
    np.testing.assert_allclose(found.loss, fit.loss, rtol=1e-4)
    runs.run(tmp_path / "other", sp.Recipe(**TOY, steps=5), {"seed": range(2)}, KEY, quiet=True)
    with pytest.raises(Mistake, match="begun so"):
        runs.resume(tmp_path / "other", split="batch", quiet=True)
    with pytest.raises(Mistake, match="'batch'"):
        runs.How(split="rows")


def test_the_program_of_shared_rows_sums_over_devices():
    """It is one program that talks between devices, and the one of shared models does not."""
    from superpose.train.chunks import plan
    from superpose.train.units import Cells

    recipe = sp.Recipe(**TOY, steps=20, batch=64)
    cells = Cells(points={}, keys=jax.random.split(KEY, 1))
    text = {split: plan(recipe, cells, runs.launch.SPLIT, 2**30, 4, None, split).advance.as_text() for split in
            ("model", "batch")}  # fmt: skip
    assert "all-reduce" in text["batch"]
    assert "f32[1,16,5]" in text["batch"]
    assert "all-reduce" not in text["model"]


def test_a_mistake_of_the_first_is_everybodys(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").touch()
    with processes(RUN.replace("STEPS", "100"), tmp_path) as all:
        for said, code in ended(all):
            assert code == 2, said
            assert "thesis.txt" in said


def test_a_process_that_is_alone_agrees_with_itself():
    assert hosts.most(0.1) == 0.1
    assert hosts.same(lambda: b"words") == b"words"
    assert hosts.does(lambda: 3) == 3
    with pytest.raises(Mistake, match="go together"):
        runs.join("127.0.0.1:1", 2)
    with pytest.raises(BadValue, match="cannot join"):
        runs.join("127.0.0.1:1", 2, 0)  # JAX has already started here
