"""Measures of W where there is little to measure: absent features, broken ones, slopes, and matrices that are none."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from superpose import geometry

PER_FEATURE = [geometry.dimensionality, geometry.superposition, geometry.norms]
ALL = [
    *PER_FEATURE,
    geometry.features_per_dimension,
    geometry.dimensions_per_feature,
    geometry.basis_alignment,
]


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


def random(seed):
    return jax.random.normal(jax.random.key(seed), (4, 9))


@pytest.mark.parametrize("measure", [*PER_FEATURE, geometry.directions])
def test_an_absent_feature_measures_0(measure):
    W = random(5).at[:, 2].set(0.0).at[:, 3].set(1e-8)
    np.testing.assert_allclose(measure(W)[..., [2, 3]], 0.0, atol=1e-7)


@pytest.mark.parametrize("measure", ALL)
def test_gradients_are_finite_at_nothing_and_beside_it(measure):
    slope = jax.jit(jax.grad(lambda W: measure(W).sum()))
    for W in (jnp.zeros((4, 9)), random(6).at[:, 1].set(0.0), jnp.full((4, 9), 1e-30)):
        assert jnp.isfinite(slope(W)).all()


@pytest.mark.parametrize("measure", [geometry.dimensionality, geometry.superposition, geometry.norms])
def test_gradients_are_slopes(double, measure):
    W, step = random(8), 1e-6 * random(9)
    rise = (measure(W + step) - measure(W - step)).sum() / 2
    np.testing.assert_allclose((jax.jit(jax.grad(lambda W: measure(W).sum()))(W) * step).sum(), rise, rtol=1e-5)


@pytest.mark.parametrize("measure", PER_FEATURE)
def test_a_broken_feature_is_not_called_absent(measure):
    broken = random(0).at[0, 1].set(jnp.nan)
    with pytest.raises(ValueError, match=r"W is not finite in features \[1\], first at W\[0, 1\]"):
        measure(broken)
    assert jnp.isnan(jax.jit(measure)(broken)[1])


@pytest.mark.parametrize("measure", ALL)
def test_precision_and_strict_promotion_are_kept(double, measure):
    with jax.numpy_dtype_promotion("strict"):
        for dtype in (jnp.float32, jnp.float64):
            assert jax.eval_shape(measure, random(0).astype(dtype)).dtype == dtype


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
