"""One-sparse energies: cubics against quadrature, and the arrangements' optima."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose import geometry

X = (np.arange(20_000) + 0.5) / 20_000
GOLDEN = (1 + 5**0.5) / 2
PACKINGS = [  # shape, loss, norm, bias at their printed digits
    (lambda: geometry.polygon(5), 0.015826, 1.1705, -0.2823),
    (lambda: geometry.polygon(6), 0.048192, 1.3205, -0.6181),
    (lambda: geometry.polygon(7), 0.083271, 1.4484, -0.9669),
    (lambda: geometry.polygon(8), 0.115546, 1.5504, -1.2912),
    (lambda: geometry.polygon(10), 1 / 6, GOLDEN, -GOLDEN),
    (geometry.square_antiprism, 0.012709, 1.1631, -0.2639),
    (geometry.cube, 0.020736, 1.2096, -0.3573),
    (geometry.triangular_prism, 0.003304, 1.0774, -0.1142),
    (geometry.icosahedron, 0.044365, 1.3511, -0.6690),
]


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


@pytest.mark.parametrize("b", [-1.3, -0.4, 0.0, 0.2])
def test_own_error_is_its_integral(b):
    for a in (0.0, 0.3, 1.0, 1.7):
        by_sum = ((X - np.maximum(a * X + b, 0)) ** 2).mean()
        np.testing.assert_allclose(geometry.own_error(a, b), by_sum, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("b", [-1.3, -0.4, 0.0, 0.2])
def test_spill_is_its_integral(b):
    for c in (-1.0, -0.1, -1e-7, 0.0, 1e-7, 0.5, 1.7):
        by_sum = (np.maximum(c * X + b, 0) ** 2).mean()
        np.testing.assert_allclose(geometry.spill(c, b), by_sum, rtol=1e-5, atol=1e-6)


def test_the_energy_is_the_loss_of_a_model_shown_one_feature_at_a_time():
    W, b = np.asarray(1.2 * geometry.polygon(7), np.float64), -0.3
    lost = 0.0
    for i in range(7):
        x = np.outer(X, np.eye(7)[i])
        lost += ((x - np.maximum(x @ W.T @ W + b, 0)) ** 2).sum(-1).mean() / 7
    np.testing.assert_allclose(geometry.one_sparse_energy(geometry.polygon(7), 1.44, b), lost, rtol=1e-5)


@pytest.mark.parametrize("shape, loss, norm, bias", PACKINGS)
def test_packings_settle_where_the_specification_says(double, shape, loss, norm, bias):
    best = geometry.one_sparse_optimum(shape())
    np.testing.assert_allclose(best.loss, loss, atol=6e-7)
    np.testing.assert_allclose([best.norm, best.bias], [norm, bias], atol=6e-5)


@pytest.mark.parametrize("make, m", [(geometry.simplex, 1), (geometry.simplex, 3), (geometry.cross_polytope, 3)])
def test_directions_that_never_agree_cost_nothing(double, make, m):
    loss, norm, bias = geometry.one_sparse_optimum(make(m))
    np.testing.assert_allclose([loss, norm, bias], [0.0, 1.0, 0.0], atol=1e-7)


@pytest.mark.parametrize("n", [5, 12])
def test_nothing_beats_the_optimum(n):
    W = geometry.polygon(n)
    a, b = np.random.default_rng(n).uniform([[0.0], [-4.0]], [[6.0], [0.5]], (2, 4000))
    tried = jax.jit(jax.vmap(geometry.one_sparse_energy, (None, 0, 0)))(W, a, b)
    assert tried.min() >= geometry.one_sparse_optimum(W).loss - 1e-6


@pytest.mark.parametrize(
    "shape, best", [(geometry.square_antiprism, 0.5182347), (geometry.triangular_prism, 0.6521652)]
)
def test_default_heights_cost_least(double, shape, best):
    cost = lambda height: geometry.one_sparse_optimum(shape(height)).loss
    costs, slopes = jax.jit(jax.vmap(jax.value_and_grad(cost)))(jnp.array([best, *np.linspace(0.3, 0.8, 26)]))
    np.testing.assert_array_equal(shape(), shape(best))
    assert costs[1:].min() > costs[0]
    np.testing.assert_allclose(slopes[0], 0.0, atol=1e-5)


def test_the_antiprism_packs_eight_better_than_the_cube():
    antiprism, cube = (geometry.one_sparse_optimum(W()) for W in (geometry.square_antiprism, geometry.cube))
    assert antiprism.loss < 0.7 * cube.loss


def test_the_loss_differentiates_through_the_directions(double):
    cost = lambda height: geometry.one_sparse_optimum(geometry.square_antiprism(height)).loss
    costs, slopes = jax.jit(jax.vmap(jax.value_and_grad(cost)))(jnp.array([0.45 - 1e-5, 0.45, 0.45 + 1e-5]))
    np.testing.assert_allclose(slopes[1], (costs[2] - costs[0]) / 2e-5, rtol=1e-4)


def test_lengths_and_the_frame_of_the_directions_do_not_matter():
    turn = jnp.asarray(np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0])
    ours, theirs = (geometry.one_sparse_optimum(W) for W in (geometry.cube(), 3.0 * turn @ geometry.cube()))
    np.testing.assert_allclose(ours.loss, theirs.loss, rtol=1e-5)


@pytest.mark.parametrize("integral", [geometry.own_error, geometry.spill])
def test_integrals_have_slopes_where_they_turn(integral):
    for first, b in [(0.0, 0.0), (0.0, -0.5), (0.0, 0.5), (1.0, 0.0)]:
        assert np.isfinite(jax.jit(jax.grad(integral, argnums=(0, 1)))(first, b)).all()
