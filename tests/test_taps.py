"""Sites can be read, replaced and differentiated, cost nothing unheard, and wrong names are said."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from superpose.core.mistakes import BadName, BadValue
from superpose.models import ComputerConfig, ResidualMLPConfig, ToyConfig
from superpose.taps import patch, record, silent, sites, tapped, within

KEY = jax.random.key(0)
X = jax.random.normal(jax.random.key(1), (7, 5))


def relu_toy(m, x):
    W, b = m.W[...], m.b[...]
    return jax.nn.relu(x @ W.T @ W + b)


def computer(m, x):
    return jax.nn.relu(jax.nn.relu(x @ m.W1[...].T) @ m.W2[...].T + m.b2[...])


def residual(m, x):
    W_E = m.W_E[...]
    resid = x @ W_E.T
    for block in m.blocks:
        W_in, W_out = block.W_in[...], block.W_out[...]
        resid = resid + jax.nn.relu(resid @ W_in.T) @ W_out.T
    return resid @ W_E


WITHOUT_SITES = [
    (ToyConfig(n_features=5, n_hidden=2), relu_toy),
    (ComputerConfig(n_inputs=5, n_hidden=4, n_outputs=5), computer),
    (ResidualMLPConfig(n_features=5, width=6, n_neurons=4, depth=2, embed="trained"), residual),
]


@jax.jit
def built(config, key):
    return config.build(nnx.Rngs(key))


TOY = built(ToyConfig(n_features=5, n_hidden=2), KEY)
MLP = built(WITHOUT_SITES[2][0], KEY)


def program(f, *args):
    def call(*args):
        return f(*args)

    return jax.jit(call).lower(*args).as_text()


@pytest.mark.parametrize("config, plain", WITHOUT_SITES)
def test_unheard_sites_are_not_in_the_program(config, plain):
    model = built(config, KEY)
    assert program(lambda m, x: m(x), model, X) == program(plain, model, X)
    assert program(lambda m, x: patch(m, x, {}), model, X) == program(plain, model, X)


@pytest.mark.parametrize("config, plain", WITHOUT_SITES)
def test_unheard_sites_are_not_in_the_gradient(config, plain):
    model = built(config, KEY)
    slope, bare = (jax.grad(lambda m, x, f=f: f(m, x).sum()) for f in (lambda m, x: m(x), plain))
    assert program(slope, model, X) == program(bare, model, X)


def test_listening_changes_no_output():
    out, heard = jax.jit(record)(MLP, X)
    np.testing.assert_allclose(out, MLP(X), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(out, heard["out"])


def test_what_is_recorded_is_the_value_there():
    _, heard = record(TOY, X)
    np.testing.assert_allclose(heard["hidden"], X @ TOY.W[...].T, rtol=1e-5)
    np.testing.assert_allclose(heard["out.pre"], heard["hidden"] @ TOY.W[...] + TOY.b[...], rtol=1e-5, atol=1e-6)


def test_wildcards_choose_sites():
    assert list(record(MLP, X, "*.resid")[1]) == ["blocks.0.resid", "blocks.1.resid"]
    assert list(record(MLP, X, ["out", "blocks.1.*den"])[1]) == ["blocks.1.hidden", "out"]
    assert record(MLP, X, ())[1] == {}


def test_sites_are_found_without_running():
    assert sites(TOY, X)["hidden"] == jax.ShapeDtypeStruct((7, 2), jnp.float32)
    abstract = jax.eval_shape(lambda: TOY)
    assert sites(abstract, jax.ShapeDtypeStruct((10**6, 5), jnp.float32))["hidden"].shape == (10**6, 2)


@pytest.mark.parametrize("model", [TOY, MLP])
def test_putting_back_what_was_recorded_changes_nothing(model):
    out, heard = record(model, X)
    put_back = jax.jit(lambda m, heard: [patch(m, X, {site: value}) for site, value in heard.items()])
    same = jax.jit(lambda m: [patch(m, X, {site: lambda v: v}) for site in heard])
    for again in (*put_back(model, heard), *same(model)):
        np.testing.assert_allclose(again, out, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("model, site", [(TOY, "hidden"), (MLP, "blocks.1.resid")])
def test_restoring_a_bottleneck_restores_the_output(model, site):
    corrupt = jnp.flip(X, axis=1)
    clean, heard = record(model, X, site)
    assert abs(model(corrupt) - clean).max() > 0.1
    np.testing.assert_array_equal(patch(model, corrupt, heard), clean)


def test_a_patched_value_is_used_downstream_and_broadcasts():
    h = jnp.asarray([1.0, -2.0])
    expected = jax.nn.relu(h @ TOY.W[...] + TOY.b[...])
    np.testing.assert_allclose(patch(TOY, X, {"hidden": h}), jnp.tile(expected, (7, 1)), rtol=1e-5, atol=1e-6)


def test_ablating_every_write_leaves_the_embedding():
    out = patch(MLP, X, {"blocks.0.write": 0.0, "blocks.1.write": jnp.zeros_like})
    W_E = MLP.embedding()
    np.testing.assert_allclose(out, X @ W_E.T @ W_E, rtol=1e-4, atol=1e-5)


def test_a_site_both_patched_and_recorded_is_recorded_as_patched():
    out, heard = tapped(TOY, X, "*", {"hidden": lambda h: 2 * h})
    np.testing.assert_allclose(heard["hidden"], 2 * heard["hidden.pre"], rtol=1e-6)
    np.testing.assert_array_equal(out, heard["out"])


def test_patching_inside_jit_is_patching():
    outside = patch(TOY, X, {"hidden": lambda h: 2 * h})
    inside = jax.jit(lambda m, x: patch(m, x, {"hidden": lambda h: 2 * h}))(TOY, X)
    np.testing.assert_allclose(inside, outside, rtol=1e-5, atol=1e-6)


def test_vmap_over_patched_values_is_a_loop_over_them():
    values = jax.random.normal(KEY, (4, 2))
    many = jax.vmap(lambda v: patch(TOY, X, {"hidden": v}))(values)
    for one, value in zip(many, values, strict=True):
        np.testing.assert_allclose(one, patch(TOY, X, {"hidden": value}), rtol=1e-5, atol=1e-6)


def test_vmap_over_models_is_a_loop_over_them():
    config = ToyConfig(n_features=5, n_hidden=2)
    models = jax.vmap(built, in_axes=(None, 0))(config, jax.random.split(KEY, 3))
    look = lambda m: (record(m, X, "hidden")[1], patch(m, X, {"hidden": jnp.tanh}))
    heard, out = jax.vmap(look)(models)
    for i in range(3):
        one, out_one = look(jax.tree.map(lambda a, i=i: a[i], models))
        np.testing.assert_allclose(heard["hidden"][i], one["hidden"], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(out[i], out_one, rtol=1e-5, atol=1e-6)


def test_the_gradient_at_a_site_is_the_gradient_of_the_patch():
    slope = jax.grad(lambda h: patch(TOY, X, {"hidden.pre": h}).sum())(record(TOY, X, "hidden.pre")[1]["hidden.pre"])
    on = (TOY(X) > 0).astype(jnp.float32)
    np.testing.assert_allclose(slope, on @ TOY.W[...].T, rtol=1e-4, atol=1e-6)


def test_a_constant_patch_cuts_the_gradient_below_it():
    slope = jax.grad(lambda m: patch(m, X, {"out.pre": 1.0}).sum())(TOY)
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(slope))


def test_gradients_flow_through_a_function_patch():
    double, plain = (jax.grad(lambda x, k=k: patch(TOY, x, {"out": lambda o: k * o}).sum())(X) for k in (2.0, 1.0))
    np.testing.assert_allclose(double, 2 * plain, rtol=1e-5)


def test_within_prefixes_names_and_stays_silent():
    heard = []
    within(lambda name, value: heard.append(name) or value, "blocks.3")("resid", X)
    assert heard == ["blocks.3.resid"]
    assert within(silent, "blocks.3") is silent


@pytest.mark.parametrize("wanted", ["hiden", "hiden*"])
def test_an_unknown_site_is_answered_with_those_there_are(wanted):
    with pytest.raises(BadName, match=r"Toy matches 'hiden.*there is \['hidden', 'hidden.pre', 'out', 'out.pre'\]"):
        record(TOY, X, wanted)


@pytest.mark.parametrize("wanted", ["hiden", "hid*", "*"])
def test_an_edit_that_meets_no_site_is_answered_with_those_there_are(wanted):
    with pytest.raises(BadName, match=r"Toy has no '.*there is \['hidden', 'hidden.pre', 'out', 'out.pre'\]"):
        jax.jit(lambda m, x: patch(m, x, {wanted: 0.0}))(TOY, X)


def test_a_misfitting_value_is_answered_with_both_shapes():
    with pytest.raises(BadValue, match=r"'hidden' has shape \(3,\); the site has \(7, 2\)"):
        patch(TOY, X, {"hidden": jnp.zeros(3)})
    with pytest.raises(BadValue, match=r"'hidden' returned shape \(4, 7, 2\); the site has \(7, 2\)"):
        patch(TOY, X, {"hidden": lambda h: jnp.zeros((4, 7, 2))})
    with pytest.raises(BadValue, match=r"'hidden' returned shape \(7, 1\); the site has \(7, 2\)"):
        patch(TOY, X, {"hidden": lambda h: h[:, :1]})
