"""Measures of W: formulas read a second way, invariances, and what happens at nothing."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from superpose import geometry

PER_FEATURE = [geometry.dimensionality, geometry.superposition, geometry.norms]
WHOLE = [geometry.features_per_dimension, geometry.dimensions_per_feature]
ALL = [*PER_FEATURE, *WHOLE, geometry.basis_alignment]


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


def random(seed, m=4, n=9):
    return jax.random.normal(jax.random.key(seed), (m, n))


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


@pytest.mark.parametrize("measure", [*PER_FEATURE, geometry.directions])
def test_an_absent_feature_measures_0(measure):
    W = random(5).at[:, 2].set(0.0).at[:, 3].set(1e-8)
    np.testing.assert_allclose(measure(W)[..., [2, 3]], 0.0, atol=1e-7)


@pytest.mark.parametrize("measure", ALL)
def test_gradients_are_finite_at_nothing_and_beside_it(measure):
    for W in (jnp.zeros((3, 4)), random(6, 3, 4).at[:, 1].set(0.0), jnp.full((3, 4), 1e-30)):
        assert jnp.isfinite(jax.jit(jax.grad(lambda W: measure(W).sum()))(W)).all()


@pytest.mark.parametrize("measure", [geometry.dimensionality, geometry.superposition, geometry.norms])
def test_gradients_are_slopes(double, measure):
    W, step = random(8, 3, 5), 1e-6 * random(9, 3, 5)
    rise = (measure(W + step) - measure(W - step)).sum() / 2
    np.testing.assert_allclose((jax.jit(jax.grad(lambda W: measure(W).sum()))(W) * step).sum(), rise, rtol=1e-5)


@pytest.mark.parametrize("measure", PER_FEATURE)
def test_a_broken_feature_is_not_called_absent(measure):
    assert jnp.isnan(measure(random(0).at[0, 0].set(jnp.nan))[0])


@pytest.mark.parametrize("measure", ALL)
def test_precision_and_strict_promotion_are_kept(double, measure):
    with jax.numpy_dtype_promotion("strict"):
        for dtype in (jnp.float32, jnp.float64):
            assert measure(random(0).astype(dtype)).dtype == dtype


@pytest.fixture
def unchecked(monkeypatch):
    """As users run it: no annotation is checked, and what we say ourselves is all they hear."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.parametrize("measure", ALL)
def test_a_matrix_is_asked_for_by_shape_and_kind(unchecked, measure):
    with pytest.raises(ValueError, match=r"shape \(5,\).*hidden, features"):
        measure(jnp.ones(5))
    with pytest.raises(ValueError, match=r"shape \(0, 5\)"):
        measure(jnp.ones((0, 5)))
    with pytest.raises(ValueError, match="int32"):
        measure(jnp.ones((2, 5), jnp.int32))
