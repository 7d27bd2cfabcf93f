"""The bias-free loss surface against quadrature, its named points, and its discontinuous minimum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose.geometry import losses, surfaces

surface_of = jax.jit(surfaces.two_on_a_line)
AXIS = jnp.linspace(-1.5, 1.5, 301)


def by_quadrature(w, v, p, r, cells=400):
    at = (np.arange(cells) + 0.5) / cells
    x, y = np.meshgrid(at, at, indexing="ij")

    def error(own, x, y):
        return ((x - np.maximum(own**2 * x + w * v * y, 0)) ** 2).mean()

    share = [p * p * error(a, x, y) + p * (1 - p) * (error(a, x, 0 * y) + error(a, 0 * x, y)) for a in (w, v)]
    return share[0] + r * share[1]


def lowest(p, r):
    surface = surface_of(AXIS[:, None], AXIS[None], p, r)
    i, j = np.unravel_index(surface.argmin(), surface.shape)
    return np.array([AXIS[i], AXIS[j]]) * np.sign(AXIS[i]), surface.min()


@pytest.mark.parametrize("seed", range(12))
def test_the_surface_is_its_integral(seed):
    w, v, p, r = np.random.default_rng(seed).uniform([-1.5, -1.5, 0, 0.1], [1.5, 1.5, 1, 2])
    np.testing.assert_allclose(surface_of(w, v, p, r), by_quadrature(w, v, p, r), rtol=1e-4)


@pytest.mark.parametrize("p", [0.1, 0.6, 1.0])
def test_named_arrangements_are_points_of_the_surface(p):
    half = np.sqrt(0.5)
    np.testing.assert_allclose(surfaces.two_on_a_line(half, half, p, 0.7), losses.confused(p, 0.7), rtol=1e-5)
    np.testing.assert_allclose(surfaces.two_on_a_line(1.0, -1.0, p, 0.7), losses.antipodal(p, p, 1, 0.7), rtol=1e-5)
    np.testing.assert_allclose(surfaces.two_on_a_line(1.0, 0.0, p, 0.7), losses.ignored(p, 0.7, 0.0), rtol=1e-5)
    np.testing.assert_allclose(surfaces.two_on_a_line(0.0, 0.0, p), 2 * losses.ignored(p, 1.0, 0.0), rtol=1e-5)


@pytest.mark.parametrize("p", [0.6, 0.8, 1.0])
def test_dense_equals_are_confused(p):
    where, loss = lowest(p, 1.0)
    np.testing.assert_allclose(where, np.sqrt(0.5), atol=0.011)
    np.testing.assert_allclose(loss, losses.confused(p), rtol=1e-3)  # the grid's nearest point is 0.003 away


def test_the_minimum_jumps_to_antipodes_as_the_world_thins():
    np.testing.assert_allclose(lowest(0.55, 1.0)[0], [1.05, -1.05], atol=0.011)


def test_confusion_leans_to_the_more_important():
    np.testing.assert_allclose(lowest(1.0, 0.8)[0], [0.72, 0.69], atol=0.011)


def test_the_surface_is_smooth_enough_to_descend_from_the_origin():
    slope = jax.jit(jax.grad(lambda W: surfaces.two_on_a_line(W[0], W[1], 0.3)))
    for W in ([0.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.5, -0.5]):
        assert jnp.isfinite(slope(jnp.array(W))).all()
