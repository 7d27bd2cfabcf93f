"""Samples by what is on have the world's distribution, and their gradient is that of the rows written out."""

import dataclasses
import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.stats import binom, chisquare, ks_1samp, ks_2samp

import superpose as sp
from superpose.models import sides, tiles
from superpose.train.choose import choose
from superpose.train.paths import LARGE, Path
from superpose.worlds.active import BLOCK, drawer, positions, room

KEY = jax.random.key(0)


def world(n, density, **more):
    return sp.SparseWorld(n_features=n, density=density, **more)


def drawn(n, density, rows=10_000, room=40, values="uniform"):
    return jax.device_get(_drawn(density, n, rows, room, values))


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _drawn(density, *fixed):
    n, rows, room, values = fixed
    return drawer(world(n, density, values=values), rows, room)(KEY)


# -- what is drawn


@pytest.mark.parametrize("n, density", [(1000, 0.01), (1000, 1e-4), (40, 0.5)])
def test_each_feature_is_on_as_often_as_any(n, density):
    rows = 10_000
    index = drawn(n, density).index
    counts = np.bincount(index.ravel(), minlength=n + 1)[:n]
    few = counts[: n - n % 40].reshape(40, -1).sum(axis=1)
    assert abs(counts.sum() - n * density * rows) < 4 * np.sqrt(n * density * (1 - density) * rows)
    assert chisquare(few).pvalue > 1e-3
    assert abs(counts.std() / np.sqrt(rows * density * (1 - density)) - 1) < 4 / np.sqrt(2 * n) + 0.01


@pytest.mark.parametrize("n, density", [(1000, 0.01), (1000, 1e-4), (10**6, 3e-6)])
def test_the_number_that_is_on_is_binomial(n, density):
    rows = 10_000
    found = np.bincount((drawn(n, density).index < n).sum(axis=0), minlength=41)
    wanted = rows * binom.pmf(np.arange(41), n, density)
    often = wanted > 8
    found, wanted = (np.append(a[often], a[~often].sum()) for a in (found, wanted))
    assert chisquare(found, wanted * rows / wanted.sum()).pvalue > 1e-3


@pytest.mark.parametrize("density", [1e-6, 1e-4])
def test_places_are_even_to_the_last_of_a_million(density):
    """The first gap is geometric: also where it is longer than a float32 can count exactly."""
    n, rows = 2**20, 400_000
    first = np.asarray(positions(KEY, jnp.float32(density), n, (1, rows)))[0]
    on = first[first < n]
    share = -np.expm1(n * np.log1p(-density))
    assert abs(len(on) - share * rows) < 4 * np.sqrt(rows * share * (1 - share)) + 1
    assert ks_1samp(on, lambda j: -np.expm1((j + 1) * np.log1p(-density)) / share).pvalue > 1e-3
    for within in (2, 3, 16, BLOCK):
        chance = np.exp(np.arange(within) * np.log1p(-density))
        found = np.bincount(on % within, minlength=within)
        assert chisquare(found, len(on) * chance / chance.sum()).pvalue > 1e-3, within


def test_at_density_one_everything_is_on_and_at_almost_zero_nothing():
    assert (drawn(40, 1.0).index == np.arange(40)[:, None]).all()
    assert (drawn(1000, 1e-30).index == 1000).all()


@pytest.mark.parametrize("values", ["uniform", "signed", "one", "normal"])
def test_values_follow_their_law(values):
    active = drawn(1000, 0.01, values=values)
    on = active.value[active.index < 1000]
    dense = np.asarray(world(500, 0.05, values=values).sample(KEY, 1000).x)
    assert ks_2samp(on, dense[dense != 0]).pvalue > 1e-3
    assert (active.value[active.index == 1000] == 0).all()


def test_no_feature_is_on_twice_and_rows_are_independent():
    index = drawn(1000, 0.01).index
    on = index < 1000
    assert (np.diff(index, axis=0)[on[1:]] > 0).all()
    counts = on.sum(axis=0)
    assert abs(np.corrcoef(counts[:-1], counts[1:])[0, 1]) < 0.05


def test_written_out_rows_hold_the_same_numbers():
    active = drawn(1000, 0.01)
    x = np.asarray(active.batch().x)
    for row in range(30):
        on = active.index[:, row] < 1000
        np.testing.assert_array_equal(np.nonzero(x[row])[0], active.index[on, row])
        np.testing.assert_array_equal(x[row][active.index[on, row]], active.value[on, row])


@pytest.mark.parametrize("x64", [False, True])
def test_more_room_moves_no_bit(x64):
    with jax.enable_x64(x64):
        small, large = (drawn(1000, 0.01, room=k) for k in (40, 96))
        assert (large.index[40:] == 1000).all()
        np.testing.assert_array_equal(small.index, large.index[:40])
        np.testing.assert_array_equal(small.value, large.value[:40])


@pytest.mark.parametrize("n, density", [(10**4, 1e-4), (10**5, 1e-4), (10**6, 1e-4), (10**6, 1e-6)])
def test_room_is_all_but_always_enough_and_not_much_more(n, density):
    most = room(world(n, density), density)
    assert binom.sf(most, n, density) < 1e-12 < binom.sf(most // 2, n, density)


def test_there_is_no_room_for_many_nor_for_what_is_not_drawn_one_by_one():
    assert room(world(10**4, 0.1), 0.1) == 0
    assert room(world(10**4, 1e-3, exponent=1.0), 1e-3) == 0
    assert room(world(3, (0.1, 0.2, 0.3)), (0.1, 0.2, 0.3)) == 0
    assert room(sp.OneHotWorld(n_features=10**4), 1e-4) == 0


# -- gradients


def both(n=333, m=7, batch=40, objective=sp.reconstruct, tile=2**12, **config):
    """Loss and gradient by autodiff on the rows written out, and by tiles that do not divide the features."""
    with jax.enable_x64(True):
        active = drawer(world(n, 0.01, decay=0.99, values="signed"), batch, 24)(jax.random.key(3))
        model = sp.ToyConfig(n_features=n, n_hidden=m, **config).build(nnx.Rngs(KEY))
        model = jax.tree.map(lambda a: a + 0.1 * jax.random.normal(jax.random.key(a.size), a.shape, a.dtype), model)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sides, "TILE", tile)
            found = jax.jit(lambda m: (tiles.loss(m, active, objective), tiles.slope(m, active, objective)))(model)
        wanted = jax.jit(jax.value_and_grad(lambda m: objective(m, active.batch(), KEY)))(model)
        jax.tree.map(close, found, wanted)


def close(found, wanted):
    assert np.abs(wanted).max() > 0
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9 * float(np.abs(wanted).max()))


@pytest.mark.parametrize(
    "config", [{"hidden": "relu", "hidden_bias": True}, {"tied": False, "activation": "gelu", "bias": False}]
)
def test_the_gradient_by_tiles_is_that_of_the_rows_written_out(config):
    both(**config)


@pytest.mark.parametrize("power, reduce", [(1.0, "sum"), (4.0, "mean")])
def test_so_it_is_for_any_power_and_mean(power, reduce):
    both(objective=sp.Reconstruct(power=power, reduce=reduce))


def test_penalties_are_part_of_it():
    costs = (sp.WeightPenalty(rate=0.1), sp.WeightPenalty(on="b", power=2.0, rate=0.3), sp.ActivationPenalty(rate=0.2))
    both(objective=sp.Reconstruct(penalties=costs), hidden="relu")


def test_a_tile_may_be_one_feature():
    both(tile=1)


# -- training


def recipe(n=LARGE, m=5, density=2e-3, **more):
    given = {"world": world(n, density, values="one"), "model": sp.ToyConfig(n_features=n, n_hidden=m)}
    return sp.Recipe(**{**given, "steps": 12, "batch": 64, "learning_rate": 1e-2, **more})


def test_few_features_of_many_are_looked_at_alone():
    path = choose(recipe())
    assert (path.slope, path.active) == ("active", 48)
    assert choose(recipe(density=1e-4)).active == 12
    for other in (
        recipe(density=0.1),
        recipe(n=LARGE // 2),
        recipe(objective=sp.Reconstruct(noise=sp.SiteNoise(std=0.1))),
        dataclasses.replace(recipe(), world=world(LARGE, 2e-3, exponent=0.1)),
    ):
        assert choose(other).slope != "active" and choose(other).active == 0


def test_inside_a_trace_the_density_is_not_known():
    assert jax.jit(sp.fit)(recipe(steps=2), KEY).path.slope == "direct"


def test_a_sweep_takes_its_largest_density_and_more_room_repeats_a_point():
    swept = sp.sweep(recipe(), {"world.density": [1e-4, 2e-3]}, KEY, quiet=True)
    point = swept.run(density=1e-4)
    assert point.path == choose(recipe())
    alone = sp.fit(point.recipe, jax.random.fold_in(KEY, 0), path=dataclasses.replace(point.path, active=64))
    chex.assert_trees_all_equal((alone.model, alone.loss), (point.model, point.loss))
    found = swept.held_out(4096).sel(density=1e-4).values
    np.testing.assert_allclose(found, dense_loss(point.recipe, point), rtol=0.15)


@pytest.mark.parametrize(
    "wrong, message",
    [
        (recipe(), "room for 32"),
        (recipe(objective=sp.Reconstruct(noise=sp.SiteNoise(std=0.1))), "cannot"),
        (recipe(density=0.1), "room for 32"),
    ],
)
def test_a_path_that_would_leave_features_out_is_refused(wrong, message):
    path = Path(slope="active", active=32)
    with pytest.raises(sp.BadValue, match=message):
        sp.fit(wrong, KEY, path=path)
    with pytest.raises(sp.BadValue, match=message):
        sp.sweep(wrong, {"seed": range(2)}, KEY, path=path, quiet=True)


def test_a_path_says_how_many_may_be_on_if_and_only_if_it_looks_at_them_alone():
    for wrong in ({"slope": "active"}, {"slope": "direct", "active": 8}):
        with pytest.raises(sp.BadValue, match="active"):
            Path(**wrong)


@pytest.mark.slow
def test_training_ends_as_it_does_on_rows_written_out():
    """Final losses, of seeds apart, on common samples."""
    asked = recipe(n=150, m=15, steps=100, density=0.02, log_every=100)
    few, dense = (
        sp.sweep(asked, {"seed": seeds}, KEY, path=path, quiet=True).measure(lambda run: dense_loss(asked, run)).values
        for path, seeds in ((Path(slope="active", active=40), range(6)), (Path(slope="direct"), range(6, 12)))
    )
    assert max(few.max(), dense.max()) < 0.75 * 3
    assert abs(few.mean() - dense.mean()) < 4 * np.sqrt((few.var() + dense.var()) / 5)
    assert abs(few.mean() / dense.mean() - 1) < 0.02


def dense_loss(asked, run):
    return asked.objective(run.model, asked.world.sample(jax.random.key(9), 2048), KEY)


def fits(n, most):
    """A few steps, in a program of at most `most` bytes by the compiler's own figure."""
    asked = recipe(n, 10, 10 / n, steps=3, batch=256, log_every=3)
    swept = sp.sweep(asked, {"seed": [0]}, KEY, devices=1, budget=most, quiet=True)
    run = swept.run(seed=0)
    assert run.path.slope == "active" and run.diverged == -1
    assert 0 < run.loss[-1] < 20


def test_a_hundred_thousand_features_take_less_than_one_batch_would():
    fits(10**5, 4 * 10**5 * 256)


@pytest.mark.slow
def test_a_million_features_take_less_than_one_batch_would():
    fits(10**6, 4 * 10**6 * 256)


def test_rows_that_no_memory_holds_are_no_reason_to_refuse():
    asked = recipe(10**6, 2, 1e-6, batch=2**17)
    assert choose(asked).slope == "active"
