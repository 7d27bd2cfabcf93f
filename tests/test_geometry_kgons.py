"""Critical polygons, FU-KG of the specification: closed forms, then the same numbers by a second way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from superpose import geometry
from superpose.geometry import critical_polygon, critical_polygons, nearest_polygon, one_hot_loss, plateaus

PAIRS = {  # radius, bias and energy, FU-KG-01 and 02
    4: (1.0, 0.0, 0.0),
    5: (1.17046, -0.28230, 0.23738),
    6: (1.32053, -0.61814, 0.86746),
    7: (1.44839, -0.96691, 1.74870),
    8: (1.55045, -1.29119, 2.77310),
}
LEVELS = {  # corners, features, plus: FU-KG-03
    (5, 6, 0): 0.06874,
    (5, 6, 1): 0.06180,
    (6, 6, 0): 0.04819,
    (4, 5, 0): 0.06667,
    (4, 5, 1): 0.05667,
    (5, 5, 0): 0.015826,
    (4, 6, 1): 0.10417,
    (4, 4, 0): 0.0,
}
SLOPES = jax.jit(jax.value_and_grad(one_hot_loss, argnums=(0, 1)))


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


def by_quadrature(W, b, points=4000):
    """The mean over every feature in turn and the middles of equal intervals: no formula of ours in it."""
    W, b = np.asarray(W, float), np.asarray(b, float)
    u = (np.arange(points) + 0.5) / points
    x = (u[:, None, None] * np.eye(W.shape[1])).reshape(-1, W.shape[1])
    return ((x - np.maximum(x @ W.T @ W + b, 0)) ** 2).sum(1).mean()


@pytest.mark.parametrize("k", PAIRS)
def test_radius_bias_and_energy_are_the_printed_ones(k):
    (found,) = critical_polygons(k)
    np.testing.assert_allclose(found[1:3], PAIRS[k][:2], atol=5e-6)
    np.testing.assert_allclose(found.energy, PAIRS[k][2], atol=2e-5)


@pytest.mark.parametrize("k, c, plus", LEVELS)
def test_levels_are_the_printed_ones_and_what_their_models_cost(double, k, c, plus):
    polygon = critical_polygon(k)
    np.testing.assert_allclose(polygon.level(c, plus), LEVELS[k, c, plus], atol=1e-5)
    W, b = polygon.weights(c, plus, turn=0.3)
    np.testing.assert_allclose(one_hot_loss(W, b), polygon.level(c, plus), atol=1e-14)


@pytest.mark.parametrize("c", [5, 6, 9])
def test_a_bias_of_its_own_saves_a_feature_left_out_one_in_four_c_squared(c):
    polygon = critical_polygon(5) if c > 5 else critical_polygon(4)
    assert polygon.level(c) - polygon.level(c, 1) == pytest.approx(1 / (4 * c**2), abs=1e-16)


@pytest.mark.parametrize("k, c, plus", [(3, 6, 2), (4, 6, 1), (5, 6, 0), (5, 6, 1), (6, 6, 0), (8, 12, 1), (12, 12, 0)])
def test_there_the_loss_has_no_slope(double, k, c, plus):
    for polygon in critical_polygons(k):
        for slope in SLOPES(*polygon.weights(c, plus))[1]:
            np.testing.assert_allclose(slope, 0.0, atol=1e-12)


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 7, 11, 12, 17, 24, 60])
def test_no_critical_polygon_is_missed(k):
    """At bias -a t, the best squared radius a costs 1/3 - P²/Q: on a fine grid it turns at ours, and only there."""
    t = np.linspace(-4, 0.97, 50_001)
    late, asleep = np.maximum(t, 0), np.maximum(-t, 0)
    P, Q = (1 - late**3) / 3 - t * (1 - late**2) / 2, np.zeros(len(t))
    for c in np.cos(2 * np.pi * np.arange(k) / k):
        Q += (np.maximum(c - t, 0) ** 3 - asleep**3) / (3 * c) if abs(c) > 1e-9 else asleep**2
    slope = np.diff(P**2 / Q)
    ours = sorted(-p.bias / p.radius**2 for p in critical_polygons(k))
    np.testing.assert_allclose(t[1:-1][slope[1:] * slope[:-1] < 0], ours, atol=2e-4)


def test_of_the_two_printed_pairs_of_the_twelve_gon_one_is_critical(double):
    """FU-KG-07. Both losses are as printed; the second pair has a slope a hundred times what its digits leave open."""
    (found,) = critical_polygons(12)
    np.testing.assert_allclose(found[1:3], (1.03322, -0.46654), atol=1e-4)
    np.testing.assert_allclose(found.level(12), 0.19591, atol=1e-4)
    second = found._replace(radius=1.24975, bias=-0.85483).weights(12)
    loss, (dW, db) = SLOPES(*second)
    np.testing.assert_allclose(loss, 0.19779, atol=1e-4)
    assert np.linalg.norm(dW) > 4e-3 and np.linalg.norm(db) > 3e-3
    step = 1e-4 * np.linspace(-1, 1, 2)
    uphill = [by_quadrature(second[0] * (1 + s / 1.24975), second[1], 20_000) for s in step]
    np.testing.assert_allclose(np.diff(uphill) / 2e-4, -12 * 1.50214e-3, rtol=1e-2)


def test_the_posterior_crosses_from_five_to_six_corners_at_601():
    """FU-KG-06: -0.02055 n + 1.5 ln n + 2.7535 = 0."""
    gap = critical_polygon(5).level(6) - critical_polygon(6).level(6)
    np.testing.assert_allclose(gap, 0.02055, atol=1e-5)
    n = geometry.crossover(gap, 1.5, 2.7535)
    assert abs(n - 601) < 1
    np.testing.assert_allclose(gap * n, 1.5 * np.log(n) + 2.7535, rtol=1e-12)


def test_a_crossover_needs_something_to_trade():
    with pytest.raises(ValueError, match="above 0"):
        geometry.crossover(0.0, 1.5)
    with pytest.raises(ValueError, match="nothing crosses"):
        geometry.crossover(1.0, 0.1)
    for constant in (-2.0, 0.0, 50.0):
        n = geometry.crossover(0.02, 1.5, constant)
        assert n > 75 and 0.02 * n == pytest.approx(1.5 * np.log(n) + constant)


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_is_its_quadrature_in_any_dimension(double, seed):
    draw = np.random.default_rng(seed)
    W, b = draw.normal(size=(seed + 1, 5)), draw.normal(size=5) * 0.5
    W[:, 2] *= seed % 2
    np.testing.assert_allclose(one_hot_loss(jnp.asarray(W), jnp.asarray(b)), by_quadrature(W, b), rtol=1e-6)


def test_slopes_are_those_of_differences_also_on_kinks(double):
    """A square at b = 0 has every product on a kink; a dead feature has products of 0."""
    W, b = critical_polygon(4).weights(6, 1)
    W = W.at[0, 5].set(0.1)
    start = np.concatenate([np.ravel(W), b])
    cost = lambda v: float(one_hot_loss(v[:12].reshape(2, 6), v[12:]))
    by_steps = [(cost(jnp.asarray(start + 1e-6 * e)) - cost(jnp.asarray(start - 1e-6 * e))) / 2e-6 for e in np.eye(18)]
    ours = np.concatenate([np.ravel(g) for g in SLOPES(W, b)[1]])
    np.testing.assert_allclose(ours, by_steps, atol=1e-6)  # the step, times the jump in curvature


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-20, 1e-10, 1e-5, 1.0])
@pytest.mark.parametrize("bias", [-0.5, 0.0, 1e-20, 0.5])
def test_slopes_stay_finite_however_small_the_directions(size, bias):
    W = size * jax.random.normal(jax.random.key(0), (2, 4))
    loss, slopes = SLOPES(W, jnp.full(4, bias))
    for number in (loss, *slopes):
        assert np.isfinite(number).all()


def test_a_stack_of_models_has_a_loss_each():
    W, b = (jax.random.normal(jax.random.key(i), s) for i, s in enumerate([(3, 2, 4), (3, 4)]))
    by_sums = [by_quadrature(W[i], b[i]) for i in range(3)]
    np.testing.assert_allclose(one_hot_loss(W, b), by_sums, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(one_hot_loss)(W, b), by_sums, rtol=1e-5)


def test_asking_for_what_there_is_not():
    with pytest.raises(ValueError, match="its corners leave -1"):
        critical_polygon(6).level(5)
    with pytest.raises(ValueError, match="2 plus do not hold a 5-gon"):
        critical_polygon(5).weights(6, 2)
    with pytest.raises(ValueError, match="a bias of 0 or below"):
        critical_polygon(5).weights(6, asleep=0.1)
    for k in (1, 2.5, True):
        with pytest.raises(ValueError, match="whole number of corners"):
            critical_polygons(k)


@pytest.mark.parametrize("k, plus", [(2, 0), (4, 0), (4, 2), (5, 0), (5, 1), (6, 0)])
@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_a_polygon_is_read_whichever_way_it_is_turned_and_numbered(k, plus, mirror):
    W, b = critical_polygon(k).weights(6, plus, turn=1.0)
    order = np.random.default_rng(k).permutation(6)
    found = nearest_polygon((jnp.array([[mirror], [1.0]]) * W)[:, order], b[order])
    assert (int(found.corners), int(found.plus)) == (k, plus)
    np.testing.assert_allclose(found.distance, 0.0, atol=1e-6)


def test_the_distance_is_how_far_the_weights_were_moved():
    """Lengths alone are moved, each by the same: no turn of the polygon can take any of it back."""
    W, b = critical_polygon(6).weights(6)
    found = nearest_polygon(W * (1 + 0.01 / critical_polygon(6).radius), b)
    np.testing.assert_allclose(found.distance, 0.01, rtol=1e-3)
    np.testing.assert_allclose(nearest_polygon(W, b + 0.02).distance, 0.02, rtol=1e-3)


def test_a_silent_feature_is_no_corner_and_random_models_are_no_polygons():
    W, b = critical_polygon(5).weights(6)
    found = nearest_polygon(W.at[0, 5].set(0.6), b)
    assert (int(found.corners), int(found.plus)) == (5, 0)
    nothing = nearest_polygon(jnp.zeros((2, 6)), jnp.full(6, -1.0))
    assert (int(nothing.corners), float(nothing.distance)) == (0, 0.0)
    models = np.random.default_rng(0).normal(size=(200, 2, 6))
    assert nearest_polygon(jnp.asarray(models), jnp.zeros((200, 6))).distance.min() > 0.05


def test_a_plateau_is_where_a_curve_rests():
    curve = np.concatenate([np.full(20, 0.5), np.geomspace(0.5, 0.2, 10), np.full(30, 0.2), [0.1] * 5])
    curve[40] = 0.21
    found = plateaus(curve, 8)
    assert [(p.start, p.end) for p in found] == [(0, 20), (29, 59)]
    np.testing.assert_allclose([p.level for p in found], [0.5, 0.2])
    assert plateaus(np.geomspace(1, 0.1, 50), 8) == []
    assert plateaus(np.full(50, np.nan), 8) == []
    with pytest.raises(ValueError, match="windows of 2 records or more"):
        plateaus(np.ones(9), 10)
