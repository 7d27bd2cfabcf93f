"""Measures of W: formulas read a second way, and invariances."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose import geometry

PER_FEATURE = [geometry.dimensionality, geometry.superposition, geometry.norms]
WHOLE = [geometry.features_per_dimension, geometry.dimensions_per_feature]
ALL = [*PER_FEATURE, *WHOLE, geometry.basis_alignment]


def random(seed):
    return jax.random.normal(jax.random.key(seed), (4, 9))


def rotation(m, seed=7):
    return jnp.asarray(np.linalg.qr(np.random.default_rng(seed).normal(size=(m, m)))[0])


@pytest.mark.parametrize("seed", range(3))
def test_dimensionality_is_the_capacity_of_scherlis(seed):
    W = np.asarray(random(seed), np.float64)
    n = W.shape[1]
    by_loops = [(W[:, i] @ W[:, i]) ** 2 / sum((W[:, i] @ W[:, j]) ** 2 for j in range(n)) for i in range(n)]
    np.testing.assert_allclose(geometry.dimensionality(random(seed)), by_loops, rtol=1e-5)
    assert geometry.capacity is geometry.dimensionality


@pytest.mark.parametrize("seed", range(3))
def test_superposition_normalises_one_side_only(seed):
    W = np.asarray(random(seed), np.float64)
    n = W.shape[1]
    unit = W / np.sqrt((W**2).sum(0))
    by_loops = [sum((unit[:, i] @ W[:, j]) ** 2 for j in range(n) if j != i) for i in range(n)]
    np.testing.assert_allclose(geometry.superposition(random(seed)), by_loops, rtol=1e-5)


def test_superposition_and_dimensionality_tell_one_story():
    W = random(0)
    D, s = geometry.dimensionality(W), geometry.superposition(W)
    np.testing.assert_allclose(D, geometry.norms(W) ** 2 / (geometry.norms(W) ** 2 + s), rtol=1e-5)


@pytest.mark.parametrize("n", [3, 4, 5, 8])
def test_polygon_shares_the_plane_equally(n):
    np.testing.assert_allclose(geometry.dimensionality(geometry.polygon(n)), 2 / n, rtol=1e-5)


@pytest.mark.parametrize("rank", [1, 2, 4, 6])
def test_shares_lie_between_0_and_1_and_never_exceed_the_rank(rank):
    rng = np.random.default_rng(rank)
    W = rng.normal(size=(100, 6, rank)) @ rng.normal(size=(100, rank, 9))
    D = np.asarray(geometry.dimensionality(jnp.asarray(W)))
    assert D.min() >= 0 and D.max() <= 1 + 1e-5
    assert D.sum(-1).max() <= rank + 1e-4


def test_shares_fill_the_rank_when_directions_are_eigenvectors_of_the_frame():
    W = geometry.tegum(1.1 * geometry.polygon(5), 0.7 * geometry.simplex(3), 2.0 * geometry.simplex(1))
    np.testing.assert_allclose(geometry.dimensionality(W).sum(), 6.0, rtol=1e-5)
    bent = W.at[0, 0].add(0.3)
    assert geometry.dimensionality(bent).sum() < 6.0 - 1e-3


@pytest.mark.parametrize("measure", [*PER_FEATURE, *WHOLE, geometry.gram, geometry.interference])
def test_turning_the_hidden_space_changes_nothing(measure):
    W = random(1)
    np.testing.assert_allclose(measure(rotation(4) @ W), measure(W), rtol=1e-4, atol=1e-5)


def test_shares_do_not_depend_on_scale():
    W = random(2)
    np.testing.assert_allclose(geometry.dimensionality(1e4 * W), geometry.dimensionality(W), rtol=1e-5)
    np.testing.assert_allclose(geometry.dimensionality(1e-4 * W), geometry.dimensionality(W), rtol=1e-5)


@pytest.mark.parametrize("measure", PER_FEATURE)
def test_renaming_features_renames_their_measures(measure):
    W, order = random(3), np.random.default_rng(0).permutation(9)
    np.testing.assert_allclose(measure(W[:, order]), measure(W)[order], rtol=1e-5)


@pytest.mark.parametrize("measure", [*ALL, geometry.gram, geometry.directions])
def test_leading_axes_are_carried_along(measure):
    W = jnp.stack([random(seed) for seed in range(6)]).reshape(2, 3, 4, 9)
    one_by_one = jax.vmap(jax.vmap(jax.jit(measure)))(W)
    np.testing.assert_allclose(measure(W), one_by_one, rtol=1e-5, atol=1e-6)


def test_interference_is_the_gram_without_its_diagonal():
    W = random(4)
    off = geometry.interference(W)
    np.testing.assert_array_equal(jnp.diagonal(off), np.zeros(9))
    np.testing.assert_allclose(off + jnp.diag(geometry.norms(W) ** 2), geometry.gram(W), rtol=1e-5)


def test_features_per_dimension_counts_squared_norms():
    W = jnp.eye(3)[:, [0, 1, 2, 0, 1, 2]] * 2.0
    np.testing.assert_allclose(geometry.features_per_dimension(W), 6 * 4 / 3)
    np.testing.assert_allclose(geometry.dimensions_per_feature(W), 3 / 24)
    assert geometry.dimensions_per_feature(jnp.zeros((3, 6))) == jnp.inf


@pytest.mark.parametrize("m", [2, 3, 5])
def test_alignment_runs_from_a_diagonal_to_an_axis(m):
    np.testing.assert_allclose(geometry.basis_alignment(-3.0 * jnp.eye(m)), 1.0, rtol=1e-5)
    np.testing.assert_allclose(geometry.basis_alignment(jnp.ones((m, 2))), 1 / np.sqrt(m), rtol=1e-5)


def test_alignment_asks_represented_features_only():
    W = jnp.array([[1.0, 0.3, 0.0], [0.0, 0.3, 0.0]])
    np.testing.assert_array_equal(geometry.represented(W), [True, False, False])
    np.testing.assert_allclose(geometry.basis_alignment(W), 1.0, rtol=1e-5)
    np.testing.assert_allclose(geometry.basis_alignment(W, least=0.1), (1 + np.sqrt(0.5)) / 2, rtol=1e-5)
    assert geometry.basis_alignment(0 * W) == 0
