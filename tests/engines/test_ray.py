"""A run by Ray's workers is the same run, whoever dies on the way."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import jax
import numpy as np
import pytest

import superpose as sp
from superpose import runs
from superpose.core.mistakes import Mistake
from superpose.runs import engines
from superpose.runs.engines import ray as ours
from superpose.runs.engines import slurm
from superpose.train.paths import Path as Way

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray leaves files of its own open
]
ROOT = Path(sp.__file__).parents[1]
RECIPE = sp.Recipe(
    world=sp.SparseWorld(n_features=5), model=sp.ToyConfig(n_features=5, n_hidden=2), steps=1000, batch=32
)
OVER = {"world.density": [1.0, 0.3, 0.1, 0.03], "seed": range(64)}
KEY = jax.random.key(3)

SCRIPT = """
import jax, superpose as sp
from superpose import runs
from superpose.runs.stop import Stopped
jax.config.update("jax_num_cpu_devices", 1)
recipe = sp.Recipe(world=sp.SparseWorld(n_features=5), model=sp.ToyConfig(n_features=5, n_hidden=2),
                   steps=6_000, batch=32)
over = {"world.density": [1.0, 0.3, 0.1, 0.03], "seed": range(64)}
try:
    runs.run(FOLDER, recipe, over, jax.random.key(3), on="ray", workers=2, chunk=1, quiet=True)
except Stopped as wrong:
    print(wrong)
    raise SystemExit(wrong.code)
"""


@pytest.fixture(scope="module")
def two_workers():
    with ours.cluster("", 2) as ray:
        yield ray


@pytest.fixture(scope="module")
def alone():
    return sp.sweep(RECIPE, OVER, KEY, quiet=True)


def bits(swept):
    return [np.asarray(a).tobytes() for s in swept.stacks for a in jax.tree.leaves((s.model, s.loss, s.diverged))]


def workers():
    """Processes of this test's Ray that are training."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            raylet = place.joinpath("stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            driver = Path("/proc", raylet, "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            if place.joinpath("cmdline").read_bytes().startswith(b"ray::_cells") and int(driver) == os.getpid():
                found.append(int(place.name))
    return found


def test_a_worker_that_is_killed_costs_no_bit(tmp_path, two_workers, alone):
    killed = []

    def kill():
        until = time.monotonic() + 60
        while not killed and time.monotonic() < until:
            for pid in workers()[:1]:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
            time.sleep(0.02)

    hand = threading.Thread(target=kill)
    hand.start()
    try:
        swept = runs.run(tmp_path / "run", RECIPE, OVER, KEY, on="ray", workers=2, quiet=True)
    finally:
        killed.append(None)
        hand.join()
    assert killed[0] is not None
    assert bits(swept) == bits(alone)
    assert not runs.verify(tmp_path / "run").damages


class Stopper:
    """Asks to stop when the first chunk is on the disk."""

    def event(self, name, /, **fields):
        if name == "chunk":
            os.kill(os.getpid(), signal.SIGTERM)

    def scalars(self, step, values):
        pass

    def close(self):
        pass


def test_a_driver_that_is_asked_to_stop_keeps_what_came(tmp_path, two_workers, alone):
    with pytest.raises(runs.Stopped, match="superpose resume"):
        runs.run(tmp_path / "run", RECIPE, OVER, KEY, on="ray", workers=2, quiet=True, chunk=1, sinks=[Stopper()])
    there = runs.load_run(tmp_path / "run", partial=True)
    finished = int((there.stacks[0].diverged != -2).sum())
    assert 0 < finished < 256
    assert bits(runs.resume(tmp_path / "run", on="ray", workers=2, quiet=True)) == bits(alone)


def test_static_axes_go_to_all_workers(tmp_path, two_workers):
    over = {"model.n_hidden": [1, 2, 3], "seed": range(2)}
    swept = runs.run(tmp_path / "run", RECIPE, over, KEY, on="ray", workers=2, quiet=True)
    assert bits(swept) == bits(sp.sweep(RECIPE, over, KEY, quiet=True))


def test_a_mistake_in_a_worker_is_the_drivers_mistake(tmp_path, two_workers, monkeypatch):
    """Here the path is one that nobody can take: rows that are all on, looked at one in five."""
    wrong = Way(slope="active", width=8, active=1)
    monkeypatch.setattr("superpose.runs.job.choose", lambda recipe, points: wrong)
    with pytest.raises(Mistake, match="this path") as caught:
        runs.run(tmp_path / "run", RECIPE, OVER, KEY, on="ray", workers=2, quiet=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "number, code", [(signal.SIGKILL, -9), pytest.param(signal.SIGTERM, 75, marks=pytest.mark.slow)]
)
def test_a_driver_that_dies_leaves_chunks_to_go_on_from(tmp_path, number, code):
    run = tmp_path / "run"
    driver = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.replace("FOLDER", repr(str(run)))], start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    try:
        until = time.monotonic() + 80
        while driver.poll() is None and not any((run / "chunks").glob("[0-9a-f]*")) and time.monotonic() < until:
            time.sleep(0.05)
        driver.send_signal(number)
        said = driver.communicate(timeout=30)[0]
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(driver.pid, signal.SIGKILL)
    assert driver.returncode == code, said
    before = runs.load_run(run, partial=True).stacks[0]
    done = np.flatnonzero(np.asarray(before.diverged) != -2)
    assert 0 < len(done) < 256
    after = runs.resume(run, quiet=True).stacks[0]
    assert np.asarray(after.loss)[done].tobytes() == np.asarray(before.loss)[done].tobytes()


@pytest.mark.slow  # Ray asks for twenty seconds before it believes
def test_whoever_has_no_token_is_not_let_in(tmp_path, two_workers):
    address = two_workers.get_runtime_context().gcs_address
    stranger = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    script = f"import ray; ray.init(address={address!r}); print('in')"
    words = {"env": {**stranger, "HOME": str(tmp_path)}, "capture_output": True, "encoding": "utf-8", "timeout": 90}
    said = subprocess.run([sys.executable, "-c", script], check=False, **words)
    assert said.returncode != 0
    assert "in\n" not in said.stdout
    assert "InvalidAuthToken" in said.stderr or "Failed to connect" in said.stderr


def test_engines_are_named_as_they_are_said():
    assert engines.engine("ray://host:10001") == engines.Engine("ray", "ray://host:10001")
    assert engines.engine("slurm:gpu") == engines.Engine("slurm", "gpu")
    for wrong in ("rya", "slurm:", "ray:", "submitit-local:x", "", 3):
        with pytest.raises(Mistake, match="submitit-local"):
            engines.engine(wrong)


@pytest.mark.parametrize("package, extra, ask", [("ray", "ray", ours._ray), ("submitit", "slurm", slurm._submitit)])
def test_an_engine_that_is_not_installed_says_how_to_install_it(monkeypatch, package, extra, ask):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        Mistake, match=rf"{package} is not installed; it comes with: pip install 'superpose\[{extra}\]'"
    ):
        ask()


def test_an_engine_and_a_share_exclude_each_other():
    with pytest.raises(Mistake, match="share"):
        runs.How(on="ray", share=(0, 2))
