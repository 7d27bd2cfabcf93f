"""Models compute their formulas, have their sites, and are plain values to JAX."""

import dataclasses
import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from superpose.core.mistakes import BadValue, Mistake
from superpose.core.trees import index, named_leaves, plain
from superpose.models import ACTIVATIONS, ComputerConfig, ResidualMLPConfig, ToyConfig
from superpose.taps import patch, sites

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (7, 5))
BY_HAND = {
    "identity": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "abs": np.abs,
    "square": lambda x: x * x,
}
TOYS = [
    ToyConfig(n_features=5, n_hidden=2),
    ToyConfig(n_features=5, n_hidden=2, activation="identity", bias=False),
    ToyConfig(n_features=5, n_hidden=3, hidden="relu", hidden_bias=True, bias_scale=1.0),
    ToyConfig(n_features=5, n_hidden=3, tied=False, bias_scale=1.0),
]
ALL = [
    *TOYS,
    ComputerConfig(n_inputs=5, n_hidden=4, n_outputs=3, hidden_bias=True, bias_scale=1.0),
    ResidualMLPConfig(n_features=5, width=9, n_neurons=4, depth=2),
    ResidualMLPConfig(n_features=5, width=9, n_neurons=4, embed="trained", bias=True),
    ResidualMLPConfig(n_features=5, width=5, n_neurons=4, embed="identity"),
]
FEW = [ALL[2], ALL[4], ALL[6]]
"""With every kind of parameter."""


@functools.cache
def build(config, seed=0):
    return _build(config, jax.random.key(seed))


@jax.jit
def _build(config, key):
    return config.build(nnx.Rngs(key))


@jax.jit
def run(model, x):
    return model(x)


@jax.jit
def embedding(model):
    return model.embedding()


def numbers(model):
    return {name: np.asarray(leaf, np.float64) for name, leaf in named_leaves(model).items()}


@pytest.mark.parametrize("name", BY_HAND)
def test_activations_are_what_they_are_called(name):
    x = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(ACTIVATIONS[name](jnp.asarray(x, jnp.float32)), BY_HAND[name](x), rtol=1e-5, atol=1e-6)


def test_gelu_is_the_exact_one():
    x = np.linspace(-3, 3, 13, dtype=np.float32)
    np.testing.assert_allclose(ACTIVATIONS["gelu"](jnp.asarray(x)), x * jax.scipy.stats.norm.cdf(x), rtol=1e-5)
    assert set(ACTIVATIONS) == {*BY_HAND, "gelu"}


@pytest.mark.parametrize("config", TOYS)
def test_a_toy_is_its_formula(config):
    p = numbers(build(config))
    hidden = BY_HAND[config.hidden](np.asarray(X) @ p["W"].T + p.get("b_hidden", 0))
    out = BY_HAND[config.activation](hidden @ p.get("V", p["W"].T).T + p.get("b", 0))
    np.testing.assert_allclose(run(build(config), X), out, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("hidden_bias", [False, True])
def test_a_computer_is_its_formula(hidden_bias):
    model = build(ComputerConfig(n_inputs=5, n_hidden=4, n_outputs=3, hidden_bias=hidden_bias, bias_scale=1.0))
    p = numbers(model)
    hidden = np.maximum(np.asarray(X) @ p["W1"].T + p.get("b1", 0), 0)
    np.testing.assert_allclose(run(model, X), np.maximum(hidden @ p["W2"].T + p["b2"], 0), rtol=1e-4, atol=1e-6)
    assert ("b1" in p) == hidden_bias


@pytest.mark.parametrize("embed, width", [("random_unit", 9), ("identity", 5), ("trained", 9)])
def test_a_residual_mlp_is_its_formula(embed, width):
    model = build(ResidualMLPConfig(n_features=5, width=width, n_neurons=4, depth=2, embed=embed))
    p, W_E = numbers(model), np.asarray(embedding(model), np.float64)
    resid = np.asarray(X) @ W_E.T
    for i in range(2):
        resid = resid + np.maximum(resid @ p[f"blocks.{i}.W_in"].T, 0) @ p[f"blocks.{i}.W_out"].T
    np.testing.assert_allclose(run(model, X), resid @ W_E, rtol=1e-4, atol=1e-5)


def test_a_tied_gradient_is_the_sum_of_the_two_untied():
    tied = build(ToyConfig(n_features=5, n_hidden=2))
    untied = jax.tree.structure(build(ToyConfig(n_features=5, n_hidden=2, tied=False)))
    loose = jax.tree.unflatten(untied, [np.asarray(tied.W).T, *jax.tree.leaves(tied)])  # leaves go by name: V, W, b
    np.testing.assert_array_equal(run(loose, X), run(tied, X))
    slopes = [jax.jit(jax.grad(lambda m: ((m(X) - X) ** 2).sum()))(m) for m in (loose, tied)]
    loose, tied = (numbers(slope) for slope in slopes)
    np.testing.assert_allclose(tied["W"], loose["W"] + loose["V"].T, rtol=1e-4, atol=1e-5)
    assert sorted(tied) == ["W", "b"]


@pytest.mark.parametrize("config", [TOYS[0], TOYS[3]])
def test_the_decoder_is_what_reads_the_hidden_layer(config):
    model, eye = build(config), np.eye(config.n_hidden, dtype=np.float32)
    out = jax.jit(patch)(model, jnp.zeros((config.n_hidden, 5)), {"hidden": eye})
    decoder = np.asarray(model.decoder())
    np.testing.assert_allclose(out, np.maximum(eye @ decoder.T + model.b, 0), rtol=1e-5)


def test_untying_draws_the_same_encoder():
    tied, loose = (build(ToyConfig(n_features=5, n_hidden=2, tied=t)) for t in (True, False))
    np.testing.assert_array_equal(tied.W, loose.W)


def test_a_copied_start_reads_out_the_absolute_values_it_reads_in():
    model = build(ComputerConfig(n_inputs=6, n_hidden=4, n_outputs=6, init="copied", scale=2.0, ratio=0.5))
    np.testing.assert_array_equal(model.W2, 0.5 * abs(np.asarray(model.W1)).T)


def test_ratio_scales_the_readout_alone():
    one, three = (build(ComputerConfig(n_inputs=6, n_hidden=4, n_outputs=6, ratio=r)) for r in (1.0, 3.0))
    np.testing.assert_array_equal(one.W1, three.W1)
    np.testing.assert_allclose(three.W2, 3 * np.asarray(one.W2), rtol=1e-6)


def test_sites_and_shapes_of_a_toy():
    found = {k: v.shape for k, v in sites(build(TOYS[0]), X).items()}
    assert found == {"hidden.pre": (7, 2), "hidden": (7, 2), "out.pre": (7, 5), "out": (7, 5)}


def test_sites_and_shapes_of_a_residual_mlp():
    found = {k: v.shape for k, v in sites(build(ResidualMLPConfig(n_features=5, width=9, n_neurons=4)), X).items()}
    block = {"hidden.pre": (7, 4), "hidden": (7, 4), "write": (7, 9), "resid": (7, 9)}
    assert found == {"embed": (7, 9), **{f"blocks.0.{k}": v for k, v in block.items()}, "out": (7, 5)}


@pytest.mark.parametrize("config", FEW[::2])
def test_leading_axes_are_free(config):
    model, deep = build(config), X[:6].reshape(2, 3, 5)
    one, many, flat = run(model, X[0]), run(model, deep), run(model, X)
    np.testing.assert_allclose(one, flat[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.reshape(many, (6, -1)), flat[:6], rtol=1e-5, atol=1e-6)


def test_the_fixed_embedding_is_of_unit_directions_and_hangs_on_its_seed_alone():
    small = ResidualMLPConfig(n_features=5, width=9, n_neurons=4)
    first, second = (np.asarray(embedding(build(small, seed))) for seed in (0, 1))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(np.linalg.norm(first, axis=0), 1, rtol=1e-5)
    other = embedding(build(dataclasses.replace(small, embed_seed=1)))
    assert abs(first - other).max() > 0.1


def test_the_fixed_embedding_is_the_same_in_either_precision():
    small = ResidualMLPConfig(n_features=5, width=9, n_neurons=4)
    single = embedding(build(small))
    with jax.enable_x64(True):
        double = jax.jit(lambda: small.build(nnx.Rngs(0)).embedding())()
    assert double.dtype == jnp.float64
    np.testing.assert_allclose(double, single, rtol=1e-5)


def test_weight_decay_cannot_move_the_fixed_embedding():
    model = build(ResidualMLPConfig(n_features=5, width=9, n_neurons=4))
    rule = optax.adamw(0.1, weight_decay=0.5)

    @jax.jit
    def step(model):
        slope = jax.grad(lambda m: ((m(X) - X) ** 2).sum())(model)
        return optax.apply_updates(model, rule.update(slope, rule.init(model), model)[0])

    moved = step(model)
    np.testing.assert_array_equal(embedding(moved), embedding(model))
    assert abs(np.asarray(moved.blocks[0].W_in) - model.blocks[0].W_in).max() > 0.05


def test_the_fixed_embedding_is_not_a_constant_of_the_program():
    model = build(ResidualMLPConfig(n_features=40, width=90, n_neurons=4))
    assert len(jax.jit(lambda m, x: m(x)).lower(model, np.ones((1, 40), np.float32)).as_text()) < 40 * 90 * 4


@pytest.mark.parametrize("config", FEW)
def test_models_are_values_to_jax(config):
    chex.clear_trace_counter()
    model, other = build(config), build(config, 1)
    assert jax.tree.structure(model) == jax.tree.structure(other)
    assert hash(jax.tree.structure(model)) == hash(jax.tree.structure(other))
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(model))

    @jax.jit
    @chex.assert_max_traces(n=1)
    def descend(model, x):
        rule = optax.adam(1e-2)

        def step(carry, _):
            model, memory = carry
            loss, slope = jax.value_and_grad(lambda m: (m(x) ** 2).mean())(model)
            updates, memory = rule.update(slope, memory, model)
            return (optax.apply_updates(model, updates), memory), loss

        return jax.lax.scan(step, (model, rule.init(model)), None, length=3)

    (model, _), loss = descend(model, X)
    descend(other, X)
    assert loss[2] < loss[0]
    assert model.config == plain(config)


@pytest.mark.parametrize("config", FEW[::2])
def test_a_stack_of_models_is_built_by_vmap_and_each_is_its_solo_build(config):
    keys, scales = jax.random.split(KEY, 3), jnp.asarray([0.5, 1.0, 2.0])

    def make(key, scale):
        return dataclasses.replace(config, scale=scale).build(nnx.Rngs(key))

    built, make = jax.jit(jax.vmap(make))(keys, scales), jax.jit(make)
    solo = [make(k, s) for k, s in zip(keys, scales, strict=True)]
    assert jax.tree.structure(built) == jax.tree.structure(solo[0])
    for i in range(3):
        chex.assert_trees_all_close(jax.device_get(solo[i]), index(jax.device_get(built), i), rtol=1e-6)
    outs = jax.jit(jax.vmap(run, in_axes=(0, None)))(built, X)
    np.testing.assert_allclose(outs[1], run(solo[1], X), rtol=1e-5, atol=1e-6)


def test_configs_with_different_floats_share_one_program():
    @jax.jit
    @chex.assert_max_traces(n=1)
    def built(config, key):
        return config.build(nnx.Rngs(key))

    for scale in (0.5, 1.0):
        built(ToyConfig(n_features=5, n_hidden=2, scale=scale), KEY)


def test_parameters_follow_the_active_precision():
    with jax.enable_x64(True):
        made = jax.eval_shape(lambda: [c.build(nnx.Rngs(0)) for c in ALL])
    assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {jnp.dtype("float64")}


@pytest.mark.parametrize("value", [0, -1, 2.5, True, 2**31, 2**33, float("nan"), "5", None])
@pytest.mark.parametrize("field", ["n_features", "n_hidden"])
def test_sizes_are_whole_numbers(field, value):
    with pytest.raises(Mistake, match=f"ToyConfig.{field} is .*whole number from 1"):
        ToyConfig(**{"n_features": 5, "n_hidden": 2, field: value})


@pytest.mark.parametrize(
    "make",
    [
        lambda n: ToyConfig(n_features=n, n_hidden=n),
        lambda n: ComputerConfig(n_inputs=1, n_hidden=n, n_outputs=n),
        lambda n: ComputerConfig(n_inputs=n, n_hidden=n, n_outputs=1),
        lambda n: ResidualMLPConfig(n_features=n, width=n, n_neurons=1),
        lambda n: ResidualMLPConfig(n_features=1, width=n, n_neurons=n),
        lambda n: ResidualMLPConfig(n_features=1, width=1000, n_neurons=n, depth=1000),
    ],
)
def test_models_that_cannot_exist_are_refused_before_jax_sees_them(make):
    with pytest.raises(BadValue, match=r"2,147,483,647.* [GT]B; this machine has"):
        make(2**31 - 1)


def test_unknown_words_bring_the_near_one():
    with pytest.raises(Mistake, match="did you mean 'relu'"):
        ToyConfig(n_features=5, n_hidden=2, activation="rellu")
    with pytest.raises(Mistake, match="did you mean 'robust'"):
        ToyConfig(n_features=5, n_hidden=2, init="robst")
    with pytest.raises(Mistake, match="did you mean 'n_hidden'"):
        ToyConfig(n_features=5, n_hiden=2)


@pytest.mark.parametrize("value", ["yes", 1, None, 0.0])
def test_flags_are_true_or_false(value):
    with pytest.raises(BadValue, match=r"ToyConfig.tied is .* True or False"):
        ToyConfig(n_features=5, n_hidden=2, tied=value)


@pytest.mark.parametrize("scale", [-1.0, float("nan"), float("inf"), "big"])
def test_scales_are_finite_and_not_negative(scale):
    with pytest.raises(Mistake, match=r"ToyConfig\.scale"):
        ToyConfig(n_features=5, n_hidden=2, scale=scale)


def test_sizes_that_contradict_each_other_are_named():
    with pytest.raises(BadValue, match="n_inputs is 5 and n_outputs 3"):
        ComputerConfig(n_inputs=5, n_hidden=4, n_outputs=3, init="copied")
    with pytest.raises(BadValue, match="width is 9 and n_features 5"):
        ResidualMLPConfig(n_features=5, width=9, n_neurons=4, embed="identity")


@pytest.mark.parametrize("config", ALL)
@pytest.mark.parametrize("shape", [(7, 4), (5, 7)])
def test_an_input_of_the_wrong_size_is_named(config, shape):
    with pytest.raises(BadValue, match=r"takes 5 features .* its input is"):
        jax.eval_shape(build(config), jnp.zeros(shape))
