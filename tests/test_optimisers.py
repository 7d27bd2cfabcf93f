"""Optimisers by name do the arithmetic their papers print; schedules, clips and rules act on each model by itself."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from superpose.core.mistakes import Mistake
from superpose.train.optimisers import KINDS, SCHEDULES, Optimizer, Rule, check_rules, transformation

STEPS = 5
RNG = np.random.default_rng(0)
START = {"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4)}
SLOPES = [{"W": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4)} for _ in range(STEPS)]
RATE = 0.1


def trained(optimizer, schedule="constant", slopes=SLOPES, start=START, rate=RATE, steps=STEPS):
    params = jax.tree.map(jnp.asarray, start)
    rule = transformation(optimizer, rate, schedule, steps)
    state = rule.init(params)
    path = []
    for t, slope in enumerate(slopes):
        updates, state = rule.update(jax.tree.map(jnp.asarray, slope), state, params, step=t)
        params = optax.apply_updates(params, updates)
        path.append(params)
    return path


def by_hand(direction, decay=0.0, start=START, slopes=SLOPES, share=lambda t: 1.0):
    """Each parameter by itself: x ← x − η (direction + decay x)."""
    path = []
    memory = {name: {} for name in start}
    now = {n: a.copy() for n, a in start.items()}
    for t, slope in enumerate(slopes):
        now = {n: a - RATE * share(t) * (direction(slope[n], a, t, memory[n]) + decay * a) for n, a in now.items()}
        path.append(now)
    return path


def adam(g, x, t, m, b1=0.9, b2=0.999, eps=1e-8):
    m["m"] = b1 * m.get("m", 0) + (1 - b1) * g
    m["v"] = b2 * m.get("v", 0) + (1 - b2) * g * g
    return (m["m"] / (1 - b1 ** (t + 1))) / (np.sqrt(m["v"] / (1 - b2 ** (t + 1))) + eps)


def momentum(g, x, t, m, beta=0.9):
    m["m"] = beta * m.get("m", 0) + g
    return m["m"]


def lamb(g, x, t, m, decay=0.01):
    u = adam(g, x, t, m) + decay * x
    return u * np.linalg.norm(x) / np.linalg.norm(u)


def nadam(g, x, t, m, b1=0.9, b2=0.999):
    """Adam that looks one step ahead: what optax gives to the vectors beside Muon's matrices."""
    adam(g, x, t, m)
    ahead = b1 * m["m"] / (1 - b1 ** (t + 2)) + (1 - b1) * g / (1 - b1 ** (t + 1))
    return ahead / (np.sqrt(m["v"] / (1 - b2 ** (t + 1))) + 1e-8)


def orthogonal(g, x, t, m, beta=0.5):
    """Muon: Nesterov momentum, then five steps of Newton and Schulz towards U Vᵀ, in Jordan's coefficients."""
    if g.ndim == 1:
        return nadam(g, x, t, m)
    m["m"] = beta * m.get("m", 0) + (1 - beta) * g
    ahead = beta * m["m"] / (1 - beta ** (t + 2)) + (1 - beta) * g / (1 - beta ** (t + 1))
    wide = g.shape[0] < g.shape[1]
    X = ahead if wide else ahead.T
    X = X / np.linalg.norm(X)
    for _ in range(5):
        A = X @ X.T
        X = 3.4445 * X + (-4.7750 * A + 2.0315 * A @ A) @ X
    return (X if wide else X.T) * np.sqrt(max(1, g.shape[1] / g.shape[0]))


FORMULAS = {
    "adam": (Optimizer(), by_hand(adam)),
    "adam with its own betas": (
        Optimizer(b1=0.5, b2=0.9, eps=1e-3),
        by_hand(lambda *a: adam(*a, b1=0.5, b2=0.9, eps=1e-3)),
    ),
    "adam with decay": (Optimizer(weight_decay=0.3), by_hand(adam, decay=0.3)),
    "adamw": (Optimizer(kind="adamw"), by_hand(adam, decay=0.01)),
    "sgd": (Optimizer(kind="sgd"), by_hand(lambda g, *_: g)),
    "momentum": (Optimizer(kind="sgd", momentum=0.9), by_hand(momentum)),
    "lamb": (Optimizer(kind="lamb", weight_decay=0.01), by_hand(lamb)),
    "muon": (Optimizer(kind="muon", momentum=0.5), by_hand(orthogonal)),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_every_step_is_the_formula(name):
    optimizer, expected = FORMULAS[name]
    for ours, theirs in zip(trained(optimizer), expected, strict=True):
        for part in ("W", "b"):
            np.testing.assert_allclose(ours[part], theirs[part], rtol=2e-3 if "muon" in name else 1e-4, atol=1e-6)


def test_decay_by_default_is_torchs_and_not_optaxs():
    still = [{"W": np.zeros((3, 4)), "b": np.zeros(4)}]
    np.testing.assert_allclose(trained(Optimizer(kind="adamw"), slopes=still)[0]["W"], (1 - RATE * 0.01) * START["W"])
    params = jax.tree.map(jnp.asarray, START)
    theirs = optax.adamw(RATE)
    updates, _ = theirs.update(jax.tree.map(jnp.asarray, still[0]), theirs.init(params), params)
    np.testing.assert_allclose(updates["W"], -RATE * 1e-4 * START["W"], rtol=1e-5)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"adamw"}))
def test_no_other_optimiser_decays_unless_told(kind):
    assert Optimizer(kind=kind).decay == 0
    assert Optimizer(kind="adamw", weight_decay=0).decay == 0


def test_changing_the_kind_does_not_keep_the_decay_of_another():
    from superpose.core.trees import replace_at

    assert replace_at(Optimizer(), "kind", "adamw") == Optimizer(kind="adamw")
    assert replace_at(Optimizer(kind="adamw"), "kind", "sgd").decay == 0


SHARES = {
    "constant": lambda t: 1.0,
    "cosine": lambda t: 0.5 * (1 + np.cos(np.pi * t / (STEPS - 1))),
    "quarter_cosine": lambda t: np.cos(0.5 * np.pi * t / (STEPS - 1)),
    "linear": lambda t: 1 - t / (STEPS - 1),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_multiply_the_rate(schedule):
    expected = by_hand(lambda g, *_: g, share=SHARES[schedule])
    for ours, theirs in zip(trained(Optimizer(kind="sgd"), schedule), expected, strict=True):
        np.testing.assert_allclose(ours["W"], theirs["W"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_begin_whole_and_all_but_the_constant_end_at_nothing(schedule):
    path = [START, *trained(Optimizer(kind="sgd"), schedule)]
    np.testing.assert_allclose(path[1]["W"], START["W"] - RATE * SLOPES[0]["W"], rtol=1e-4, atol=1e-6)
    last = np.abs(path[-1]["W"] - path[-2]["W"]).max()
    assert (last < 1e-6) == (schedule != "constant")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_of_one_step_is_whole(schedule):
    (after,) = trained(Optimizer(kind="sgd"), schedule, slopes=SLOPES[:1], steps=1)
    np.testing.assert_allclose(after["W"], START["W"] - RATE * SLOPES[0]["W"], rtol=1e-4, atol=1e-6)


def test_warmup_climbs_in_equal_steps_to_the_whole_rate():
    ones = [{"W": np.ones((3, 4)), "b": np.ones(4)}] * STEPS
    path = [START, *trained(Optimizer(kind="sgd", warmup=0.8), slopes=ones)]
    moves = [float(a["b"][0] - b["b"][0]) for a, b in itertools.pairwise(path)]
    np.testing.assert_allclose(moves, RATE * np.array([0.25, 0.5, 0.75, 1.0, 1.0]), rtol=1e-4)


@pytest.mark.parametrize("limit", [0.1, 1.0, 1e3])
def test_a_clip_bounds_the_norm_over_all_parameters(limit):
    g = SLOPES[0]
    norm = np.sqrt(sum((a**2).sum() for a in g.values()))
    after = trained(Optimizer(kind="sgd", clip=limit), slopes=[g])[0]
    for name in g:
        moved = START[name] - RATE * g[name] * min(1, limit / norm)
        np.testing.assert_allclose(after[name], moved, rtol=1e-4, atol=1e-6)


def test_models_side_by_side_are_clipped_apart():
    def after(scale):
        slope = jax.tree.map(lambda a: scale * jnp.asarray(a), SLOPES[0])
        return trained(Optimizer(kind="sgd", clip=1.0), slopes=[slope])[0]["W"]

    stack = jax.vmap(after)(jnp.array([1.0, 1e6, 1e-3]))
    for one, scale in zip(stack, [1.0, 1e6, 1e-3], strict=True):
        np.testing.assert_allclose(one, after(scale), rtol=1e-5)


def test_any_number_of_an_optimiser_may_be_swept():
    def after(clip, momentum, decay):
        o = Optimizer(kind="sgd", clip=clip, momentum=momentum, weight_decay=decay)
        return trained(o)[-1]["W"]

    rows = [(1.0, 0.0, 0.0), (0.1, 0.9, 0.3)]
    stack = jax.vmap(after)(*map(jnp.array, zip(*rows, strict=True)))
    for one, row in zip(stack, rows, strict=True):
        np.testing.assert_allclose(one, after(*row), rtol=1e-5)


STILL = [{"W": np.zeros((3, 4)), "b": np.zeros(4)}]


@pytest.mark.parametrize("gamma", [0.7, -0.7])
def test_signed_decay_shrinks_columns_or_pulls_them_to_length_one(gamma):
    rules = (Rule(on="W", decay=gamma, sign="signed"),)
    W = trained(Optimizer(kind="sgd", rules=rules), slopes=STILL)[0]["W"]
    length = np.linalg.norm(START["W"], axis=0)
    factor = 1 - RATE * gamma if gamma > 0 else 1 - RATE * abs(gamma) * (1 - 1 / length)
    np.testing.assert_allclose(W, START["W"] * factor, rtol=1e-5)


def test_signed_decay_leaves_columns_of_length_one_alone_and_draws_the_rest_there():
    unit = START["W"] / np.linalg.norm(START["W"], axis=0)
    rules = (Rule(on="W", decay=-1.0, sign="signed"),)
    start = {"W": unit * np.array([1.0, 0.5, 2.0, 1.0]), "b": START["b"]}
    W = trained(Optimizer(kind="sgd", rules=rules), slopes=STILL * 200, start=start, steps=200)[-1]["W"]
    np.testing.assert_allclose(W, unit, rtol=1e-4)


def test_signed_decay_of_a_column_of_zeros_is_finite():
    start = {"W": np.zeros((3, 4)), "b": START["b"]}
    rules = (Rule(on="W", decay=-1.0, sign="signed"),)
    W = trained(Optimizer(kind="sgd", rules=rules), slopes=STILL, start=start)[0]["W"]
    np.testing.assert_array_equal(W, np.zeros((3, 4)))


def test_rules_touch_only_what_they_match_and_add_up():
    rules = (Rule(on="W", rate=0.5, decay=0.2), Rule(on="?", rate=0.1, decay=0.3))
    after = trained(Optimizer(kind="sgd", weight_decay=0.1, rules=rules), slopes=SLOPES[:1])[0]
    W, b = START["W"], START["b"]
    np.testing.assert_allclose(after["W"], W - RATE * 0.05 * (SLOPES[0]["W"] + 0.6 * W), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(after["b"], b - RATE * 0.1 * (SLOPES[0]["b"] + 0.4 * b), rtol=1e-4, atol=1e-6)


def test_a_rule_that_matches_nothing_names_the_parameters():
    with pytest.raises(Mistake, match=r"no parameter matches the rule on 'w'; .*there is \['W', 'b'\]"):
        trained(Optimizer(rules=(Rule(on="w"),)))
    check_rules(Optimizer(rules=(Rule(on="W*"),)), ["W", "b"])


@pytest.mark.parametrize("make, said", [
    (lambda: Optimizer(kind="admw"), "Optimizer.kind cannot be 'admw'; did you mean 'adamw'"),
    (lambda: Optimizer(lr=1), "Optimizer has no field 'lr'"),
    (lambda: Optimizer(b1=1.0), "Optimizer.b1 is 1.0; it must be a number at least 0 and below 1"),
    (lambda: Optimizer(b2=-0.1), "Optimizer.b2 is -0.1"),
    (lambda: Optimizer(eps=0), "Optimizer.eps is 0; it must be a number above 0"),
    (lambda: Optimizer(kind="sgd", momentum=1), "Optimizer.momentum is 1"),
    (lambda: Optimizer(momentum=0.9), "Optimizer.momentum is 0.9; 'adam' has none"),
    (lambda: Optimizer(warmup=2), "Optimizer.warmup is 2"),
    (lambda: Optimizer(warmup=(0.1, 0.2)), "Optimizer.warmup has 2 numbers; it must be one number"),
    (lambda: Optimizer(weight_decay=-1), "Optimizer.weight_decay is -1; it must be a number at least 0"),
    (lambda: Optimizer(weight_decay=float("nan")), "Optimizer.weight_decay is nan"),
    (lambda: Optimizer(weight_decay="0.1"), "Optimizer.weight_decay is '0.1'"),
    (lambda: Optimizer(weight_decay=True), "Optimizer.weight_decay is True"),
    (lambda: Optimizer(clip=0), "Optimizer.clip is 0; it must be a number above 0"),
    (lambda: Optimizer(clip=np.float32(-1)), "Optimizer.clip is -1"),
    (lambda: Optimizer(clip=jnp.float32(-1)), "Optimizer.clip is -1"),
    (lambda: Optimizer(clip=float("inf")), "Optimizer.clip is inf"),
    (lambda: Optimizer(clip="1"), "Optimizer.clip is '1'"),
    (lambda: Optimizer(rules="W"), "Optimizer.rules has 'W'; each must be a Rule"),
    (lambda: Optimizer(rules=(Rule(on="W"), 3)), "Optimizer.rules has 3"),
    (lambda: Rule(decay=1.0), "Rule needs on"),
    (lambda: Rule(on=3), "Rule.on is 3; it must be a name or wildcard"),
    (lambda: Rule(on="W", rate=-1), "Rule.rate is -1"),
    (lambda: Rule(on="W", decay=float("nan")), "Rule.decay is nan"),
    (lambda: Rule(on="W", sign="sined"), "Rule.sign cannot be 'sined'; did you mean 'signed'"),
    (lambda: Optimizer(kind="lbfgs", clip=1.0), "Optimizer.clip is 1.0; 'lbfgs' has none"),
    (lambda: Optimizer(kind="lbfgs", weight_decay=0.1), "Optimizer.weight_decay is 0.1; 'lbfgs' has none"),
    (lambda: Optimizer(kind="lbfgs", rules=(Rule(on="W"),)), "'lbfgs' has none"),
])  # fmt: skip
def test_what_an_optimiser_cannot_do_is_refused(make, said):
    with pytest.raises(Mistake) as wrong:
        make()
    assert said in str(wrong.value)


def test_one_rule_may_come_without_its_brackets():
    rule = Rule(on="W")
    assert Optimizer(rules=rule) == Optimizer(rules=[rule]) == Optimizer(rules=(rule,))


def test_muon_without_a_momentum_takes_its_usual_one():
    rules = [transformation(Optimizer(kind="muon", momentum=beta), RATE, "constant", STEPS) for beta in (0, 0.95)]
    params, slope = (jax.tree.map(jnp.asarray, tree) for tree in (START, SLOPES[0]))
    one, other = (rule.update(slope, rule.init(params), params, step=0)[0] for rule in rules)
    np.testing.assert_array_equal(one["W"], other["W"])
