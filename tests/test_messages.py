"""Every message has a test, and the page of them is what the source says."""

import importlib.util
import io
import re
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest

import superpose as sp
from superpose import runs
from superpose.core.mistakes import Mistake
from superpose.core.packed import unpack
from superpose.runs import engines
from superpose.runs.engines import ray
from superpose.runs.job import from_body
from superpose.runs.stop import Stopped
from superpose.runs.work import Calls
from superpose.store.export import TABLES
from superpose.store.sealed import Damaged, close, damages, read_sealed, write_sealed
from superpose.store.state import load_arrays
from superpose.store.weights import save_weights
from superpose.train.progress import Progress

PAGE = Path(__file__).resolve().parent.parent / "docs" / "messages.py"
KEY = jax.random.key(0)


def book():
    spec = importlib.util.spec_from_file_location("messages_page", PAGE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_source_says():
    messages = book()
    assert messages.PAGE.read_text(encoding="utf-8") == messages.page(), "python docs/messages.py writes it anew"


def test_every_message_has_a_test():
    assert [said for _, said, _, test in book().rows() if test is None] == []


def toy(**more):
    model = sp.ToyConfig(n_features=3, n_hidden=2)
    return sp.Recipe(**{"world": sp.SparseWorld(n_features=3), "model": model, "steps": 4, "batch": 8, **more})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "r"
    runs.run(folder, toy(), {"seed": range(3)}, KEY, quiet=True, chunk=2)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "r")


def a_chunk(folder):
    return sorted((folder / "chunks").iterdir())[0]


def test_what_is_not_there_may_be_left_out(folder):
    state = next(p for p in (a_chunk(folder) / "state").rglob("*") if p.is_file() and p.stat().st_size)
    state.write_bytes(b"x" + state.read_bytes()[1:])
    with pytest.raises(Mistake, match=r"or take the others: load_run\(folder, partial=True\)"):
        runs.load_run(folder)
    shutil.rmtree(a_chunk(folder))
    with pytest.raises(Mistake, match=r"or take what there is: load_run\(folder, partial=True\)"):
        runs.load_run(folder)


def test_a_changed_table_of_losses_is_named(folder):
    metrics = a_chunk(folder) / "metrics.npz"
    metrics.write_bytes(metrics.read_bytes()[:-1] + b"\xff")
    with pytest.raises(Mistake, match=r"metrics.npz does not have the bytes that were written"):
        runs.load_run(folder)


def test_a_log_that_was_cut_at_a_line_is_named(folder):
    log = folder / "log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:1]))
    (found,) = runs.verify(folder).damages
    assert re.fullmatch(r"has 1 records, and once had \d", found.what)


def test_what_a_manifest_does_not_list_is_named(folder):
    (a_chunk(folder) / "more").touch()
    assert [d.what for d in runs.verify(folder).damages] == ["is not in the manifest"]


@pytest.mark.parametrize("files, said", [
    ("none", "lists no files"),
    ({"../other": {"bytes": 0}}, r"names '../other', which is not inside the folder"),
])  # fmt: skip
def test_a_manifest_speaks_of_its_own_folder_alone(tmp_path, files, said):
    write_sealed(tmp_path / "MANIFEST.json", {"files": files})
    assert [said in d.what for d in damages(tmp_path)] == [True]


def test_a_manifest_tells_of_arrays_that_can_be(tmp_path):
    with pytest.raises(Damaged, match=r"is told to hold .* which is no array of numbers"):
        load_arrays(tmp_path, [{"name": "W", "dtype": "object", "shape": [1]}])


def test_a_chunk_of_another_recipe_is_not_taken(folder, tmp_path):
    other = tmp_path / "other"
    wide = toy(model=sp.ToyConfig(n_features=3, n_hidden=1))
    runs.run(other, wide, {"seed": range(3)}, KEY, quiet=True, chunk=2)
    mine, foreign = a_chunk(folder), a_chunk(other)
    told = read_sealed(mine / "MANIFEST.json")
    shutil.rmtree(mine / "state")
    shutil.copytree(foreign / "state", mine / "state")
    close(mine, {**told, "leaves": read_sealed(foreign / "MANIFEST.json")["leaves"]})
    with pytest.raises(Mistake, match=r"holds \['float32 \(1, 3\)', .*, not \['0.W', '0.b'\] of the recipe"):
        runs.load_run(folder)


def test_a_job_that_is_none_is_refused():
    with pytest.raises(Damaged, match="it describes no run"):
        from_body({"axes": None}, "it")


def test_an_engine_makes_its_own_shares():
    with pytest.raises(Mistake, match="a share is one process's; an engine makes its own: give `on` or `share`"):
        runs.How(share=(0, 2), on="ray")
    assert engines.engine("ray").kind == "ray"


def test_a_worker_with_other_packages_says_so(finished):
    part = next(iter(runs.folder.open_folder(finished).job.parts()))
    with pytest.raises(Mistake, match=r"a worker of Ray's has jax .*, not 0.0.1: install there what is installed here"):
        ray._check_here(part, {"jax": "0.0.1"})


class NoRay:
    """Stands where Ray is, and fails as it does."""

    class exceptions:
        class RayTaskError(Exception):
            pass

        class RayError(Exception):
            pass

    def init(self, **words):
        raise ConnectionError("nobody there")

    def get(self, ref):
        raise self.exceptions.RayError("the worker died")


def test_a_ray_that_is_not_there_or_gives_up_is_one_line():
    with pytest.raises(Mistake, match=r"no Ray cluster answers at ray://there:1: 'nobody there'"):
        ray._connect(NoRay(), "ray://there:1", None)
    with pytest.raises(Stopped, match=r"Ray gave up on some cells after \d retries \(the worker died\)"):
        ray._got(NoRay(), None)


def test_memory_that_does_not_hold_one_unit_says_what_to_do(finished, monkeypatch):
    from superpose.runs import work

    def full(*words):
        raise MemoryError

    monkeypatch.setattr(work, "segments", full)
    part = next(iter(runs.folder.open_folder(finished).job.parts()))
    with pytest.raises(Mistake, match=r"memory does not hold even one unit of .* shorten batch, logs or snapshots"):
        Calls(Progress(0, "", quiet=True), lambda *_: None).train(part, np.arange(3))


def test_a_midway_of_another_run_is_passed_over(folder, tmp_path):
    from superpose.runs.midway import _load

    close(folder / "midway", {"schema": 1, "program": 9})
    with pytest.raises(Damaged, match="is of another run, or another version"):
        _load(folder / "midway", {})


def test_the_holder_is_named(folder):
    from superpose.store.lock import lock

    with lock(folder / "lock"), pytest.raises(runs.Held, match="is being written by process"):
        runs.resume(folder)


def test_arrays_that_a_file_cannot_hold_are_named(tmp_path):
    with pytest.raises(Mistake, match=r"array 'a' holds complex64, which .* cannot; cast it to one of"):
        save_weights(tmp_path / "w.safetensors", {"a": np.zeros(1, np.complex64)}, {})


def test_an_array_of_a_later_format_is_refused(tmp_path):
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x03\x00" + bytes(80))
    data.seek(0)
    with pytest.raises(Mistake, match=r"one of its arrays has a header of version \(3, 0\); 1.0 and 2.0 are read"):
        unpack(data, "it")


def test_measures_over_other_axes_are_exported_apart(tmp_path):
    one, other = sp.Table({"seed": [0, 1]}, np.zeros(2)), sp.Table({"seed": [0, 2]}, np.zeros(2))
    with pytest.raises(Mistake, match=r"measure 'b' has axes \['seed'\], the first \['seed'\]; export them apart"):
        TABLES["csv"](tmp_path / "t.csv", {"a": one, "b": other})
