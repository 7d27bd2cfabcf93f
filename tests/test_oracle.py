"""The deterministic oracle: exact expected losses, minimised, against the paper's figures and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import superpose as sp

KEY = jax.random.key(0)


def exact(n, m, **world):
    model = sp.ToyConfig(n_features=n, n_hidden=m, init="normal", scale=0.6)
    return sp.oracle(sp.Recipe(world=sp.SparseWorld(n_features=n, **world), model=model))


@pytest.fixture(scope="module")
def intro():
    """TMS-01: five features in two dimensions."""
    over = {"world.density": [1.0, 0.2, 0.1, 0.05], "seed": range(8)}
    return sp.sweep(exact(5, 2, decay=0.9), over, KEY).best("seed")


@pytest.mark.parametrize(("density", "loss", "digit"), [(1.0, 0.182925, 1e-6), (0.2, 0.0598, 1e-4), (0.1, 0.0214, 1e-4),
                                                        (0.05, 0.00726, 1e-5)])  # fmt: skip
def test_intro_losses_to_the_printed_digits(intro, density, loss, digit):
    assert abs(float(intro.score.sel(density=density).values) - loss) <= digit / 2 * 1.0001


@pytest.mark.parametrize(("density", "kept"), [(1.0, 2), (0.2, 4), (0.1, 5), (0.05, 5)])
def test_intro_keeps_more_features_as_the_world_grows_sparse(intro, density, kept):
    norms = np.linalg.norm(np.asarray(intro.run(density=density).model.W[...]), axis=0)
    assert (norms > 0.9).sum() == kept
    assert (norms < 0.05).sum() == 5 - kept


def test_the_pentagon_is_regular_to_three_degrees(intro):
    W = np.asarray(intro.run(density=0.1).model.W[...])
    angles = np.sort(np.degrees(np.arctan2(W[1], W[0])))
    gaps = np.diff(np.append(angles, angles[0] + 360))
    np.testing.assert_allclose(gaps, 72, atol=3)
    np.testing.assert_allclose(intro.run(density=0.1).model.b[...], -0.20, atol=0.02)


def test_ignored_features_are_answered_with_their_mean(intro):
    run = intro.run(density=0.2)
    W, b = np.asarray(run.model.W[...]), np.asarray(run.model.b[...])
    np.testing.assert_allclose(b[np.linalg.norm(W, axis=0) < 0.05], 0.10, atol=0.005)


@pytest.mark.parametrize(("density", "extra", "loss"), [(0.5, 1.0, 0.0763), (0.7, 1.0, 0.1081)])
def test_true_optima_lie_below_the_theory_where_weights_may_shrink(density, extra, loss):
    """TMS-08's values for two features in one dimension."""
    best = sp.sweep(exact(2, 1, density=density, importance=(1.0, extra)), {"seed": range(8)}, KEY).best("seed")
    assert abs(float(best.score.values) - loss) < 5.1e-5


@pytest.mark.parametrize("density", [0.1, 0.3])
def test_a_linear_model_reaches_the_closed_form_exactly(density):
    model = sp.ToyConfig(n_features=4, n_hidden=2, activation="identity", init="normal", scale=0.6)
    world = sp.SparseWorld(n_features=4, density=density, decay=0.7)
    best = sp.sweep(sp.oracle(sp.Recipe(world=world, model=model)), {"seed": range(4)}, KEY).best("seed")
    with jax.enable_x64(True):
        closed = sp.geometry.losses.linear_optimum(density, 0.7 ** jnp.arange(4), 2)
    np.testing.assert_allclose(best.score.values, closed, rtol=1e-8)


def test_noise_free_descent_meets_the_oracle():
    """The same exact rows drive any optimiser: plain Adam arrives where L-BFGS does."""
    recipe = exact(2, 1, density=0.1)
    adam = sp.Recipe(world=recipe.world, model=recipe.model, batch="all", learning_rate=2e-2,
                     schedule="quarter_cosine", steps=800)  # fmt: skip
    lowest = [sp.sweep(r, {"seed": range(8)}, KEY).best("seed").score.values for r in (recipe, adam)]
    np.testing.assert_allclose(lowest[1], lowest[0], rtol=1e-3)
    np.testing.assert_allclose(lowest[0], sp.geometry.losses.antipodal(0.1, 0.1), rtol=0.02)


def sets(world):
    model = sp.ToyConfig(n_features=4, n_hidden=2, init="normal", scale=0.6)
    recipe = sp.oracle(sp.Recipe(world=world, model=model))
    return sp.sweep(recipe, {"world.density": [0.1, 0.3], "seed": range(6)}, KEY).best("seed")


def test_correlated_pairs_are_orthogonal_within_and_antipodal_across_until_they_collapse():
    """TMS-16: 2p²/3 below p = 1/4, p/6 above."""
    best = sets(sp.CorrelatedWorld(n_sets=2, set_size=2))
    np.testing.assert_allclose(best.score.values, [0.00661, 0.0500], rtol=0.01)
    W = np.asarray(best.run(density=0.1).model.W[...])
    cosines = (W.T @ W) / np.outer(*2 * [np.linalg.norm(W, axis=0)])
    assert abs(cosines[0, 1]) < np.sin(np.radians(3))
    assert (cosines[:2, 2:].min(axis=1) < -0.98).all()


def test_anticorrelated_pairs_share_a_line_for_nothing():
    """TMS-17: within a set the cosine is −1, and the loss is exactly zero."""
    best = sets(sp.AnticorrelatedWorld(n_sets=2, set_size=2))
    assert (best.score.values < 1e-6).all()
    W = np.asarray(best.run(density=0.1).model.W[...])
    cosine = W[:, 0] @ W[:, 1] / np.linalg.norm(W[:, 0]) / np.linalg.norm(W[:, 1])
    np.testing.assert_allclose(cosine, -1, atol=0.01)
