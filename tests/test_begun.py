"""A run may go on from another's model, alone or in a sweep."""

import dataclasses

import jax
import numpy as np
import pytest

import superpose as sp

KEY = jax.random.key(0)
RECIPE = sp.Recipe(
    world=sp.SparseWorld(n_features=3), model=sp.ToyConfig(n_features=3, n_hidden=2), steps=5, batch=16, log_every=5
)
OVER = {"world.density": [0.1, 0.4], "seed": range(3)}


def same(a, b):
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.fixture(scope="module")
def first():
    return sp.sweep(RECIPE, OVER, KEY)


def test_at_learning_rate_zero_a_sweep_stays_where_it_was_told_to_start(first):
    still = dataclasses.replace(RECIPE, learning_rate=0.0, snapshots=(0, 5))
    after = sp.sweep(still, OVER, KEY, start=first.runs.model).runs
    same(after.model, first.runs.model)
    same(jax.tree.map(lambda a: a[:, :, 0], after.history), first.runs.model)


def test_a_cell_goes_on_as_a_lone_fit_from_its_model_does(first):
    after = sp.sweep(RECIPE, OVER, KEY, start=first.runs.model, data="own")
    one = first.run(density=0.4, seed=2)
    lone = sp.fit(dataclasses.replace(RECIPE, world=one.recipe.world), jax.random.fold_in(KEY, 2), start=one.model)
    same(lone.model, after.run(density=0.4, seed=2).model)
    assert not np.array_equal(lone.model.W[...], one.model.W[...])


def test_an_exact_descent_goes_on_in_double_precision_and_never_up(first):
    one, three = (sp.sweep(sp.oracle(RECIPE, steps=n), OVER, KEY, start=first.runs.model) for n in (1, 3))
    assert three.stacks[0].model.W[...].dtype == np.float64
    assert (three.held_out().values < one.held_out().values).all()


def test_a_start_of_another_shape_is_refused_by_name(first):
    told = r"start has parameters .*'W': \(2, 3, 2, 3\).* goes on from .*\(1, 3, 2, 3\)"
    with pytest.raises(sp.BadValue, match=told):
        sp.sweep(RECIPE, {"world.density": [0.1], "seed": range(3)}, KEY, start=first.runs.model)
    with pytest.raises(sp.BadValue, match="static axes make 2"):
        sp.sweep(RECIPE, {"model.init": ["robust", "normal"]}, KEY, start=first.runs.model)
