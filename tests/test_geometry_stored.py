"""Stored points and leverage: exact shapes, a supremum searched for, and how both bound dimensionality."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose import geometry as g

H = np.random.default_rng(0).normal(size=(7, 3))


@pytest.mark.parametrize("n", [5, 8])
def test_points_stored_on_a_polygon_own_two_nths(n):
    np.testing.assert_allclose(g.stored_dimensionality(2.0 * g.polygon(n).T), 2 / n, rtol=1e-5)
    np.testing.assert_allclose(g.leverage(2.0 * g.polygon(n).T), 2 / n, rtol=1e-5)


def test_ownership_is_the_formula():
    unit = H / np.linalg.norm(H, axis=1, keepdims=True)
    loops = [(h @ h) / sum((u @ other) ** 2 for other in H) for h, u in zip(H, unit, strict=True)]
    np.testing.assert_allclose(g.stored_dimensionality(jnp.asarray(H)), loops, rtol=1e-5)


def test_leverage_is_the_most_along_any_direction():
    v = np.random.default_rng(1).normal(size=(4000, 3))
    shares = (v @ H.T) ** 2
    shares /= shares.sum(1, keepdims=True)
    found = np.asarray(g.leverage(jnp.asarray(H)))
    assert (shares <= found + 1e-5).all()
    best = H @ np.linalg.inv(H.T @ H)  # where it is reached
    np.testing.assert_allclose(
        ((best @ H.T) ** 2 / ((best @ H.T) ** 2).sum(1, keepdims=True)).diagonal(), found, rtol=1e-4
    )
    assert (g.stored_dimensionality(jnp.asarray(H)) <= found + 1e-6).all()


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_leverage_sums_to_the_rank_and_sees_outliers(rank):
    thin = np.random.default_rng(rank).normal(size=(9, rank)) @ np.random.default_rng(9).normal(size=(rank, 3))
    np.testing.assert_allclose(g.leverage(jnp.asarray(thin)).sum(), rank, rtol=1e-4)
    by_qr = (np.linalg.svd(thin, full_matrices=False)[0][:, :rank] ** 2).sum(1)
    np.testing.assert_allclose(g.leverage(jnp.asarray(thin)), by_qr, rtol=1e-3)


def test_a_point_with_a_direction_of_its_own_stands_out():
    lonely = np.vstack([np.hstack([H, np.zeros((7, 1))]), [[0.1, 0, 0, 1e-2]]]).astype(np.float32)
    assert g.leverage(jnp.asarray(lonely))[-1] > 0.999
    nothing = np.vstack([H, np.zeros(3)])
    assert g.leverage(jnp.asarray(nothing))[-1] == g.stored_dimensionality(jnp.asarray(nothing))[-1] == 0


def test_features_in_one_eigenspace_are_localised():
    W = g.tegum(1.1 * g.polygon(5), 0.7 * g.simplex(3), 2.0 * g.simplex(1))
    np.testing.assert_allclose(g.localisation(W), 1.0, rtol=1e-4)
    bent = g.localisation(jnp.asarray(H.T))
    assert (bent > 0).all() and (bent < 1).all()
    np.testing.assert_allclose(bent * g.leverage(jnp.asarray(H)), g.dimensionality(jnp.asarray(H.T)), rtol=1e-5)


def test_slopes_of_leverage_are_finite_where_rank_is_full():
    assert jnp.isfinite(jax.grad(lambda H: g.leverage(H)[0])(jnp.asarray(H))).all()
