"""L-BFGS reaches minima that are known, for many problems at once, none of which disturbs another."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

from superpose.train.lbfgs import lbfgs

RULE = lbfgs()


def descend(f, x, steps):
    """Where it arrives, and the value before every step."""

    def step(carry, _):
        x, state = carry
        value, slope = jax.value_and_grad(f)(x)
        updates, state = RULE.update(slope, state, x, value=value, value_fn=f, step=0)
        return (optax.apply_updates(x, updates), state), value

    (x, _), values = jax.lax.scan(step, (x, RULE.init(x)), length=steps)
    return x, values


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@pytest.mark.parametrize("n, condition", [(1, 1.0), (4, 10.0), (10, 100.0)])
def test_a_quadratic_is_over_in_little_more_than_its_dimension(n, condition):
    with jax.enable_x64(True):
        A, _ = np.linalg.qr(np.random.default_rng(n).normal(size=(n, n)))
        H = jnp.asarray(A @ np.diag(np.geomspace(1, condition, n)) @ A.T)
        best = jnp.arange(1.0, n + 1)
        x, values = descend(lambda x: 0.5 * (x - best) @ H @ (x - best), jnp.zeros(n), 3 * n + 12)
        np.testing.assert_allclose(x, best, rtol=1e-5)
        assert np.all(np.diff(values) <= 0)


@pytest.mark.parametrize("start", [[-1.2, 1.0], [0.0, 0.0], [3.0, -2.0]])
def test_the_banana_valley_leads_to_one_one(start):
    with jax.enable_x64(True):
        x, values = descend(rosenbrock, jnp.array(start), 60)
        np.testing.assert_allclose(x, [1.0, 1.0], rtol=1e-6)
        assert np.all(np.diff(values) <= 0)


def test_single_precision_gets_as_far_as_rounding_allows():
    x, values = descend(rosenbrock, jnp.array([-1.2, 1.0]), 80)
    np.testing.assert_allclose(x, [1.0, 1.0], atol=2e-3)
    assert np.all(np.isfinite(values))


def test_trees_are_minimised_as_one_vector():
    goal = {"W": jnp.arange(6.0).reshape(2, 3), "b": jnp.array([1.0, -1.0])}

    def f(tree):
        return sum(((a - b) ** 2).sum() for a, b in zip(jax.tree.leaves(tree), jax.tree.leaves(goal), strict=True))

    x, _ = descend(f, jax.tree.map(jnp.zeros_like, goal), 20)
    np.testing.assert_allclose(ravel_pytree(x)[0], ravel_pytree(goal)[0], atol=1e-4)


def test_problems_side_by_side_do_not_disturb_one_another():
    starts = jnp.array([[-1.2, 1.0], [1.0, 1.0], [0.5, 2.0], [1e3, -1e3]])
    with jax.enable_x64(True):
        starts = starts.astype(jnp.float64)
        all_of = jax.jit(jax.vmap(lambda x: descend(rosenbrock, x, 30)[0]))
        together = all_of(starts)
        for place in range(len(starts)):
            others = starts.at[(place + 1) % 4].set(7.0)
            np.testing.assert_array_equal(together[place], all_of(others)[place])


def test_one_that_has_arrived_stays_exactly_where_it_is():
    start = jnp.array([1.0, 1.0])
    x, values = descend(rosenbrock, start, 10)
    np.testing.assert_array_equal(x, start)
    np.testing.assert_array_equal(values, 0)
    with jax.enable_x64(True):
        early, _ = descend(rosenbrock, jnp.array([-1.2, 1.0]), 100)
        late, _ = descend(rosenbrock, jnp.array([-1.2, 1.0]), 130)
        np.testing.assert_array_equal(early, late)


def test_where_nothing_goes_down_it_stays():
    up = lambda x: jnp.where(jnp.all(x == 1.0), x.sum() * 1.0, jnp.inf)
    x, _ = descend(up, jnp.array([1.0, 1.0]), 3)
    np.testing.assert_array_equal(x, [1.0, 1.0])


def test_a_saddle_is_left_downhill():
    f = lambda x: x[0] ** 2 - x[1] ** 2 + x[1] ** 4
    x, _ = descend(f, jnp.array([1.0, 0.01]), 60)
    np.testing.assert_allclose(np.abs(x), [0.0, np.sqrt(0.5)], atol=1e-3)
