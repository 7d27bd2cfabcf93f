"""Polytopes: their angles, their shares of space, and what tegum products keep."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose import geometry

SHAPES = {
    "polygon": (lambda: geometry.polygon(7), 2, 7),
    "digon": (lambda: geometry.simplex(1), 1, 2),
    "simplex": (lambda: geometry.simplex(5), 5, 6),
    "cross polytope": (lambda: geometry.cross_polytope(4), 4, 8),
    "cube": (geometry.cube, 3, 8),
    "icosahedron": (geometry.icosahedron, 3, 12),
    "square antiprism": (geometry.square_antiprism, 3, 8),
    "triangular prism": (geometry.triangular_prism, 3, 6),
}


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def cosines(W):
    """The distinct values off the diagonal of the gram, and how often a feature meets each."""
    G = np.asarray(geometry.gram(W))
    values, counts = np.unique(np.round(G[~np.eye(len(G), dtype=bool)], 9), return_counts=True)
    return dict(zip(values.tolist(), (counts / len(G)).tolist(), strict=True))


@pytest.mark.parametrize("name", SHAPES)
def test_corners_are_distinct_unit_directions_that_span_the_space(name):
    shape, m, n = SHAPES[name]
    W = shape()
    assert W.shape == (m, n) and W.dtype == jnp.float64
    np.testing.assert_allclose(geometry.norms(W), 1.0, rtol=1e-12)
    assert np.linalg.matrix_rank(np.asarray(W)) == m
    assert max(cosines(W)) < 0.99


@pytest.mark.parametrize("name", SHAPES)
def test_corners_balance_about_the_origin_and_own_equal_shares(name):
    W = SHAPES[name][0]()
    np.testing.assert_allclose(W.sum(-1), 0.0, atol=1e-12)
    D = geometry.dimensionality(W)
    np.testing.assert_allclose(D, D[0], rtol=1e-12)


@pytest.mark.parametrize("name", ["polygon", "digon", "simplex", "cross polytope", "cube", "icosahedron"])
def test_even_shapes_share_out_all_their_space(name):
    shape, m, n = SHAPES[name]
    np.testing.assert_allclose(geometry.dimensionality(shape()), m / n, rtol=1e-12)


@pytest.mark.parametrize("shape", [geometry.square_antiprism, geometry.triangular_prism])
def test_layers_share_out_all_their_space_only_at_one_height(shape):
    full = geometry.dimensionality(shape(3**-0.5)).sum()
    np.testing.assert_allclose(full, 3.0, rtol=1e-12)
    assert geometry.dimensionality(shape()).sum() < 2.96


def test_best_heights_leave_a_share_below_the_even_one():
    np.testing.assert_allclose(geometry.dimensionality(geometry.square_antiprism())[0], 0.36805, atol=5e-6)
    np.testing.assert_allclose(geometry.dimensionality(geometry.triangular_prism())[0], 0.48166, atol=5e-6)


@pytest.mark.parametrize("m", [1, 2, 3, 9])
def test_a_simplex_is_the_basis_seen_along_its_diagonal(m):
    n = m + 1
    shadow = np.eye(n) - np.ones((n, n)) / n
    np.testing.assert_allclose(geometry.gram(geometry.simplex(m)), shadow * n / m, atol=1e-12)
    np.testing.assert_allclose(geometry.interference(geometry.simplex(m)).min(), -1 / m, rtol=1e-12)


def test_a_polygon_goes_round_in_equal_steps():
    W = np.asarray(geometry.polygon(5))
    np.testing.assert_allclose((W * np.roll(W, 1, axis=1)).sum(0), np.cos(2 * np.pi / 5), rtol=1e-12)


def test_neighbours_are_as_many_as_geometry_says():
    root = round(5**-0.5, 9)
    third = round(1 / 3, 9)
    assert cosines(geometry.icosahedron()) == {-1.0: 1, -root: 5, root: 5}
    assert cosines(geometry.cube()) == {-1.0: 1, -third: 3, third: 3}
    assert cosines(geometry.cross_polytope(3)) == {-1.0: 1, 0.0: 4}
    assert sorted(cosines(geometry.square_antiprism()).values()) == [1, 2, 2, 2]
    assert sorted(cosines(geometry.triangular_prism()).values()) == [1, 2, 2]


TEGUMS = {
    "triangular bipyramid": (lambda: [geometry.simplex(2), geometry.simplex(1)], [2 / 3] * 3 + [1 / 2] * 2),
    "pentagonal bipyramid": (lambda: [geometry.polygon(5), geometry.simplex(1)], [2 / 5] * 5 + [1 / 2] * 2),
    "octahedron": (lambda: [geometry.simplex(1)] * 3, [1 / 2] * 6),
}


@pytest.mark.parametrize("name", TEGUMS)
def test_features_of_a_tegum_product_own_what_they_owned(name):
    factors, shares = TEGUMS[name]
    W = geometry.tegum(*factors())
    np.testing.assert_allclose(geometry.dimensionality(W), shares, atol=1e-12)
    np.testing.assert_allclose(geometry.dimensionality(W).sum(), len(W), rtol=1e-12)


def test_an_octahedron_is_three_digons():
    order = [0, 3, 1, 4, 2, 5]
    np.testing.assert_allclose(
        geometry.gram(geometry.cross_polytope(3)[:, order]), geometry.gram(geometry.tegum(*[geometry.simplex(1)] * 3))
    )


def test_factors_that_lean_on_each_other_lose_space():
    W = geometry.tegum(geometry.polygon(5), geometry.simplex(1)).at[0, 5].set(0.2)
    assert geometry.dimensionality(W).sum() < 3 - 1e-3


def test_a_height_can_be_traced():
    np.testing.assert_allclose(jax.jit(geometry.square_antiprism)(0.4), geometry.square_antiprism(0.4), rtol=1e-12)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda: geometry.polygon(2), "at least 3 corners; got 2"),
        (lambda: geometry.simplex(0), "at least 1 dimension; got 0"),
        (lambda: geometry.cross_polytope(0), "at least 1 dimension; got 0"),
        (lambda: geometry.tegum(), "no factors"),
    ],
)
def test_shapes_that_are_none_say_so(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()
