"""Cosines of pairs: known shapes, loops in double precision, and the law of random directions three ways."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from superpose import geometry as g


def random(m, n, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=(m, n)), jnp.float32)


@pytest.mark.parametrize(
    "W, largest, signed",
    [
        (g.polygon(5), np.cos(np.pi / 5), np.cos(2 * np.pi / 5)),
        (g.simplex(4), 1 / 4, -1 / 4),
        (g.cross_polytope(3), 1.0, 0.0),
        (g.icosahedron(), 1.0, 5**-0.5),
        (jnp.eye(3), 0.0, 0.0),
    ],
)
def test_coherence_of_known_shapes(W, largest, signed):
    np.testing.assert_allclose(g.coherence(3.0 * W), largest, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(g.signed_coherence(3.0 * W), signed, rtol=1e-5, atol=1e-6)


def test_every_pair_is_counted_once_and_in_order():
    W = np.asarray(random(3, 5), np.float64)
    U = W / np.linalg.norm(W, axis=0)
    loops = [U[:, i] @ U[:, j] for i in range(5) for j in range(i + 1, 5)]
    found = g.overlaps(random(3, 5))
    np.testing.assert_allclose(found.cosine, loops, rtol=1e-5, atol=1e-6)
    assert found.counted.all()
    moments = g.overlap_moments(random(3, 5))
    np.testing.assert_allclose(moments[:2], [np.square(loops).mean(), np.square(loops).var()], rtol=1e-4)
    assert moments.pairs == 10


def test_short_features_do_not_count():
    columns = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    long = jnp.asarray(np.delete(columns, 1, axis=1))
    W = jnp.asarray(columns * np.array([1, 0, 1, 1, 1, 1], np.float32))
    assert g.overlap_moments(W).pairs == g.overlaps(W).counted.sum() == 10
    for measure in (g.signed_coherence, g.overlap_distance):
        np.testing.assert_allclose(measure(W), measure(long), rtol=1e-5)
    U = g.directions(random(3, 6)) * jnp.array([2.0, 0.9, 2.0, 0.9, 2.0, 0.9])
    assert g.overlap_moments(U, least=1.0).pairs == 3
    assert g.overlap_moments(U, least=9.0) == (0, 0, 0)


@pytest.mark.parametrize("m", [2, 3, 10, 200])
def test_the_law_of_random_directions_three_ways(m):
    c = np.linspace(-0.97, 0.97, 12) if m < 50 else np.linspace(-0.3, 0.3, 12)
    beta = stats.beta(0.5, (m - 1) / 2)
    np.testing.assert_allclose(g.random_overlap_moments(m), [beta.mean(), beta.var()], rtol=1e-12)
    np.testing.assert_allclose(g.random_overlap_density(c, m), np.abs(c) * beta.pdf(c**2), rtol=2e-4, atol=1e-30)
    assert abs(g.random_overlap_cdf(c, m) - (0.5 + 0.5 * np.sign(c) * beta.cdf(c**2))).max() < 1e-5
    if m > 2:
        with jax.enable_x64(True):
            mass = integrate.quad(lambda x: float(g.random_overlap_density(x, m)), -1, 0.05)[0]
            np.testing.assert_allclose(g.random_overlap_cdf(0.05, m), mass, rtol=1e-6)


def test_a_line_has_cosines_of_one_and_no_density():
    np.testing.assert_allclose(g.random_overlap_cdf(jnp.array([-1.5, -1.0, 0.0, 1.0]), 1), [0, 0.5, 0.5, 1])
    assert g.random_overlap_moments(1) == (1.0, 0.0)
    with pytest.raises(ValueError, match="n_hidden is 1; on a line"):
        g.random_overlap_density(0.5, 1)
    assert g.overlap_distance(jnp.ones((1, 4))) == 0.5  # all alike
    np.testing.assert_allclose(g.overlap_distance(jnp.array([[1.0, 1, -1, -1]])), 1 / 6, rtol=1e-5)  # two pairs of six


@pytest.mark.parametrize("m", [2, 8])
def test_random_directions_obey_the_law(m):
    W = random(m, 150, seed=m)
    pairs = 150 * 149 / 2
    mean, variance = g.random_overlap_moments(m)
    found = g.overlap_moments(W)
    assert abs(found.mean - mean) < 5 * np.sqrt(variance / pairs)
    assert g.overlap_distance(W) < 2.2 / np.sqrt(pairs)  # a chance of about 1e-4 under Kolmogorov's law
    assert stats.kstest(np.asarray(g.overlaps(W).cosine), lambda c: np.asarray(g.random_overlap_cdf(c, m))).statistic \
        == pytest.approx(float(g.overlap_distance(W)), rel=1e-3)  # fmt: skip


def test_no_frame_has_a_smaller_mean_square_than_a_tight_one():
    m, n = 6, 16
    for W in (g.equiangular(n, m), random(m, n)):
        U = g.directions(W)
        least = (n / m - 1) / (n - 1)
        found = g.overlap_moments(U).mean
        assert found >= least - 1e-6
        np.testing.assert_allclose(found, ((n / m - 1) + n / m * g.tight_frame_defect(U) ** 2
            / (1 - g.tight_frame_defect(U) ** 2)) / (n - 1), rtol=1e-4)  # fmt: skip


def test_a_packing_is_far_from_random():
    assert g.overlap_distance(g.equiangular(28, 7)) > 0.2
    assert g.overlap_distance(jnp.tile(jnp.eye(3)[:, :1], 5)) == pytest.approx(1.0)
