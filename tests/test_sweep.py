"""A sweep is many solo fits: same bits whatever the chunks, devices, segments and neighbours."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import superpose as sp
from superpose.train import segments
from superpose.train.choose import choose
from superpose.train.chunks import _compile, plan
from superpose.train.units import Cells

KEY = jax.random.key(0)
OVER = {"world.density": [0.05, 0.3, 0.7, 1.0], "seed": range(9)}


def toy(n=5, m=2, **more):
    given = {"steps": 30, "batch": 64, "learning_rate": 1e-2, "schedule": "quarter_cosine", **more}
    return sp.Recipe(
        world=sp.SparseWorld(n_features=n, decay=0.9), model=sp.ToyConfig(n_features=n, n_hidden=m), **given
    )


def same_bits(a, b):
    for one, other in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.fixture(scope="module")
def whole():
    return sp.sweep(toy(), OVER, KEY)


@pytest.mark.parametrize("devices", [1, 2, 3, 4])
def test_bits_do_not_depend_on_the_number_of_devices(whole, devices):
    same_bits(sp.sweep(toy(), OVER, KEY, devices=devices).runs.model, whole.runs.model)


def test_bits_do_not_depend_on_the_chunk_size_and_the_budget_is_kept():
    recipe, cells = toy(2, 1, steps=300, log_every=1, batch=16), Cells(points={}, keys=jax.random.split(KEY, 600))
    free = plan(recipe, cells, choose(recipe), 2**40, 1)
    tight = plan(recipe, cells, choose(recipe), free.bytes // 3, 1)
    assert tight.units < free.units
    assert tight.bytes <= free.bytes // 3
    small = sp.sweep(recipe, {"seed": range(600)}, KEY, budget=free.bytes // 3, devices=1)
    same_bits(small.runs.model, sp.sweep(recipe, {"seed": range(600)}, KEY).runs.model)


def test_a_budget_too_small_for_one_unit_is_refused():
    with pytest.raises(sp.BadValue, match=r"one unit of 64 models .* needs .*KB; the budget is 100 bytes"):
        sp.sweep(toy(2, 1), {"seed": range(3)}, KEY, budget=100)


def test_bits_do_not_depend_on_segments(whole, monkeypatch):
    monkeypatch.setattr(segments, "SEGMENT", 1e-9)  # every segment is one step
    same_bits(sp.sweep(toy(), OVER, KEY, devices=4).runs.model, whole.runs.model)


@pytest.mark.parametrize("at", [{"density": 0.05, "seed": 0}, {"density": 0.7, "seed": 8}, {"density": 1.0, "seed": 4}])
def test_a_point_of_a_sweep_is_its_solo_fit(whole, at):
    run = whole.run(**at)
    solo = sp.fit(run.recipe, jax.random.fold_in(KEY, at["seed"]))
    same_bits((solo.model, solo.loss), (run.model, run.loss))
    same_bits(jax.jit(sp.fit)(run.recipe, jax.random.fold_in(KEY, at["seed"])).model, run.model)


@pytest.mark.parametrize("shape", [(2, 1), (20, 5), (64, 16)])
def test_solo_fits_are_points_for_other_shapes(shape):
    swept = sp.sweep(toy(*shape), {"learning_rate": [1e-3, 1e-2], "seed": [3, 5]}, KEY)
    run = swept.run(learning_rate=1e-3, seed=5)
    same_bits(sp.fit(run.recipe, jax.random.fold_in(KEY, 5)).model, run.model)


@pytest.mark.parametrize("shape", [(2, 1), (3, 2)])
def test_exact_rows_give_the_same_bits_alone_together_and_inside_jit(shape):
    recipe = toy(*shape, batch="all", optimizer="adamw")
    recipe = dataclasses.replace(recipe, world=dataclasses.replace(recipe.world, nodes=8))
    swept = sp.sweep(recipe, {"world.density": [0.05, 0.7], "seed": range(400)}, KEY, devices=4)
    last = sp.sweep(recipe, {"world.density": [0.7], "seed": [399]}, KEY, devices=1)
    same_bits(last.run(density=0.7, seed=399).model, swept.run(density=0.7, seed=399).model)
    run, key = swept.run(density=0.7, seed=7), jax.random.fold_in(KEY, 7)
    for fit in (sp.fit, jax.jit(sp.fit)):
        same_bits(fit(run.recipe, key).model, run.model)


def test_neighbours_change_nothing(whole):
    other = sp.sweep(toy(), {"seed": [8, 100], "world.density": [0.7]}, KEY)
    same_bits(other.run(seed=8, density=0.7).model, whole.run(density=0.7, seed=8).model)


def test_shared_data_is_the_same_for_every_cell_and_can_be_had_alone():
    still = dataclasses.replace(toy(), learning_rate=0.0)
    own = sp.sweep(still, {"seed": range(3)}, KEY)
    shared = sp.sweep(still, {"seed": range(3)}, KEY, data="shared")
    same_bits(own.runs.model, shared.runs.model)
    moving = sp.sweep(toy(), {"seed": range(3)}, KEY, data="shared")
    solo = sp.fit(toy(), jax.random.fold_in(KEY, 2), data=KEY)
    same_bits(moving.run(seed=2).model, solo.model)
    assert not np.array_equal(moving.runs.model.W[2], sp.sweep(toy(), {"seed": range(3)}, KEY).runs.model.W[2])


def test_a_diverging_member_is_flagged_frozen_and_alone():
    rates = [1e-2, 3e38, 1e-2]
    swept = sp.sweep(toy(optimizer=sp.Optimizer(kind="sgd", clip=1.0)), {"learning_rate": rates, "seed": range(3)}, KEY)
    runs = swept.runs
    assert (runs.diverged[1] >= 0).all()
    assert (runs.diverged[::2] == -1).all()
    assert np.isfinite(np.asarray(runs.model.W[...])).all()
    fine = sp.sweep(toy(optimizer=sp.Optimizer(kind="sgd", clip=1.0)), {"learning_rate": [1e-2], "seed": range(3)}, KEY)
    np.testing.assert_array_equal(runs.model.W[0], fine.runs.model.W[0])
    np.testing.assert_array_equal(runs.model.W[2], fine.runs.model.W[0])


def test_diverged_runs_are_never_the_best():
    swept = sp.sweep(toy(), {"seed": range(4)}, KEY)
    broken = swept.stacks[0]
    W = np.array(broken.model.W[...])
    W[1] = np.nan
    model = jax.tree.map(lambda a: W if a.shape == W.shape else a, broken.model)
    swept = dataclasses.replace(swept, stacks=[dataclasses.replace(broken, model=model)])
    best = swept.best("seed", n=4096)
    assert np.isfinite(best.score.values)
    assert np.isfinite(np.asarray(best.runs.model.W[...])).all()


def test_best_keeps_the_lowest_held_out_loss_of_each_cell(whole):
    scores = whole.held_out(8192)
    best = whole.best("seed", n=8192)
    np.testing.assert_array_equal(best.score.values, scores.values.min(axis=1))
    pick = scores.values.argmin(axis=1)
    for place, density in enumerate(OVER["world.density"]):
        np.testing.assert_array_equal(best.run(density=density).model.W[...], whole.runs.model.W[place, pick[place]])


def test_held_out_draws_are_common_to_all_runs_and_unseen():
    still = sp.sweep(toy(learning_rate=0.0), {"learning_rate": [0.0, 0.0], "seed": [0]}, KEY)
    scores = still.held_out(1000).values
    assert scores[0] == scores[1]
    assert scores[0, 0] not in np.asarray(still.runs.loss).ravel()


def test_measures_become_tables_with_the_sweeps_axes(whole):
    tables = whole.measure(lambda run: {"norms": sp.geometry.norms(run.model.W[...]), "p": run.recipe.world.density})
    assert tables["norms"].values.shape == (4, 9, 5)
    assert list(tables["norms"].axes) == ["world.density", "seed"]
    np.testing.assert_allclose(tables["p"].sel(seed=3).values, OVER["world.density"], rtol=1e-6)


def test_static_axes_loop_and_come_first():
    swept = sp.sweep(toy(), {"seed": range(2), "model.n_hidden": [1, 3], "optimizer": ["adam", "sgd"]}, KEY)
    kept = swept.measure(lambda run: (run.model.W[...] ** 2).sum())
    assert list(kept.axes) == ["model.n_hidden", "optimizer", "seed"]
    assert kept.values.shape == (2, 2, 2)
    assert swept.run(n_hidden=3, optimizer="sgd", seed=1).model.W.shape == (3, 5)
    with pytest.raises(sp.BadValue, match=r"static axes \['model.n_hidden', 'optimizer'\]"):
        _ = swept.runs
    with pytest.raises(sp.BadValue, match="this measure has shapes"):
        swept.measure(lambda run: run.model.W[...])


def test_a_sweep_knows_all_its_axes_and_none_is_one_run():
    swept = sp.sweep(toy(), {"model.n_hidden": [2], "seed": [4]}, KEY)
    assert list(swept.axes) == ["model.n_hidden", "seed"]
    alone = sp.sweep(toy(), {}, KEY)
    assert alone.measure(lambda run: run.loss[-1]).values.shape == ()
    same_bits(alone.run().model, sp.fit(toy(), jax.random.fold_in(KEY, 0)).model)


def test_a_run_is_asked_for_by_a_tick_that_is_there(whole):
    with pytest.raises(sp.BadName, match="'seed' has no tick 9"):
        whole.run(density=0.3, seed=9)
    with pytest.raises(sp.BadName, match=r"'world.density' goes from 0.05 to 1; 2 is outside"):
        whole.run(density=2.0, seed=0)
    assert whole.run(density=0.3, seed=0).recipe.world.density == 0.3


def test_a_measure_in_numpy_is_told_to_use_jax(whole):
    for f in (lambda run: float(run.loss[-1]), lambda run: np.linalg.norm(run.model.W[...]), "loss"):
        with pytest.raises(sp.BadValue, match="measure"):
            whole.measure(f)


def test_whole_worlds_can_be_an_axis():
    worlds = [sp.SparseWorld(n_features=5, density=0.1), sp.SparseWorld(n_features=5, density=0.1, values="one")]
    swept = sp.sweep(toy(), {"world": worlds, "seed": range(2)}, KEY)
    assert swept.held_out(100).values.shape == (2, 2)


def test_two_sweeps_of_one_shape_share_a_program():
    sp.sweep(toy(batch=32), {"world.density": [0.1, 0.2], "seed": range(2)}, KEY)
    before = _compile.cache_info()
    sp.sweep(toy(batch=32, learning_rate=5e-3), {"world.density": [0.3, 0.9], "seed": [7, 9]}, KEY)
    after = _compile.cache_info()
    assert after.misses == before.misses
    assert after.hits > before.hits


def test_history_is_the_model_at_the_steps_asked_for():
    recipe = toy(snapshots=(0, 10, 30), schedule="constant")
    run = sp.fit(recipe, KEY)
    start = sp.fit(dataclasses.replace(recipe, learning_rate=0.0), KEY)
    same_bits(jax.tree.map(lambda a: a[0], run.history), start.model)
    same_bits(jax.tree.map(lambda a: a[2], run.history), run.model)
    early = sp.fit(toy(steps=10, schedule="constant"), KEY)
    same_bits(jax.tree.map(lambda a: a[1], run.history), early.model)
    assert sp.sweep(recipe, {"seed": range(3)}, KEY).runs.history.W.shape == (3, 3, 2, 5)


def test_the_loss_is_logged_at_the_end_of_every_block():
    every = sp.fit(toy(log_every=1), KEY).loss
    some = sp.fit(toy(log_every=7), KEY).loss
    np.testing.assert_array_equal(some, np.asarray(every)[[6, 13, 20, 27, 29]])


def test_every_step_draws_fresh_samples():
    loss = sp.fit(toy(learning_rate=0.0, log_every=1), KEY).loss
    assert len(set(loss.tolist())) == 30


def test_a_full_batch_is_plain_gradient_descent():
    x = np.random.default_rng(0).uniform(size=(7, 3)).astype(np.float32)
    config = sp.ToyConfig(n_features=3, n_hidden=3, activation="identity", tied=False)
    recipe = sp.Recipe(world=sp.ArrayWorld(x=x), model=config, optimizer="sgd", learning_rate=0.1, steps=5, batch="all")
    run = sp.fit(recipe, KEY)
    model = sp.fit(dataclasses.replace(recipe, learning_rate=0.0, steps=1), KEY).model
    W, V, b = (np.asarray(p[...], np.float64) for p in (model.W, model.V, model.b))
    for _ in range(5):
        r = 2 * (x @ W.T @ V.T + b - x) / 7
        W, V, b = W - 0.1 * V.T @ r.T @ x, V - 0.1 * r.T @ x @ W.T, b - 0.1 * r.sum(0)
    np.testing.assert_allclose(run.model.W[...], W, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(run.model.b[...], b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("density", [1.0, 0.1])
def test_a_linear_toy_learns_the_closed_form(density):
    world = sp.SparseWorld(n_features=8, density=density, decay=0.7)
    config = sp.ToyConfig(n_features=8, n_hidden=3, activation="identity")
    recipe = sp.Recipe(world=world, model=config, learning_rate=1e-2, schedule="quarter_cosine", steps=1500, batch=512)
    best = sp.sweep(recipe, {"seed": range(3)}, KEY).best("seed")
    exact = sp.geometry.losses.linear_optimum(density, 0.7 ** jnp.arange(8), 3)
    np.testing.assert_allclose(best.score.values, exact, rtol=0.01)


def test_double_precision_stays_inside_the_sweep():
    swept = sp.sweep(toy(precision="float64"), {"world.density": [0.1], "seed": range(2)}, KEY)
    assert swept.runs.model.W.dtype == np.float64
    assert jnp.zeros(1).dtype == jnp.float32
    close = sp.sweep(toy(), {"world.density": [0.1], "seed": [0]}, KEY)
    assert close.runs.model.W.dtype == np.float32


def test_units_are_as_wide_as_the_recipe_says_and_no_sweep_can_change_that():
    assert choose(toy(2, 1)).width == 64
    assert choose(toy(64, 16, batch=512)).width == 4
    assert choose(toy(100, 10, batch=4096)).width == 1
    assert choose(dataclasses.replace(toy(2, 1), learning_rate=0.5)).width == 64
    assert choose(toy(2, 1, steps=10**6, log_every=1, snapshots=range(1000))).width == 64
