"""Zipped axes: fields that move together along one axis."""

import dataclasses

import chex
import jax
import numpy as np
import pytest

import superpose as sp
from superpose.core.mistakes import BadName, BadValue, Mistake
from superpose.core.trees import replace_many
from superpose.train.axes import grid

KEY = jax.random.key(0)
PAIRS = [(0.5, 1e-2), (0.1, 1e-3), (0.1, 3e-3)]
NAME = "world.density,learning_rate"


def recipe(**more):
    return sp.Recipe(
        world=sp.SparseWorld(n_features=4), model=sp.ToyConfig(n_features=4, n_hidden=2), steps=20, batch=16, **more
    )


@pytest.fixture(scope="module")
def swept():
    return sp.sweep(recipe(), {NAME: PAIRS, "seed": range(2)}, KEY, quiet=True)


def weights(run):
    return run.model.W[...]


@pytest.mark.parametrize("tick", PAIRS)
def test_a_zipped_point_is_its_solo_fit(swept, tick):
    run = swept.run(**{NAME: tick, "seed": 1})
    assert (run.recipe.world.density, run.recipe.learning_rate) == tick
    solo = sp.fit(run.recipe, jax.random.fold_in(KEY, 1))
    chex.assert_trees_all_equal(run.model, solo.model)


def test_a_table_has_one_axis_with_tuple_ticks(swept):
    table = swept.measure(weights)
    assert table.axes == {NAME: PAIRS, "seed": [0, 1]}
    assert table.values.shape == (3, 2, 2, 4)
    np.testing.assert_array_equal(table.ticks("density"), [0.5, 0.1, 0.1])
    np.testing.assert_array_equal(table.ticks("learning_rate"), [1e-2, 1e-3, 3e-3])


def test_a_tuple_of_names_is_the_joined_name(swept):
    other = sp.sweep(recipe(), {("world.density", "learning_rate"): PAIRS, "seed": range(2)}, KEY, quiet=True)
    assert other.axes == swept.axes
    chex.assert_trees_all_equal(other.runs.model, swept.runs.model)


def test_a_point_is_selected_by_its_tick_or_by_one_field(swept):
    table = swept.measure(weights)
    np.testing.assert_array_equal(table.sel(**{NAME: (0.1, 1e-3)}).values, table.values[1])
    np.testing.assert_array_equal(table.sel(**{NAME: [0.1001, 0.0031]}).values, table.values[2])
    np.testing.assert_array_equal(table.sel(**{"density,learning_rate": (0.5, 0.01)}).values, table.values[0])
    np.testing.assert_array_equal(table.sel(density=0.5, seed=0).values, table.values[0, 0])
    np.testing.assert_array_equal(table.sel(learning_rate=3e-3).values, table.values[2])
    assert swept.run(learning_rate=1e-3, seed=0).recipe.world.density == 0.1


@pytest.mark.parametrize("at, said", [
    ({"density": 0.1}, "has 0.1 in several ticks, [(0.1, 0.001), (0.1, 0.003)]; give its whole name and tick"),
    ({"density": 0.9}, "axis 'world.density' goes from 0.1 to 0.5; 0.9 is outside"),
    ({NAME: 0.1}, "has ticks such as (0.5, 0.01), not 0.1"),
    ({NAME: (0.1,)}, "has ticks such as (0.5, 0.01), not (0.1,)"),
    ({NAME: (0.5, 3e-3)}, "has no tick (0.5, 0.003); it has"),
    ({"learning_rate,density": (1e-3, 0.1)}, "no axis is called 'learning_rate,density'"),
])  # fmt: skip
def test_a_tick_that_is_not_meant_is_named(swept, at, said):
    with pytest.raises(BadName) as wrong:
        swept.measure(weights).sel(**at)
    assert said in str(wrong.value)


def test_the_grid_has_a_column_for_every_field():
    plan = grid(recipe(), {NAME: PAIRS, "seed": range(2)}, 100)
    flat = plan.flat()
    assert list(flat) == ["world.density", "learning_rate", "seed"] and plan.sizes == (3, 2)
    np.testing.assert_array_equal(flat["world.density"], np.float32([0.5, 0.5, 0.1, 0.1, 0.1, 0.1]))
    np.testing.assert_array_equal(flat["learning_rate"], np.float32([1e-2, 1e-2, 1e-3, 1e-3, 3e-3, 3e-3]))
    assert flat["seed"].dtype == np.uint32 and flat["seed"].tolist() == [0, 1] * 3
    assert plan.given == {NAME: PAIRS, "seed": [0, 1]}


def test_seeds_may_be_zipped_with_numbers():
    swept = sp.sweep(recipe(), {"world.density,seed": [(0.1, 3), (0.2, 4)]}, KEY, quiet=True)
    solo = sp.fit(swept.run(seed=4).recipe, jax.random.fold_in(KEY, 4))
    chex.assert_trees_all_equal(jax.tree.map(lambda a: a[1], swept.runs.model), solo.model)
    with pytest.raises(BadName, match="picks among runs of one recipe"):
        swept.best("seed", n=100)


def test_static_fields_zip_and_compile_once_a_tick():
    over = {"world.n_features,model.n_features": [(3, 3), (6, 6)], "seed": range(2)}
    swept = sp.sweep(recipe(), over, KEY, quiet=True)
    assert [s.model.W.shape for s in swept.stacks] == [(2, 2, 3), (2, 2, 6)]
    assert swept.held_out(64).axes == {"world.n_features,model.n_features": [(3, 3), (6, 6)], "seed": [0, 1]}
    assert swept.best("seed", n=64).run(**{"world.n_features": 6}).model.W.shape == (2, 6)


def test_a_static_field_takes_a_moving_one_with_it():
    swept = sp.sweep(recipe(), {"model.n_hidden,learning_rate": [(2, 1e-2), (3, 1e-3)], "seed": [5]}, KEY, quiet=True)
    run = swept.run(n_hidden=3, seed=5)
    assert run.recipe.learning_rate == 1e-3
    chex.assert_trees_all_equal(run.model, sp.fit(run.recipe, jax.random.fold_in(KEY, 5)).model)


@pytest.mark.parametrize("over, kind, said", [
    ({NAME: PAIRS, "learning_rate": [0.1]}, BadValue, "'learning_rate' is in two axes; a field moves along one"),
    ({"steps,steps": [(1, 2)]}, BadValue, "'steps' is in two axes"),
    ({NAME: [0.1]}, BadValue, "needs 2 values a tick; its tick 0 is 0.1"),
    ({NAME: [(0.1, 0.1), (0.1,)]}, BadValue, "needs 2 values a tick; its tick 1 is (0.1,)"),
    ({NAME: ["ab"]}, BadValue, "needs 2 values a tick; its tick 0 is 'ab'"),
    ({NAME: [(0.1, 0.1), (2.0, 0.1)]}, BadValue, "SparseWorld.density is 2.0"),
    ({"world.densty,steps": [(1, 2)]}, BadName, "SparseWorld has no field 'densty'; did you mean 'density'"),
    ({"steps,seed": [(1, 2)]}, BadValue, "moves 'seed' with a field that compiles a program a value"),
    ({(1, 2): [(1, 2)]}, BadName, "no axis or field of Recipe is called '1'"),
    ({NAME: []}, BadValue, "has no values"),
])  # fmt: skip
def test_a_wrong_zip_is_refused_before_it_trains(over, kind, said):
    with pytest.raises(Mistake) as wrong:
        sp.sweep(recipe(), over, KEY, quiet=True)
    assert isinstance(wrong.value, kind) and said in str(wrong.value)


def test_parts_that_must_agree_change_together():
    sgd = replace_many(recipe(), {"optimizer.kind": "sgd", "optimizer.momentum": 0.9, "steps": 5})
    assert (sgd.optimizer.kind, sgd.optimizer.momentum, sgd.steps) == ("sgd", 0.9, 5)
    adam = replace_many(sgd, {"optimizer.momentum": 0.0, "optimizer.kind": "adam"})
    assert adam == dataclasses.replace(recipe(), steps=5)
    assert replace_many(recipe(), {}) == recipe()
    whole = replace_many(recipe(), {"world.decay": 0.5, "world": sp.SparseWorld(n_features=9)})
    assert (whole.world.n_features, whole.world.decay) == (9, 0.5)


def test_tables_of_zipped_axes_are_saved_and_loaded(swept, tmp_path):
    table = swept.measure(weights)
    sp.save(tmp_path / "kept", {"W": table})
    assert sp.load(tmp_path / "kept")["W"].axes == table.axes


def test_a_run_on_disk_has_the_same_axis_however_it_was_named(swept, tmp_path):
    pairs = {("world.density", "learning_rate"): [np.asarray(p) for p in PAIRS], "seed": range(2)}
    kept = sp.run(tmp_path / "run", recipe(), pairs, KEY, quiet=True)
    assert kept.axes == swept.axes
    chex.assert_trees_all_equal(kept.runs.model, swept.runs.model)
    assert sp.run(tmp_path / "run", recipe(), {NAME: PAIRS, "seed": range(2)}, KEY, quiet=True).axes == swept.axes
