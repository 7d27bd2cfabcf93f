"""Sampled worlds have the moments of the formulas, and spend each random number once."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose.core.trees import replace_at
from superpose.worlds import (
    AnticorrelatedWorld,
    CorrelatedWorld,
    Enumerable,
    HierarchicalWorld,
    OneHotWorld,
    SparseWorld,
    World,
)

N = 300_000
SETS = [
    SparseWorld(n_features=3),
    CorrelatedWorld(n_sets=2),
    AnticorrelatedWorld(n_sets=2),
    HierarchicalWorld(n_roots=1),
    HierarchicalWorld(n_roots=1, children="exclusive"),
    OneHotWorld(n_features=3),
]


def draw(world, n=N, seed=0):
    return np.asarray(jax.jit(type(world).sample, static_argnums=2)(world, jax.random.key(seed), n).x, dtype=np.float64)


def assert_mean(values, expected):
    """Within five standard errors."""
    values = np.asarray(values, dtype=np.float64)
    error = values.std(axis=0) / np.sqrt(len(values))
    assert (np.abs(values.mean(axis=0) - expected) <= 5 * error + 1e-12).all(), (values.mean(axis=0), expected, error)


@pytest.mark.parametrize("p", [1.0, 0.3, 0.01])
def test_sparse_features_have_the_moments_of_the_paper(p):
    x = draw(SparseWorld(n_features=2, density=p), 1_000_000)
    assert_mean(x, p / 2)
    assert_mean(x**2, p / 3)
    assert_mean((x - p / 2) ** 2, p / 3 - p**2 / 4)
    assert_mean(x[:, 0] * x[:, 1], p**2 / 4)
    assert_mean(x > 0, p)
    assert x.min() >= 0 and x.max() <= 1


@pytest.mark.parametrize("values, mean, square", [("signed", 0, 1 / 3), ("one", 1, 1), ("normal", 0, 1)])
def test_each_law_of_values_has_its_moments(values, mean, square):
    p = 0.2
    for world in (
        SparseWorld(n_features=2, density=p, values=values),
        CorrelatedWorld(n_sets=1, density=p, values=values),
        AnticorrelatedWorld(n_sets=1, density=p, per="feature", values=values),
    ):
        x = draw(world)
        assert_mean(x, p * mean)
        assert_mean(x**2, p * square)
        assert_mean(x != 0, p)


def test_a_normal_value_is_gaussian_to_its_fourth_moment():
    x = draw(SparseWorld(n_features=1, density=1.0, values="normal"))
    assert_mean(x**4, 3)
    assert_mean(x**3, 0)


def test_the_absolute_value_of_a_signed_feature_has_the_law_of_an_unsigned_one():
    p = 0.3
    x = np.abs(draw(SparseWorld(n_features=1, density=p, values="signed")))
    for power in (1, 2, 3, 4):
        assert_mean(x**power, p / (power + 1))


def test_every_feature_may_have_its_own_density_and_importance():
    world = SparseWorld(n_features=3, density=(0.5, 0.1, 0.9), importance=(1.0, 2.0, 4.0), decay=0.5)
    assert_mean(draw(world) > 0, (0.5, 0.1, 0.9))
    np.testing.assert_allclose(world.importances(), (1.0, 1.0, 1.0))
    as_array = SparseWorld(n_features=3, density=np.array([0.5, 0.1, 0.9]))
    assert (draw(as_array, 1000) == draw(world, 1000)).all()


def test_the_first_feature_keeps_its_importance():
    np.testing.assert_allclose(SparseWorld(n_features=4, decay=0.9).importances(), 0.9 ** np.arange(4), rtol=1e-6)


def test_exponent_one_is_the_law_of_zipf():
    assert_mean(draw(SparseWorld(n_features=4, density=0.8, exponent=1.0)) > 0, 0.8 / np.arange(1, 5))


@pytest.mark.parametrize("p", [0.5, 0.05])
def test_a_correlated_set_comes_on_together_with_independent_sizes(p):
    x = draw(CorrelatedWorld(n_sets=2, set_size=2, density=p), 1_000_000)
    assert ((x[:, 0] > 0) == (x[:, 1] > 0)).mean() > 1 - 1e-5  # a size may be 0 itself
    centred = x - p / 2
    assert_mean(x, p / 2)
    assert_mean(centred**2, p / 3 - p**2 / 4)
    assert_mean(centred[:, 0] * centred[:, 1], p / 4 - p**2 / 4)
    assert_mean(centred[:, :1] * centred[:, 2:], 0)
    on = x[(x[:, 0] > 0) & (x[:, 1] > 0)] - 0.5
    assert_mean(on[:, 0] * on[:, 1], 0)


def test_every_set_may_have_its_own_density():
    x = draw(CorrelatedWorld(n_sets=2, set_size=2, density=(0.1, 0.6)), 100_000)
    assert_mean(x > 0, (0.1, 0.1, 0.6, 0.6))


@pytest.mark.parametrize("k", [2, 5])
def test_one_of_an_anticorrelated_set_is_on_at_a_time(k):
    p = 0.4
    x = draw(AnticorrelatedWorld(n_sets=2, set_size=k, density=p), 1_000_000)
    assert ((x.reshape(-1, 2, k) > 0).sum(axis=-1) <= 1).all()
    assert_mean(x > 0, p / k)
    assert_mean(x, p / k / 2)
    assert_mean(x**2, p / k / 3)
    assert_mean(x[:, :1] * x[:, k:], (p / k / 2) ** 2)


def test_density_per_feature_is_the_chance_of_a_feature():
    x = draw(AnticorrelatedWorld(n_sets=2, set_size=3, density=0.2, per="feature"))
    assert_mean(x > 0, 0.2)


def test_one_feature_is_always_on_in_a_one_hot_world():
    x = draw(OneHotWorld(n_features=7))
    assert (x.sum(axis=1) == 1).all() and set(np.unique(x)) == {0, 1}
    assert_mean(x, 1 / 7)


@pytest.mark.parametrize("children, p_child", [("independent", 0.5), ("exclusive", 0.5 / 3)])
def test_a_child_is_on_only_below_its_parent(children, p_child):
    world = HierarchicalWorld(n_roots=2, branching=3, depth=3, density=0.6, child_density=0.5, children=children)
    on = draw(world, 300_000) > 0
    roots, middle, leaves = on[:, :2], on[:, 2:8], on[:, 8:]
    assert world.n_features == 26 == on.shape[1]
    orphans = (middle & ~roots.repeat(3, axis=1)).mean() + (leaves & ~middle.repeat(3, axis=1)).mean()
    assert orphans < 1e-6  # a parent of size 0 looks off
    assert_mean(roots, 0.6)
    assert_mean(middle, 0.6 * p_child)
    assert_mean(leaves, 0.6 * p_child**2)
    together = middle.reshape(-1, 2, 3).sum(axis=-1)
    assert (together.max() == 1) == (children == "exclusive")


@pytest.mark.parametrize("world", SETS, ids=repr)
def test_every_world_can_be_sampled_and_written_out(world):
    assert isinstance(world, World) and isinstance(world, Enumerable)
    batch = jax.eval_shape(lambda w: w.sample(jax.random.key(0), 5), world)
    assert batch.x.shape == batch.y.shape == (5, world.n_features) and batch.weight.shape == (world.n_features,)
    assert batch.chance is None


@pytest.mark.parametrize("values", ["uniform", "normal"])
def test_sizes_tell_nothing_of_what_else_is_on(values):
    """A key used twice would tie the size of a feature to whether others are on, or to which member is chosen."""
    x = draw(SparseWorld(n_features=2, density=0.5, values=values))
    on = x[x[:, 0] != 0]
    assert_mean(on[:, 0] * ((on[:, 1] != 0) - 0.5), 0)
    x = draw(CorrelatedWorld(n_sets=1, density=0.3, values=values))
    on = x[(x != 0).all(axis=1)]
    mean = 0.5 if values == "uniform" else 0.0
    assert_mean(on, mean)
    assert_mean((on[:, 0] - mean) * (on[:, 1] - mean), 0)
    x = draw(AnticorrelatedWorld(n_sets=1, set_size=3, density=0.3, values=values))
    for member in range(3):
        assert_mean(x[x[:, member] != 0][:, member], mean)


def test_rows_do_not_repeat_and_keys_do_not_overlap():
    world = SparseWorld(n_features=4, density=1.0)
    a, b = draw(world, 1000, seed=0), draw(world, 1000, seed=1)
    assert len(np.unique(np.concatenate([a, b]), axis=0)) == 2000


@pytest.mark.parametrize("world", [SETS[0], SETS[2], SETS[4], SparseWorld(n_features=3, points="lattice")], ids=repr)
def test_a_vmapped_density_draws_what_a_density_alone_draws(world):
    densities = jnp.array([0.05, 0.3, 0.45])
    key = jax.random.key(3)
    swept = jax.jit(jax.vmap(lambda p: dataclasses.replace(world, density=p).sample(key, 50).x))(densities)
    alone = jax.jit(lambda w: w.sample(key, 50).x)
    for p, x in zip(densities, swept, strict=True):
        assert (alone(dataclasses.replace(world, density=float(p))) == x).all()


def test_a_density_written_into_the_program_draws_the_same_bits_as_one_that_is_passed():
    world, key = SparseWorld(n_features=7, density=0.3), jax.random.key(0)
    closed = jax.jit(lambda k: world.sample(k, 1000).x)(key)
    passed = jax.jit(lambda w, k: w.sample(k, 1000).x)(world, key)
    assert (closed == passed).all()


def test_one_place_of_a_density_may_be_swept():
    world, key = SparseWorld(n_features=2, density=(0.5, 0.5)), jax.random.key(0)
    x = jax.vmap(lambda p: replace_at(world, "density.1", p).sample(key, 20_000).x)(jnp.array([0.1, 0.9]))
    np.testing.assert_allclose((x > 0).mean(axis=1), [[0.5, 0.1], [0.5, 0.9]], atol=0.02)


@pytest.mark.parametrize("world", SETS, ids=repr)
def test_worlds_follow_the_active_precision(world):
    def dtypes():
        batches = jax.eval_shape(lambda w: (w.sample(jax.random.key(0), 3), w.everything()), world)
        return {a.dtype for a in jax.tree.leaves(batches)}

    with jax.numpy_dtype_promotion("strict"):
        assert dtypes() == {jnp.dtype("float32")}
        with jax.enable_x64(True):
            assert dtypes() == {jnp.dtype("float64")}


@pytest.mark.parametrize("p", [1e-4, 1e-6])
def test_rare_features_stay_within_bounds(p):
    x = draw(SparseWorld(n_features=1, density=p), 4_000_000)
    assert x.min() >= 0 and x.max() < 1 + 1e-6
    assert_mean(x > 0, p)
