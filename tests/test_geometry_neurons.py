"""Neurons: rescaling changes no function, participation counts, and the order to show them in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose.geometry import features_read, monosemantic, neuron_order, participation, rescaled, selectivity


def draw(*shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape)


@pytest.mark.parametrize("seed", range(3))
def test_rescaling_keeps_the_function_of_a_relu_layer(seed):
    W1, W2, x = draw(6, 4, seed=seed), draw(3, 6, seed=seed + 10), draw(50, 4, seed=seed + 20)
    V1, V2 = rescaled(W1, W2)
    np.testing.assert_allclose(jax.nn.relu(x @ V1.T) @ V2.T, jax.nn.relu(x @ W1.T) @ W2.T, rtol=1e-4, atol=1e-5)


def test_rescaled_neurons_have_a_largest_weight_of_one_and_keep_their_signs():
    W1 = jnp.array([[2.0, -0.5], [0.1, -4.0]])
    V1, V2 = rescaled(W1, jnp.ones((1, 2)))
    np.testing.assert_allclose(V1, [[1.0, -0.25], [0.025, -1.0]])
    np.testing.assert_allclose(V2, [[2.0, 4.0]])


def test_rescaling_twice_is_rescaling_once():
    once = rescaled(draw(5, 7), draw(7, 5))
    for a, b in zip(rescaled(*once), once, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_a_neuron_that_reads_nothing_stays_as_it_is():
    V1, V2 = rescaled(jnp.zeros((1, 3)), jnp.full((2, 1), 0.7))
    np.testing.assert_array_equal(V1, 0)
    np.testing.assert_allclose(V2, 0.7)


def test_rescaling_carries_leading_axes():
    W1, W2 = draw(2, 5, 3), draw(2, 3, 5)
    for k in range(2):
        for a, b in zip(rescaled(W1, W2), rescaled(W1[k], W2[k]), strict=True):
            np.testing.assert_allclose(a[k], b, rtol=1e-6)


@pytest.mark.parametrize("k", [1, 2, 3, 7])
def test_k_equal_weights_count_as_k(k):
    W = jnp.zeros((1, 10)).at[0, :k].set(jnp.array([0.3, -0.3, 0.3, 0.3, -0.3, 0.3, 0.3])[:k])
    np.testing.assert_allclose(participation(W), k, rtol=1e-6)


def test_participation_knows_no_units_and_no_order():
    W = draw(4, 9)
    np.testing.assert_allclose(participation(1e-5 * W[:, ::-1]), participation(W), rtol=1e-5)


def test_participation_is_the_inverse_sum_of_squared_shares():
    W = np.asarray(draw(4, 9), np.float64)
    shares = W**2 / (W**2).sum(-1, keepdims=True)
    np.testing.assert_allclose(participation(W), 1 / (shares**2).sum(-1), rtol=1e-5)


def test_a_silent_neuron_participates_in_nothing_and_its_slope_is_finite():
    assert participation(jnp.zeros((1, 4)))[0] == 0
    assert jnp.isfinite(jax.grad(lambda W: participation(W).sum())(jnp.zeros((2, 4)))).all()


W = jnp.array(
    [
        [0.0, 0.9, 0.8, 0.0],  # reads features 1 and 2
        [0.0, 0.05, 0.0, 0.1],  # silent
        [0.0, 0.0, 0.1, 1.0],  # reads 3 alone
        [1.0, 0.0, 0.0, 0.0],  # reads 0 alone
        [0.7, 0.0, -0.9, 0.3],  # reads 0, 2 and 3
    ]
)


def test_weights_above_a_threshold_are_counted_whatever_their_sign():
    np.testing.assert_array_equal(features_read(W), [2, 0, 1, 1, 3])
    np.testing.assert_array_equal(features_read(W, 0.85), [1, 0, 1, 1, 1])


def test_neurons_are_shown_simple_ones_first_then_by_their_main_feature():
    np.testing.assert_array_equal(neuron_order(W), [3, 2, 0, 4, 1])


def test_selectivity_is_the_share_of_the_favourite_among_positive_responses():
    R = jnp.array([[3.0, 1.0, 0.0], [2.0, -9.0, -1.0], [-1.0, 0.0, -2.0], [0.5, 0.5, 0.5]])
    np.testing.assert_allclose(selectivity(R), [0.75, 1.0, 0.0, 1 / 3], rtol=1e-6)
    np.testing.assert_allclose(selectivity(1e-20 * R), selectivity(R), rtol=1e-6)
    np.testing.assert_array_equal(monosemantic(R), [False, True, False, False])


def test_a_neuron_is_monosemantic_beyond_999_in_a_thousand():
    R = jnp.array([[1.0, 0.00101], [1.0, 0.00099]])
    np.testing.assert_array_equal(monosemantic(R), [False, True])
    np.testing.assert_array_equal(monosemantic(R, 0.9985), [True, True])


def test_a_bias_can_make_a_neuron_monosemantic():
    W, b = jnp.array([[1.0, 0.4]]), jnp.array([-0.5])
    assert not monosemantic(W)[0] and monosemantic(jax.nn.relu(W + b[:, None]))[0]
