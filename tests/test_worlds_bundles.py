"""Bundles: binding undoes itself, and sampled sums confuse items as often as the formula says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import superpose as sp
from superpose.core.mistakes import Mistake
from superpose.geometry import bundling

KEY = jax.random.key(0)


def test_the_numbers_of_the_specification():
    np.testing.assert_allclose(bundling.retrieval_error(512, 33), 0.0025, atol=5e-5)
    np.testing.assert_allclose(bundling.capacity(512, 1000), 512 / (4 * np.log(1000)), rtol=1e-6)
    k = bundling.capacity(512, 1000)  # where the union bound over absent items comes to order one
    assert 0.01 < 1000 * bundling.retrieval_error(512, k) < 1


def confused(world, rows, seeds):
    """How often an absent item beats one that is present, over all such pairs; and the error of that, over rows.

    Few items would do badly: the same products come again in every row.
    """
    lost = []
    for seed in range(seeds):
        one = sp.replace_at(world, "seed", seed)
        batch = one.sample(KEY, rows)
        scores = np.asarray(one.scores(batch.x)).reshape(-1, one.n_items)
        on = np.asarray(batch.y).reshape(scores.shape) == 1
        present, absent = scores[on].reshape(len(on), -1, 1), scores[~on].reshape(len(on), 1, -1)
        lost.append((present < absent).mean((1, 2)))
    lost = np.concatenate(lost)
    return lost.mean(), lost.std() / len(lost) ** 0.5


@pytest.mark.parametrize("binding, d, k", [("none", 128, 12), ("product", 128, 12), ("convolution", 512, 33)])
def test_items_are_confused_as_often_as_predicted(binding, d, k):
    world = sp.BundleWorld(n_items=200, width=d, n_bundled=k, binding=binding)
    found, error = confused(world, 200, 3)
    predicted = float(bundling.retrieval_error(d, k, binding))
    assert abs(found - predicted) < 5 * error + 0.1 * predicted  # sums of signs have lighter tails than a normal


def test_33_of_512_are_confused_in_a_quarter_of_a_percent():
    found, error = confused(sp.BundleWorld(n_items=200, width=512, n_bundled=33), 200, 3)
    assert error < 2e-4
    assert abs(found - 0.0025) < 5e-4


@pytest.mark.parametrize("binding, extra", [("product", -1), ("convolution", 2)])
def test_the_variance_of_what_is_read_back(binding, extra):
    rng, d, k, n = np.random.default_rng(0), 128, 3, 6000
    signs = jnp.asarray(rng.choice([-1.0, 1.0], size=(2 * k + 1, n, d)), jnp.float32)
    roles, items, absent = signs[:k], signs[k : 2 * k], signs[2 * k]
    x = bundling.bind(roles, items, binding).sum(0)
    gap = np.asarray((bundling.unbind(x, roles[0], binding) * (items[0] - absent)).sum(-1))
    np.testing.assert_allclose(gap.mean() / d, 1.0, atol=0.02)
    np.testing.assert_allclose(gap.var() / d, 2 * k + extra, rtol=0.08)  # 4.4 deviations


def test_binding_by_signs_is_xor_and_its_own_inverse():
    a, b = bundling.bipolar(KEY, 2, 64)
    c = bundling.bind(a, b)
    np.testing.assert_array_equal(c < 0, (np.asarray(a) < 0) ^ (np.asarray(b) < 0))
    np.testing.assert_array_equal(bundling.unbind(c, a), b)


@pytest.mark.parametrize("width", [7, 8])
def test_convolution_is_the_sum_it_says(width):
    a, b = (np.asarray(v) for v in jax.random.normal(KEY, (2, width)))
    loops = [sum(a[j] * b[(i - j) % width] for j in range(width)) / width**0.5 for i in range(width)]
    back = [sum(a[(i + j) % width] * b[j] for j in range(width)) / width**0.5 for i in range(width)]
    np.testing.assert_allclose(bundling.bind(jnp.asarray(a), jnp.asarray(b), "convolution"), loops, atol=1e-5)
    np.testing.assert_allclose(bundling.unbind(jnp.asarray(a), jnp.asarray(b), "convolution"), back, atol=1e-5)


def test_a_sample_is_the_sum_of_what_it_says():
    world = sp.BundleWorld(n_items=20, width=32, n_bundled=5)
    batch = world.sample(KEY, 50)
    assert (batch.y.sum(1) == 5).all() and set(np.unique(batch.y)) == {0, 1}
    np.testing.assert_allclose(batch.x, batch.y @ world.items())
    bound = sp.BundleWorld(n_items=20, width=32, n_bundled=3, binding="product")
    batch = bound.sample(KEY, 50)
    one_hot = np.asarray(batch.y).reshape(50, 3, 20)
    assert (one_hot.sum(2) == 1).all()
    np.testing.assert_allclose(batch.x, (one_hot @ np.asarray(bound.items()) * np.asarray(bound.roles())).sum(1))


def test_items_are_fair_signs_and_those_of_their_seed():
    items = np.asarray(sp.BundleWorld(n_items=200, width=101, n_bundled=1).items())
    assert set(np.unique(items)) == {-1, 1} and abs(items.mean()) < 5 / items.size**0.5
    overlap = (items @ items.T)[np.triu_indices(200, 1)] / 101
    assert abs((overlap**2).mean() - 1 / 101) < 5 * 2**0.5 / 101 / overlap.size**0.5
    other = np.asarray(sp.BundleWorld(n_items=200, width=101, n_bundled=1, seed=1).items())
    assert abs((items * other).mean()) < 5 / items.size**0.5
    first = [int(bit) for bit in f"{0x59:08b}"]  # Threefry's published answer to nothing is 6b200159 99ba4efe
    np.testing.assert_array_equal(items[0, :8] > 0, first)


def test_a_model_learns_to_read_a_bundle():
    world = sp.BundleWorld(n_items=12, width=16, n_bundled=2)
    model = sp.ComputerConfig(n_inputs=16, n_hidden=24, n_outputs=12)
    recipe = sp.Recipe(world=world, model=model, steps=300, batch=128)
    run = sp.fit(recipe, KEY)
    batch = world.sample(jax.random.key(1), 2000)
    share = float(batch.y.mean())
    assert ((run.model(batch.x) - batch.y) ** 2).mean() < 0.5 * share * (1 - share)


@pytest.mark.parametrize("fields, said", [
    ({"n_bundled": 9}, "BundleWorld.n_bundled is 9; there are 8 items"),
    ({"binding": "xor"}, "binding cannot be 'xor'"),
    ({"width": 0}, "BundleWorld.width is 0"),
    ({"width": 2**31 - 1, "n_items": 2**31 - 1}, "the vectors of BundleWorld would be"),
])  # fmt: skip
def test_mistakes_are_named(fields, said):
    with pytest.raises(Mistake, match=said):
        sp.BundleWorld(**{"n_items": 8, "width": 4, "n_bundled": 2} | fields)


def test_other_bindings_and_empty_sums_are_refused():
    with pytest.raises(Mistake, match="binding cannot be 'sum'"):
        bundling.bind(jnp.ones(2), jnp.ones(2), "sum")
    with pytest.raises(ValueError, match="n_bundled is 0; it must be at least 1"):
        bundling.retrieval_error(10, 0)
    assert sp.BundleWorld(n_items=3, width=4, n_bundled=5, binding="product").sample(KEY, 2).y.shape == (2, 15)
