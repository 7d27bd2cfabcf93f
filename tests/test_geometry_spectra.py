"""Dimensions used: known spectra, two routes to one number, and the principal directions of a circle."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose import geometry as g


def turned(m, seed=1):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(m, m)))[0]


def with_spectrum(values, n):
    m = len(values)
    return jnp.asarray(turned(m) @ np.diag(values) @ turned(n, 2)[:m], jnp.float32)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_k_equal_singular_values_are_k_dimensions(k):
    W = with_spectrum([3.0] * k + [0.0] * (5 - k), 7)
    np.testing.assert_allclose(g.effective_rank(W), k, rtol=1e-4)
    np.testing.assert_allclose(g.participation_ratio(W), k, rtol=1e-5)
    np.testing.assert_allclose(g.tight_frame_defect(W), np.sqrt(1 - k / 5), rtol=1e-5, atol=1e-6)


def test_measures_are_the_formulas_on_the_singular_values():
    W = np.random.default_rng(0).normal(size=(6, 9))
    s = np.linalg.svd(W)[1]
    share = s / s.sum()
    ratio = (s**2).sum() ** 2 / (s**4).sum()
    assert ratio < np.exp(-(share * np.log(share)).sum())
    with jax.enable_x64(True):
        for M in (jnp.asarray(W), jnp.asarray(W.T), 1e-90 * jnp.asarray(W)):
            np.testing.assert_allclose(g.effective_rank(M), np.exp(-(share * np.log(share)).sum()), rtol=1e-12)
            np.testing.assert_allclose(g.participation_ratio(M), ratio, rtol=1e-12)
        np.testing.assert_allclose(g.tight_frame_defect(jnp.asarray(W)) ** 2, 1 - ratio / 6, rtol=1e-12)
        np.testing.assert_allclose(g.singular_values(jnp.asarray(W)), s, rtol=1e-12)


@pytest.mark.parametrize("n", [3, 9])
def test_the_frame_spectrum_is_that_of_the_frame_operator_also_with_few_features(n):
    W = jnp.asarray(np.random.default_rng(n).normal(size=(5, n)), jnp.float32)
    by_eigenvalues = np.linalg.eigvalsh(np.asarray(g.frame_operator(W), np.float64))[::-1]
    np.testing.assert_allclose(g.frame_spectrum(W), by_eigenvalues, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [g.polygon(5), g.simplex(3), g.cube(), g.icosahedron(), g.cross_polytope(4)])
def test_regular_shapes_are_tight_frames(shape):
    assert g.tight_frame_defect(shape) < 1e-6
    m, n = shape.shape
    np.testing.assert_allclose(g.frame_spectrum(shape), n / m, rtol=1e-5)
    np.testing.assert_allclose(g.dimensionality(shape), m / n, rtol=1e-5)


def test_an_antiprism_at_its_cheapest_height_is_not_quite_tight():
    assert g.tight_frame_defect(g.square_antiprism()) > 0.05
    assert g.tight_frame_defect(g.square_antiprism(3**-0.5)) < 1e-6


def test_effective_counts():
    np.testing.assert_allclose(g.effective_count(jnp.array([0.2, 0.0, 0.2, 0.2])), 3.0, rtol=1e-6)
    np.testing.assert_allclose(g.effective_count(jnp.array([[3, 1], [0, 7], [0, 0]])), [4 / 27**0.25, 1, 0], rtol=1e-6)
    p = np.random.default_rng(3).random(50)
    perplexity = np.prod((p / p.sum()) ** -(p / p.sum()))
    np.testing.assert_allclose(g.effective_count(jnp.asarray(1e20 * p)), perplexity, rtol=1e-5)


def test_a_mass_is_not_negative():
    for wrong in (-0.5, np.nan):
        with pytest.raises(ValueError, match=rf"mass at \(1, 0\) is {wrong}; a mass is 0 or more"):
            g.effective_count(jnp.array([[1.0, 2.0], [wrong, 1.0]]))
    with pytest.raises(ValueError, match=r"mass has shape \(3, 0\)"):
        g.effective_count(jnp.zeros((3, 0)))


def hours(n=12, sharpness=10.0):
    """Features that are on with chance σ(10 cos) around a clock: their covariance, exactly."""
    phase = 2 * np.pi * np.arange(n) / n
    chance = 1 / (1 + np.exp(-sharpness * np.cos(phase[:, None] - phase)))
    return np.cov(chance.T, bias=True) + np.diag((chance * (1 - chance)).mean(0))


def test_a_clock_has_the_principal_plane_that_the_specification_measured():
    C = hours()
    best = g.principal(jnp.asarray(C), 2)
    np.testing.assert_allclose(best.shares[:4], [0.399, 0.399, 0.041, 0.041], atol=1.5e-3)
    np.testing.assert_allclose(best.shares[:2].sum(), 0.797, atol=1.5e-3)
    np.testing.assert_allclose(best.lost / 12, 0.0508, atol=3e-4)
    np.testing.assert_allclose(g.cosine_at_offsets(best.W), np.cos(np.pi / 6 * np.arange(7)), atol=1e-3)
    assert g.cyclic_neighbours(best.W) == 1


def test_principal_directions_lose_the_least_that_a_projection_can():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4000, 6)) * np.arange(1, 7) @ turned(6)
    best = g.principal(jnp.asarray(np.cov(x.T, bias=True)), 2)
    centred = x - x.mean(0)
    W = np.asarray(best.W, np.float64)
    np.testing.assert_allclose(((centred - centred @ W.T @ W) ** 2).sum(1).mean(), best.lost, rtol=1e-4)
    for seed in range(5):
        other = turned(6, seed)[:2]
        assert ((centred - centred @ other.T @ other) ** 2).sum(1).mean() > best.lost
    np.testing.assert_allclose(best.shares.sum(), 1.0, rtol=1e-5)


def test_principal_directions_are_no_more_than_features():
    with pytest.raises(ValueError, match="n_hidden is 4; principal directions of 3 features are 1 to 3"):
        g.principal(jnp.eye(3), 4)
    assert (g.principal(jnp.zeros((3, 3)), 1).shares == 0).all()
