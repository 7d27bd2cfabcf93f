"""A run is its sweep, kept: known by content, gone on with, never taken for another."""

import os
import shutil
import subprocess
import sys
from pathlib import Path as File
from types import SimpleNamespace

import jax
import numpy as np
import pytest

import superpose as sp
from superpose import runs
from superpose.core.mistakes import Mistake
from superpose.runs import keeper
from superpose.runs.cells import identities
from superpose.runs.folder import open_folder
from superpose.runs.log import read_log
from superpose.train.paths import Path
from superpose.train.units import Cells

ROOT = File(__file__).resolve().parent.parent
KEY = jax.random.key(3)
DENSITIES = [1.0, 0.3, 0.1]


def recipe(**more):
    toy = sp.ToyConfig(n_features=4, n_hidden=2)
    return sp.Recipe(**{"world": sp.SparseWorld(n_features=4), "model": toy, "steps": 60, "batch": 16, **more})


def over(seeds=5):
    return {"world.density": DENSITIES, "seed": range(seeds)}


def same(one, other):
    chosen = [[(r.model, r.loss, r.diverged, r.history) for r in s.stacks] for s in (one, other)]
    jax.tree.map(np.testing.assert_array_equal, *chosen)
    assert dict(one.axes) == {n: list(t) for n, t in other.axes.items()}
    return True


@pytest.fixture(scope="module")
def swept():
    return sp.sweep(recipe(), over(), KEY, quiet=True)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "r"
    runs.run(folder, recipe(), over(), KEY, chunk=4, quiet=True)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of a finished run, to be changed."""
    return shutil.copytree(finished, tmp_path / "r")


def chunks(folder):
    return sorted((folder / "chunks").iterdir())


def test_a_run_is_its_sweep_to_the_bit(finished, swept):
    assert same(runs.load_run(finished), swept)


def test_a_finished_run_trains_nothing_again(folder, swept):
    before = {p: p.stat().st_mtime_ns for p in chunks(folder)}
    assert same(runs.run(folder, recipe(), over(), KEY, quiet=True), swept)
    assert {p: p.stat().st_mtime_ns for p in chunks(folder)} == before


@pytest.mark.parametrize("chunk", [1, 7, None])
def test_missing_cells_are_trained_whatever_the_chunks_were(folder, swept, chunk):
    for gone in chunks(folder)[::2]:
        shutil.rmtree(gone)
    assert same(runs.resume(folder, chunk=chunk, quiet=True), swept)
    assert not runs.verify(folder).damages


def test_a_larger_grid_trains_only_what_is_new(folder):
    more = runs.run(folder, recipe(), over(seeds=7), KEY, quiet=True)
    assert same(more, sp.sweep(recipe(), over(seeds=7), KEY, quiet=True))
    records, _ = read_log(folder / "log.jsonl")
    assert [r["fields"]["missing"] for r in records if r["event"] == "begin"] == [15, 6]


def test_a_static_axis_has_a_program_a_value(tmp_path):
    grid = {"model.n_hidden": [1, 2], "seed": range(3)}
    kept = runs.run(tmp_path / "r", recipe(), grid, KEY, chunk=2, quiet=True)
    assert same(kept, sp.sweep(recipe(), grid, KEY, quiet=True))


def test_shared_samples_and_snapshots_are_kept_as_well(tmp_path):
    asked = recipe(snapshots=(0, 30, 60))
    kept = runs.run(tmp_path / "r", asked, over(2), KEY, data="shared", chunk=4, quiet=True)
    assert same(kept, sp.sweep(asked, over(2), KEY, data="shared", quiet=True))
    assert kept.runs.history.W.shape == (3, 2, 3, 2, 4)


def test_double_precision_is_kept(tmp_path):
    small = sp.Recipe(world=sp.SparseWorld(n_features=2), model=sp.ToyConfig(n_features=2, n_hidden=1))
    asked, grid = sp.oracle(small, steps=10), {"seed": range(2)}
    kept = runs.run(tmp_path / "r", asked, grid, KEY, quiet=True)
    assert kept.stacks[0].model.W[...].dtype == np.float64
    assert same(kept, sp.sweep(asked, grid, KEY, quiet=True))


def test_a_long_fit_is_its_fit_to_the_bit(tmp_path):
    kept, fitted = runs.drive(tmp_path / "r", recipe(), KEY, quiet=True), sp.fit(recipe(), KEY)
    np.testing.assert_array_equal(kept.model.W[...], fitted.model.W[...])
    np.testing.assert_array_equal(kept.loss, fitted.loss)


def stop_at(monkeypatch, step):
    """A stop is asked for at the first segment that ends at this step or later."""
    watch = keeper.Keeper.watch

    def asked(self, part, ids, now, state):
        self.stop.asked = "SIGTERM" if now >= step else ""
        watch(self, part, ids, now, state)

    monkeypatch.setattr(keeper.Keeper, "watch", asked)


def test_a_stopped_fit_goes_on_in_its_middle_to_the_same_bits(tmp_path, monkeypatch):
    with monkeypatch.context() as during:
        stop_at(during, 10)
        with pytest.raises(runs.Stopped, match=r"stopped by SIGTERM; go on with: superpose resume .*r$"):
            runs.drive(tmp_path / "r", recipe(steps=400), KEY, quiet=True)
    assert list(runs.status(tmp_path / "r").midway.values()) == [30]
    went_on = runs.resume(tmp_path / "r", quiet=True).run()
    np.testing.assert_array_equal(went_on.model.W[...], sp.fit(recipe(steps=400), KEY).model.W[...])
    assert not list((tmp_path / "r/midway").iterdir())


def test_a_stopped_sweep_goes_on_in_its_middle_to_the_same_bits(tmp_path, monkeypatch):
    asked = recipe(steps=400, optimizer="adam", log_every=7)
    with monkeypatch.context() as during:
        stop_at(during, 10)
        with pytest.raises(runs.Stopped):
            runs.run(tmp_path / "r", asked, over(), KEY, quiet=True)
    went_on = runs.resume(tmp_path / "r", chunk=4, devices=1, quiet=True)
    assert same(went_on, sp.sweep(asked, over(), KEY, quiet=True))


def test_a_run_is_not_taken_for_another(folder):
    def refused(said, *args, **more):
        with pytest.raises(Mistake, match=said):
            runs.run(folder, *args, **{"quiet": True, **more})

    refused("holds another run: steps: 60 → 61; give another folder", recipe(steps=61), over(), KEY)
    refused("another key", recipe(), over(), jax.random.key(4))
    refused("data: 'own' → 'shared'", recipe(), over(), KEY, data="shared")
    refused("have cells that are not among the new ones", recipe(), over(seeds=2), KEY)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(Mistake, match=r"is no run, and holds \['thesis.tex'\]; give a new folder"):
        runs.run(tmp_path, recipe(), over(), KEY)
    with pytest.raises(Mistake, match="holds no run"):
        runs.load_run(tmp_path)


def test_an_unfinished_run_says_how_to_go_on_or_gives_what_there_is(folder, swept):
    shutil.rmtree(chunks(folder)[0])
    with pytest.raises(Mistake, match=r"has 1[1-4] of 15 cells; go on with: superpose resume .*partial=True"):
        runs.load_run(folder)
    some = runs.load_run(folder, partial=True).stacks[0]
    there = some.diverged >= -1
    assert 0 < (~there).sum() <= 4
    np.testing.assert_array_equal(some.loss[there], swept.stacks[0].loss[there])
    assert np.isnan(some.loss[~there]).all()


def test_status_counts_what_is_there(folder):
    now = runs.status(folder)
    assert (now.state, now.cells, now.done, now.diverged, now.holder) == ("finished", 15, 15, 0, None)
    shutil.rmtree(chunks(folder)[0] / "state")
    assert runs.status(folder).state == "damaged"
    shutil.rmtree(chunks(folder)[0])
    assert runs.status(folder).state == "stopped"


def test_what_diverges_is_counted_and_changes_no_neighbour(tmp_path):
    asked = recipe(optimizer="sgd")
    kept = runs.run(tmp_path / "r", asked, {"learning_rate": [1e-3, 1e38], "seed": range(2)}, KEY, quiet=True)
    assert runs.status(tmp_path / "r").diverged == 2
    alone = sp.sweep(asked, {"learning_rate": [1e-3], "seed": range(2)}, KEY, quiet=True)
    np.testing.assert_array_equal(kept.stacks[0].loss[:2], alone.stacks[0].loss)


def test_two_writers_are_one_too_many(folder):
    from superpose.store.lock import lock

    with lock(folder / "lock"), pytest.raises(runs.Held, match=rf"written by process {os.getpid()} on \S+, since 20"):
        runs.resume(folder, quiet=True)
    runs.resume(folder, quiet=True)


def test_shares_of_a_run_are_trained_beside_each_other(tmp_path, swept):
    from superpose.runs.launch import train

    for i in range(3):
        how = runs.How(share=(i, 3), quiet=True)
        train(tmp_path / "r", recipe(), over(), KEY, how=how)
    assert runs.status(tmp_path / "r").chunks == 3
    assert same(runs.load_run(tmp_path / "r"), swept)


def test_a_cell_is_known_by_what_it_is_made_of():
    def one(recipe, points, seed):
        keys = jax.random.fold_in(KEY, seed).reshape(1)
        cells = Cells(points={n: np.asarray([v], np.float32) for n, v in points.items()}, keys=keys)
        return identities(recipe, cells, Path()).tobytes()

    plain = recipe(world=sp.SparseWorld(n_features=4, density=0.3))
    assert one(recipe(), {"world.density": 0.3}, 0) == one(plain, {}, 0) == one(plain, {"learning_rate": 1e-3}, 0)
    others = [
        one(plain, {}, 1), one(recipe(steps=61), {"world.density": 0.3}, 0), one(plain, {"world.density": 0.31}, 0),
        one(plain, {"world.decay": 0.3}, 0), one(recipe(batch=17), {"world.density": 0.3}, 0),
    ]  # fmt: skip
    assert len({one(plain, {}, 0), *others}) == 6


def test_places_of_a_vector_are_told_apart():
    vector = recipe(world=sp.SparseWorld(n_features=4, density=(0.1, 0.2, 0.3, 0.4)))
    keys = jax.random.split(KEY, 1)

    def moved(place):
        cells = Cells(points={f"world.density.{place}": np.asarray([0.9], np.float32)}, keys=keys)
        return identities(vector, cells, Path()).tobytes()

    assert len({moved(i) for i in range(4)}) == 4


def test_a_plan_counts_before_anything_is_trained():
    plan = runs.plan(recipe(), {**over(), "model.n_hidden": [1, 2]}, KEY, chunk=4)
    assert (plan.cells, plan.programs, plan.calls) == (30, 2, 8)
    assert plan.seconds >= plan.compile_seconds > 0
    assert plan.peak_bytes > plan.result_bytes > 30 * 4 * (2 * 4 + 4)


def test_a_run_knows_who_made_it(finished):
    about = open_folder(finished).about
    assert about["made"]["versions"]["jax"] == jax.__version__
    assert [(a["name"], a["unit"]) for a in about["job"]["axes"]] == [
        ("world.density", "chance that a feature is on"), ("seed", ""),
    ]  # fmt: skip


def test_what_is_not_there_is_never_measured_as_if_it_were(folder):
    gone = runs.load_run(folder)
    shutil.rmtree(chunks(folder)[0])
    some = runs.load_run(folder, partial=True)
    missing = some.stacks[0].diverged.reshape(3, 5) == -2
    assert 0 < missing.sum() <= 4
    np.testing.assert_array_equal(np.isnan(some.held_out(100).values), missing)
    kept = some.measure(lambda run: (run.model.W[...] > 0).sum()).values
    np.testing.assert_array_equal(np.isnan(kept), missing)
    picked, scores = some.best("seed", 100), gone.held_out(100).values
    np.testing.assert_array_equal(picked.score.values, np.where(missing, np.inf, scores).min(1))


def test_a_finished_chunk_that_is_gone_is_named(folder):
    name = chunks(folder)[0].name
    shutil.rmtree(folder / "chunks" / name)
    assert [str(d) for d in runs.verify(folder).damages] == [f"{folder}/chunks/{name} is missing, and was finished"]
    runs.resume(folder, quiet=True)
    assert not runs.verify(folder).damages


def test_status_sees_a_file_that_is_missing_and_a_description_that_is_damaged(folder):
    (folder / "run.json").write_bytes(b"{}")
    (chunks(folder)[0] / "metrics.npz").unlink()
    now = runs.status(folder)
    assert now.state == "damaged" and now.done < 15
    assert ["run.json is damaged" in now.problems[0], "metrics.npz is missing" in now.problems[1]] == [True, True]


def test_a_misspelt_way_to_work_is_named(tmp_path):
    with pytest.raises(Mistake, match="how to work has no 'chunks'; did you mean 'chunk'"):
        runs.run(tmp_path / "r", recipe(), over(), KEY, chunks=3)


SCRIPT = """
import os, signal, sys
import jax
import superpose as sp
from superpose.runs.keeper import Keeper

@sp.pytree
class Blobs(sp.SparseWorld):
    pass

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever began the tests may have told them to outlive a terminal
watch = Keeper.watch
def stopped(self, *words):
    if "stop" in sys.argv:
        os.kill(os.getpid(), signal.SIGHUP)
    watch(self, *words)
Keeper.watch = stopped
toy = sp.ToyConfig(n_features=3, n_hidden=2)
try:
    recipe = sp.Recipe(world=Blobs(n_features=3), model=toy, steps=60, batch=8)
    sp.run("r", recipe, {"seed": range(2)}, jax.random.key(0))
except Exception:
    print("swallowed")
"""


def test_a_script_ends_with_75_and_its_own_classes_are_its_own(tmp_path):
    (tmp_path / "mine.py").write_text(SCRIPT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONWARNDEFAULTENCODING", None)

    def script(*words):
        command = [sys.executable, "-P", "mine.py", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", timeout=120
        )

    ended = script("stop")
    assert (ended.returncode, ended.stdout) == (75, "")
    wanted = "superpose: stopped by SIGHUP; go on by running the same script again, which has the class Blobs\n"
    assert ended.stderr == wanted
    with pytest.raises(Mistake, match="no class made with @pytree is called 'Blobs': if it is one of a script's"):
        runs.resume(tmp_path / "r")
    assert script().returncode == 0


def test_one_slow_write_does_not_make_the_next_wait(tmp_path):
    writer = keeper.Writer(tmp_path)
    assert writer.cost == 0
    for cost in (0.01, 5.0):
        writer.costs.append(cost)
        assert writer.cost == 0.01
    writer.costs.extend((6.0, 7.0))
    assert writer.cost == 6.0


def test_where_every_write_is_slow_a_minute_is_still_the_most_that_is_lost(tmp_path, monkeypatch):
    kept = keeper.Follower(SimpleNamespace(path=tmp_path), None)
    monkeypatch.setattr(keeper.Follower, "_due", keeper.Keeper._due)
    kept.writer.costs.append(30.0)
    kept.kept = keeper.time.monotonic() - 59
    assert not kept._due(keeper.CHUNK)
    kept.kept -= 2
    assert kept._due(keeper.CHUNK)
