"""Cyclic order: polygons have it, shuffled ones by chance, and waves are told apart."""

import jax.numpy as jnp
import numpy as np
import pytest

from superpose import geometry as g


@pytest.mark.parametrize("n", [3, 5, 12])
def test_a_polygon_is_a_circle(n):
    W = 3.0 * g.polygon(n)
    assert g.cyclic_neighbours(W) == 1
    np.testing.assert_allclose(g.cosine_at_offsets(W), np.cos(2 * np.pi * np.arange(n // 2 + 1) / n), atol=1e-6)
    np.testing.assert_allclose(g.harmonics(W), np.arange(n // 2 + 1) == 1, atol=1e-6)


def test_a_circle_in_another_order_is_none():
    star = jnp.asarray(np.asarray(g.polygon(7))[:, (3 * np.arange(7)) % 7])
    assert g.cyclic_neighbours(star) == 0
    np.testing.assert_allclose(g.harmonics(star), [0, 0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(g.cosine_at_offsets(star)[1], np.cos(6 * np.pi / 7), rtol=1e-5)


def test_random_directions_are_in_order_by_chance():
    W = jnp.asarray(np.random.default_rng(0).normal(size=(500, 6, 9)), jnp.float32)
    share = np.asarray(g.cyclic_neighbours(W))
    assert abs(share.mean() - 2 / 8) < 5 * share.std() / 500**0.5
    np.testing.assert_allclose(g.harmonics(W).sum(-1), 1.0, rtol=1e-5)
    assert abs(g.harmonics(W).mean(0) - np.array([1, 2, 2, 2, 2]) / 9).max() < 0.02


def test_offsets_are_loops_over_pairs():
    W = np.random.default_rng(1).normal(size=(3, 6))
    U = W / np.linalg.norm(W, axis=0)
    loops = [np.mean([U[:, i] @ U[:, (i + k) % 6] for i in range(6)]) for k in range(4)]
    np.testing.assert_allclose(g.cosine_at_offsets(jnp.asarray(W)), loops, atol=1e-6)


def test_what_all_features_share_is_frequency_0():
    cone = jnp.vstack([0.6 * g.polygon(6), jnp.full((1, 6), 0.8)])
    np.testing.assert_allclose(g.harmonics(cone), [0.64, 0.36, 0, 0], atol=1e-6)
    assert g.cyclic_neighbours(cone) == 1
    signs = jnp.asarray([[1.0, -1.0] * 3])
    np.testing.assert_allclose(g.harmonics(signs), [0, 0, 0, 1], atol=1e-6)


def test_absent_features_are_left_out():
    W = jnp.asarray(np.asarray(g.polygon(6)) * [1, 1, 1, 0, 1, 1])
    assert g.cyclic_neighbours(W) == 1
    np.testing.assert_allclose(g.cosine_at_offsets(W), [1, 0.5, -0.5, -1], atol=1e-6)
    nothing = jnp.zeros((2, 6))
    assert g.cyclic_neighbours(nothing) == 0 and (g.cosine_at_offsets(nothing) == 0).all()


@pytest.mark.parametrize("measure", [g.cyclic_neighbours, g.cosine_at_offsets, g.harmonics])
def test_two_features_make_no_cycle(measure):
    with pytest.raises(ValueError, match="W has 2 features; a cycle has at least 3"):
        measure(jnp.ones((3, 2)))
