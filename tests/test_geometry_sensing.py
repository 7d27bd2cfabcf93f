"""Limits of compressed sensing: the table, a minimisation in double precision, and linear programs at the line."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize, stats

from superpose.geometry import sensing

DELTA = np.array([1 / 32, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9])
TABLE = {
    "any": [0.137, 0.154, 0.189, 0.267, 0.386, 0.534, 0.678],
    "positive": [0.164, 0.189, 0.241, 0.365, 0.558, 0.766, 0.903],
}


@pytest.mark.parametrize("signs", TABLE)
def test_the_table_to_every_printed_digit(signs):
    np.testing.assert_array_equal(np.round(np.asarray(sensing.threshold(DELTA, signs), np.float64), 3), TABLE[signs])


def dimension(share, signs):
    """Statistical dimension per feature, by minimising an integral over the shrinkage."""
    low = -np.inf if signs == "any" else 0.0

    def excess(t):
        one_side = integrate.quad(lambda x: (x - t) ** 2 * stats.norm.pdf(x), t, np.inf, epsabs=1e-13)[0]
        return one_side * (2 if low < 0 else 1)

    of = lambda t: share * (1 + t**2) + (1 - share) * excess(t)
    return optimize.minimize_scalar(of, bounds=(0, 8), method="bounded", options={"xatol": 1e-9}).fun


@pytest.mark.parametrize("signs", TABLE)
@pytest.mark.parametrize("delta", [0.01, 0.25, 0.9])
def test_the_line_is_where_the_statistical_dimension_is_that_of_the_space(signs, delta):
    with jax.enable_x64(True):
        rho = float(sensing.threshold(delta, signs))
    np.testing.assert_allclose(dimension(rho * delta, signs), delta, rtol=1e-6)


@pytest.mark.parametrize("signs", TABLE)
def test_the_two_ways_round_are_inverse(signs):
    d = np.array([3.0, 20.0, 64.0, 90.0])
    k = sensing.most_active(d, 100, signs)
    np.testing.assert_allclose(sensing.dimensions_needed(k, 100, signs), d, rtol=1e-4)
    np.testing.assert_allclose(sensing.most_active(32, 64, "positive"), 17.9, atol=0.05)  # NX-3's limit


@pytest.mark.parametrize("signs", TABLE)
def test_the_line_rises_from_nothing_to_everything(signs):
    rho = sensing.threshold(np.linspace(0, 1.5, 31), signs)
    assert rho[0] == 0 and (rho[20:] == 1).all() and (np.diff(rho[:21]) > 0).all()
    np.testing.assert_array_equal(sensing.dimensions_needed(np.array([0.0, 50.0]), 50, signs), [0, 50])
    assert sensing.most_active(80, 50, signs) == 50


def test_knowing_the_sign_helps():
    assert (sensing.threshold(DELTA, "positive") > sensing.threshold(DELTA, "any")).all()


def recovered(N, d, k, signs, seed):
    rng = np.random.default_rng(seed)
    A, x = rng.normal(size=(d, N)), np.zeros(N)
    x[:k] = rng.uniform(0.5, 1.5, k) * (1 if signs == "positive" else rng.choice([-1, 1], k))
    both = A if signs == "positive" else np.hstack([A, -A])
    found = optimize.linprog(np.ones(both.shape[1]), A_eq=both, b_eq=A @ x, bounds=(0, None)).x
    found = found if signs == "positive" else found[:N] - found[N:]
    return np.abs(found - x).max() < 1e-5


@pytest.mark.parametrize("signs", TABLE)
def test_linear_programs_succeed_below_the_line_and_fail_above(signs):
    N, d = 100, 50
    k = float(sensing.most_active(d, N, signs))
    below, above = (np.mean([recovered(N, d, round(f * k), signs, s) for s in range(6)]) for f in (0.6, 1.4))
    assert below == 1 and above == 0


def test_small_shares_are_as_right_in_single_precision():
    delta = np.array([1e-6, 1e-4, 1e-2, 0.999])
    for signs in TABLE:
        single = sensing.threshold(delta, signs)
        with jax.enable_x64(True):
            np.testing.assert_allclose(single, sensing.threshold(delta, signs), rtol=1e-3)


def test_lines_can_be_traced_in_either_precision():
    with jax.numpy_dtype_promotion("strict"), jax.enable_x64(True):
        for dtype in (jnp.float32, jnp.float64):
            assert jax.vmap(sensing.threshold)(jnp.asarray(DELTA, dtype)).dtype == dtype


def test_what_cannot_be_asked():
    with pytest.raises(KeyError, match=r"signs cannot be 'positve'; did you mean 'positive'"):
        sensing.threshold(0.5, "positve")
    with pytest.raises(ValueError, match="it must be 0 or more"):
        sensing.threshold(-0.1)
    with pytest.raises(ValueError, match="nan is no number"):
        sensing.threshold(np.nan)
