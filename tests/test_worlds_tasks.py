"""Tasks, datasets and sites are worlds like any other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from superpose.core.mistakes import Mistake
from superpose.taps import silent
from superpose.worlds import (
    ArrayWorld,
    GateWorld,
    ModularSumWorld,
    OneHotWorld,
    SiteWorld,
    SparseWorld,
    TaskWorld,
    freeze,
)

KEY = jax.random.key(0)
INPUTS = SparseWorld(n_features=4, density=0.5, values="signed", decay=0.5)
BITS = SparseWorld(n_features=4, density=0.5, values="one", decay=0.5)


class Small(nnx.Module):
    """Two sites and a sequence axis of three."""

    def __init__(self, steps=None):
        self.W = nnx.Param(jnp.arange(8.0).reshape(2, 4))
        self.steps = steps

    def __call__(self, x, tap=silent):
        if self.steps:
            x = x[:, None, :] + jnp.arange(self.steps, dtype=x.dtype)[:, None]
        hidden = tap("hidden", x @ self.W[...].T)
        tap("total", hidden.sum())
        return tap("out", hidden @ self.W[...])


@pytest.mark.parametrize("task, f", [
    ("absolute", np.abs),
    ("relu", lambda x: np.maximum(x, 0)),
    ("residual_relu", lambda x: x + np.maximum(x, 0)),
    ("square", np.square),
], ids=lambda v: v if isinstance(v, str) else "")  # fmt: skip
def test_a_task_asks_for_a_function_of_the_inputs(task, f):
    batch, inputs = TaskWorld(inputs=INPUTS, task=task).sample(KEY, 100), INPUTS.sample(KEY, 100)
    assert (batch.x == inputs.x).all() and (batch.weight == inputs.weight).all()
    np.testing.assert_allclose(batch.y, f(np.asarray(inputs.x)), rtol=1e-6)


@pytest.mark.parametrize("gate, f", [
    ("and", np.logical_and), ("or", np.logical_or), ("xor", np.logical_xor), ("product", np.multiply),
], ids=str)  # fmt: skip
def test_a_gate_is_asked_of_every_pair_in_order(gate, f):
    batch = GateWorld(inputs=BITS, gate=gate).sample(KEY, 100)
    x = np.asarray(batch.x)
    pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    np.testing.assert_array_equal(batch.y, np.stack([f(x[:, a], x[:, b]) for a, b in pairs], axis=1))
    np.testing.assert_allclose(batch.weight, [0.5 ** (a + b) for a, b in pairs])
    assert batch.y.dtype == batch.x.dtype


def test_a_product_multiplies_values_of_any_size():
    batch = GateWorld(inputs=INPUTS, gate="product").sample(KEY, 50)
    np.testing.assert_array_equal(batch.y[:, 0], batch.x[:, 0] * batch.x[:, 1])


def test_a_clock_adds_its_two_residues():
    batch = ModularSumWorld(modulus=7).sample(KEY, 500)
    a, b = np.asarray(batch.x).reshape(-1, 2, 7).argmax(axis=-1).T
    assert batch.x.shape == (500, 14) and (batch.x.sum(axis=1) == 2).all()
    np.testing.assert_array_equal(batch.y, (a + b) % 7)
    tokens = ModularSumWorld(modulus=7, encoding="tokens").sample(KEY, 500)
    np.testing.assert_array_equal(tokens.x, np.stack([a, b], axis=1))
    assert {tuple(map(int, pair)) for pair in tokens.x} == {(i, j) for i in range(7) for j in range(7)}


def test_a_clock_of_two_billion_hours_does_not_overflow():
    batch = ModularSumWorld(modulus=2**31 - 1, encoding="tokens").sample(KEY, 100)
    np.testing.assert_array_equal(batch.y, np.asarray(batch.x, dtype=np.int64).sum(axis=1) % (2**31 - 1))


def test_rows_of_a_dataset_are_drawn_evenly_with_their_targets_and_weights():
    x, y, weight = np.arange(10.0).reshape(5, 2), np.arange(5), np.arange(5.0)
    batch = ArrayWorld(x=x, y=y, weight=weight).sample(KEY, 20_000)
    np.testing.assert_array_equal(batch.x[:, 0], 2 * batch.y)
    np.testing.assert_array_equal(batch.weight, batch.y)
    assert np.abs(np.bincount(np.asarray(batch.y)) - 4000).max() < 5 * (20_000 * 0.2 * 0.8) ** 0.5


def test_importances_are_not_mistaken_for_rows():
    batch = ArrayWorld(x=np.eye(3), weight=np.array([1.0, 2.0, 3.0])).sample(KEY, 10)
    np.testing.assert_array_equal(batch.weight, [1.0, 2.0, 3.0])
    assert batch.y is batch.x


def test_a_frozen_world_holds_its_first_sample():
    frozen, batch = freeze(INPUTS, KEY, 30), INPUTS.sample(KEY, 30)
    assert frozen.y is None and (frozen.everything().x == batch.x).all() and (frozen.weight == batch.weight).all()
    rows = {tuple(r) for r in np.asarray(batch.x).tolist()}
    assert {tuple(r) for r in np.asarray(frozen.sample(jax.random.key(1), 100).x).tolist()} <= rows
    task = freeze(TaskWorld(inputs=INPUTS), KEY, 30)
    np.testing.assert_array_equal(task.y, np.abs(task.x))


def test_freezing_can_be_compiled():
    frozen = jax.jit(lambda key: freeze(INPUTS, key, 30))(KEY)
    assert frozen.y is None and (frozen.x == INPUTS.sample(KEY, 30).x).all()


def test_a_site_is_a_world():
    model = Small()
    batch = SiteWorld(model=model, site="hidden", inputs=INPUTS).sample(KEY, 64)
    assert batch.x.shape == (64, 2) and (batch.x == batch.y).all()
    rows = np.unique(np.linalg.lstsq(np.asarray(model.W[...]), np.asarray(batch.x).T, rcond=None)[2])
    assert rows == 2


def test_a_target_site_answers_for_the_same_rows():
    model = Small(steps=3)
    batch = SiteWorld(model=model, site="hidden", target="out", inputs=INPUTS).sample(KEY, 10)
    assert batch.x.shape == (10, 2) and batch.y.shape == (10, 4)
    np.testing.assert_allclose(batch.y, batch.x @ model.W[...], rtol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_a_site_of_a_sequence_gives_as_many_rows_as_asked(n):
    world = SiteWorld(model=Small(steps=3), site="hidden", inputs=OneHotWorld(n_features=4))
    assert jax.eval_shape(lambda w: w.sample(KEY, n).x, world).shape == (n, 2)


def test_every_position_is_as_likely_when_rows_are_left_over():
    world = SiteWorld(model=Small(steps=3), site="hidden", inputs=ArrayWorld(x=np.zeros((1, 4))))
    x = jax.vmap(lambda key: world.sample(key, 2).x)(jax.random.split(KEY, 6000))
    position = np.round(np.asarray(x)[..., 0] / 6).astype(int)
    assert (position[:, 0] != position[:, 1]).all()
    assert np.abs(np.bincount(position.ravel()) - 4000).max() < 5 * (12_000 * 2 / 9) ** 0.5


def test_no_gradient_reaches_the_model_behind_a_site():
    def total(model):
        return SiteWorld(model=model, site="hidden", inputs=INPUTS).sample(KEY, 4).x.sum()

    assert all((leaf == 0).all() for leaf in jax.tree.leaves(jax.grad(total)(Small())))


def test_a_density_behind_a_task_and_a_site_can_be_swept():
    def sampled(p):
        return SiteWorld(model=Small(), site="out", inputs=SparseWorld(n_features=4, density=p)).sample(KEY, 8).x

    swept = jax.vmap(sampled)(jnp.array([0.2, 0.9]))
    np.testing.assert_allclose(swept, jnp.stack([sampled(0.2), sampled(0.9)]), rtol=1e-5)


def test_an_unknown_site_is_named_beside_those_there_are():
    with pytest.raises(Mistake, match=r"SiteWorld.site.*'hiden'; did you mean 'hidden'.*'out'"):
        SiteWorld(model=Small(), site="hiden", inputs=INPUTS)
    with pytest.raises(Mistake, match=r"SiteWorld.target.*'missing'"):
        SiteWorld(model=Small(), site="hidden", target="missing", inputs=INPUTS)
    with pytest.raises(Mistake, match=r"'total' has shape \(\)"):
        SiteWorld(model=Small(), site="total", inputs=INPUTS)
    with pytest.raises(Mistake, match="has no site"):
        SiteWorld(model=Small(), site="*", inputs=INPUTS)


@pytest.mark.parametrize("make", [
    lambda: SiteWorld(model=Small(), site="hidden", inputs=3),
    lambda: TaskWorld(inputs=None),
    lambda: GateWorld(inputs="bits"),
], ids=["site", "task", "gate"])  # fmt: skip
def test_inputs_must_be_a_world(make):
    with pytest.raises(Mistake, match=r"inputs is .*must be a world"):
        make()


@pytest.mark.parametrize("make, said", [
    (lambda: GateWorld(inputs=SparseWorld(n_features=1)), "at least 2"),
    (lambda: GateWorld(inputs=SparseWorld(n_features=10**8)), "one row of GateWorld"),
    (lambda: ModularSumWorld(modulus=1), "ModularSumWorld.modulus is 1"),
    (lambda: ModularSumWorld(modulus=10**6).everything(), "ModularSumWorld"),
    (lambda: TaskWorld(inputs=INPUTS, task="absolut"), "did you mean 'absolute'"),
    (lambda: ArrayWorld(x=np.zeros((0, 3))), r"ArrayWorld.x has shape \(0, 3\)"),
    (lambda: ArrayWorld(x=3.0), "ArrayWorld.x is 3.0"),
    (lambda: ArrayWorld(x=np.zeros((4, 3)), y=np.zeros(3)), "y has 3 rows; it must have as many as x, 4"),
    (lambda: TaskWorld(inputs=SiteWorld(model=Small(), site="out", inputs=INPUTS)).everything(), "SiteWorld cannot be"),
], ids=range(9))  # fmt: skip
def test_mistakes_are_named(make, said):
    with pytest.raises(Mistake, match=said):
        make()
