"""Phase diagrams in theory: their losses are those of real models, and their boundaries are where losses cross."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose.geometry import phases

R = np.geomspace(0.1, 10.0, 41)
MODELS = {  # W and which features answer with p/2, in the order of PHASES; the extra feature is last
    1: [([[1, 0]], [0, 1]), ([[0, 1]], [1, 0]), ([[1, -1]], [0, 0])],
    2: [
        ([[1, 0, 0], [0, 1, 0]], [0, 0, 1]),
        ([[0, 1, 0], [0, 0, 1]], [1, 0, 0]),
        ([[1, 0, 0], [0, 1, -1]], [0, 0, 0]),
        ([[1, -1, 0], [0, 0, 1]], [0, 0, 0]),
    ],
}


@pytest.mark.parametrize("n_hidden", [1, 2])
@pytest.mark.parametrize("r, p", [(0.3, 0.2), (4.0, 0.7)])
def test_each_phase_costs_what_its_model_does(n_hidden, r, p):
    rng, n = np.random.default_rng(0), n_hidden + 1
    x = np.where(rng.random((100_000, n)) < p, rng.random((100_000, n)), 0.0)
    importance = np.array([1.0] * n_hidden + [r])
    for (W, silent), claimed in zip(MODELS[n_hidden], phases.losses(r, p, n_hidden), strict=True):
        W = np.asarray(W, float)
        lost = (importance * (x - np.maximum(x @ W.T @ W + np.array(silent) * p / 2, 0)) ** 2).sum(-1)
        assert abs(lost.mean() - float(claimed)) <= 5 * lost.std() / np.sqrt(len(x)) + 1e-9


@pytest.mark.parametrize("n_hidden", [1, 2])
def test_the_two_cheapest_phases_cost_the_same_on_the_boundary(n_hidden):
    best = jnp.sort(phases.losses(R, phases.boundary(R, n_hidden), n_hidden), axis=0)
    np.testing.assert_allclose(best[0], best[1], rtol=1e-5)


@pytest.mark.parametrize("n_hidden", [1, 2])
def test_sharing_wins_below_the_boundary_and_dedication_above(n_hidden):
    edge = phases.boundary(R, n_hidden)
    sharing, r = (phases.winner(R, 0.99 * edge, n_hidden) >= 2), R
    assert sharing.all()
    above = phases.winner(r, 1.01 * edge, n_hidden)
    np.testing.assert_array_equal(above[r < 0.99], 0)
    np.testing.assert_array_equal(above[r > 1.01], 1)


def test_more_important_features_are_left_alone_when_others_can_pair():
    assert phases.PHASES[2][int(phases.winner(3.0, 0.2, 2))] == "dedicated beside a pair"
    assert phases.PHASES[2][int(phases.winner(0.3, 0.2, 2))] == "antipodal"
    assert phases.PHASES[1][int(phases.winner(3.0, 0.2, 1))] == "antipodal"


@pytest.mark.parametrize("n_hidden", [1, 2])
def test_all_phases_meet_at_the_triple_point(n_hidden):
    costs = phases.losses(*phases.TRIPLE_POINT, n_hidden)
    np.testing.assert_allclose(costs, costs[0], rtol=1e-5)
    np.testing.assert_allclose(phases.boundary(1.0, n_hidden), phases.TRIPLE_POINT[1], rtol=1e-5)


def test_boundaries_reach_the_edges_of_the_figure():
    np.testing.assert_allclose(phases.boundary(jnp.array([0.1, 10.0])), 0.16, rtol=1e-5)
    np.testing.assert_allclose(phases.boundary(jnp.array([0.1, 10.0]), 2), [0.16, 4 / 7], rtol=1e-5)


def test_swapping_the_two_features_mirrors_the_diagram():
    np.testing.assert_allclose(phases.boundary(R), phases.boundary(1 / R), rtol=1e-5)


@pytest.mark.parametrize("n_hidden", [1, 2])
@pytest.mark.parametrize("r", [0.3, 3.0])
def test_the_least_loss_kinks_at_the_boundary(n_hidden, r):
    slope = jax.jit(jax.grad(lambda p: phases.losses(r, p, n_hidden).min()))
    edge = phases.boundary(r, n_hidden)
    assert slope(edge * 0.999) - slope(edge * 1.001) > 0.05


def test_diagrams_broadcast_over_both_axes():
    r, p = jnp.asarray(R)[None], jnp.linspace(0.01, 1.0, 5)[:, None]
    assert jax.eval_shape(lambda r, p: phases.losses(r, p, 2), r, p).shape == (4, 5, 41)
    best = jax.jit(phases.winner, static_argnums=2)(r, p, 2)
    assert best.dtype == jnp.int32 and best[0, 0] == 2


@pytest.mark.parametrize("ask", [phases.losses, phases.winner])
def test_other_widths_have_no_diagram(ask):
    with pytest.raises(ValueError, match=r"n_hidden is 3.*\[1, 2\]"):
        ask(0.5, 0.5, 3)
    with pytest.raises(ValueError, match="n_hidden is 3"):
        phases.boundary(0.5, 3)
