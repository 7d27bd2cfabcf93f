"""Objectives are their formulas: errors to a power, penalties, noise and attacks, each by a second route."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from superpose.core.keys import stream
from superpose.core.mistakes import BadName, BadValue, Mistake
from superpose.models import ComputerConfig, ResidualMLPConfig, ToyConfig
from superpose.taps import record
from superpose.train.objectives import CrossEntropy, Reconstruct, next_token, reconstruct
from superpose.train.pressures import ActivationPenalty, Attack, SiteNoise, WeightPenalty, powered
from superpose.worlds.base import Batch

KEY = jax.random.key(0)
X = jax.random.uniform(jax.random.key(1), (8, 5))
IMPORTANCE = 0.5 ** jnp.arange(5.0)
BATCH = Batch(x=X, y=X, weight=IMPORTANCE)


@jax.jit
def built(config):
    return config.build(nnx.Rngs(KEY))


TOY = built(ToyConfig(n_features=5, n_hidden=2))
LINEAR = built(ToyConfig(n_features=5, n_hidden=2, activation="identity"))


@jax.jit
def value(objective, model=TOY, batch=BATCH, key=KEY):
    return objective(model, batch, key)


@jax.jit
def gradient(objective, model=TOY, batch=BATCH, key=KEY):
    return jax.grad(lambda m: objective(m, batch, key))(model)


@jax.jit
def shifts(attack, model=TOY, batch=BATCH, key=KEY):
    return attack.shift(model, batch, key, lambda x: ((model(x) - batch.y) ** 2).sum(-1))


def errors(model=TOY, batch=BATCH):
    return np.asarray(model(batch.x) - batch.y, np.float64)


# The error


@pytest.mark.parametrize("power", [1, 1.5, 2, 2.5, 3, 4, 8])
def test_importance_multiplies_the_powered_error(power):
    expected = (np.asarray(IMPORTANCE) * abs(errors()) ** power).sum(1).mean()
    np.testing.assert_allclose(value(Reconstruct(power=power)), expected, rtol=1e-4)


def test_a_mean_over_features_is_the_sum_shared_among_them():
    np.testing.assert_allclose(5 * value(Reconstruct(reduce="mean")), value(reconstruct), rtol=1e-5)


def test_weights_may_differ_by_row():
    per_row = dataclasses.replace(BATCH, weight=jnp.arange(8.0)[:, None])
    expected = (np.arange(8) * (errors() ** 2).sum(1)).mean()
    np.testing.assert_allclose(value(reconstruct, batch=per_row), expected, rtol=1e-5)


def test_a_row_twice_as_likely_counts_twice():
    rows = jnp.asarray([0, 0, 1])
    sample = Batch(x=X[rows], y=X[rows], weight=IMPORTANCE)
    exact = Batch(x=X[:2], y=X[:2], weight=IMPORTANCE, chance=jnp.asarray([2 / 3, 1 / 3]))
    both = Reconstruct(penalties=ActivationPenalty(rate=0.3))
    np.testing.assert_allclose(value(both, batch=sample), value(both, batch=exact), rtol=1e-5)


def test_positions_between_rows_and_features_are_averaged():
    deep = Batch(x=X.reshape(4, 2, 5), y=X.reshape(4, 2, 5), weight=IMPORTANCE)
    both = Reconstruct(penalties=ActivationPenalty(rate=0.3))
    np.testing.assert_allclose(value(both, batch=deep), value(both), rtol=1e-5)


@pytest.mark.parametrize("power", [1, 1.5, 2, 2.5, 3, 8])
def test_gradients_are_the_slopes_of_the_loss(power):
    with jax.enable_x64(True):
        W = jax.random.normal(KEY, (2, 5)) / 2
        x, way = X.astype(jnp.float64), jax.random.normal(jax.random.key(7), (2, 5))
        f = jax.jit(lambda W: (IMPORTANCE * powered(x @ W.T @ W - x, power)).sum())
        slope, h = (jax.jit(jax.grad(f))(W) * way).sum(), 1e-6
        np.testing.assert_allclose(slope, (f(W + h * way) - f(W - h * way)) / (2 * h), rtol=1e-6)


@pytest.mark.parametrize("power", [0.5, 1.0, 1.5, 2.0, 2.5, 3.0])
def test_a_vanishing_error_has_no_gradient_whatever_the_power(power):
    slope = jax.jit(jax.grad(lambda e: powered(e, power).sum()))
    np.testing.assert_array_equal(slope(jnp.zeros(3)), np.zeros(3))
    np.testing.assert_allclose(slope(jnp.asarray([-2.0])), [-power * 2 ** (power - 1)], rtol=1e-5)


def test_the_plain_objective_is_one_square_in_the_program():
    def call(model, batch):
        W, b = model.W[...], model.b[...]
        e = jax.nn.relu(batch.x @ W.T @ W + b) - batch.y
        return (batch.weight * e**2).sum(-1).mean()

    by_hand = jax.jit(call).lower(TOY, BATCH).as_text()
    call = lambda model, batch: reconstruct(model, batch, KEY)
    call.__name__ = "call"
    assert jax.jit(call).lower(TOY, BATCH).as_text() == by_hand


# Penalties


@pytest.mark.parametrize("power", [1, 2, 1.5])
def test_a_weight_penalty_adds_its_closed_form(power):
    extra = value(Reconstruct(penalties=WeightPenalty(on="W", power=power, rate=0.1))) - value(reconstruct)
    np.testing.assert_allclose(extra, 0.1 * (abs(np.asarray(TOY.W)) ** power).sum(), rtol=1e-4)


def test_a_weight_penalty_of_power_one_pulls_every_weight_alike_and_no_bias():
    with_, without = gradient(Reconstruct(penalties=WeightPenalty(rate=0.1))), gradient(reconstruct)
    np.testing.assert_allclose(with_.W[...] - without.W[...], 0.1 * jnp.sign(TOY.W[...]), atol=1e-6)
    np.testing.assert_array_equal(with_.b, without.b)


def test_a_wildcard_penalises_every_parameter_it_matches():
    model = built(ResidualMLPConfig(n_features=5, width=6, n_neurons=3, depth=2))
    extra = value(Reconstruct(penalties=WeightPenalty(on="blocks.*.W_in", rate=1.0)), model) - value(reconstruct, model)
    np.testing.assert_allclose(extra, sum(abs(b.W_in[...]).sum() for b in model.blocks), rtol=1e-4)


def test_an_activation_penalty_sums_over_units_and_averages_over_rows():
    hidden = record(TOY, X, "hidden")[1]["hidden"]
    for power in (1, 2):
        extra = value(Reconstruct(penalties=ActivationPenalty(power=power, rate=0.1))) - value(reconstruct)
        np.testing.assert_allclose(extra, 0.1 * (abs(hidden) ** power).sum(1).mean(), rtol=1e-4)


def test_penalties_add_up():
    one, other = WeightPenalty(rate=0.1), ActivationPenalty(site="*hidden", rate=0.2)
    alone = [value(Reconstruct(penalties=p)) - value(reconstruct) for p in (one, other)]
    np.testing.assert_allclose(value(Reconstruct(penalties=[one, other])) - value(reconstruct), sum(alone), rtol=1e-4)


def test_rates_ride_a_vmap():
    rates = jnp.asarray([0.0, 0.1, 1.0])
    swept = jax.vmap(lambda r: value(Reconstruct(penalties=WeightPenalty(rate=r))))(rates)
    solo = [value(Reconstruct(penalties=WeightPenalty(rate=float(r)))) for r in rates]
    np.testing.assert_allclose(swept, solo, rtol=1e-6)


# Noise


@pytest.mark.parametrize("kind", ["normal", "sign"])
def test_hidden_noise_costs_a_linear_toy_its_variance_times_the_weights(kind):
    many = Batch(x=jnp.zeros((40_000, 5)), y=jnp.zeros((40_000, 5)))
    cost = value(Reconstruct(noise=SiteNoise(std=0.3, kind=kind)), LINEAR, many)
    np.testing.assert_allclose(cost, 0.09 * (LINEAR.W[...] ** 2).sum(), rtol=0.03)  # five deviations of the mean


@pytest.mark.parametrize("kind", ["normal", "sign"])
@pytest.mark.parametrize("per", ["row", "step"])
def test_noise_is_fresh_for_each_row_or_shared_by_the_step(kind, per):
    added = jax.jit(SiteNoise(std=0.3, per=per, kind=kind).add)(jnp.zeros((50, 4)), KEY)
    assert (added == added[0]).all() == (per == "step")
    assert added.dtype == jnp.float32
    if kind == "sign":
        np.testing.assert_allclose(abs(added), 0.3, rtol=1e-6)
    if per == "row":
        assert abs(added.mean()) < 5 * 0.3 / 200**0.5


def test_no_noise_is_no_noise_and_a_key_is_one_noise():
    noisy = Reconstruct(noise=SiteNoise(std=0.3))
    np.testing.assert_allclose(value(Reconstruct(noise=SiteNoise(std=0.0))), value(reconstruct), rtol=1e-6)
    assert value(noisy) == value(noisy)
    assert value(noisy) != value(noisy, key=jax.random.key(5))


def test_two_noises_at_a_site_are_independent():
    many = Batch(x=jnp.zeros((40_000, 5)), y=jnp.zeros((40_000, 5)))
    cost = value(Reconstruct(noise=[SiteNoise(std=0.3), SiteNoise(std=0.4)]), LINEAR, many)
    np.testing.assert_allclose(cost, 0.25 * (LINEAR.W[...] ** 2).sum(), rtol=0.03)


def test_penalties_see_the_noise():
    still = Batch(x=jnp.zeros((8, 5)), y=jnp.zeros((8, 5)), weight=0.0)
    noisy = Reconstruct(noise=SiteNoise(std=0.3, kind="sign"), penalties=ActivationPenalty(rate=1.0))
    np.testing.assert_allclose(value(noisy, LINEAR, still), 2 * 0.3, rtol=1e-5)


# Attacks


@pytest.mark.parametrize("kind", ["gram", "gradient"])
def test_every_row_is_shifted_by_the_budget(kind):
    size = 0.4 * np.sqrt((np.asarray(X) ** 2).sum(1).mean())
    np.testing.assert_allclose(jnp.linalg.norm(shifts(Attack(kind=kind, budget=0.4)), axis=1), size, rtol=1e-5)


def test_gram_attacks_point_along_a_random_column_of_the_gram_matrix_either_way():
    many = Batch(x=jnp.ones((400, 5)), y=jnp.ones((400, 5)))
    G = np.asarray(TOY.W[...].T @ TOY.W[...])
    columns = G / np.linalg.norm(G, axis=0)
    cosines = np.asarray(shifts(Attack(budget=1.0), batch=many)) @ columns / 5**0.5
    np.testing.assert_allclose(abs(cosines).max(1), 1, rtol=1e-5)
    hits = np.bincount(abs(cosines).argmax(1), minlength=5)
    assert (abs(hits - 80) < 5 * 8).all()
    assert 150 < (cosines[np.arange(400), abs(cosines).argmax(1)] > 0).sum() < 250


def test_a_gradient_attack_on_a_linear_toy_is_its_closed_form():
    M = np.asarray(LINEAR.W[...].T @ LINEAR.W[...])
    slope = 2 * errors(LINEAR) @ M
    expected = slope / np.linalg.norm(slope, axis=1, keepdims=True) * np.sqrt((np.asarray(X) ** 2).sum(1).mean())
    np.testing.assert_allclose(shifts(Attack(kind="gradient", budget=1.0), LINEAR), expected, rtol=1e-3, atol=1e-5)


def test_a_gradient_attack_hurts():
    losses = [value(Reconstruct(attack=Attack(kind="gradient", budget=b)), LINEAR) for b in (0.0, 0.1, 0.5)]
    assert losses[0] == value(reconstruct, LINEAR)
    assert losses[0] < losses[1] < losses[2]


@pytest.mark.parametrize("kind", ["gram", "gradient"])
def test_attacked_inputs_keep_clean_targets_and_no_gradient_flows_through_the_choice(kind):
    attack = Attack(kind=kind, budget=0.4)
    if kind == "gradient":
        attacked = _shift_found_outside(attack)
    else:
        attacked = dataclasses.replace(BATCH, x=X + shifts(attack, key=stream(KEY, "attack")))
    np.testing.assert_allclose(value(Reconstruct(attack=attack)), value(reconstruct, batch=attacked), rtol=1e-5)
    inside, outside = gradient(Reconstruct(attack=attack)), gradient(reconstruct, batch=attacked)
    np.testing.assert_allclose(inside.W, outside.W, rtol=1e-4, atol=1e-6)


def _shift_found_outside(attack):
    slope = jax.grad(lambda x: (IMPORTANCE * (TOY(x) - X) ** 2).sum())(X)
    size = attack.budget * jnp.sqrt((X**2).sum(1).mean())
    return dataclasses.replace(BATCH, x=X + size * slope / jnp.linalg.norm(slope, axis=1, keepdims=True))


@pytest.mark.parametrize("kind", ["gram", "gradient"])
def test_a_model_of_zeros_is_not_shifted(kind):
    dead = jax.tree.map(jnp.zeros_like, TOY)
    np.testing.assert_array_equal(shifts(Attack(kind=kind, budget=1.0), dead), np.zeros((8, 5)))
    assert all(jnp.isfinite(g).all() for g in jax.tree.leaves(gradient(Reconstruct(attack=Attack(budget=1.0)), dead)))


# Cross-entropy


def test_cross_entropy_is_the_mean_surprise():
    y = jnp.arange(8) % 5
    logits = np.asarray(LINEAR(X), np.float64)
    surprise = np.log(np.exp(logits).sum(1)) - logits[np.arange(8), y]
    np.testing.assert_allclose(value(next_token, LINEAR, Batch(x=X, y=y)), surprise.mean(), rtol=1e-5)
    seen = jnp.asarray([1.0] * 3 + [0.0] * 5)
    masked = Batch(x=X, y=y, weight=seen)
    np.testing.assert_allclose(value(next_token, LINEAR, masked), surprise[:3].sum() / 8, rtol=1e-5)
    deep = Batch(x=X.reshape(4, 2, 5), y=y.reshape(4, 2))
    np.testing.assert_allclose(value(next_token, LINEAR, deep), surprise.mean(), rtol=1e-5)


def test_equal_logits_cost_the_logarithm_of_the_vocabulary():
    flat = jax.tree.map(jnp.zeros_like, LINEAR)
    np.testing.assert_allclose(value(next_token, flat, Batch(x=X, y=jnp.zeros(8, int))), np.log(5), rtol=1e-6)


def test_cross_entropy_takes_the_same_penalties_and_noise():
    batch = Batch(x=X, y=jnp.zeros(8, int))
    extra = value(CrossEntropy(penalties=WeightPenalty(rate=0.1)), LINEAR, batch) - value(next_token, LINEAR, batch)
    np.testing.assert_allclose(extra, 0.1 * abs(LINEAR.W[...]).sum(), rtol=1e-4)
    assert value(CrossEntropy(noise=SiteNoise(std=1.0)), LINEAR, batch) != value(next_token, LINEAR, batch)


# Mistakes


@pytest.mark.parametrize(
    "objective, said",
    [
        (Reconstruct(penalties=WeightPenalty(on="V*", rate=1.0)), r"no parameter of Toy matches 'V\*'.*\['W', 'b'\]"),
        (Reconstruct(penalties=ActivationPenalty(site="hiden", rate=1.0)), "did you mean 'hidden'"),
        (Reconstruct(noise=SiteNoise(site="hiden", std=1.0)), "did you mean 'hidden'"),
        (Reconstruct(noise=SiteNoise(site="*", std=1.0)), r"Toy has no '\*'"),
        (Reconstruct(attack=Attack(on="W1", budget=1.0)), r"no parameter of Toy is called 'W1'; did you mean 'W'"),
    ],
)
def test_names_that_the_model_lacks_are_answered_with_those_it_has(objective, said):
    with pytest.raises(BadName, match=said):
        value(objective)


def test_an_attack_needs_a_matrix_of_the_inputs():
    with pytest.raises(BadValue, match=r"Attack.on is 'b', of shape \(5,\); inputs have 5 features"):
        value(Reconstruct(attack=Attack(on="b", budget=1.0)))


def test_outputs_must_have_the_shape_of_the_targets():
    model = built(ComputerConfig(n_inputs=5, n_hidden=4, n_outputs=1))
    with pytest.raises(BadValue, match=r"Computer returns \(8, 1\); the targets are \(8, 5\)"):
        value(reconstruct, model)
    with pytest.raises(BadValue, match=r"Toy returns logits \(8, 5\); the targets are \(8, 5\)"):
        value(next_token)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Reconstruct(power=0), "Reconstruct.power is 0; it must be a number above 0"),
        (lambda: Reconstruct(power=True), "Reconstruct.power is True"),
        (lambda: Reconstruct(power=float("nan")), "Reconstruct.power is nan"),
        (lambda: Reconstruct(power="2"), "Reconstruct.power is '2'"),
        (lambda: Reconstruct(reduce="men"), "did you mean 'mean'"),
        (lambda: Reconstruct(penalties=0.1), "Reconstruct.penalties has 0.1; each must be WeightPenalty or Activ"),
        (lambda: Reconstruct(noise=[WeightPenalty(rate=1.0)]), "Reconstruct.noise has WeightPenalty"),
        (lambda: CrossEntropy(noise=0.1), "CrossEntropy.noise has 0.1; each must be SiteNoise"),
        (lambda: Reconstruct(attack=0.1), "Reconstruct.attack is 0.1; it must be an Attack, or None"),
        (lambda: Reconstruct(pwer=2), "did you mean 'power'"),
        (lambda: WeightPenalty(on="W"), "WeightPenalty needs rate"),
        (lambda: WeightPenalty(on=None, rate=1.0), "WeightPenalty.on is None; it must be a name or wildcard"),
        (lambda: WeightPenalty(rate=-1.0), "WeightPenalty.rate is -1"),
        (lambda: ActivationPenalty(power=-1, rate=1.0), "ActivationPenalty.power is -1"),
        (lambda: SiteNoise(std=float("nan")), "SiteNoise.std is nan"),
        (lambda: SiteNoise(std=1.0, per="rows"), "did you mean 'row'"),
        (lambda: Attack(budget=float("inf")), "Attack.budget is inf"),
        (lambda: Attack(budget=1.0, kind="grad"), "did you mean 'gra"),
    ],
)
def test_values_outside_what_is_allowed_are_named(make, said):
    with pytest.raises(Mistake, match=said):
        make()


def test_objectives_that_say_the_same_are_equal_and_share_a_program():
    a, b = (Reconstruct(power=p, penalties=[WeightPenalty(rate=r)]) for p, r in ((2, 0.1), (2.0, 0.1)))
    assert a == b
    assert jax.tree.structure(a) == jax.tree.structure(Reconstruct(penalties=[WeightPenalty(rate=0.7)]))
