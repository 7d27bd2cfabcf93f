"""Closed-form losses against the models they describe, run on sampled features."""

from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

from superpose.geometry import losses, polygon

N = 100_000
DENSITIES = [0.05, 0.4, 1.0]


def agree(samples, exact):
    """The mean of the samples is the claim, to five standard errors."""
    error = samples.std() / np.sqrt(len(samples))
    assert abs(samples.mean() - float(exact)) <= 5 * error + 1e-9


def independent(p, n, seed=0):
    rng = np.random.default_rng(seed)
    return np.where(rng.random((N, n)) < np.broadcast_to(p, n), rng.random((N, n)), 0.0)


def correlated(p, sets, k, seed=0):
    rng = np.random.default_rng(seed)
    on = rng.random((N, sets, 1)) < p
    return np.where(on, rng.random((N, sets, k)), 0.0).reshape(N, sets * k)


def anticorrelated(p, sets, seed=0):
    rng = np.random.default_rng(seed)
    on, member = rng.random((N, sets)) < p, rng.integers(2, size=(N, sets))
    chosen = member[..., None] == np.arange(2)
    return np.where(on[..., None] & chosen, rng.random((N, sets, 2)), 0.0).reshape(N, sets * 2)


def lost(W, x, b=0.0, importance=1.0):
    W = np.asarray(W, np.float64)
    return (importance * (x - np.maximum(x @ W.T @ W + b, 0)) ** 2).sum(-1)


@pytest.mark.parametrize("p", DENSITIES)
@pytest.mark.parametrize("bias", [None, 0.0, 0.3])
def test_an_ignored_feature_costs_its_spread_about_the_bias(p, bias):
    b = p / 2 if bias is None else bias
    agree(lost([[0.0]], independent(p, 1), b, 0.7), losses.ignored(p, 0.7, bias))


@pytest.mark.parametrize("p", DENSITIES)
def test_no_bias_beats_half_the_density(p):
    others = losses.ignored(p, bias=jnp.linspace(0.0, 1.0, 101))
    assert (others >= losses.ignored(p) - 1e-7).all()


@pytest.mark.parametrize("p", DENSITIES)
def test_any_linear_model_costs_what_samples_of_it_do(p):
    rng = np.random.default_rng(1)
    W, b, importance = rng.normal(size=(2, 4)), rng.normal(size=4), np.array([1.0, 0.5, 0.3, 0.1])
    x = independent(p, 4)
    agree(
        (importance * (x - x @ W.T @ W - b) ** 2).sum(-1), losses.linear(jnp.asarray(W), jnp.asarray(b), p, importance)
    )


def test_the_best_linear_model_costs_its_optimum():
    W, b, importance = np.eye(2, 4), np.array([0, 0, 0.15, 0.15]), 0.7 ** np.arange(4)
    exact = losses.linear(jnp.asarray(W, jnp.float32), jnp.asarray(b), 0.3, jnp.asarray(importance))
    np.testing.assert_allclose(exact, losses.linear_optimum(0.3, jnp.asarray(importance), 2), rtol=1e-5)


def test_a_dedicated_feature_costs_nothing():
    np.testing.assert_allclose(lost(np.eye(3), independent(0.4, 3)), 0.0, atol=1e-12)
    np.testing.assert_array_equal(losses.dedicated(jnp.array([0.1, 1.0]), 3.0), [0.0, 0.0])


@pytest.mark.parametrize("p", DENSITIES)
def test_the_linear_optimum_keeps_the_most_important(p):
    importance, kept = np.array([0.2, 1.0, 0.5, 0.7]), np.array([0, 1, 0, 1])
    x = independent(p, 4)
    errors = (importance * (x - (x * kept + (1 - kept) * p / 2)) ** 2).sum(-1)
    agree(errors, losses.linear_optimum(p, jnp.asarray(importance), 2))


def test_no_linear_model_does_better_than_the_optimum():
    importance, p, rng = np.array([1.0, 0.7, 0.5, 0.2]), 0.3, np.random.default_rng(0)
    W = rng.normal(size=(500, 2, 4)) * 0.7
    M = np.einsum("smi,smj->sij", W, W) - np.eye(4)
    with_best_bias = (p / 3 - p**2 / 4) * np.einsum("i,sij->s", importance, M**2)
    assert with_best_bias.min() > losses.linear_optimum(p, jnp.asarray(importance), 2)


@pytest.mark.parametrize("p", DENSITIES)
def test_an_antipodal_pair_errs_by_the_smaller_value(p):
    x = independent([p, 0.6], 2)
    agree(lost([[1, -1]], x, importance=[1.0, 0.3]), losses.antipodal(p, 0.6, 1.0, 0.3))
    np.testing.assert_allclose(lost([[1, -1]], x), 2 * np.minimum(x[:, 0], x[:, 1]) ** 2, atol=1e-12)


@pytest.mark.parametrize("p", DENSITIES)
def test_a_triangle(p):
    agree(lost(polygon(3), independent(p, 3)), losses.triangle(p))


@pytest.mark.parametrize("k", [1, 2, 3, 6])
@pytest.mark.parametrize("p", DENSITIES)
def test_a_collapsed_set_loses_its_variance(p, k):
    agree(lost(np.ones((1, k)) / np.sqrt(k), correlated(p, 1, k)), losses.collapsed_set(p, k))


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("p", DENSITIES)
def test_crossed_sets_pay_for_every_digon(p, k):
    agree(lost(np.hstack([np.eye(k), -np.eye(k)]), correlated(p, 2, k)), losses.crossed_sets(p, k))


@pytest.mark.parametrize("p", DENSITIES)
def test_anticorrelated_features_share_a_line_for_nothing(p):
    assert losses.anticorrelated_digon(p) == 0
    np.testing.assert_allclose(lost([[1, -1]], anticorrelated(p, 1)), 0.0, atol=1e-12)


@pytest.mark.parametrize("p", DENSITIES)
def test_anticorrelated_pairs_crossed_do_pay(p):
    agree(lost([[1, 0, -1, 0], [0, 1, 0, -1]], anticorrelated(p, 2)), losses.crossed_anticorrelated(p))


@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize("p", DENSITIES)
def test_collapsed_sets_can_share_a_line_antipodally(p, k):
    W = np.repeat([1.0, -1.0], k)[None] / np.sqrt(k)
    agree(lost(W, correlated(p, 2, k)), losses.collapsed_antipodal(p, k))


@pytest.mark.parametrize("k", [1, 2, 3, 8, 20])
def test_the_smaller_of_two_means(k):
    x = np.random.default_rng(k).random((N, 2, k)).mean(-1).min(-1) ** 2
    agree(x, losses.smaller_mean_squared(k))


def test_the_smaller_of_two_means_is_exact():
    assert losses.smaller_mean_squared(1) == Fraction(1, 6)
    assert round(float(losses.smaller_mean_squared(3)), 4) == 0.1829


@pytest.mark.parametrize("p", DENSITIES)
def test_confused_features_answer_with_half_of_each(p):
    W = np.array([[1.0, 1.0]]) / np.sqrt(2)
    agree(lost(W, independent(p, 2), importance=[1.0, 0.6]), losses.confused(p, 0.6))


@pytest.mark.parametrize("p", DENSITIES)
@pytest.mark.parametrize("m", [4, 5])
def test_two_neurons_compute_one_absolute_value(p, m):
    rng, importance = np.random.default_rng(0), np.array([1.0, 0.8, 0.64])
    x = independent(p, 3) * rng.choice([-1.0, 1.0], size=(N, 3))
    W = np.vstack([np.eye(2, 3), -np.eye(2, 3), np.zeros((m - 4, 3))])
    answer = np.maximum(np.maximum(x @ W.T, 0) @ np.abs(W) + [0, 0, p / 2], 0)
    errors = (importance * (np.abs(x) - answer) ** 2).sum(-1)
    agree(errors, losses.absolute_top_features(p, jnp.asarray(importance), m))


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("p", DENSITIES)
def test_the_spectrum_of_a_correlated_set_is_its_sum_and_its_differences(p, k):
    x = correlated(p, 1, k)
    along, across = x.sum(-1) / np.sqrt(k), (x[:, 0] - x[:, 1]) / np.sqrt(2)
    for z, power in zip((along, across), losses.pca_spectrum(p, k), strict=True):
        agree((z - z.mean()) ** 2, power)


def test_the_whitened_linear_loss_is_benefit_and_interference():
    rng, importance = np.random.default_rng(0), np.array([1.0, 0.5, 0.25])
    W, x = rng.normal(size=(2, 3)), rng.normal(size=(N, 3))
    exact = losses.whitened_linear(jnp.asarray(W), jnp.asarray(importance))
    agree((importance * (x - x @ W.T @ W) ** 2).sum(-1), exact)


def test_digons_and_collapse_cost_the_same_at_a_quarter():
    np.testing.assert_allclose(losses.crossed_sets(0.25), 2 * losses.collapsed_set(0.25), rtol=1e-5)


def test_confusion_and_antipodes_cost_the_same_at_four_sevenths():
    np.testing.assert_allclose(losses.confused(4 / 7), losses.antipodal(4 / 7, 4 / 7), rtol=1e-5)


def test_the_intro_figures_dense_panel():
    np.testing.assert_allclose(losses.linear_optimum(1.0, 0.9 ** jnp.arange(5.0), 2), 0.182925, rtol=1e-5)


def test_sizes_that_make_no_set_are_named():
    with pytest.raises(ValueError, match="k is 0"):
        losses.collapsed_set(0.1, 0)
    with pytest.raises(ValueError, match="n_hidden is -1"):
        losses.linear_optimum(0.1, jnp.ones(3), -1)
