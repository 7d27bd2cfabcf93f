"""The ignore-dedicate-share family: brute force over all arrangements, the models themselves, and known diagrams."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose.geometry import arrangements, losses, phases

P = np.array([0.02, 0.2, 0.45, 0.57, 0.58, 0.75, 0.85, 1.0])


def every_loss(p, importance, m):
    """Every way to ignore, dedicate or pair, one dimension for each that is kept."""
    if not importance:
        yield 0.0
        return
    first, *rest = importance
    yield from (cost + float(first) * (p / 3 - p**2 / 4) for cost in every_loss(p, rest, m))
    if m:
        yield from every_loss(p, rest, m - 1)
        for j, other in enumerate(rest):
            pair = (first + other) * p**2 / 6
            yield from (pair + cost for cost in every_loss(p, rest[:j] + rest[j + 1 :], m - 1))


@pytest.mark.parametrize("n, m", [(1, 1), (3, 1), (5, 2), (5, 4), (6, 3)])
def test_no_arrangement_is_better(n, m):
    importance = np.random.default_rng(10 * n + m).random(n)
    best = arrangements.best_loss(P, jnp.asarray(importance), m)
    by_force = [min(every_loss(p, list(importance), m)) for p in P]
    np.testing.assert_allclose(best, by_force, rtol=1e-5, atol=1e-7)


def test_the_family_agrees_with_the_phase_diagrams():
    r, p = np.geomspace(0.1, 10, 9), np.linspace(0.05, 0.95, 7)
    for n_hidden in (1, 2):
        diagram = np.asarray(phases.losses(r[:, None], p, n_hidden)).min(0)
        family = [arrangements.best_loss(p, jnp.array([1.0] * n_hidden + [ratio]), n_hidden) for ratio in r]
        np.testing.assert_allclose(family, diagram, rtol=1e-5)
    edges = [arrangements.boundaries(jnp.array([1.0, ratio]), 1)[0] for ratio in r]
    np.testing.assert_allclose(edges, phases.boundary(r), rtol=1e-5)


def test_equals_share_every_dimension_below_four_sevenths_and_none_above():
    importance, m = jnp.ones(9), 3
    np.testing.assert_allclose(arrangements.boundaries(importance, m), 4 / 7, rtol=1e-6)
    np.testing.assert_array_equal(arrangements.best_pairs(np.array([0.57, 0.572]), importance, m), [3, 0])
    np.testing.assert_allclose(
        arrangements.best_loss(0.2, importance, m), 6 * 0.2**2 / 6 + 3 * losses.ignored(0.2), rtol=1e-5
    )


def test_one_pair_after_another_pays_as_the_world_grows_sparse():
    importance = jnp.asarray(0.8 ** np.arange(10.0))
    edges = np.asarray(arrangements.boundaries(importance, 4))
    ratio = 0.8 ** np.array([1, 3, 5, 7])
    np.testing.assert_allclose(edges, 4 * ratio / (2 + 5 * ratio), rtol=1e-5)
    for s, edge in enumerate(edges):
        costs = arrangements.losses(float(edge), importance, 4)
        np.testing.assert_allclose(costs[s], costs[s + 1], rtol=1e-5)
        assert costs[s] <= costs.min() * (1 + 1e-5)
    np.testing.assert_array_equal(arrangements.best_pairs((edges[1:] + edges[:-1]) / 2, importance, 4), [1, 2, 3])


@pytest.mark.parametrize("p, m", [(0.9, 2), (0.4, 3), (0.1, 3)])
def test_the_arranged_model_costs_what_is_claimed(p, m):
    rng = np.random.default_rng(m)
    importance = rng.permutation(0.85 ** np.arange(7.0))
    W, b = (np.asarray(a, np.float64) for a in arrangements.arranged(p, jnp.asarray(importance), m))
    x = np.where(rng.random((50_000, 7)) < p, rng.random((50_000, 7)), 0.0)
    lost = (importance * (x - np.maximum(x @ W.T @ W + b, 0)) ** 2).sum(1)
    claimed = float(arrangements.best_loss(p, jnp.asarray(importance), m))
    assert abs(lost.mean() - claimed) < 5 * lost.std() / len(x) ** 0.5 + 1e-7
    fate = np.asarray(arrangements.fates(p, jnp.asarray(importance), m))
    np.testing.assert_array_equal(fate > 0, (W != 0).any(0))
    np.testing.assert_array_equal(fate == 2, ((W.T @ W) == -1).any(0))
    order = np.argsort(-importance)
    assert [k for k, _ in itertools.groupby(fate[order])] in ([1, 0], [1, 2, 0], [2, 0], [1, 2], [2])


def test_with_room_for_all_nothing_is_lost():
    assert arrangements.boundaries(jnp.ones(3), 5).shape == (0,)
    assert (arrangements.best_loss(P, jnp.ones(3), 5) == 0).all()
    np.testing.assert_array_equal(arrangements.fates(0.1, jnp.ones(3), 5), 1)


def test_features_of_no_importance_are_no_reason_to_share():
    importance = jnp.array([1.0, 0.0, 0.0])
    assert arrangements.best_pairs(0.1, importance, 1) == 0
    assert arrangements.best_loss(0.1, jnp.zeros(3), 1) == 0
    assert jnp.isfinite(arrangements.boundaries(jnp.zeros(3), 1)).all()


def test_densities_and_importances_can_be_mapped():
    many = jnp.asarray(np.random.default_rng(0).random((4, 6)), jnp.float32)
    mapped = jax.vmap(lambda I: arrangements.best_loss(jnp.asarray(P, jnp.float32), I, 2))(many)
    np.testing.assert_allclose(mapped[2], arrangements.best_loss(jnp.asarray(P, jnp.float32), many[2], 2), rtol=1e-5)


def test_what_cannot_be_arranged():
    with pytest.raises(ValueError, match=r"importance of feature 1 is -1.0; it must be 0 or more"):
        arrangements.boundaries(jnp.array([1.0, -1.0]), 1)
    with pytest.raises(ValueError, match="n_hidden is 0; it must be at least 1"):
        arrangements.best_loss(0.1, jnp.ones(2), 0)
