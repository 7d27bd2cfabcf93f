"""Worlds written out give expectations: moments exactly, losses with kinks as their closed forms say."""

import dataclasses
import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose.core.mistakes import Mistake
from superpose.geometry import losses
from superpose.worlds import (
    AnticorrelatedWorld,
    ArrayWorld,
    CorrelatedWorld,
    GateWorld,
    HierarchicalWorld,
    ModularSumWorld,
    OneHotWorld,
    SparseWorld,
    TaskWorld,
)

SMALL = [
    SparseWorld(n_features=5, density=(0.1, 0.2, 0.5, 0.9, 1.0), values="uniform"),
    SparseWorld(n_features=4, density=0.3, exponent=0.7, values="signed"),
    SparseWorld(n_features=6, density=0.3, values="one"),
    CorrelatedWorld(n_sets=3, density=(0.1, 0.5, 0.9)),
    CorrelatedWorld(n_sets=1, set_size=3, density=0.4, values="signed"),
    AnticorrelatedWorld(n_sets=2, set_size=3, density=(0.3, 0.8)),
    AnticorrelatedWorld(n_sets=2, density=0.3, per="feature"),
    HierarchicalWorld(n_roots=2, density=0.3, child_density=0.6),
    HierarchicalWorld(n_roots=1, depth=3, density=0.7, child_density=0.6, children="exclusive"),
    OneHotWorld(n_features=4),
    OneHotWorld(n_features=4, values="uniform"),
]


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def loss(batch, W, b=0.0):
    """Of the toy with W, `hidden features`."""
    return np.asarray(batch.chance) @ errors(batch, W, b)


def errors(batch, W, b):
    """Row by row; NumPy compiles nothing."""
    x, W = np.asarray(batch.x), np.asarray(W)
    return (np.asarray(batch.weight) * (x - np.maximum(x @ W.T @ W + b, 0)) ** 2).sum(axis=-1)


@functools.cache
def written(world):
    return jax.jit(type(world).everything)(world)


@functools.cache
def drawn(world, n=200_000):
    return jax.jit(type(world).sample, static_argnums=2)(world, jax.random.key(0), n)


def assert_mean(rows, expected):
    """Within five standard errors."""
    assert (np.abs(rows.mean(axis=0) - expected) <= 5 * rows.std(axis=0) / np.sqrt(len(rows)) + 1e-12).all()


def second(batch):
    """Second moments."""
    x = np.asarray(batch.x)
    return (np.asarray(batch.chance)[:, None] * x).T @ x


def independent(mean, square):
    return np.outer(mean, mean) * (1 - np.eye(len(mean))) + np.diag(square)


def turned(angles):
    """Unit columns in the plane."""
    t = 2 * np.pi * np.asarray(angles)
    return np.array([np.cos(t), np.sin(t)])


@pytest.mark.parametrize("world", SMALL, ids=repr)
def test_chances_sum_to_one(world):
    chance = written(world).chance
    assert abs(float(chance.sum()) - 1) < 1e-12 and (chance >= 0).all()


@pytest.mark.parametrize("world", SMALL, ids=repr)
def test_first_and_second_moments_agree_with_a_sample(world):
    batch, x = written(world), np.asarray(drawn(world).x)
    assert_mean(x, np.asarray(batch.chance) @ np.asarray(batch.x))
    assert_mean(np.einsum("bf,bg->bfg", x, x).reshape(len(x), -1), second(batch).ravel())


@pytest.mark.parametrize("n", range(1, 7))
def test_moments_of_independent_features_are_the_closed_forms(n):
    p = np.linspace(0.2, 1.0, n)
    batch = written(SparseWorld(n_features=n, density=tuple(p)))
    np.testing.assert_allclose(np.asarray(batch.chance) @ np.asarray(batch.x), p / 2, atol=1e-12)
    np.testing.assert_allclose(second(batch), independent(p / 2, p / 3), atol=1e-12)
    signed = written(SparseWorld(n_features=n, density=tuple(p), values="signed"))
    np.testing.assert_allclose(second(signed), independent(0 * p, p / 3), atol=1e-12)
    np.testing.assert_allclose(np.asarray(signed.chance) @ np.abs(signed.x), p / 2, atol=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_moments_of_correlated_sets_are_the_closed_forms(k):
    p = 0.3
    batch = written(CorrelatedWorld(n_sets=2, set_size=k, density=p))
    centred = second(batch) - p**2 / 4
    own = (p / 4 - p**2 / 4) * np.ones((k, k)) + np.eye(k) * p / 12
    np.testing.assert_allclose(centred, np.kron(np.eye(2), own), atol=1e-12)
    lead, rest = losses.pca_spectrum(p, k)
    np.testing.assert_allclose(np.linalg.eigvalsh(centred), sorted([*[rest] * 2 * (k - 1), lead, lead]), atol=1e-12)


def test_moments_of_anticorrelated_sets_are_the_closed_forms():
    p, k = 0.6, 3
    moments = second(AnticorrelatedWorld(n_sets=2, set_size=k, density=p).everything())
    across = (p / k / 2) ** 2 * np.ones((k, k))
    own = np.eye(k) * p / k / 3
    np.testing.assert_allclose(moments, np.block([[own, across], [across, own]]), atol=1e-12)


def test_moments_of_trees_are_the_closed_forms():
    p, q = 0.3, 0.6
    free = written(HierarchicalWorld(n_roots=1, density=p, child_density=q))
    np.testing.assert_allclose(
        second(free) * 4,
        [[p * 4 / 3, p * q, p * q], [p * q, p * q * 4 / 3, p * q * q], [p * q, p * q * q, p * q * 4 / 3]],
        atol=1e-12,
    )
    half = q / 2
    rival = written(HierarchicalWorld(n_roots=1, density=p, child_density=q, children="exclusive"))
    np.testing.assert_allclose(
        second(rival) * 4,
        [[p * 4 / 3, p * half, p * half], [p * half, p * half * 4 / 3, 0], [p * half, 0, p * half * 4 / 3]],
        atol=1e-12,
    )


@pytest.mark.parametrize("p, q", [(0.2, 0.2), (0.9, 0.1), (1.0, 1.0)])
def test_an_antipodal_pair_costs_what_its_closed_form_says(p, q):
    batch = written(SparseWorld(n_features=2, density=(p, q), importance=(1.0, 0.4)))
    np.testing.assert_allclose(loss(batch, np.array([[1.0, -1.0]])), losses.antipodal(p, q, 1.0, 0.4), rtol=1e-4)


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_a_triangle_costs_what_its_closed_form_says(p):
    batch = written(SparseWorld(n_features=3, density=p))
    np.testing.assert_allclose(loss(batch, turned([0, 1 / 3, 2 / 3])), losses.triangle(p), rtol=1e-3)


@pytest.mark.parametrize("k", [2, 3, 6])
def test_a_collapsed_set_costs_what_its_closed_form_says(k):
    batch = written(CorrelatedWorld(n_sets=1, set_size=k, density=0.3))
    np.testing.assert_allclose(loss(batch, np.ones((1, k)) / k**0.5), losses.collapsed_set(0.3, k), rtol=1e-9)


@pytest.mark.parametrize("k, p", [(1, 0.1), (2, 0.1), (3, 0.1), (2, 0.5)])
def test_sets_crossed_in_digons_cost_what_their_closed_form_says(k, p):
    batch = written(CorrelatedWorld(n_sets=2, set_size=k, density=p))
    W = np.concatenate([np.eye(k), -np.eye(k)], axis=1)
    np.testing.assert_allclose(loss(batch, W), losses.crossed_sets(p, k), rtol=1e-3)


def test_an_anticorrelated_digon_costs_nothing():
    batch = written(AnticorrelatedWorld(n_sets=1, density=0.5))
    assert loss(batch, np.array([[1.0, -1.0]])) < 1e-24


@pytest.mark.parametrize("p", [0.1, 0.9])
def test_anticorrelated_pairs_wrongly_paired_cost_what_their_closed_form_says(p):
    batch = written(AnticorrelatedWorld(n_sets=2, density=p))
    W = np.array([[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]])
    np.testing.assert_allclose(loss(batch, W), losses.crossed_anticorrelated(p), rtol=1e-3)


@pytest.mark.parametrize("k", [2, 3])
def test_two_collapsed_sets_on_one_dimension_cost_what_their_closed_form_says(k):
    batch = written(CorrelatedWorld(n_sets=2, set_size=k, density=0.5))
    W = np.concatenate([np.ones((1, k)), -np.ones((1, k))], axis=1) / k**0.5
    np.testing.assert_allclose(loss(batch, W), losses.collapsed_antipodal(0.5, k), rtol=1e-3)


def test_dense_polynomial_losses_are_exact():
    """Two features kept, three answered by half: no kink is ever met."""
    batch = written(SparseWorld(n_features=5, density=1.0, decay=0.9))
    value = loss(batch, np.eye(2, 5), np.array([0, 0, 0.5, 0.5, 0.5]))
    np.testing.assert_allclose(value, (0.81 + 0.729 + 0.6561) / 12, rtol=1e-13)


@pytest.mark.parametrize("p, radius, bias, expected", [(0.1, 1.095, -0.205, 0.0214), (0.05, 1.132, -0.243, 0.00726)])
def test_a_pentagon_costs_what_the_specification_found(p, radius, bias, expected):
    batch = written(SparseWorld(n_features=5, density=p, decay=0.9))
    assert abs(float(loss(batch, radius * turned(np.arange(5) / 5), bias)) / expected - 1) < 0.01


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("world", SMALL[:9], ids=repr)
def test_a_loss_with_kinks_agrees_with_a_sample(world, seed):
    rng = np.random.default_rng(seed)
    W, b = 0.7 * rng.normal(size=(2, world.n_features)), 0.2 * rng.normal(size=world.n_features)
    assert_mean(errors(drawn(world), W, b), loss(written(world), W, b))


def test_chances_follow_a_swept_density_and_rows_do_not():
    world, ps = CorrelatedWorld(n_sets=2), jnp.array([0.05, 0.4, 1.0])
    swept = jax.vmap(lambda p: dataclasses.replace(world, density=p).everything())(ps)
    assert (swept.x == swept.x[0]).all()
    for p, chance in zip(ps, swept.chance, strict=True):
        np.testing.assert_allclose(chance, dataclasses.replace(world, density=float(p)).everything().chance, rtol=1e-14)


@pytest.mark.parametrize("p", [0.3, 1.0])
def test_the_expected_loss_has_the_right_slope_in_density(p):
    def antipodal(q):
        batch = SparseWorld(n_features=2, density=q).everything()
        return batch.mean(2 * batch.x.min(axis=-1) ** 2)

    np.testing.assert_allclose(jax.grad(antipodal)(p), 2 * p / 3, rtol=1e-4)


def test_relabelling_features_hardly_moves_a_loss():
    batch = written(SparseWorld(n_features=4, density=0.5))
    W = 0.8 * np.random.default_rng(0).normal(size=(2, 4))
    found = [float(loss(batch, W[:, list(order)])) for order in itertools.permutations(range(4))]
    np.testing.assert_allclose(found, found[0], rtol=5e-4)  # points along the axes differ in number


def test_five_features_take_about_twenty_five_thousand_rows():
    assert len(written(SparseWorld(n_features=5)).x) == 1 + 5 * 256 + 10 * 28 * 36 + 10 * 720 + 5 * 840 + 2520


def test_one_active_feature_has_points_to_spare_and_none_has_one():
    batch = written(SparseWorld(n_features=1))
    assert batch.x.shape == (257, 1) and batch.x[0] == 0


def test_values_of_one_need_a_row_per_pattern():
    batch = written(SparseWorld(n_features=10, density=0.3, values="one"))
    assert len(batch.x) == len(np.unique(batch.x, axis=0)) == 2**10


def test_tasks_and_gates_are_written_out_with_their_inputs():
    p = 0.3
    signed = TaskWorld(inputs=SparseWorld(n_features=2, density=p, values="signed")).everything()
    np.testing.assert_allclose(signed.chance @ signed.y, [p / 2, p / 2], atol=1e-12)
    for gate, chance in (("and", p * p), ("or", 1 - (1 - p) ** 2), ("xor", 2 * p * (1 - p)), ("product", p * p)):
        batch = GateWorld(inputs=SparseWorld(n_features=3, density=p, values="one"), gate=gate).everything()
        np.testing.assert_allclose(batch.chance @ batch.y, [chance] * 3, atol=1e-12)


def test_finite_worlds_are_written_out_row_by_row():
    rows = np.arange(6.0).reshape(3, 2)
    assert (ArrayWorld(x=rows).everything().x == rows).all()
    clock = ModularSumWorld(modulus=5, encoding="tokens").everything()
    assert {(int(a), int(b)): int(c) for (a, b), c in zip(clock.x, clock.y, strict=True)} == {
        (a, b): (a + b) % 5 for a in range(5) for b in range(5)
    }


@pytest.mark.parametrize("world", [
    SparseWorld(n_features=7),
    SparseWorld(n_features=10**6),
    SparseWorld(n_features=18, values="one"),
    CorrelatedWorld(n_sets=4),
    CorrelatedWorld(n_sets=1, set_size=7),
    AnticorrelatedWorld(n_sets=7),
    AnticorrelatedWorld(n_sets=3, set_size=30),
    HierarchicalWorld(n_roots=1, branching=3, depth=5),
    OneHotWorld(n_features=10**7),
], ids=repr)  # fmt: skip
def test_worlds_too_large_to_write_out_say_so(world):
    with pytest.raises(Mistake, match=r"rows.*sample\(key, n\)"):
        world.everything()


def test_only_laws_with_a_rule_are_written_out():
    with pytest.raises(Mistake, match="not 'normal'"):
        SparseWorld(n_features=2, values="normal").everything()
