"""Tables know their axes: by name, by the last word of a name, and by the nearest tick."""

import sys

import duckdb
import jax.numpy as jnp
import numpy as np
import pytest

from superpose.core.mistakes import Mistake
from superpose.train.table import Table

DENSITIES = [1.0, 0.1, 0.01]
VALUES = np.arange(3 * 4 * 5, dtype=float).reshape(3, 4, 5)
TABLE = Table({"world.density": DENSITIES, "seed": range(4)}, VALUES)


def test_selecting_drops_the_axis_and_keeps_the_rest():
    part = TABLE.sel(density=0.1)
    assert list(part.axes) == ["seed"]
    np.testing.assert_array_equal(part.values, VALUES[1])
    np.testing.assert_array_equal(TABLE.sel(seed=3).values, VALUES[:, 3])


def test_the_order_of_selecting_does_not_matter():
    np.testing.assert_array_equal(TABLE.sel(seed=2, density=1).values, VALUES[0, 2])
    np.testing.assert_array_equal(TABLE.sel(density=1).sel(seed=2).values, VALUES[0, 2])


@pytest.mark.parametrize("wanted, place", [(0.1, 1), (0.09, 1), (np.float32(0.1), 1), (jnp.float32(0.1), 1)])
def test_the_nearest_tick_is_taken(wanted, place):
    np.testing.assert_array_equal(TABLE.sel(density=wanted).values, VALUES[place])


@pytest.mark.parametrize("wanted", [7, 0])
def test_a_value_outside_the_ticks_is_refused(wanted):
    with pytest.raises(Mistake, match=f"'world.density' goes from .* to .*; {wanted} is outside"):
        TABLE.sel(density=wanted)


@pytest.mark.parametrize("kind", [list, tuple, np.asarray, jnp.asarray])
def test_ticks_may_be_any_sequence(kind):
    table = Table({"density": kind(DENSITIES)}, VALUES)
    np.testing.assert_array_equal(table.sel(density=0.1).values, VALUES[1])
    np.testing.assert_allclose(table.ticks("density"), DENSITIES, rtol=1e-6)


def test_ticks_that_are_words_are_found_by_equality():
    table = Table({"model.activation": ["relu", "abs"], "tied": [True, False]}, np.arange(4).reshape(2, 2))
    assert table.sel(activation="abs", tied=False).values == 3


@pytest.mark.parametrize("reduce", ["mean", "std", "min", "max"])
def test_reductions_are_numpys_along_named_axes(reduce):
    f = getattr(np, reduce)
    ours = lambda *names: getattr(TABLE, reduce)(*names)
    np.testing.assert_array_equal(ours("seed").values, f(VALUES, axis=1))
    np.testing.assert_array_equal(ours("density").values, f(VALUES, axis=0))
    np.testing.assert_array_equal(ours().values, f(VALUES, axis=(0, 1)))
    np.testing.assert_array_equal(ours("seed", "density").values, ours().values)
    np.testing.assert_array_equal(ours("seed", "seed").values, ours("seed").values)
    assert list(ours("seed").axes) == ["world.density"]


def test_an_axis_answers_to_its_last_words():
    assert TABLE.axis("density") == TABLE.axis("world.density") == "world.density"
    nested = Table({"world.inputs.density": [1]}, np.ones(1))
    assert nested.axis("inputs.density") == "world.inputs.density"


def test_a_short_name_with_two_meanings_is_refused_unless_it_is_whole():
    two = {"world.scale": [1], "model.scale": [1]}
    with pytest.raises(Mistake, match=r"'scale' could be any of \['world.scale', 'model.scale'\]"):
        Table(two, np.ones((1, 1))).sel(scale=1)
    assert Table({**two, "scale": [1]}, np.ones((1, 1, 1))).axis("scale") == "scale"


@pytest.mark.parametrize("make, said", [
    (lambda: TABLE.sel(densty=1), "no axis is called 'densty'; did you mean 'world.density'"),
    (lambda: TABLE.mean("sead"), "no axis is called 'sead'; did you mean 'seed'"),
    (lambda: TABLE.sel(ensity=1), "no axis is called 'ensity'"),
    (lambda: TABLE.sel(density="dense"), "axis 'world.density' has no tick 'dense'; it has [1.0, 0.1, 0.01]"),
    (lambda: TABLE.sel(density=float("nan")), "has no tick nan"),
    (lambda: TABLE.sel(density=None), "has no tick None"),
    (lambda: Table({"a": ["x", "y"]}, np.ones(2)).sel(a="z"), "axis 'a' has no tick 'z'"),
    (lambda: Table({"a": [1, 2]}, np.ones(3)), "axes {'a': 2} do not fit values of (3,)"),
    (lambda: Table({"a": [1], "b": [1]}, np.ones(1)), "do not fit"),
])  # fmt: skip
def test_what_a_table_has_not_is_said(make, said):
    with pytest.raises(Mistake) as wrong:
        make()
    assert said in str(wrong.value)


ZIPPED = Table(
    {"world.density": [1.0, 0.1], "model.activation,model.tied": [("relu", True), ("abs", False)], "seed": range(3)},
    np.arange(48.0).reshape(2, 2, 3, 4),
)


def test_xarray_has_a_dim_and_a_coordinate_for_each_axis():
    array = TABLE.to_xarray()
    assert array.dims == ("world.density", "seed", "dim_0")
    np.testing.assert_array_equal(
        array.sel({"world.density": 0.1, "seed": 2}).values, TABLE.sel(density=0.1, seed=2).values
    )
    np.testing.assert_array_equal(array.mean("seed").values, TABLE.mean("seed").values)
    assert TABLE.to_xarray("feature").dims == ("world.density", "seed", "feature")
    assert array.dtype == VALUES.dtype


def test_axes_that_move_together_are_one_dim_of_several_coordinates():
    array = ZIPPED.to_xarray("feature")
    assert array.dims == ("world.density", "model.activation,model.tied", "seed", "feature")
    assert list(array["model.activation"].values) == ["relu", "abs"] and list(array["model.tied"].values) == [
        True,
        False,
    ]
    np.testing.assert_array_equal(array.values, ZIPPED.values)


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int32", "uint8", "bool"])
def test_parquet_has_a_row_an_entry_in_the_order_of_the_values(tmp_path, kind):
    from pyarrow import parquet

    table = Table(ZIPPED.axes, ZIPPED.values.astype(kind))
    (tmp_path / "new").mkdir()
    table.to_parquet(tmp_path / "new" / "t.parquet", "feature")
    found = parquet.read_table(tmp_path / "new" / "t.parquet")
    assert found.column_names == ["world.density", "model.activation", "model.tied", "seed", "feature", "value"]
    np.testing.assert_array_equal(found["value"].to_numpy(), table.values.ravel())
    assert found["value"].to_numpy().dtype == kind
    for row, at in zip(found.to_pylist(), np.ndindex(table.values.shape), strict=True):
        density, pair, seed = (ticks[place] for ticks, place in zip(table.axes.values(), at[:3], strict=True))
        assert (row["world.density"], row["model.activation"], row["model.tied"], row["seed"]) == (density, *pair, seed)
        assert row["feature"] == at[3] and row["value"] == table.values[at]
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["t.parquet"]


def test_duckdb_groups_as_the_table_reduces(tmp_path):
    TABLE.to_parquet(tmp_path / "t.parquet")
    words = 'select "world.density", avg(value) from read_parquet(?) group by 1 order by 1 desc'
    rows = duckdb.execute(words, [str(tmp_path / "t.parquet")]).fetchall()
    assert [density for density, _ in rows] == DENSITIES
    np.testing.assert_allclose([mean for _, mean in rows], TABLE.mean("seed").values.mean(-1), rtol=1e-12)


def test_ticks_of_many_kinds_are_columns_of_one(tmp_path):
    from pyarrow import parquet

    axes = {"a": ["all", 3], "b": [1, 0.5], "c": [None, 2.0], "d": [True, False]}
    Table(axes, np.ones((2, 2, 2, 2))).to_parquet(tmp_path / "t.parquet")
    first = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert first[0] == {"a": "all", "b": 1.0, "c": "None", "d": True, "value": 1.0}
    assert first[-1] == {"a": "3", "b": 0.5, "c": "2.0", "d": False, "value": 1.0}


def test_a_table_of_no_axes_or_no_entries_is_written_too(tmp_path):
    from pyarrow import parquet

    for place, (table, rows) in enumerate(((Table({}, np.float64(2)), 1), (Table({"a": [1]}, np.ones((1, 0))), 0))):
        table.to_parquet(tmp_path / f"{place}")
        assert parquet.read_table(tmp_path / f"{place}").num_rows == rows
        assert table.to_xarray().size == rows


@pytest.mark.parametrize("make, said", [
    (lambda at: TABLE.to_xarray("feature", "more"), "one measurement has 1 dims, of (5,); ('feature', 'more')"),
    (lambda at: TABLE.to_parquet(at, "seed"), "two of ['world.density', 'seed', 'seed'] have one name"),
    (lambda at: Table({"value": [1]}, np.ones(1)).to_parquet(at), "an axis is called 'value'"),
    (lambda at: TABLE.to_parquet(at.parent / "file" / "t"), "t cannot be written: there is no folder"),
])  # fmt: skip
def test_what_other_libraries_cannot_hold_is_said(tmp_path, make, said):
    (tmp_path / "file").touch()
    with pytest.raises(Mistake) as wrong:
        make(tmp_path / "t.parquet")
    assert said in str(wrong.value)
    assert not (tmp_path / "t.parquet").exists()


@pytest.mark.parametrize("package, make", [("xarray", TABLE.to_xarray), ("pyarrow", lambda: TABLE.to_parquet("t"))])
def test_a_missing_library_says_how_to_get_it(package, make, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(Mistake, match=rf"{package} is not installed; it comes with: pip install 'superpose\[data\]'"):
        make()
