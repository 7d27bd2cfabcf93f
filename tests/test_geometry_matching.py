"""Matching: known pairs come back, the gap is honest, and scores agree with formulas written a second way."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
from scipy import linalg
from scipy.optimize import linear_sum_assignment

from superpose.geometry import alignment, matching
from superpose.geometry.assignment import auction, bound
from superpose.geometry.polytopes import polygon


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def best(table):
    table = np.asarray(table, np.float64)
    return table[linear_sum_assignment(table, maximize=True)].sum()


def turn(seed, m):
    return jnp.asarray(np.linalg.qr(np.random.default_rng(seed).normal(size=(m, m)))[0].astype(np.float32))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("n, k", [(84, 84), (60, 84), (84, 60)])
def test_a_permutation_and_its_signs_come_back(exact, n, k):
    rng, W = np.random.default_rng(0), normal(1, 9, 84)
    one, other = np.sort(rng.permutation(84)[:n]), rng.permutation(84)[:k]
    sign = jnp.asarray(rng.choice([-2.0, 0.5], k).astype(np.float32))
    found = matching.recover(W[:, one], W[:, other] * sign, exact=exact)
    shared = {(a, b) for a in range(n) for b in range(k) if one[a] == other[b]}
    assert shared <= {tuple(pair) for pair in found.pairs.tolist()}
    for (a, b), cosine in zip(found.pairs, found.cosines, strict=True):
        if (a, b) in shared:
            assert cosine == pytest.approx(float(np.sign(sign[b])), abs=1e-6)
    assert len(found.pairs) == min(n, k) and (np.diff(found.pairs[:, 0]) > 0).all()
    assert len(set(found.pairs[:, 1].tolist())) == min(n, k)


HARD = {
    "random": (normal(0, 32, 60), normal(1, 32, 84)),
    "turned": (normal(0, 32, 84), normal(1, 32, 60)),
    "square": (normal(2, 32, 84), normal(3, 32, 84)),
    "copies": (jnp.tile(normal(4, 8, 10), 6), jnp.tile(normal(5, 8, 12), 7)),
    "dead": (normal(6, 16, 84) * (jnp.arange(84) % 3 > 0), normal(7, 16, 84) * (jnp.arange(84) % 4 > 0)),
}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("case", HARD)
def test_the_optimum_lies_between_value_and_bound_within_the_stated_gap(case, signed):
    A, B = HARD[case]
    optimum = best(matching.cosines(A, B, signed))
    found = matching.recover(A, B, signed, exact=False)
    assert found.value <= optimum + 1e-9 and optimum <= found.bound
    assert found.gap == found.bound - found.value <= 2 * min(A.shape[1], B.shape[1]) * 1e-6
    exact = matching.recover(A, B, signed, exact=True)
    assert exact.value == pytest.approx(optimum, abs=1e-9) and exact.gap == 0


def test_a_cut_auction_still_pairs_everything_and_tells_what_it_cost():
    A, B = HARD["square"]
    table = matching.cosines(A, B, signed=False)
    cut, whole = auction(table, rounds=20), auction(table)
    assert len(set(np.asarray(cut.columns).tolist())) == 84
    assert cut.value < whole.value <= whole.bound < cut.bound


def test_any_prices_bound_every_assignment():
    table = normal(8, 20, 30)
    for seed in range(5):
        assert bound(table, normal(seed, 30)) >= best(table)
    assert bound(table, jnp.zeros(30)) == pytest.approx(float(table.max(1).sum()), rel=1e-6)


def test_an_auction_is_the_same_under_jit_and_vmap_and_keeps_its_precision():
    tables = jnp.abs(normal(9, 3, 8, 11))
    stacked = jax.jit(jax.vmap(lambda table: auction(table).columns))(tables)
    for table, columns in zip(tables, stacked, strict=True):
        np.testing.assert_array_equal(columns, linear_sum_assignment(np.asarray(table), maximize=True)[1])
    with jax.enable_x64(True), jax.numpy_dtype_promotion("strict"):
        double = jax.ShapeDtypeStruct((8, 11), jnp.float64)
        assert jax.eval_shape(auction, double).bound.dtype == jnp.float64


def test_signed_and_absolute_matching_differ_where_a_direction_is_turned_round():
    A = jnp.eye(3)
    B = A * jnp.asarray([1.0, -1.0, 1.0])
    found, signed = matching.recover(A, B), matching.recover(A, B, signed=True)
    assert (found.value, signed.value) == (3.0, 1.0)
    np.testing.assert_array_equal(found.cosines, [1, -1, 1])


@pytest.mark.parametrize("n", [3, 5, 8])
def test_interleaved_polygons_have_known_scores(n):
    """Every corner of the one stands π/n from two of the other; where n is odd they lie on the same lines."""
    c, s = np.cos(np.pi / n), np.sin(np.pi / n)
    A = polygon(n)
    B = jnp.asarray(np.array([[c, -s], [s, c]], np.float32)) @ A
    assert matching.mmcs(A, B, signed=True) == pytest.approx(np.cos(np.pi / n), abs=1e-6)
    nearest = 1.0 if n % 2 else np.cos(np.pi / n)
    assert matching.mmcs(A, B) == pytest.approx(nearest, abs=1e-6)
    assert matching.mcc(matching.recover(A, B)) == pytest.approx(nearest, abs=1e-6)


def test_the_two_directions_of_mmcs_are_different_questions():
    A, B = jnp.eye(4)[:, :2], jnp.eye(4)[:, :3]
    assert (matching.mmcs(A, B), matching.mmcs(B, A)) == (1.0, pytest.approx(2 / 3))


def test_uniqueness_counts_different_nearest_ones():
    B = jnp.eye(4)
    A = B[:, jnp.asarray([0, 0, 0, 1])]
    assert matching.uniqueness(A, B) == 0.5 and matching.uniqueness(B, B) == 1.0
    assert matching.uniqueness(A.at[:, 3].set(0.0), B) == 0.25


def test_order_and_a_turn_of_both_change_no_score():
    A, B = HARD["random"]
    order = np.random.default_rng(3).permutation(60)
    R, found = turn(0, 32), matching.recover(A, B)
    other = matching.recover(R @ A[:, order], R @ B)
    assert matching.mcc(other) == pytest.approx(matching.mcc(found), abs=1e-6)
    assert matching.mmcs(R @ A[:, order], R @ B) == pytest.approx(float(matching.mmcs(A, B)), abs=1e-6)
    assert matching.recovered(found, 0.4) == (np.abs(found.cosines) > 0.4).sum() > matching.recovered(found, 0.5)


def test_a_dead_direction_has_cosine_0_and_is_told():
    A, B = jnp.eye(3).at[:, 1].set(0.0), jnp.eye(3)
    found = matching.recover(A, B)
    assert (found.absent_A, found.absent_B) == ((1,), ())
    np.testing.assert_array_equal(found.cosines, [1, 0, 1])
    assert matching.mcc(found) == pytest.approx(2 / 3) and matching.recovered(found) == 2


@pytest.mark.parametrize("n, k", [(2, 3), (3, 2), (4, 4), (1, 1)])
def test_subspace_angles_are_scipys(n, k):
    A, B = (np.random.default_rng(s).normal(size=(6, c)) for s, c in ((0, n), (1, k)))
    np.testing.assert_allclose(alignment.subspace_angles(A, B), linalg.subspace_angles(A, B)[::-1], atol=1e-12)
    tilted = A + 1e-9 * np.random.default_rng(2).normal(size=A.shape)
    np.testing.assert_allclose(
        alignment.subspace_angles(A, tilted), linalg.subspace_angles(A, tilted)[::-1], atol=1e-15
    )


def test_a_plane_given_by_many_directions_has_two_angles():
    flat = np.vstack([np.asarray(polygon(5), np.float64), np.zeros(5)])
    tilted = np.array([[1.0, 0, 0], [0, np.cos(0.3), np.sin(0.3)]]).T
    np.testing.assert_allclose(alignment.subspace_angles(flat, tilted), [0, 0.3], atol=1e-7)


def test_cka_is_its_formula_by_kernels_and_ignores_turns_and_scale():
    X, Y = normal(0, 5, 40), normal(1, 7, 40) + jnp.tile(normal(2, 1, 40), (7, 1))
    H = np.eye(40) - 1 / 40
    K, L = (H @ np.asarray(v, np.float64).T @ np.asarray(v, np.float64) @ H for v in (X, Y))
    by_kernels = (K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum())
    np.testing.assert_allclose(alignment.cka(X, Y), by_kernels, rtol=1e-5)
    np.testing.assert_allclose(alignment.cka(turn(3, 5) @ X, 1e-12 * Y + 1e-12), by_kernels, rtol=1e-3)
    np.testing.assert_allclose(alignment.cka(X, 3.0 * turn(4, 5) @ X + 1.0), 1.0, rtol=1e-5)
    assert alignment.cka(X, jnp.ones((2, 40))) == 0.0


def test_procrustes_finds_the_turn_and_agrees_with_scipy():
    A, R = normal(0, 5, 9), turn(1, 5)
    there = alignment.procrustes(A, R @ A)
    np.testing.assert_allclose(there.rotation, R, atol=1e-5)
    assert there.residual < 1e-10
    B = normal(2, 5, 9)
    found, (Q, _) = alignment.procrustes(A, B), linalg.orthogonal_procrustes(np.asarray(A).T, np.asarray(B).T)
    np.testing.assert_allclose(found.rotation, Q.T, atol=1e-4)
    lost = np.linalg.norm(Q.T @ np.asarray(A) - np.asarray(B)) ** 2 / np.linalg.norm(np.asarray(B)) ** 2
    np.testing.assert_allclose(found.residual, lost, rtol=1e-5)
    assert alignment.procrustes(A, jnp.zeros((5, 9))).residual == jnp.inf


@pytest.fixture
def unchecked(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def test_bad_input_is_named(unchecked):
    A = normal(0, 3, 5)
    with pytest.raises(ValueError, match=r"B has columns that are not finite: 1, 4 of 5"):
        matching.recover(A, A.at[0, jnp.asarray([1, 4])].set(jnp.asarray([jnp.nan, jnp.inf])))
    with pytest.raises(ValueError, match=r"A is int32 of shape \(3, 5\)"):
        matching.recover(jnp.ones((3, 5), jnp.int32), A)
    with pytest.raises(ValueError, match=r"\(3, 5\) and B float32 \(4, 5\)"):
        matching.recover(A, normal(0, 4, 5))
    with pytest.raises(ValueError, match=r"shape \(5, 3\); rows are"):
        auction(A.T)
    with pytest.raises(ValueError, match="spans no space"):
        alignment.subspace_angles(np.zeros((3, 2)), A)
    with pytest.raises(ValueError, match="as many items"):
        alignment.cka(A, A[:, :4])
    with pytest.raises(ValueError, match="hidden, features"):
        alignment.procrustes(A, A[:, :4])
