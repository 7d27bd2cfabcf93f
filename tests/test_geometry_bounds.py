"""Limits of packing: the rows of FU-BND, frames that reach them, and searches that never pass them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose import geometry as g
from superpose.geometry import bounds


@pytest.mark.parametrize("n, m, value", [
    (3, 2, 0.5), (6, 3, 0.4472), (16, 6, 1 / 3), (28, 7, 1 / 3), (5, 2, 0.6124), (40, 10, 0.2774), (512, 64, 0.1170),
])  # fmt: skip
def test_the_table_of_welch(n, m, value):
    np.testing.assert_allclose(bounds.welch(n, m), value, atol=5e-5)


@pytest.mark.parametrize("n, m", [(3, 2), (6, 3), (16, 6), (28, 7), (9, 8), (2, 1)])
def test_equiangular_tight_frames_reach_welch_exactly(n, m):
    with jax.enable_x64(True):
        W = g.equiangular(n, m)
        assert W.shape == (m, n)
        np.testing.assert_allclose(g.norms(W), 1.0, rtol=1e-14)
        np.testing.assert_allclose(jnp.abs(g.overlaps(W).cosine), bounds.welch(n, m), rtol=1e-13)
        assert g.tight_frame_defect(W) < 1e-14
        np.testing.assert_allclose(g.dimensionality(W), m / n, rtol=1e-13)


def test_other_frames_are_named():
    with pytest.raises(ValueError, match=r"n = 7, m = 3; there are n = m \+ 1 and \[\(6, 3\), \(16, 6\), \(28, 7\)\]"):
        g.equiangular(7, 3)


def test_five_lines_in_a_plane_do_not_reach_welch():
    lines = jnp.asarray([np.cos(np.pi * np.arange(5) / 5), np.sin(np.pi * np.arange(5) / 5)])
    np.testing.assert_allclose(g.coherence(lines), 0.8090, atol=5e-5)
    np.testing.assert_allclose(g.coherence(lines), bounds.least_coherence(5, 2), rtol=1e-5)
    assert bounds.least_coherence(5, 2) > bounds.welch(5, 2)


def test_a_polygon_is_judged_by_signed_cosines():
    for n in (3, 4, 5, 8):
        np.testing.assert_allclose(g.signed_coherence(g.polygon(n)), bounds.rankin(n, 2), atol=1e-6)
    assert g.signed_coherence(g.polygon(5)) < bounds.welch(5, 2)


@pytest.mark.parametrize("m", [1, 2, 3, 7])
def test_simplices_and_cross_polytopes_reach_rankin(m):
    np.testing.assert_allclose(g.signed_coherence(g.simplex(m)), bounds.rankin(m + 1, m), rtol=1e-5)
    np.testing.assert_allclose(g.signed_coherence(g.cross_polytope(m)), bounds.rankin(2 * m, m), atol=1e-6)
    assert bounds.most_without_interference(m) == 2 * m == g.cross_polytope(m).shape[1]
    assert bounds.rankin(1, m) == -1


def spread(m, n, starts=8, steps=2000):
    """Directions pushed apart for a while, in NumPy: near the best there is."""
    W = np.random.default_rng(0).normal(size=(starts, m, n))
    for _ in range(steps):
        W /= np.linalg.norm(W, axis=1, keepdims=True)
        C = np.where(np.eye(n), -1.0, W.mT @ W)
        W = W - 0.02 * W @ np.exp(30.0 * (C - C.max((1, 2), keepdims=True)))
    return C.max((1, 2)).min()


@pytest.mark.parametrize("m", [2, 3])
def test_one_direction_more_than_2m_cannot_avoid_acute_angles(m):
    assert spread(m, 2 * m) < 0.05
    assert spread(m, 2 * m + 1) > 0.15


@pytest.mark.parametrize("m, n", [(1, 3), (2, 3), (2, 5), (3, 7), (8, 9), (4, 60)])
def test_no_random_packing_passes_a_bound(m, n):
    W = np.random.default_rng(n).normal(size=(200, m, n))
    U = W / np.linalg.norm(W, axis=1, keepdims=True)
    C = np.where(np.eye(n), -1.0, U.mT @ U)
    assert (C.max((1, 2)) >= bounds.rankin(n, m) - 1e-5).all()
    assert (np.where(np.eye(n), 0, np.abs(C)).max((1, 2)) >= bounds.least_coherence(n, m) - 1e-5).all()
    assert bounds.least_coherence(n, m) >= max(bounds.welch(n, m), bounds.orthoplex(n, m)) - 1e-6


def test_orthoplex_takes_over_from_welch_where_equiangular_lines_end():
    m = np.arange(2, 9)
    most = m * (m + 1) // 2
    np.testing.assert_array_equal(bounds.orthoplex(most, m), 0.0)
    np.testing.assert_allclose(bounds.orthoplex(most + 1, m), 1 / np.sqrt(m), rtol=1e-6)
    assert (bounds.orthoplex(most + 1, m) > bounds.welch(most + 1, m)).all()
    np.testing.assert_allclose(bounds.welch(10**6, 4), 0.5, rtol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_no_linear_readout_has_less_crosstalk_than_welch(seed):
    rng, n, m = np.random.default_rng(seed), 20, 6
    V, W = rng.normal(size=(n, m)), rng.normal(size=(m, n))
    G = (V / (V * W.T).sum(1, keepdims=True)) @ W
    np.testing.assert_allclose(np.diag(G), 1.0)
    assert np.sqrt((G[~np.eye(n, dtype=bool)] ** 2).mean()) > bounds.welch(n, m)
    ideal = np.asarray(g.equiangular(16, 6), np.float64)
    off = (ideal.T @ ideal)[~np.eye(16, dtype=bool)]
    np.testing.assert_allclose(np.sqrt((off**2).mean()), bounds.welch(16, 6), rtol=1e-5)


@pytest.mark.parametrize("n, m, value", [(3, 2, 1 / 9), (4, 3, 1 / 16), (5, 2, 0.12)])
def test_every_geometry_serves_a_linear_readout_alike(n, m, value):
    np.testing.assert_allclose(bounds.one_hot_linear_mse(n, m), value, rtol=1e-6)
    shapes = [jax.random.normal(jax.random.key(seed), (m, n)) for seed in range(3)] + [jnp.eye(m, n)]
    for W in [*shapes, *([g.polygon(n)] if m == 2 else [g.simplex(m)])]:
        P = bounds.linear_decoder(W) @ W
        np.testing.assert_allclose(P @ P, P, atol=1e-4)
        np.testing.assert_allclose(((np.eye(n) - P) ** 2).mean(), value, rtol=1e-4)
    by_least_squares = np.linalg.lstsq(np.asarray(shapes[0], np.float64).T, np.eye(n), rcond=None)[1]
    assert by_least_squares.size in (0, n)


def test_a_weaker_encoder_is_worth_its_rank():
    W = jnp.zeros((3, 5)).at[0].set(jnp.arange(1.0, 6))
    P = bounds.linear_decoder(W) @ W
    np.testing.assert_allclose(((np.eye(5) - P) ** 2).mean(), bounds.one_hot_linear_mse(5, 1), rtol=1e-5)
    assert bounds.one_hot_linear_mse(3, 5) == 0


def test_random_projections_keep_distances_in_the_dimensions_of_johnson_and_lindenstrauss():
    n, epsilon = 60, 0.4
    d = int(np.ceil(bounds.johnson_lindenstrauss(n, epsilon)))
    assert d == 205
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 500))
    y = x @ rng.normal(size=(500, d)) / np.sqrt(d)
    i, j = np.triu_indices(n, k=1)
    ratio = ((y[i] - y[j]) ** 2).sum(1) / ((x[i] - x[j]) ** 2).sum(1)
    assert np.abs(np.sqrt(ratio) - 1).max() < epsilon


def test_bounds_broadcast_and_compile_in_either_precision():
    n, m = np.array([3, 6, 16])[:, None], np.array([2, 3])
    for bound in (bounds.welch, bounds.orthoplex, bounds.least_coherence, bounds.rankin):
        np.testing.assert_allclose(jax.jit(bound)(n, m), bound(n, m))
        with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
            assert bound(n, m).dtype == jnp.float64


def test_there_is_at_least_one_feature_and_one_dimension():
    for bound in (bounds.welch, bounds.orthoplex, bounds.least_coherence, bounds.rankin):
        with pytest.raises(ValueError, match="n_hidden is 0; it must be at least 1"):
            bound(5, 0)
    with pytest.raises(ValueError, match="n_features is 0"):
        bounds.one_hot_linear_mse(0, 1)
    with pytest.raises(ValueError, match="distortion is 0; it must be above 0"):
        bounds.johnson_lindenstrauss(10, 0)
