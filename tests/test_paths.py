"""The closed form of two layers is the gradient that autodiff finds, and every path trains to the same answer."""

import dataclasses

import jax
import numpy as np
import pytest
from flax import nnx

import superpose as sp
from superpose.models import layers
from superpose.models.parts import WORDS
from superpose.train import calibrate, fastest, paths
from superpose.train.choose import choose
from superpose.train.paths import Path

KEY = jax.random.key(0)


def both(config, world, objective=sp.reconstruct, rows=40, forms=("direct",)):
    """Autodiff's gradient and each closed form's, in double precision, at parameters none of which is 0."""

    def everything():
        model = config.build(nnx.Rngs(KEY))
        model = jax.tree.map(lambda a: a + 0.1 * jax.random.normal(jax.random.key(a.size), a.shape, a.dtype), model)
        batch = world.everything() if rows == "all" else world.sample(jax.random.key(1), rows)
        wanted = jax.value_and_grad(lambda m: objective(m, batch, KEY))(model)
        return wanted, [(layers.loss(model, batch, objective), layers.slope(model, batch, objective, f)) for f in forms]

    with jax.enable_x64(True):
        wanted, found = jax.jit(everything)()
        for each in found:
            for ours, theirs in zip(jax.tree.leaves(each), jax.tree.leaves(wanted), strict=True):
                assert np.abs(theirs).max() > 0
                close(ours, theirs)


def close(found, wanted):
    """To 1e-6 of the largest entry; rounding is 1e-15."""
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9 * float(np.abs(wanted).max()))


def world(n, **more):
    return sp.SparseWorld(n_features=n, density=0.6, decay=0.8, **more)


@pytest.mark.parametrize("n, m", [(2, 1), (5, 2), (7, 11), (20, 5)])
@pytest.mark.parametrize("activation", ["relu", "identity", "abs", "gelu"])
def test_a_tied_toy_has_two_closed_forms(n, m, activation):
    both(sp.ToyConfig(n_features=n, n_hidden=m, activation=activation), world(n), forms=layers.FORMS)


@pytest.mark.parametrize(
    "hidden, tied, hidden_bias",
    [(word, i % 2 == 0, i % 3 == 0) for i, word in enumerate(WORDS)]
    + [("relu", True, True), ("identity", False, False)],
)
def test_a_hidden_activation_has_a_closed_form(hidden, tied, hidden_bias):
    config = sp.ToyConfig(n_features=6, n_hidden=3, hidden=hidden, tied=tied, hidden_bias=hidden_bias)
    both(config, world(6, values="signed"))


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0, 3.0, 4.0])
@pytest.mark.parametrize("reduce", ["sum", "mean"])
def test_any_power_of_the_error_has_a_closed_form(power, reduce):
    both(
        sp.ToyConfig(n_features=5, n_hidden=2), world(5), sp.Reconstruct(power=power, reduce=reduce), forms=layers.FORMS
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_computer_of_any_shape_has_a_closed_form(seed):
    n, m = np.random.default_rng(seed).integers(3, 9, 2).tolist()
    config = sp.ComputerConfig(n_inputs=n, n_hidden=m, n_outputs=n, hidden_bias=seed % 2 == 0, bias_scale=0.1)
    both(config, sp.TaskWorld(inputs=world(n, values="signed")))
    pairs = sp.ComputerConfig(n_inputs=n, n_hidden=m, n_outputs=n * (n - 1) // 2, bias_scale=0.1)
    both(pairs, sp.GateWorld(inputs=world(n, values="one"), gate="xor"))


def test_penalties_are_part_of_the_closed_form():
    costs = (
        sp.WeightPenalty(rate=0.1),
        sp.WeightPenalty(on="b", power=2.0, rate=0.3),
        sp.ActivationPenalty(rate=0.2),
        sp.ActivationPenalty(power=4.0, rate=0.2),
    )
    both(sp.ToyConfig(n_features=5, n_hidden=2, hidden="relu"), world(5), sp.Reconstruct(penalties=costs))


def test_exact_rows_have_a_closed_form_too():
    both(sp.ToyConfig(n_features=2, n_hidden=1), world(2), rows="all", forms=layers.FORMS)


# -- which path is taken


def recipe(config=None, **more):
    given = {"world": world(5), "model": config or sp.ToyConfig(n_features=5, n_hidden=2), "steps": 60, **more}
    return sp.Recipe(**given)


@pytest.mark.parametrize(
    "asked, slope",
    [
        (recipe(), "gram"),
        (recipe(sp.ToyConfig(n_features=5, n_hidden=2, hidden="relu")), "direct"),
        (recipe(sp.ToyConfig(n_features=5, n_hidden=2, tied=False)), "direct"),
        (recipe(world=world(40), config=sp.ToyConfig(n_features=40, n_hidden=4)), "direct"),
        (recipe(objective=sp.Reconstruct(penalties=sp.ActivationPenalty(rate=0.1))), "direct"),
        (recipe(objective=sp.Reconstruct(penalties=sp.WeightPenalty(rate=0.1))), "gram"),
        (recipe(objective=sp.Reconstruct(noise=sp.SiteNoise(std=0.1))), "autodiff"),
        (recipe(objective=sp.Reconstruct(attack=sp.Attack(budget=0.1))), "autodiff"),
        (recipe(optimizer="lbfgs", batch="all"), "autodiff"),
        (recipe(sp.ResidualMLPConfig(n_features=5, width=4, n_neurons=3)), "autodiff"),
    ],
)
def test_the_recipe_decides_whether_there_is_a_closed_form(asked, slope):
    assert choose(asked).slope == slope


@pytest.mark.parametrize("slope", layers.FORMS)
@pytest.mark.parametrize("batch", [64, "all"])
def test_every_path_trains_to_the_same_answer(slope, batch):
    """The same samples, so the difference is rounding alone, which training makes larger."""
    asked = recipe(world=world(3), config=sp.ToyConfig(n_features=3, n_hidden=2), batch=batch, learning_rate=1e-2)
    plain, closed = (sp.fit(asked, KEY, path=Path(slope=s, width=4)) for s in ("autodiff", slope))
    np.testing.assert_allclose(closed.model.W[...], plain.model.W[...], atol=2e-5)
    np.testing.assert_allclose(closed.loss, plain.loss, rtol=1e-4)
    assert closed.path.slope == slope


@pytest.mark.parametrize("slope", ["direct", "gram", "autodiff"])
def test_a_sweep_point_is_its_solo_fit_on_every_path(slope):
    path = Path(slope=slope, width=8)
    swept = sp.sweep(recipe(), {"world.density": [0.1, 0.5], "seed": range(7)}, KEY, path=path, quiet=True)
    point = swept.run(density=0.5, seed=3)
    alone = sp.fit(point.recipe, jax.random.fold_in(KEY, 3), path=path)
    np.testing.assert_array_equal(alone.model.W[...], point.model.W[...])
    np.testing.assert_array_equal(alone.loss, point.loss)
    assert point.path == path


def test_a_loss_is_kept_at_the_last_step_of_every_few_and_at_the_end():
    every = sp.fit(recipe(log_every=1), KEY).loss
    tenth = sp.fit(recipe(log_every=25), KEY).loss
    np.testing.assert_allclose(tenth, every[np.array([24, 49, 59])], rtol=1e-6)


def test_one_program_serves_many_lengths():
    from superpose.train.chunks import _compile

    for steps in (50, 70, 100, 160):
        made = _compile.cache_info().misses
        run = sp.sweep(recipe(steps=steps), {"seed": range(2)}, KEY, quiet=True)
        assert run.runs.loss.shape == (2, -(-steps // 10))
        assert steps == 50 or _compile.cache_info().misses == made


def test_streams_differ_and_are_named_in_the_run():
    slow, fast = (sp.fit(recipe(stream=s), KEY) for s in ("threefry", "fast"))
    assert fast.recipe.stream == "fast" and sp.difference(slow.recipe, fast.recipe) != []
    assert np.abs(slow.model.W[...] - fast.model.W[...]).max() > 1e-4


def test_samples_of_a_run_are_those_of_jax_random():
    """One step of a linear model without bias from the rows that `sample` gives, with optax by hand."""
    asked = recipe(sp.ToyConfig(n_features=5, n_hidden=2), steps=1, optimizer="sgd", learning_rate=0.1)
    from superpose.core.keys import stream

    model = asked.model.build(nnx.Rngs(stream(KEY, "model")))
    batch = asked.world.sample(jax.random.fold_in(stream(KEY, "data"), 0), asked.batch)
    slope = jax.grad(lambda m: asked.objective(m, batch, KEY))(model)
    np.testing.assert_allclose(sp.fit(asked, KEY).model.W[...], model.W[...] - 0.1 * slope.W[...], atol=1e-6)


def test_an_option_that_the_compiler_does_not_have_is_not_asked_for():
    assert paths.understood({"xla_cpu_prefer_vector_width": "256"})
    assert not paths.understood({"xla_cpu_of_another_year": False})


# -- calibration


def test_a_calibration_is_remembered_and_a_broken_memory_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SUPERPOSE_CALIBRATE", "1")
    monkeypatch.setattr(fastest, "_decided", {})
    monkeypatch.setattr(fastest, "SECONDS", 1e-4)
    assert calibrate.form(("gram", "direct"), 5, 2, 64, False, 0) in layers.FORMS
    (file,) = (tmp_path / "superpose").iterdir()
    monkeypatch.setattr(fastest, "_first_or_faster", lambda *_: pytest.fail("timed again"))
    monkeypatch.setattr(fastest, "_decided", {})
    calibrate.form(("gram", "direct"), 5, 2, 64, False, 0)
    file.write_text("{half", encoding="utf-8")
    monkeypatch.setattr(fastest, "_first_or_faster", lambda candidates, _: candidates[1])
    assert calibrate.form(("gram", "direct"), 5, 2, 64, False, 0) == "direct"
    assert '"direct"' in file.read_text(encoding="utf-8")


def test_the_first_candidate_stays_unless_another_is_clearly_faster(monkeypatch):
    times = {"a": 1.0, "b": 0.95, "c": 0.5}
    monkeypatch.setattr(fastest, "_each", lambda run: times[run])
    assert fastest._first_or_faster(("a", "b"), lambda name: lambda: name) == "a"
    assert fastest._first_or_faster(("a", "b", "c"), lambda name: lambda: name) == "c"


# -- the same statistics


@pytest.fixture(scope="module")
def plain_ends():
    return ends("autodiff", "threefry", 0)


def ends(slope, stream, seed):
    """Losses of 256 seeds on the same samples for all, and how many features each represents."""
    asked = recipe(world=sp.SparseWorld(n_features=5, density=0.1, decay=0.9), steps=400, learning_rate=1e-2, batch=128)
    asked = dataclasses.replace(asked, stream=stream)
    path = Path(slope=slope, width=32)
    swept = sp.sweep(asked, {"seed": range(256)}, jax.random.key(seed), path=path, quiet=True)
    kept = swept.measure(lambda run: (sp.geometry.norms(run.model.W[...]) > 0.5).sum())
    common = asked.world.sample(jax.random.key(99), 8192)
    return swept.measure(lambda run: asked.objective(run.model, common, KEY)).values, kept.values


@pytest.mark.parametrize("slope, stream, seed", [("gram", "threefry", 1), ("direct", "fast", 2)])
def test_other_draws_on_other_paths_end_alike_in_distribution(plain_ends, slope, stream, seed):
    from scipy.stats import chi2_contingency, ks_2samp

    losses, kept = ends(slope, stream, seed)
    assert ks_2samp(losses, plain_ends[0]).pvalue > 0.01
    found = np.array([np.bincount(k, minlength=6) for k in (kept, plain_ends[1])])
    assert chi2_contingency(found[:, found.sum(axis=0) > 0]).pvalue > 0.01
    worse = ks_2samp(losses * 1.1, plain_ends[0]).pvalue
    assert worse < 0.01, "a tenth more loss would not be noticed"
