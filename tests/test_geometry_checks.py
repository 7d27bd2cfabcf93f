"""Every measure of a matrix where there is little to measure, and of matrices that are broken or none."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from superpose import geometry as g

MEASURES = [
    g.effective_rank, g.participation_ratio, g.tight_frame_defect, g.frame_operator, g.frame_spectrum,
    g.singular_values,
    g.coherence, g.signed_coherence, g.overlap_distance, g.overlap_moments, g.overlaps, g.cosines, g.localisation,
    g.leverage, g.stored_dimensionality, g.selectivity, g.bounds.linear_decoder,
]  # fmt: skip
CYCLIC = [g.cyclic_neighbours, g.cosine_at_offsets, g.harmonics]
SMOOTH = [g.effective_rank, g.participation_ratio, g.tight_frame_defect, g.coherence, g.selectivity]
RNG = np.random.default_rng(0)
STACK = RNG.normal(size=(2, 3, 4, 6)).astype(np.float32)
STACK[0, 1] = 0.0  # nothing at all
STACK[0, 2, :, 2:4] = 0.0  # absent features
STACK[1, 0] = np.outer(STACK[1, 0, :, 0], STACK[1, 0, 0])  # along one line


def name_of(measure):
    return measure.__name__


def all_of(measures):
    """As one program, which compiles sooner than many."""
    return jax.jit(lambda W: {m.__name__: m(W) for m in measures})


def test_leading_axes_are_carried_along_and_nothing_is_no_nan():
    W, every = jnp.asarray(STACK), all_of([*MEASURES, *CYCLIC])
    together, one_by_one = every(W), jax.vmap(jax.vmap(every))(W)
    for name, value in together.items():
        for a, b in zip(jax.tree.leaves(value), jax.tree.leaves(one_by_one[name]), strict=True):
            assert np.isfinite(a).all(), name
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=name)


def test_one_feature_alone_has_measures():
    found = all_of(MEASURES)(jnp.ones((3, 1)))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found))


def test_what_one_feature_measures():
    W = 2.0 * jnp.ones((3, 1))
    found = [float(m(W)) for m in (g.effective_rank, g.participation_ratio, g.coherence, g.signed_coherence)]
    np.testing.assert_allclose(found, [1.0, 1.0, 0.0, -1.0], rtol=1e-5)
    assert g.overlaps(W).cosine.shape == (0,) and g.overlap_moments(W).pairs == 0 and g.overlap_distance(W) == 0


@pytest.mark.parametrize("measure", SMOOTH, ids=name_of)
def test_slopes_are_finite_at_nothing_and_beside_it(measure):
    slope = jax.jit(jax.grad(lambda W: measure(W).sum()))
    for W in (jnp.zeros((2, 3)), jnp.ones((2, 3)).at[:, 1].set(0.0), jnp.full((2, 3), 1e-20)):
        assert jnp.isfinite(slope(W)).all()


@pytest.mark.parametrize("measure", [*MEASURES, *CYCLIC], ids=name_of)
def test_precision_and_strict_promotion_are_kept(measure):
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        for dtype in (jnp.float32, jnp.float64):
            out = jax.tree.leaves(jax.eval_shape(measure, jax.ShapeDtypeStruct((4, 6), dtype)))
            assert {o.dtype for o in out if jnp.issubdtype(o.dtype, jnp.floating)} == {jnp.dtype(dtype)}


@pytest.fixture
def unchecked(monkeypatch):
    """As users run it: no annotation is checked, and what we say ourselves is all they hear."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


@pytest.mark.parametrize("measure", [*MEASURES, *CYCLIC], ids=name_of)
def test_a_broken_matrix_is_refused_by_place(unchecked, measure):
    W = RNG.normal(size=(4, 6)).astype(np.float32)
    W[1, 2], W[3, 5] = np.nan, np.inf
    places = r"points \[1, 3\]" if measure in (g.leverage, g.stored_dimensionality) else r"features \[2, 5\]"
    with pytest.raises(ValueError, match=rf"not finite in {places}, first at \w+\[1, 2\]"):
        measure(W)
    with pytest.raises(ValueError, match=r"not finite.*first at \w+\[1, 0, 1, 2\]"):
        measure(np.stack([np.ones((3, 4, 6), np.float32), np.stack([W] * 3)]))
    with pytest.raises(ValueError, match=r"holds int32; .*cast it first"):
        measure(np.ones((4, 6), np.int32))
    for shape in ((5,), (0, 5), (5, 0)):
        with pytest.raises(ValueError, match=r"has shape .*; it must end in \(\w+, \w+\), at least one of each"):
            measure(np.ones(shape))


def test_a_broken_matrix_inside_a_compiled_function_measures_nan():
    assert jnp.isnan(jax.jit(g.effective_rank)(jnp.full((2, 3), jnp.nan)))
    assert jnp.isnan(jax.jit(g.participation_ratio)(jnp.ones((2, 3)).at[0, 1].set(jnp.nan)))


def test_half_precision_is_measured_in_single():
    W = jnp.asarray(STACK[1, 2], jnp.bfloat16)
    assert g.effective_rank(W).dtype == jnp.float32
    np.testing.assert_allclose(g.effective_rank(W), g.effective_rank(W.astype(jnp.float32)), rtol=1e-6)
