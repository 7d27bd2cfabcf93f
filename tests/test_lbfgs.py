"""L-BFGS reaches minima that are known, for many problems at once, none of which disturbs another."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

from superpose.train.lbfgs import lbfgs

RULE = lbfgs()


@functools.partial(jax.jit, static_argnames=("f", "steps"))
def descend(f, x, steps):
    """Where it is after every step, and the value before it."""

    def step(carry, _):
        x, state = carry
        value, slope = jax.value_and_grad(f)(x)
        updates, state = RULE.update(slope, state, x, value=value, value_fn=f, step=0)
        x = optax.apply_updates(x, updates)
        return (x, state), (x, value)

    return jax.lax.scan(step, (x, RULE.init(x)), length=steps)[1]


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@pytest.mark.parametrize("n, condition", [(1, 1.0), (4, 10.0), (10, 100.0)])
def test_a_quadratic_is_over_in_little_more_than_its_dimension(n, condition):
    with jax.enable_x64(True):
        A, _ = np.linalg.qr(np.random.default_rng(n).normal(size=(n, n)))
        H = jnp.asarray(A @ np.diag(np.geomspace(1, condition, n)) @ A.T)
        best = jnp.arange(1.0, n + 1)
        x, values = descend(lambda x: 0.5 * (x - best) @ H @ (x - best), jnp.zeros(n), 3 * n + 12)
        np.testing.assert_allclose(x[-1], best, rtol=1e-5)
        assert np.all(np.diff(values) <= 0)


@pytest.mark.parametrize("start", [[-1.2, 1.0], [0.0, 0.0], [3.0, -2.0]])
def test_the_banana_valley_leads_to_one_one(start):
    with jax.enable_x64(True):
        x, values = descend(rosenbrock, jnp.array(start), 120)
        np.testing.assert_allclose(x[60], [1.0, 1.0], rtol=1e-6)
        assert np.all(np.diff(values) <= 0)


def test_single_precision_gets_as_far_as_rounding_allows():
    x, values = descend(rosenbrock, jnp.array([-1.2, 1.0]), 80)
    np.testing.assert_allclose(x[-1], [1.0, 1.0], atol=2e-3)
    assert np.all(np.isfinite(values))


def test_trees_are_minimised_as_one_vector():
    goal = {"W": jnp.arange(6.0).reshape(2, 3), "b": jnp.array([1.0, -1.0])}

    def f(tree):
        return sum(((a - b) ** 2).sum() for a, b in zip(jax.tree.leaves(tree), jax.tree.leaves(goal), strict=True))

    x, _ = descend(f, jax.tree.map(jnp.zeros_like, goal), 20)
    np.testing.assert_allclose(ravel_pytree(jax.tree.map(lambda a: a[-1], x))[0], ravel_pytree(goal)[0], atol=1e-4)


def test_problems_side_by_side_do_not_disturb_one_another():
    starts = jnp.array([[-1.2, 1.0], [1.0, 1.0], [0.5, 2.0], [1e3, -1e3]])
    with jax.enable_x64(True):
        starts = starts.astype(jnp.float64)
        all_of = jax.jit(jax.vmap(lambda x: descend(rosenbrock, x, 30)[0][-1]))
        together = all_of(starts)
        for place in range(len(starts)):
            others = starts.at[(place + 1) % 4].set(7.0)
            np.testing.assert_array_equal(together[place], all_of(others)[place])


def test_one_that_has_arrived_stays_exactly_where_it_is():
    with jax.enable_x64(True):
        there = jnp.array([1.0, 1.0])
        x, values = descend(rosenbrock, there, 120)
        np.testing.assert_array_equal(x, jnp.broadcast_to(there, x.shape))
        np.testing.assert_array_equal(values, 0)
        x, _ = descend(rosenbrock, jnp.array([-1.2, 1.0]), 120)
        np.testing.assert_array_equal(x[90:], jnp.broadcast_to(x[-1], x[90:].shape))


def test_where_nothing_goes_down_it_stays():
    up = lambda x: jnp.where(jnp.all(x == 1.0), x.sum() * 1.0, jnp.inf)
    x, _ = descend(up, jnp.array([1.0, 1.0]), 3)
    np.testing.assert_array_equal(x[-1], [1.0, 1.0])


def test_a_saddle_is_left_downhill():
    f = lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4
    x, _ = descend(f, jnp.array([1.0, 0.01]), 60)
    np.testing.assert_allclose(np.abs(x[-1]), [0.0, np.sqrt(0.5)], atol=1e-3)
