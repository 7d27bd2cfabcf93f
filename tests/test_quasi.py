"""A shifted lattice is uniform at every point, unbiased in every mean, and less noisy than as many random points."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import superpose as sp
from superpose.core.mistakes import Mistake
from superpose.train.objectives import reconstruct
from superpose.worlds import AnticorrelatedWorld, CorrelatedWorld, OneHotWorld, SparseWorld
from superpose.worlds.lattice import INTERPLAY, directions, generators, lattice

KEY = jax.random.key(0)
WORLDS = [
    SparseWorld(n_features=3, density=(0.05, 0.4, 0.9), decay=0.7),
    CorrelatedWorld(n_sets=1, density=0.3),
    AnticorrelatedWorld(n_sets=1, density=0.6),
    OneHotWorld(n_features=3, values="uniform"),
]


def even(world):
    return dataclasses.replace(world, points="lattice")


def assert_mean(values, expected):
    """Within five standard errors, and the four digits of a written-out world."""
    values = np.asarray(values, dtype=np.float64)
    error = 5 * values.std(axis=0) / np.sqrt(len(values))
    assert (np.abs(values.mean(axis=0) - expected) <= error + 1e-4 * np.abs(expected) + 1e-6).all()


def toy(n):
    """Features around the circle, too long and too low to be at rest."""
    angles = 2 * np.pi * jnp.arange(n) / n
    values = {"W": 1.2 * jnp.stack([jnp.cos(angles), jnp.sin(angles)]), "b": jnp.full(n, -0.1)}
    model = sp.ToyConfig(n_features=n, n_hidden=2).build(nnx.Rngs(0))
    return jax.tree.unflatten(jax.tree.structure(model), [values[name] for name in sp.named_leaves(model)])


def slopes(world, batch, n_keys, seed=0):
    """The gradient of the toy's loss on each of many batches; `key parameters`."""

    def slope(rows):
        found = jax.grad(lambda model: reconstruct(model, rows, KEY))(toy(world.n_features))
        return jnp.concatenate([g.ravel() for g in jax.tree.leaves(found)])

    if batch == "all":
        return jax.jit(lambda w: slope(w.everything()))(world)
    draws = jax.vmap(lambda w, k: slope(w.sample(k, batch)), in_axes=(None, 0))
    return np.asarray(jax.jit(draws)(world, jax.random.split(jax.random.key(seed), n_keys)))


def test_every_point_alone_is_uniform_on_the_cube():
    u = jax.vmap(lambda k: lattice(k, 3, 32))(jax.random.split(KEY, 10_000))
    for b in (0, 1, 17, 31):
        point = np.asarray(u[:, :, b], dtype=np.float64)
        for power in (1, 2, 3):
            assert_mean(point**power, 1 / (power + 1))
        assert_mean(point * np.roll(point, 1, axis=1), 1 / 4)
    assert u.min() >= 0 and u.max() < 1


@pytest.mark.parametrize("n", [1, 7, 100, 256, 1000, 65_536])
def test_every_coordinate_is_evenly_spaced(n):
    u = np.sort(np.asarray(lattice(KEY, 1, n), dtype=np.float64))[0]
    np.testing.assert_allclose(np.diff(u), 1 / n, atol=2e-7)


def figure(g, n):
    x = np.arange(n)[:, None] * np.array(g) % n / n
    return (1 + INTERPLAY * 2 * np.pi**2 * (x * x - x + 1 / 6)).prod(axis=1).mean() - 1


@pytest.mark.parametrize("d, n", [(2, 256), (5, 1024), (20, 256), (20, 4096)])
def test_no_guess_of_generators_beats_those_chosen(d, n):
    rng = np.random.default_rng(0)
    guesses = [figure(rng.choice(np.arange(1, n, 2), d), n) for _ in range(20)]
    assert figure(generators(d, n), n) < min(guesses) * (1 + 1e-9)


@pytest.mark.parametrize("d, n", [(20, 97), (5, 360), (100, 1024)])
def test_generators_share_no_factor_with_the_points_nor_repeat(d, n):
    g = generators(d, n)
    assert len(set(g)) == d and all(math.gcd(x, n) == 1 for x in g)


@pytest.mark.parametrize("world", WORLDS, ids=repr)
def test_the_expected_gradient_is_the_exact_one(world):
    assert_mean(slopes(even(world), 32, 2000), slopes(world, "all", 1))


@pytest.mark.parametrize("world, rows, factor", [
    (SparseWorld(n_features=2, density=0.3), 256, 10),
    (SparseWorld(n_features=20, density=0.1), 1024, 3),
    (SparseWorld(n_features=3, density=0.3, values="normal"), 256, 1.5),
], ids=repr)  # fmt: skip
def test_gradients_vary_less_than_over_as_many_random_rows(world, rows, factor):
    random, spread = (slopes(w, rows, 300).var(axis=0).sum() for w in (world, even(world)))
    assert random > factor * spread


def test_one_set_of_points_is_off_and_fresh_ones_are_not():
    """Why the shift belongs to the step: what one set gets wrong stays wrong however often it is used."""
    world = even(SparseWorld(n_features=3, density=0.1))
    exact = np.asarray(slopes(world, "all", 1))
    each = slopes(world, 64, 400)
    one_set, many = np.linalg.norm(each - exact, axis=1), np.linalg.norm(each.mean(axis=0) - exact)
    assert many < 0.2 * np.median(one_set)
    rows = np.concatenate([world.sample(k, 64).x for k in jax.random.split(KEY, 2)])
    rows = rows[(rows > 0).any(axis=1)]
    assert len(np.unique(rows, axis=0)) == len(rows)


@pytest.mark.parametrize("wide", [False, True])
def test_points_follow_the_active_precision(wide):
    with jax.numpy_dtype_promotion("strict"), jax.enable_x64(wide):
        batch = jax.eval_shape(lambda: even(WORLDS[0]).sample(jax.random.key(0), 32))
        assert batch.x.dtype == (jnp.float64 if wide else jnp.float32)


@pytest.mark.parametrize("ask, said", [
    (lambda: SparseWorld(n_features=129, points="lattice"), "SparseWorld.points.* takes 129 .*; it may take 128"),
    (lambda: even(WORLDS[0]).sample(KEY, 100_000), "at most 65,536 rows, not 100,000"),
    (lambda: even(WORLDS[0]).sample(KEY, 6), "6 rows have 1 directions for the 3 .*ask for 16 rows"),
    (lambda: SparseWorld(n_features=2, points="latice"), "did you mean 'lattice'"),
], ids=["wide", "many", "few", "typo"])  # fmt: skip
def test_what_a_lattice_does_no_good_for_is_refused(ask, said):
    with pytest.raises(Mistake, match=said):
        ask()


@pytest.mark.parametrize("d", [1, 2, 5, 20, 128])
def test_the_number_of_rows_a_mistake_asks_for_is_enough(d):
    assert len(directions(1 << (4 * d - 1).bit_length())) >= d
