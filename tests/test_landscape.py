"""The landscape at a minimum: curvatures against matrices that are known, the learning coefficient against theory."""

import re
import sys
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import superpose as sp
from superpose.geometry import own_error, spill
from superpose.landscape import Sampler, columns, learning_coefficient
from superpose.landscape.noise import at_step, chances, normals

sys.path.insert(0, str(Path(__file__).parent))
from rehearsed import AttentionConfig, RepeatWorld

KEY = jax.random.key(3)
POINTS = {4: (1.0, 0.0), 5: (1.17046, -0.28230), 6: (1.32053, -0.61814), 7: (1.44839, -0.96691), 8: (1.55045, -1.29119)}
H = np.array([0.1, 0.4, 1.0, 2.0])


def one_at_a_time(params):
    """The exact loss of FU-KG: x = u e_i, u uniform on [0, 1], i uniform."""
    W, b = params["W"], params["b"]
    products = (W[:, :, None] * W[:, None, :]).sum(0)
    others = jnp.where(jnp.eye(b.shape[0], dtype=bool), 0.0, spill(products, b[:, None]))
    return (own_error((W * W).sum(0), b).sum() + others.sum()) / b.shape[0]


def kgon(k, c, dead=0.0):
    length, bias = POINTS[k]
    turn = 2 * np.pi * np.arange(k) / k
    W, b = np.zeros((2, c)), np.full(c, float(dead))
    W[:, :k], b[:k] = length * np.stack([np.cos(turn), np.sin(turn)]), bias
    return {"W": W, "b": b}


def bowl(w):
    return 0.5 * (jnp.asarray(H, w.dtype) * w**2).sum()


def quiet_lambda(nbeta, gamma, step=0.0):
    """What Langevin walks in the bowl settle to: a step ε widens a direction of pull a by 1 / (1 − εa/4)."""
    pull = nbeta * H + gamma
    return 0.5 * (nbeta * H / pull / (1 - step / nbeta * pull / 4)).sum()


@jax.jit
def bends(params):
    settled, did = sp.landscape.polish(one_at_a_time, params, 200)
    return sp.landscape.spectrum(one_at_a_time, settled), did


@pytest.mark.parametrize(
    ("k", "c", "dead", "half", "least"),
    [(5, 5, 0, 7, 0.069), (6, 6, 0, 8.5, 0.0206), (7, 7, 0, 10, 0.0071), (8, 8, 0, 11.5, 0.0027),
     (5, 6, 1 / 12, 8.5, None), (5, 6, -0.3, 7, None)],
)  # fmt: skip
def test_half_the_rank_of_a_k_gon(k, c, dead, half, least):
    """FU-KG-04 and 05; the smallest eigenvalue that counts is what a burn-in must wait for."""
    with jax.enable_x64(True):
        values, did = bends(jax.tree.map(jnp.asarray, kgon(k, c, dead)))
        assert did.slope < 1e-8
        assert float(sp.landscape.rank(values)) / 2 == half
        if least:
            counted = values[jnp.abs(values) > 1e-5 * values[-1]]
            np.testing.assert_allclose(counted[0], least, rtol=0.02)


def test_the_spectrum_of_a_bowl_is_its_matrix():
    A = jax.random.normal(KEY, (6, 4))

    def loss(p):
        return 0.5 * ((jnp.concatenate([p["a"], p["b"]]) @ A) ** 2).sum()

    p = {"a": jnp.ones(2), "b": jnp.zeros(4)}
    np.testing.assert_allclose(sp.landscape.hessian(loss, p), A @ A.T, rtol=1e-4, atol=1e-5)
    assert sp.landscape.half_rank(loss, p) == 2.0
    assert sp.landscape.rank(jnp.zeros(3)) == 0


def test_lanczos_agrees_with_the_whole_matrix():
    with jax.enable_x64(True):
        params = jax.tree.map(jnp.asarray, kgon(5, 6, 1 / 12))
        whole = sp.landscape.spectrum(one_at_a_time, params)
        found = sp.landscape.curvatures(one_at_a_time, params, KEY, rounds=18, starts=3)
        low, high = sp.landscape.ends(found)
        np.testing.assert_allclose([low[0], high[-1]], whole[jnp.array([0, -1])], atol=1e-8)
        np.testing.assert_allclose(found.weights.sum(-1), 1, rtol=1e-10)
        at = jnp.linspace(-1, 4, 2001)
        bells = sp.landscape.density(found, at, 0.05)
        np.testing.assert_allclose(bells.sum() * (at[1] - at[0]), 1, rtol=1e-3)
        each = jnp.abs(found.values[..., None] - whole).min(-1)
        assert (jnp.where(found.weights > 1e-12, each, 0) <= found.residuals + 1e-8).all()


def test_lanczos_finds_the_ends_of_a_spectrum_of_thousands():
    h = jnp.concatenate([jnp.array([-0.5]), jnp.linspace(0, 1, 4998), jnp.array([3.0])])
    low, high = sp.landscape.ends(
        sp.landscape.curvatures(lambda w: 0.5 * (h * w**2).sum(), jnp.ones(5000), KEY, rounds=60)
    )
    np.testing.assert_allclose([low[0], high[0]], [-0.5, 3.0], rtol=1e-3)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 200.0])
def test_a_bowl_has_half_its_dimensions_less_what_gamma_holds(gamma):
    sampler = Sampler(nbeta=(100.0, 1000.0), gamma=gamma, chains=64, burn_in=300, draws=3000, polish=0)
    found = learning_coefficient(jnp.zeros(4), bowl, KEY, sampler)
    wanted = [quiet_lambda(n, gamma, 0.3) for n in (100.0, 1000.0)]
    assert found.value.shape == (2,)
    assert found.chains.shape == (2, 64)
    np.testing.assert_allclose(found.value, wanted, rtol=0.03)
    assert (jnp.abs(found.value - jnp.array(wanted)) < 4 * found.error).all()


def test_metropolis_takes_the_bias_of_the_step_away():
    given = {"nbeta": 100.0, "step": 0.8, "chains": 64, "burn_in": 300, "draws": 3000, "polish": 0}
    plain = learning_coefficient(jnp.zeros(4), bowl, KEY, Sampler(**given))
    exact = learning_coefficient(jnp.zeros(4), bowl, KEY, Sampler(kind="mala", **given))
    assert plain.accepted == 1
    assert 0.5 < exact.accepted < 1
    np.testing.assert_allclose(plain.value, quiet_lambda(100.0, 1.0, 0.8), rtol=0.03)
    np.testing.assert_allclose(exact.value, quiet_lambda(100.0, 1.0), rtol=0.03)
    assert quiet_lambda(100.0, 1.0, 0.8) > 1.1 * quiet_lambda(100.0, 1.0)


@pytest.mark.parametrize("kind", ["sgld", "mala"])
def test_a_valley_of_fourth_power_has_a_quarter_a_dimension(kind):
    """At a third of the usual step of 0.3 / nβ."""
    sampler = Sampler(nbeta=100.0, gamma=0.0, step=0.1, kind=kind, chains=256, burn_in=1000, draws=5000, polish=0)
    found = learning_coefficient(jnp.zeros(3), lambda w: (w**4).sum(), KEY, sampler)
    np.testing.assert_allclose(found.value, 0.75, rtol=0.04)


@pytest.mark.filterwarnings("ignore:the learning coefficient is below 0")
def test_models_walked_together_are_their_solo_walks():
    sampler = Sampler(chains=4, burn_in=50, draws=50, polish=3)
    starts = jax.random.normal(KEY, (3, 4)) * 0.1
    together = learning_coefficient(starts, bowl, KEY, sampler, instances=1)
    traced = jax.vmap(lambda w, i: learning_coefficient(w, bowl, jax.random.fold_in(KEY, i), sampler))(
        starts, jnp.arange(3)
    )
    for i in range(3):
        solo = learning_coefficient(starts[i], bowl, jax.random.fold_in(KEY, i), sampler)
        np.testing.assert_allclose(together.chains[i], solo.chains, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(traced.trace[i], solo.trace, rtol=1e-3, atol=1e-5)


def test_polishing_says_how_far_the_loss_fell():
    start = jnp.full(4, 0.5)
    found = learning_coefficient(start, bowl, KEY, Sampler(chains=2, burn_in=0, draws=1, polish=30))
    np.testing.assert_allclose(found.polish.fell, bowl(start), rtol=1e-5)
    np.testing.assert_allclose(found.polish.moved, 1.0, rtol=1e-3)
    assert found.polish.slope < 1e-3
    assert found.loss < 1e-6


def test_a_fresh_minibatch_at_each_step_heats_the_walk():
    def noisy(w, key):
        return bowl(w) + 0.3 * (jax.random.normal(key, w.shape).astype(w.dtype) * w).sum() + jax.random.uniform(key)

    sampler = Sampler(nbeta=100.0, step=0.05, chains=64, burn_in=1000, draws=3000)
    found = learning_coefficient(jnp.zeros(4), noisy, KEY, sampler)
    hotter = 1 + 0.05 / 100.0 * (100.0 * 0.3) ** 2 / 4  # what the gradient's noise adds to that of the walk
    assert abs(found.value - hotter * quiet_lambda(100.0, 1.0, 0.05)) < 4 * found.error
    with pytest.raises(ValueError, match="mala"):
        learning_coefficient(jnp.zeros(4), noisy, KEY, Sampler(kind="mala"))


def test_chains_that_are_lost_are_named():
    def cliff(w):
        return jnp.where(w[0] > 0.15, jnp.inf, 0.5 * (w**2).sum())

    with pytest.warns(UserWarning, match=r"chains .* left what is finite"):
        found = learning_coefficient(jnp.zeros(2), cliff, KEY, Sampler(nbeta=100.0, chains=8, burn_in=0, draws=30))
    lost = ~np.asarray(found.finite)
    assert 0 < lost.sum() < 8
    assert np.isfinite(found.value)
    assert np.isfinite(found.error)


def test_a_hilltop_is_no_minimum():
    with pytest.warns(UserWarning, match="no minimum"):
        found = learning_coefficient(
            jnp.zeros(2), lambda w: -0.1 * (w**2).sum() + (w**4).sum(), KEY, Sampler(nbeta=300.0, polish=0, burn_in=500)
        )
    assert found.value < 0


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="not finite"):
        learning_coefficient(jnp.zeros(2), lambda w: jnp.nan * w.sum(), KEY, Sampler(draws=1, burn_in=0))
    with pytest.raises(ValueError, match="floats"):
        learning_coefficient(jnp.zeros(2, int), lambda w: w.sum() * 1.0)
    with pytest.raises(ValueError, match="first axes"):
        learning_coefficient({"a": jnp.zeros((2, 3)), "b": jnp.zeros((3, 3))}, bowl, instances=1)
    with pytest.raises(ValueError, match="a loss"):
        learning_coefficient(jnp.zeros(2))


def test_the_noise_is_normal_and_no_two_steps_share_it():
    keys = jax.random.key_data(jax.random.split(KEY, 64)).T
    z = np.stack([normals(at_step(keys, t), 50) for t in range(100)])
    n = z.size
    assert abs(z.mean()) < 4 / n**0.5
    assert abs((z**2).mean() - 1) < 4 * (2 / n) ** 0.5
    assert abs((z**4).mean() - 3) < 4 * (96 / n) ** 0.5
    for other in (np.roll(z, 1, 0), np.roll(z, 1, 1), np.roll(z, 1, 2)):
        assert abs((z * other).mean()) < 4 / n**0.5
    assert len(np.unique(z)) > 0.97 * n  # 23 bits: some coincide
    u = np.asarray(chances(at_step(keys, 0)))
    assert ((u >= 0) & (u < 1)).all()


SMALL = Sampler(nbeta=30.0, chains=4, burn_in=20, draws=40, polish=5, pieces=6)


@pytest.mark.filterwarnings("ignore:the learning coefficient is below 0")
def test_a_small_transformer_is_measured_by_the_same_call():
    config = AttentionConfig(vocab=8, context=12, width=8, depth=1)
    world = RepeatWorld(vocab=8, length=6)
    recipe = sp.Recipe(world=world, model=config, objective=sp.next_token, learning_rate=1e-2, batch=16, steps=100)
    found = learning_coefficient(sp.fit(recipe, KEY), sampler=SMALL)
    assert found.trace.shape == (4, 6)
    assert found.finite.all()
    assert np.isfinite(found.value)
    assert found.loss > 0
    assert found.polish.fell == 0


def test_a_sweep_is_measured_run_by_run_or_as_a_stack():
    world = sp.SparseWorld(n_features=3, density=0.2)
    recipe = sp.Recipe(world=world, model=sp.ToyConfig(n_features=3, n_hidden=2), batch="all", steps=100,
                       learning_rate=1e-2, precision="float64")  # fmt: skip
    swept = sp.sweep(recipe, {"world.density": [0.1, 0.5], "seed": range(2)}, KEY)
    given = Sampler(nbeta=1e3, chains=4, burn_in=50, draws=50, polish=20)
    table = swept.measure(lambda run: learning_coefficient(run, sampler=given, key=KEY).loss)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stack = learning_coefficient(swept.runs, sampler=given, key=KEY)
    assert stack.value.shape == (2, 2)
    assert stack.chains.dtype == np.float64
    np.testing.assert_allclose(stack.loss, table.values, rtol=1e-9)
    run = swept.run(density=0.5, seed=1)
    with jax.enable_x64(True):
        exact = sp.landscape.loss_of(run.recipe)
        np.testing.assert_allclose(exact(run.model) - stack.polish.fell[1, 1], stack.loss[1, 1], rtol=1e-9)
        near = sp.landscape.loss_of(run.recipe, 50_000)
        np.testing.assert_allclose(near(run.model), exact(run.model), rtol=0.03)
    with pytest.raises(KeyError, match="fresh"):
        sp.landscape.loss_of(recipe, "some")


@pytest.mark.parametrize(("activation", "bias"), [("relu", True), ("identity", False)])
def test_one_product_with_all_rows_is_the_objective(activation, bias):
    objective = sp.Reconstruct(reduce="mean", penalties=sp.WeightPenalty(rate=0.1))
    config = sp.ToyConfig(n_features=3, n_hidden=2, activation=activation, bias=bias, bias_scale=0.3)
    recipe = sp.Recipe(world=sp.SparseWorld(n_features=3, importance=(1.0, 2.0, 0.5), nodes=8), model=config,
                       objective=objective, batch="all", steps=1, learning_rate=1e-2)  # fmt: skip
    model = config.build(nnx.Rngs(1))
    rows = recipe.world.everything()
    assert columns.fits(model, objective, rows)
    ours, slopes = jax.value_and_grad(sp.landscape.loss_of(recipe))(model)
    wanted, theirs = jax.value_and_grad(lambda m: objective(m, rows, KEY))(model)
    np.testing.assert_allclose(ours, wanted, rtol=1e-5)
    for a, b in zip(jax.tree.leaves(slopes), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("c", "dead"), [(5, -0.5), (6, -0.5)])
def test_a_square_with_deaf_features_is_no_minimum(c, dead):
    """FU-KG-08: colder walks need longer to find the way down, so nβ is below 1e4 and 16,000 steps are walked."""
    params = {name: a.astype(np.float32) for name, a in kgon(4, c, dead).items()}
    sampler = Sampler(nbeta=(1e3, 3e3), chains=32, burn_in=4000, draws=12000, polish=0)
    with pytest.warns(UserWarning, match="no minimum"):
        found = learning_coefficient(params, one_at_a_time, KEY, sampler)
    assert (found.value < -2 * found.error).all()


@pytest.mark.parametrize("k", [4, 5, 7, 8])
def test_the_learning_coefficient_of_a_k_gon(k):
    """FU-KG-09, in single precision: nβ = 1e4, γ = 1, ε = 0.3 / nβ, 4000 steps; chains enough for 1 part in 100."""
    params = {name: a.astype(np.float32) for name, a in kgon(k, k).items()}
    found = learning_coefficient(params, one_at_a_time, KEY, Sampler(polish=0, chains=64))
    assert found.error < 0.01 * found.value
    np.testing.assert_allclose(found.value, (3 * k - 1) / 2, rtol=0.08)
    assert k != 5 or 6.5 <= found.value <= 7.6


@pytest.mark.filterwarnings("ignore:the learning coefficient is below 0")
def test_a_start_above_the_minimum_lowers_the_coefficient_by_its_height():
    start, sampler = jnp.full(4, 0.05), {"nbeta": (100.0, 1000.0), "gamma": 0.0, "chains": 64}
    above = learning_coefficient(start, bowl, KEY, Sampler(polish=0, **sampler))
    settled = learning_coefficient(start, bowl, KEY, Sampler(polish=30, **sampler))
    lower = jnp.array([100.0, 1000.0]) * settled.polish.fell
    np.testing.assert_allclose(settled.value - above.value, lower, atol=0.15)
    assert settled.value.min() > 1.9


def test_the_page_on_landscapes_runs_as_it_is_written(capsys):
    page = (Path(__file__).parents[1] / "docs" / "landscape.md").read_text(encoding="utf-8")
    there = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, there)  # noqa: S102
    assert np.asarray(there["found"].finite).all()
    assert float(there["half"]) > 0
    assert float(there["polished"].slope) < 1e-6
