"""The cost of an arrangement at any density: closed forms, the enumerated world, the rare limit, sampling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import superpose as sp
from superpose import geometry
from superpose.geometry import packing_loss, packing_optimum


@pytest.mark.parametrize("p", [0.05, 0.4, 1.0])
def test_a_pair_and_a_triangle_cost_their_closed_forms(p):
    np.testing.assert_allclose(packing_loss(geometry.simplex(1), p, 1.0, 0.0), 2 * geometry.losses.antipodal(p, p) / 2)
    np.testing.assert_allclose(packing_loss(geometry.simplex(2), p, 1.0, 0.0), geometry.losses.triangle(p), rtol=1e-5)


@pytest.mark.parametrize("shape", [geometry.polygon(5), geometry.simplex(3)])
def test_the_enumerated_world_says_the_same(shape):
    a, b, p = 0.9, -0.05, 0.3
    with jax.enable_x64(True):
        n = shape.shape[1]
        batch = sp.SparseWorld(n_features=n, density=p).everything()
        G = a * geometry.gram(jnp.asarray(shape, jnp.float64))
        by_rows = batch.mean(((batch.x - jax.nn.relu(batch.x @ G + b)) ** 2).sum(-1))
    np.testing.assert_allclose(packing_loss(shape, p, a, b), by_rows, rtol=1e-3)


@pytest.mark.parametrize("a, b", [(1.2, -0.3), (0.5, 0.3)])
def test_samples_say_the_same(a, b):
    shape, p = np.asarray(geometry.square_antiprism(), np.float64), 0.4
    draw = np.random.default_rng(0)
    x = draw.random((400_000, 8)) * (draw.random((400_000, 8)) < p)
    errors = ((x - np.maximum(a * x @ (shape.T @ shape) + b, 0)) ** 2).sum(1)
    assert abs(packing_loss(shape, p, a, b) - errors.mean()) < 5 * errors.std() / len(errors) ** 0.5


def test_when_features_are_rare_it_is_the_one_sparse_energy():
    W = geometry.cube()
    lost = packing_loss(W, 1e-7, 1.4, -0.3) / 8e-7
    np.testing.assert_allclose(lost, geometry.one_sparse_energy(W, 1.4, -0.3), rtol=1e-5)
    np.testing.assert_allclose(packing_optimum(W, 1e-6).loss / 8e-6, geometry.one_sparse_optimum(W).loss, rtol=1e-3)


def test_the_optimum_of_a_pair_is_the_oracles():
    best = packing_optimum(geometry.simplex(1), 0.7)
    np.testing.assert_allclose([best.loss, best.norm, best.bias], [0.1081, 0.76, 0.33], atol=5e-3)
    np.testing.assert_allclose(best.loss, 0.1081, atol=5e-5)


def test_features_that_see_different_others_are_added_up():
    W = geometry.tegum(geometry.simplex(1), geometry.polygon(5))
    apart = packing_loss(geometry.simplex(1), 0.2, 1.0, -0.1) + packing_loss(geometry.polygon(5), 0.2, 1.0, -0.1)
    np.testing.assert_allclose(packing_loss(W, 0.2, 1.0, -0.1), apart, rtol=1e-6)


def test_too_many_features_are_refused():
    with pytest.raises(ValueError, match="up to 10"):
        packing_loss(geometry.icosahedron(), 0.1, 1.0, 0.0)
