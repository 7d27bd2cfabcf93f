"""Exact optima of the paper's geometry section, against the tables of our specification (TMS-14, 15, 20, 22)."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import superpose as sp
from superpose.geometry import losses

KEY = jax.random.key(0)


def descents(world, n_hidden, starts, steps=60, scale=1.0, **over):
    model = sp.ToyConfig(n_features=world.n_features, n_hidden=n_hidden, init="normal", scale=scale)
    recipe = sp.oracle(sp.Recipe(world=world, model=model, log_every=steps), steps=steps)
    return sp.sweep(recipe, {**over, "seed": range(starts)}, KEY, quiet=True)


def exact(run):
    """The loss over all points, whatever the descent saw; W is float64."""
    world = run.recipe.world
    everything = type(world)(n_sets=world.n_sets, set_size=world.set_size, density=world.density).everything()
    return {"loss": run.recipe.objective(run.model, everything, KEY), "W": run.model.W[...]}


def angles(W):
    """Between partners, in degrees."""
    z = W[0] + 1j * W[1]
    return np.abs(np.degrees(np.angle(z[::2] * z[1::2].conj())))


# -- TMS-14 and 15: a pentagon, one of whose features is rarer


@pytest.fixture(scope="module")
def pentagons():
    world = sp.SparseWorld(n_features=5, density=(0.05,) * 5)
    found = descents(world, 2, 5, **{"world.density.0": [0.0125, 0.015, 0.05]})
    return found.measure(lambda run: {"W": run.model.W[...], "loss": exact_loss(run)})


def exact_loss(run):
    return run.recipe.objective(run.model, run.recipe.world.everything(), KEY)


@pytest.mark.parametrize(("rho", "loss"), [(0.25, 0.005963), (0.3, 0.006308), (1.0, 0.008904)])
def test_pentagons_cost_what_the_table_says(pentagons, rho, loss):
    lengths = np.linalg.norm(pentagons["W"].sel(**{"density.0": 0.05 * rho}).values, axis=1)
    found = pentagons["loss"].sel(**{"density.0": 0.05 * rho}).values[lengths.min(1) > 0.9]
    assert abs(found.min() - loss) < 1.5e-6


@pytest.mark.parametrize(("rho", "loss"), [(0.2, 0.004974), (0.25, 0.005793), (0.3, 0.006609), (0.4, 0.008232),
                                           (1.0, 0.017707)])  # fmt: skip
def test_digons_that_drop_a_feature_cost_their_closed_form(rho, loss):
    """Of the table; at rho 0.5 it has 0.009862, which is not what its closed form gives, 0.009844."""
    assert abs(2 * losses.antipodal(0.05, 0.05) + losses.ignored(0.05 * rho) - loss) < 2e-6


def test_the_optimum_changes_shape_between_a_quarter_and_three_tenths(pentagons):
    lowest = [pentagons["loss"].sel(**{"density.0": 0.05 * rho}).values.min() for rho in (0.25, 0.3)]
    digons = [float(2 * losses.antipodal(0.05, 0.05) + losses.ignored(0.05 * rho)) for rho in (0.25, 0.3)]
    assert digons[0] < 0.00596
    assert lowest[1] < digons[1]


# -- TMS-20: pairs that collapse


@pytest.fixture(scope="module")
def pairs():
    densities = [0.75, 0.5, 0.3, 0.2, 0.1, 0.05]
    world = sp.CorrelatedWorld(n_sets=3, set_size=2, nodes=24)
    return descents(world, 2, 8, scale=0.6, **{"world.density": densities}).best("seed").measure(exact)


COLLAPSE = [(0.75, 0.34102, 3), (0.5, 0.26634, 3), (0.3, 0.13107, 2), (0.2, 0.07004, 2), (0.1, 0.02498, 1)]


@pytest.mark.parametrize(("density", "loss", "collapsed"), [*COLLAPSE, (0.05, 0.0092, 0)])
def test_pairs_collapse_one_after_another(pairs, density, loss, collapsed):
    found = {name: t.sel(density=density).values for name, t in pairs.items()}
    np.testing.assert_allclose(found["loss"], loss, rtol=1.2e-3)
    assert (angles(found["W"]) < 15).sum() == collapsed
    assert found["loss"] < 5 * density / 6 - density**2 / 2  # the best linear model's


# -- TMS-22: two sets of three


@pytest.fixture(scope="module")
def triples():
    model = sp.ToyConfig(n_features=6, n_hidden=3, init="normal", scale=0.02)
    world = sp.CorrelatedWorld(n_sets=2, set_size=3, density=0.05)
    recipe = sp.Recipe(world=world, model=model, batch="all", learning_rate=3e-3, steps=3000, log_every=50,
                       snapshots=(250, 3000))  # fmt: skip
    return sp.sweep(recipe, {"seed": range(4)}, KEY, quiet=True).measure(
        lambda run: {"W": run.history.W[...], "loss": run.loss}
    )


def test_every_set_first_collapses_onto_one_direction(triples):
    norms = jnp.linalg.norm(triples["W"].values[:, 0], axis=1)
    np.testing.assert_allclose(norms.mean(1), 3**-0.5, atol=0.02)
    levels = np.array([2 * losses.collapsed_set(0.05, 3), losses.collapsed_antipodal(0.05, 3)])
    assert (np.abs(triples["loss"].values[:, 4, None] / levels - 1).min(1) < 0.03).all()


def test_then_the_sets_open_and_make_an_octahedron(triples):
    best = triples["loss"].values[:, -1].argmin()
    assert abs(triples["loss"].values[best, -1] - 0.0025) < 3e-5
    W = triples["W"].values[best, 1]
    cosines = (W.T @ W) / np.outer(*[np.linalg.norm(W, axis=0)] * 2)
    assert np.abs(np.triu(cosines[:3, :3], 1)).max() < 0.02
    assert cosines[:3, 3:].min(1).max() < -0.98
