"""Tables and weights as other programs read them."""

import csv
import io
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from superpose.core.mistakes import BadValue
from superpose.store.export import columns, to_csv, to_npz, to_parquet, to_safetensors
from superpose.store.weights import load_weights
from superpose.train.table import Table

AXES = {"model.activation": ["relu", "gelu"], "world.density,learning_rate": [(0.1, 1), (0.2, 2), (0.3, 3)]}
LOSS = Table(AXES, np.arange(6.0).reshape(2, 3))
NORM = Table(AXES, np.arange(24, dtype=np.float32).reshape(2, 3, 4))


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_a_long_table_has_a_row_a_cell_and_a_column_a_field():
    found = columns({"loss": LOSS})
    assert list(found) == ["model.activation", "world.density", "learning_rate", "loss"]
    assert found["model.activation"].tolist() == ["relu"] * 3 + ["gelu"] * 3
    assert found["world.density"].tolist() == [0.1, 0.2, 0.3] * 2
    assert found["learning_rate"].tolist() == [1, 2, 3] * 2
    assert found["loss"].tolist() == list(range(6))


def test_a_measure_per_feature_has_a_row_a_feature_and_repeats_the_others():
    found = columns({"loss": LOSS, "norm": NORM})
    assert found["feature"].tolist() == [0, 1, 2, 3] * 6
    assert found["norm"].tolist() == list(range(24))
    assert found["loss"].tolist() == [v for v in range(6) for _ in range(4)]
    assert list(columns({"norm": NORM}))[-2:] == ["feature", "norm"]


def test_a_measure_per_pair_has_two_places():
    pairs = Table({"seed": [3, 4]}, np.arange(8).reshape(2, 2, 2))
    found = columns({"gram": pairs})
    assert list(found) == ["seed", "place_0", "place_1", "gram"] and found["place_1"].tolist() == [0, 1] * 4


def test_one_model_is_one_row():
    assert {n: c.tolist() for n, c in columns({"loss": Table({}, np.float32(0.5))}).items()} == {"loss": [0.5]}


@pytest.mark.parametrize("tables, said", [
    ({}, "there is no measure to export"),
    ({"a": LOSS, "b": Table({"seed": [0]}, [1])}, "measure 'b' has axes ['seed'], the first"),
    ({"a": NORM, "b": Table(AXES, np.zeros((2, 3, 5)))}, "measures of different shapes cannot share a table"),
    ({"learning_rate": LOSS}, "measure 'learning_rate' is called as an axis is; give it another name"),
    ({"feature": NORM}, "measure 'feature' is called as an axis is"),
])  # fmt: skip
def test_tables_that_do_not_fit_one_another_are_refused(tables, said):
    with pytest.raises(BadValue) as wrong:
        columns(tables)
    assert said in str(wrong.value)


def test_a_csv_reads_back_to_the_bit(tmp_path):
    numbers = np.float64([0.1, 1e-300, -0.0, math.nan, math.inf, 1 / 3])
    to_csv(tmp_path / "a.csv", columns({"x": Table({"seed": range(6)}, numbers)}))
    rows = read(tmp_path / "a.csv")
    assert rows[0] == ["seed", "x"]
    np.testing.assert_array_equal(np.float64([float(r[1]) for r in rows[1:]]), numbers)


@given(st.lists(st.text(), min_size=1, max_size=4, unique=True))
def test_no_text_in_a_csv_begins_a_formula(words):
    out = io.BytesIO()

    def catch(path, fill):
        fill(out)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("superpose.store.export.write", catch)
        to_csv(None, columns({"x": Table({"=axis": words}, np.arange(len(words)) - 1)}))
    rows = list(csv.reader(io.StringIO(out.getvalue().decode(), newline="")))
    assert rows[0] == ["'=axis", "x"]
    assert not any(row[0].startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows[1:])
    assert [row[1] for row in rows[1:]] == [str(i - 1) for i in range(len(words))], "numbers stay numbers"


def test_parquet_and_npz_read_back(tmp_path):
    import pyarrow.parquet as pq

    to_parquet(tmp_path / "a.parquet", columns({"loss": LOSS, "norm": NORM}))
    found = pq.read_table(tmp_path / "a.parquet").to_pydict()
    assert list(found) == ["model.activation", "world.density", "learning_rate", "feature", "loss", "norm"]
    assert found["norm"] == list(range(24)) and found["model.activation"][0] == "relu"
    to_npz(tmp_path / "a.npz", {"loss": LOSS, "norm": NORM})
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["norm"], NORM.values)
        axes = json.loads(str(arrays["axes"]))
    assert Table(axes["loss"], LOSS.values).axes == LOSS.axes
    with pytest.raises(BadValue, match="cannot be called 'axes'"):
        to_npz(tmp_path / "b.npz", {"axes": LOSS})


def test_a_query_in_the_help_is_a_query(tmp_path, monkeypatch):
    import duckdb

    monkeypatch.chdir(tmp_path)
    to_parquet(tmp_path / "toy.parquet", columns({"dimensionality": NORM}))
    query = "SELECT \"world.density\", avg(dimensionality) FROM 'toy.parquet' GROUP BY 1 ORDER BY 1"
    assert duckdb.sql(query).fetchall() == [(0.1, 7.5), (0.2, 11.5), (0.3, 15.5)]
    from superpose.cli.export import EXAMPLES

    assert query in EXAMPLES


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(BadValue, match=r"pyarrow is not installed; it comes with: pip install 'superpose\[data\]'"):
        to_parquet(tmp_path / "a.parquet", columns({"loss": LOSS}))


def test_weights_keep_their_names_bits_and_axes(tmp_path):
    arrays = {
        "W": np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)[..., ::2],
        "blocks.0.b": np.zeros(2),
    }
    to_safetensors(
        tmp_path / "a.safetensors", arrays, {"a,b": [(1, 0.5)], "c": ["x"]}, fixed={"d": [None]}, model="Toy"
    )
    with safe_open(tmp_path / "a.safetensors", "np") as file:
        assert {n: file.get_tensor(n).tobytes() for n in file.keys()} == {  # noqa: SIM118
            n: np.ascontiguousarray(a).tobytes() for n, a in arrays.items()
        }
        about = file.metadata()
    assert json.loads(about["axes"]) == {"a,b": [[1, 0.5]], "c": ["x"]} and json.loads(about["fixed"]) == {"d": [None]}
    assert (about["model"], about["format"]) == ("Toy", "superpose")


@pytest.mark.parametrize("write", [
    lambda path: to_csv(path, columns({"loss": LOSS})), lambda path: to_npz(path, {"loss": LOSS}),
    lambda path: to_parquet(path, columns({"loss": LOSS})), lambda path: to_safetensors(path, {"W": np.zeros(2)}, {}),
])  # fmt: skip
def test_a_file_is_there_whole_or_not_at_all(tmp_path, monkeypatch, write):
    (tmp_path / "a").write_text("before", encoding="utf-8")

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", stop)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "a")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "before"
    write(tmp_path / "a")
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith(".")) == ["a"]


def test_weights_written_twice_are_the_same_bytes(tmp_path):
    """In a process of its own each, since the library shuffles by the process."""
    code = (
        "import sys, numpy as np; from superpose.store.weights import save_weights; "
        "arrays = {'b': np.zeros((2, 1)), 'ä': np.ones(3, 'f4')}; "
        "save_weights(sys.argv[1], arrays, {w: w for w in 'axes fixed é g'.split()})"
    )
    files = [tmp_path / f"{n}.safetensors" for n in range(3)]
    for file in files:
        subprocess.run([sys.executable, "-c", code, file], check=True)
    assert len({file.read_bytes() for file in files}) == 1
    arrays, words = load_weights(files[0])
    assert list(words) == ["axes", "fixed", "g", "é"] and {n: a.shape for n, a in arrays.items()} == {
        "b": (2, 1),
        "ä": (3,),
    }
    with safe_open(files[0], "np") as file:
        assert file.get_tensor("ä").tolist() == [1, 1, 1] and file.metadata() == words


def test_no_folder_is_made_for_a_table(tmp_path):
    with pytest.raises(BadValue, match="cannot be written: there is no folder"):
        LOSS.to_parquet(tmp_path / "nope" / "D.parquet")
    assert not (tmp_path / "nope").exists()
