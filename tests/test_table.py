"""Tables know their axes: by name, by the last word of a name, and by the nearest tick."""

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
