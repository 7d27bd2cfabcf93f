"""An artefact is whole or it is none: what is saved loads again, what is half written or foreign is refused."""

import json
import math
import os
import pickle

import jax.numpy as jnp
import numpy as np
import pytest

import superpose as sp
from superpose.core.mistakes import Mistake
from superpose.store import artefacts, load_numbers, made, provenance

D = sp.Table({"world.density": [1.0, 0.1], "seed": range(3)}, np.arange(24.0).reshape(2, 3, 4))
WORDS = sp.Table({"model.activation": ["relu", "abs"], "tied": (True, False)}, np.array([[1, 2], [3, 4]]))


def recipe():
    return sp.Recipe(world=sp.SparseWorld(n_features=3), model=sp.ToyConfig(n_features=3, n_hidden=2))


@pytest.fixture
def folder(tmp_path):
    sp.save(tmp_path / "results" / "one", {"D": D, "words": WORDS}, {"kept": 3}, recipe=recipe())
    return tmp_path / "results" / "one"


def test_tables_load_as_they_were_saved(folder):
    tables = sp.load(folder)
    assert list(tables) == ["D", "words"]
    for name, table in (("D", D), ("words", WORDS)):
        assert tables[name].axes == table.axes
        assert tables[name].values.dtype == table.values.dtype
        np.testing.assert_array_equal(tables[name].values, table.values)
    assert tables["words"].sel(activation="abs", tied=True).values == 3


@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "uint8", "bool", "float16"])
def test_numbers_keep_their_type(tmp_path, kind):
    sp.save(tmp_path, {"t": sp.Table({"a": [1, 2]}, np.array([1, 0], kind))})
    assert sp.load(tmp_path)["t"].values.dtype == kind


def test_jax_arrays_and_ticks_are_saved_as_numpys(tmp_path):
    sp.save(tmp_path, {"t": sp.Table({"a": jnp.array([0.5, 2.0])}, jnp.ones((2, 3)))})
    assert sp.load(tmp_path)["t"].axes == {"a": [0.5, 2.0]}


def test_ticks_that_are_configs_are_saved_as_text(tmp_path):
    worlds = [sp.OneHotWorld(n_features=2), sp.OneHotWorld(n_features=3)]
    sp.save(tmp_path, {"t": sp.Table({"world": worlds}, np.ones(2))})
    assert all("OneHotWorld" in tick for tick in sp.load(tmp_path)["t"].axes["world"])


def test_ticks_of_axes_that_move_together_stay_together(tmp_path):
    axes = {"model.activation,model.tied": [("relu", True), ("abs", False)], "world.density": [(0.1, 0.2), (0.3, 0.4)]}
    sp.save(tmp_path, {"t": sp.Table(axes, np.ones((2, 2)))})
    assert sp.load(tmp_path)["t"].axes == axes


def test_the_recipe_is_saved_beside_them(folder):
    assert sp.from_json((folder / "recipe.json").read_text(encoding="utf-8")) == recipe()


def test_numbers_are_plain_json(folder):
    assert load_numbers(folder) == {"kept": 3.0}
    sp.save(folder, {}, {"a": np.float32(0.5), "b": jnp.float32(2), "c": math.nan, "d": -math.inf})
    strict = json.loads((folder / "numbers.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert strict == {"a": 0.5, "b": 2.0, "c": None, "d": None}
    assert math.isnan(load_numbers(folder)["c"])


def test_claims_are_plain_json(folder):
    sp.save(folder, {}, claims=[sp.between("X", "a bound", math.nan, high=1)])
    (claim,) = json.loads((folder / "claims.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert (claim["low"], claim["high"], claim["measured"]) == (None, 1, None)


def test_provenance_says_what_made_it(folder):
    made = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    assert set(made["versions"]) >= {"jax", "flax", "optax", "numpy"}
    assert made["devices"] and made["machine"] and made["command"]


def test_an_installed_copy_belongs_to_no_commit(monkeypatch):

    monkeypatch.setattr(made, "_git", lambda *words: None if words[0] == "ls-files" else "someone else's")
    assert provenance()["commit"] is None and provenance()["changed"] is None


def test_numbers_are_written_last_and_in_one_piece(tmp_path, monkeypatch):

    written = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda part, path: (written.append(path.name), replace(part, path)))
    sp.save(tmp_path, {"D": D}, {"a": 1}, recipe=recipe())
    assert written[-1] == "numbers.json"
    assert set(written) == {p.name for p in tmp_path.iterdir()}


def test_a_half_written_folder_is_not_a_result(folder, monkeypatch):

    def full(path, content):
        raise OSError("no space left on device")

    monkeypatch.setattr(artefacts, "write_json", full)
    with pytest.raises(OSError, match="no space"):
        sp.save(folder, {"D": D})
    with pytest.raises(Mistake, match="holds no finished result"):
        sp.load(folder)


def test_what_cannot_be_saved_leaves_the_old_result_alone(folder):
    for wrong in ({"tables": {"D": 3}}, {"tables": {}, "recipe": lambda: 0}):
        with pytest.raises(Mistake):
            sp.save(folder, **wrong)
        assert list(sp.load(folder)) == ["D", "words"]


def test_a_result_saved_again_is_the_new_one_alone(folder):
    sp.save(folder, {"new": D})
    assert list(sp.load(folder)) == ["new"]
    assert load_numbers(folder) == {}
    assert not (folder / "recipe.json").exists()


@pytest.mark.parametrize("read", [sp.load, load_numbers])
def test_a_missing_result_says_how_to_make_it(tmp_path, read, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Mistake, match=r"make it with: make results/paper/intro/numbers.json PROFILE=paper"):
        read("results/paper/intro")
    with pytest.raises(Mistake, match="somewhere holds no finished result; run the experiment that leaves it"):
        read("somewhere")


class Trap:
    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


def test_nothing_in_an_artefact_is_run(folder):
    np.savez(folder / "tables.npz", D=np.array([Trap()], object))
    with pytest.raises(Mistake, match=r"is damaged: .*'D' holds object, not numbers; nothing here runs a pickle"):
        sp.load(folder)
    (folder / "tables.npz").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(Mistake, match="is damaged"):
        sp.load(folder)


@pytest.mark.parametrize("name, content", [
    ("tables.npz", b""), ("tables.npz", b"PK\x03\x04junk"), ("tables.npz", None),
    ("axes.json", b"{"), ("axes.json", b"{}"), ("axes.json", b'{"D": {"seed": [1]}, "words": {}}'), ("axes.json", None),
    ("axes.json", b"\xff"),
])  # fmt: skip
def test_a_damaged_result_is_said_to_be_so(folder, name, content):
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(Mistake, match=r"in .*one is damaged: .*; remove that folder, then run the experiment"):
        sp.load(folder)


@pytest.mark.parametrize("tables, said", [
    ({"D": np.ones(3)}, "table 'D' is a ndarray; wrap it: Table(axes, values)"),
    ({"D": sp.Table({}, np.array(["a"]))}, "table 'D' holds <U1, not numbers"),
    ({"D": sp.Table({}, np.array([None]))}, "table 'D' holds object, not numbers"),
    ({"D": sp.Table({}, np.ones(2) * 1j)}, "table 'D' holds complex128"),
    ({"file": D}, "a table cannot be called 'file'"),
    ({3: D}, "a table cannot be called 3"),
])  # fmt: skip
def test_tables_are_checked_before_anything_is_written(tmp_path, tables, said):
    with pytest.raises(Mistake) as wrong:
        sp.save(tmp_path / "new", tables)
    assert said in str(wrong.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("place", ["taken", "taken/below", "taken/below/deeper"])
def test_a_file_is_not_a_folder(tmp_path, place):
    (tmp_path / "taken").touch()
    with pytest.raises(Mistake, match="taken is a file; give a folder to write to"):
        sp.save(tmp_path / place, {})


@pytest.mark.parametrize("argv, said", [
    (["/home/me/.venv/bin/superpose", "run", "toy", "--out", "a b"], "superpose run toy --out 'a b'"),
    (["my script.py", "x;y"], "python 'my script.py' 'x;y'"), (["-c", "1"], "-c 1"), ([], "''"),
])  # fmt: skip
def test_a_kept_command_can_be_pasted(argv, said, monkeypatch):
    assert made.command(argv).replace("python -P", "python") == said
