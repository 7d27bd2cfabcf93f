"""Named initialisations have the spread their rule says, whatever torch and JAX call Xavier on a stack of matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose.core.mistakes import Mistake
from superpose.models import initial
from superpose.models.initial import INITS, spread, vector

KEY = jax.random.key(0)
matrix = jax.jit(initial.matrix, static_argnums=(0, 2, 3), static_argnames="instances")
NOTEBOOK = (20, 200, 20)
"""Instances, features, hidden."""


def test_the_faithful_spread_is_torchs_on_the_notebooks_stack():
    instances, n, m = NOTEBOOK
    fan_in, fan_out = n * m, instances * m  # torch: axis 1, axis 0, each times what lies beyond
    assert spread("faithful", m, n, instances) == pytest.approx((2 / (fan_in + fan_out)) ** 0.5)
    assert spread("faithful", m, n, instances) == pytest.approx(0.0213, abs=5e-5)


def test_the_robust_spread_is_xavier_of_one_matrix():
    _, n, m = NOTEBOOK
    assert spread("robust", m, n) == pytest.approx(0.0953, abs=5e-5)


def test_the_intro_figure_starts_half_as_large_faithfully():
    assert spread("faithful", 2, 5, instances=10) == pytest.approx(0.258, abs=5e-4)
    assert spread("robust", 2, 5) == pytest.approx(0.535, abs=5e-4)


def test_more_instances_start_smaller_faithfully_and_alike_robustly():
    faithful, robust = ([spread(init, 2, 5, i) for i in (1, 10, 100)] for init in ("faithful", "robust"))
    assert faithful[0] > faithful[1] > faithful[2]
    assert len(set(robust)) == 1


def test_jax_takes_the_instances_of_a_stack_for_a_receptive_field_unless_told():
    instances, n, m = shape = NOTEBOOK
    naive, told = (jax.nn.initializers.glorot_normal(batch_axis=axis) for axis in ((), 0))
    naive, told = (np.std(jax.jit(xavier, static_argnums=1)(KEY, shape)) for xavier in (naive, told))
    assert naive == pytest.approx((2 / ((n + m) * instances)) ** 0.5, rel=0.05)
    assert told == pytest.approx(spread("robust", m, n), rel=0.05)


def test_torch_and_jax_agree_on_the_notebooks_stack_only_because_its_ends_are_equal():
    instances, n, m = NOTEBOOK
    assert spread("faithful", m, n, instances) == pytest.approx((2 / ((n + m) * instances)) ** 0.5)
    assert spread("faithful", 4, 50, 10) != pytest.approx((2 / ((50 + 4) * 10)) ** 0.5, rel=0.05)


@pytest.mark.parametrize("init", ["robust", "faithful", "unit", "small", "normal"])
def test_draws_have_the_spread_of_their_word(init):
    W = np.asarray(matrix(init, KEY, 100, 400, scale=3.0, instances=7))
    assert W.std() == pytest.approx(3 * spread(init, 100, 400, 7), rel=0.02)  # four deviations of 40,000 draws
    assert abs(W.mean()) < 4 * W.std() / 200


def test_uniform_fills_its_range():
    W = np.asarray(matrix("uniform", KEY, 100, 400, scale=0.1))
    assert abs(W).max() <= 0.1
    assert W.std() == pytest.approx(0.1 / 3**0.5, rel=0.02)


def test_unit_columns_have_length_about_one():
    W = np.asarray(matrix("unit", KEY, 400, 50))
    np.testing.assert_allclose(np.linalg.norm(W, axis=0), 1, atol=0.2)


@pytest.mark.parametrize("rows, columns", [(3, 7), (7, 3), (5, 5)])
def test_orthogonal_matrices_keep_the_shorter_side_orthonormal(rows, columns):
    W = np.asarray(matrix("orthogonal", KEY, rows, columns, scale=2.0))
    gram = W @ W.T if rows <= columns else W.T @ W
    np.testing.assert_allclose(gram, 4 * np.eye(min(rows, columns)), atol=1e-5)


def test_identity_is_the_identity():
    np.testing.assert_array_equal(matrix("identity", KEY, 2, 3, scale=0.5), [[0.5, 0, 0], [0, 0.5, 0]])


@pytest.mark.parametrize("init", INITS)
def test_matrices_follow_the_active_precision(init):
    scale = np.float32(1)
    made = lambda: jax.eval_shape(lambda: (matrix(init, KEY, 3, 4, scale=scale), vector(KEY, 3, scale)))
    assert {a.dtype for a in made()} == {jnp.dtype("float32")}
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        assert {a.dtype for a in made()} == {jnp.dtype("float64")}


def test_a_bias_of_scale_zero_is_zero():
    np.testing.assert_array_equal(vector(KEY, 5, 0.0), np.zeros(5))


def test_only_gaussian_words_have_a_spread():
    with pytest.raises(Mistake, match="robust"):
        spread("orthogonal", 3, 4)
