"""Recognising shapes: each by name, through turning, scaling, shuffling and noise; and refusing the rest."""

import itertools

import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superpose import geometry
from superpose.geometry import catalogue

SHAPES = {
    "dedicated": lambda: jnp.ones((1, 1)),
    "digon": lambda: geometry.simplex(1),
    "triangle": lambda: geometry.simplex(2),
    "tetrahedron": lambda: geometry.simplex(3),
    "4-simplex": lambda: geometry.simplex(4),
    "12-simplex": lambda: geometry.simplex(12),
    "pentagon": lambda: geometry.polygon(5),
    "hexagon": lambda: geometry.polygon(6),
    "7-gon": lambda: geometry.polygon(7),
    "13-gon": lambda: geometry.polygon(13),
    "cube": geometry.cube,
    "icosahedron": geometry.icosahedron,
    "square antiprism": geometry.square_antiprism,
    "triangular prism": geometry.triangular_prism,
    "ETF(6,3)": lambda: diagonals(geometry.icosahedron()),
    "ETF(16,6)": lambda: sixteen(),
    "ETF(28,7)": lambda: twenty_eight(),
}


def diagonals(W):
    """One end of each axis through opposite corners."""
    W = np.asarray(W, np.float64)
    return jnp.asarray(W[:, [i for i in range(W.shape[1]) if not (W[:, i] @ W[:, :i] < -0.99).any()]])


def sixteen():
    """Characters of (Z/2)⁴ on the six elements where x₁x₂ + x₃x₄ = 1, a difference set."""
    points = np.array(list(itertools.product((0, 1), repeat=4)))
    rows = points[(points[:, 0] * points[:, 1] + points[:, 2] * points[:, 3]) % 2 == 1]
    return jnp.asarray((-1.0) ** (rows @ points.T) / 6**0.5)


def twenty_eight():
    """Pairs of eight: 3 at both, -1 elsewhere, which lie in the seven dimensions beneath (1, …, 1)."""
    pairs = np.array([[3.0 if i in pair else -1.0 for i in range(8)] for pair in itertools.combinations(range(8), 2)])
    basis = np.linalg.svd(np.ones((1, 8)))[2][1:]
    return jnp.asarray((basis @ pairs.T) / 24**0.5)


def recognise(W):
    """In a matrix filled up with zeros, which change nothing, so that one program serves all tests."""
    W = np.asarray(W, np.float32)
    return geometry.recognise(jnp.asarray(np.pad(W, ((0, 14 - W.shape[0]), (0, 36 - W.shape[1])))))


def names(W):
    return [component.name for component in recognise(W)]


def turned(V, rng, hidden=None):
    """Somewhere else in as many dimensions or more, in another order."""
    hidden = hidden or len(V)
    turn = np.linalg.qr(rng.normal(size=(hidden, hidden)))[0][:, : len(V)]
    return (turn @ np.asarray(V, np.float64))[:, rng.permutation(V.shape[1])]


@pytest.mark.parametrize("name", SHAPES)
def test_exact_shapes_are_known_wherever_they_lie_and_however_large(name):
    V, rng = SHAPES[name](), np.random.default_rng(0)
    for scale in (1.0, 1e-3, 70.0):
        (found,) = recognise(scale * turned(V, rng, len(V) + 2))
        assert (found.name, found.features) == (name, tuple(range(V.shape[1])))
        assert found.residual < 2e-6 and found.leak == 0.0 and found.dimension == len(V)
        if "prism" not in name:  # all others are tight
            assert found.share == pytest.approx(len(V) / V.shape[1], rel=1e-5)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_known_at_one_per_cent_of_noise(name):
    V, rng = SHAPES[name](), np.random.default_rng(1)
    for _ in range(4):
        W = turned(V, rng) * rng.uniform(0.8, 1.3, V.shape[1])
        assert names(W + 0.01 * rng.normal(size=W.shape)) == [name]


@pytest.mark.parametrize("height", [0.45, 0.5, 0.56, 1 / 3**0.5, 0.65])
def test_prisms_are_known_at_any_height(height):
    for shape, name in (
        (geometry.square_antiprism, "square antiprism"),
        (geometry.triangular_prism, "triangular prism"),
    ):
        (found,) = recognise(shape(height))
        assert found.name == name and found.residual < 1e-5


def test_a_product_falls_into_its_factors_whatever_their_order():
    parts = {name: shape() for name, shape in SHAPES.items() if name != "12-simplex"}
    W = geometry.tegum(*parts.values())
    order = np.random.default_rng(1).permutation(W.shape[1])
    found = geometry.recognise(W[:, order])
    assert sorted(component.name for component in found) == sorted(parts)
    starts = dict(zip(parts, np.cumsum([0] + [part.shape[1] for part in parts.values()]), strict=False))
    for component in found:
        first = starts[component.name]
        assert sorted(order[list(component.features)]) == list(range(first, first + len(component.features)))


@pytest.mark.parametrize(
    "W, parts, whole",
    [
        (geometry.polygon(4), "2 digons", "square"),
        (geometry.cross_polytope(3), "3 digons", "octahedron"),
        (geometry.cross_polytope(6), "6 digons", "6-cross-polytope"),
        (geometry.tegum(geometry.simplex(2), geometry.simplex(1)), "1 triangle + 1 digon", "triangular bipyramid"),
        (geometry.tegum(geometry.polygon(5), geometry.simplex(1)), "1 pentagon + 1 digon", "pentagonal bipyramid"),
        (geometry.tegum(geometry.simplex(4), geometry.simplex(4)), "2 4-simplices", "tegum of 2 4-simplices"),
        (jnp.eye(3), "3 dedicated", "3 dedicated"),
        (geometry.polygon(5), "pentagon", "pentagon"),
        (jnp.zeros((3, 4)), "nothing", "nothing"),
    ],
)
def test_orthogonal_parts_are_told_apart_and_have_a_name_together(W, parts, whole):
    found = recognise(W)
    assert (geometry.signature(found), geometry.joint(found)) == (parts, whole)


@pytest.mark.parametrize(
    "W",
    [
        geometry.polygon(4)[:, :3] + 0.2,
        jnp.stack([jnp.cos(jnp.linspace(0, 1.2, 5)), jnp.sin(jnp.linspace(0, 1.2, 5))]),  # five in a plane, bunched
        jnp.array([[1.0, 0.7], [0.0, 0.7]]),  # two that lean on each other
        jnp.array([[1.0, 1.0], [0.0, 0.0]]),  # two that are one
        geometry.polygon(6)[:, :3],  # half a hexagon: lines of a triangle, with a sign turned
    ],
)
def test_other_shapes_are_unknown_and_no_distance_is_claimed(W):
    (found,) = geometry.recognise(W, least_share=0.0)
    assert found.name == "unknown" and found.residual == np.inf


def test_faint_features_are_absent_and_crowded_ones_diffuse():
    W = jnp.array([[1.0, 0.0, 0.3, 0.0], [0.0, 1.0, 0.3, 0.0]])
    assert geometry.components(W) == [(0,), (1,)]
    assert geometry.components(W, least_norm=0.1, least_share=0.1) == [(0, 1, 2)]
    rng = np.random.default_rng(0)
    crowd = geometry.tegum(jnp.ones((1, 1)), geometry.directions(jnp.asarray(rng.normal(size=(2, 30)))))
    assert set(names(crowd)) == {"diffuse", "dedicated"}


def test_components_are_joined_by_any_chain_of_cosines_beyond_the_threshold():
    chain = jnp.array([[1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.5, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    assert geometry.components(chain) == [(0, 1, 2), (3,)]
    assert geometry.components(chain, threshold=0.6) == [(0,), (1,), (2,), (3,)]


def test_a_shape_that_others_lean_on_has_no_name():
    V = np.vstack([np.asarray(geometry.simplex(2)), np.zeros((1, 3))])
    leaning = np.array([[0.3, 0.0, 0.95]]).T
    assert names(np.hstack([V, leaning])) == ["unknown"]
    assert names(np.hstack([V, 0.3 * leaning])) == ["unknown"]  # too short to count, long enough to lean
    assert names(np.hstack([V, 0.01 * leaning])) == ["triangle"]


# -- the match


@pytest.mark.parametrize("sigma", [0.01, 0.1, 0.3])
@pytest.mark.parametrize("name", ["triangle", "tetrahedron", "pentagon", "hexagon", "triangular prism", "square"])
def test_the_match_is_the_best_of_all_orders(name, sigma):
    V = np.asarray(geometry.polygon(4) if name == "square" else SHAPES[name](), np.float64)
    for seed in range(3):
        U = turned(V, rng := np.random.default_rng(seed), 3)
        U = U + sigma * rng.normal(size=U.shape)
        orders = itertools.permutations(range(V.shape[1]))
        best = min(_left(U, V[:, list(order)]) for order in orders)
        found = geometry.align(U, V)
        assert found.residual == pytest.approx(best, abs=1e-6)
        assert np.linalg.norm(U - found.turn @ V[:, list(found.order)]) / len(V.T) ** 0.5 == pytest.approx(
            best, abs=1e-6
        )


def _left(U, V):
    """What Procrustes leaves, from singular values alone."""
    nuclear = np.linalg.svd(U @ V.T, compute_uv=False).sum()
    return np.sqrt(max(0.0, (U**2).sum() + (V**2).sum() - 2 * nuclear) / U.shape[1])


@pytest.mark.parametrize("name", ["cube", "icosahedron", "square antiprism", "13-gon", "12-simplex"])
def test_a_match_is_no_worse_than_the_order_it_was_made_with(name):
    V, rng = np.asarray(SHAPES[name](), np.float64), np.random.default_rng(3)
    for sigma in (0.02, 0.1):
        U = V + sigma * rng.normal(size=V.shape)
        order = rng.permutation(V.shape[1])
        assert geometry.align(U[:, order], V).residual <= _left(U, V) + 1e-6  # corners come in single precision


@pytest.mark.parametrize("seed", range(20))
def test_a_bound_on_the_match_is_never_above_it(seed):
    rng = np.random.default_rng(seed)
    U, V = rng.normal(size=(2, 6)), np.asarray(geometry.polygon(6), np.float64)
    U = V + (0.1 * seed) * U
    assert catalogue.at_least(U, V) <= geometry.align(U, V).residual + 1e-12


def test_a_match_asks_for_as_many_columns():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 4\)"):
        geometry.align(np.ones((2, 3)), np.ones((2, 4)))


# -- invariances


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), features=st.integers(5, 8), scale=st.sampled_from([1e-2, 1.0, 30.0]))
def test_turning_renaming_and_scaling_change_nothing_but_the_names_of_features(seed, features, scale):
    rng = np.random.default_rng(seed)
    V = np.zeros((5, 8))  # one shape for all, so that one program serves them
    V[:2, :5] = np.asarray(geometry.polygon(5))
    V[2:, 5:features] = rng.normal(size=(3, features - 5))
    V = V + 0.02 * rng.normal(size=V.shape) * (np.linalg.norm(V, axis=0) > 0)
    turn, order = np.linalg.qr(rng.normal(size=(5, 5)))[0], rng.permutation(8)
    before, after = (geometry.recognise(jnp.asarray(W)) for W in (V, scale * (turn @ V)[:, order]))
    assert [c.name for c in before if c.name == "pentagon"] == [c.name for c in after if c.name == "pentagon"]
    where = {frozenset(c.features): c for c in before}
    for component in after:
        same = where[frozenset(order[list(component.features)].tolist())]
        assert same.name == component.name
        np.testing.assert_allclose(same[2:], component[2:], atol=2e-5)


# -- random matrices, and bad ones


def test_random_matrices_have_no_shape():
    rng = np.random.default_rng(5)
    W = np.zeros((400, 5, 20), np.float32)
    for i, (n, m) in enumerate(itertools.islice(itertools.cycle(itertools.product(range(5, 21), range(2, 6))), 400)):
        W[i, :m, :n] = rng.normal(size=(m, n))
    found = geometry.census(jnp.asarray(W))
    assert set(found.counts) <= {"unknown", "diffuse", "dedicated"}
    assert found.counts.get("dedicated", np.zeros(1)).sum() <= 2


@pytest.fixture
def unchecked(monkeypatch):
    """As users run it: no annotation is checked, and what we say ourselves is all they hear."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)


def test_a_stack_of_matrices_is_refused(unchecked):
    with pytest.raises(ValueError, match=r"shape \(2, 3, 4\)"):
        geometry.recognise(jnp.ones((2, 3, 4)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused_by_column(bad):
    with pytest.raises(ValueError, match="not finite, in column 2"):
        geometry.recognise(jnp.eye(4).at[1, 2].set(bad))


def test_whole_numbers_are_refused(unchecked):
    with pytest.raises(ValueError, match="int32"):
        geometry.recognise(jnp.eye(3, dtype=jnp.int32))


def test_small_absent_and_deficient_matrices_have_an_answer():
    assert names(jnp.full((3, 1), 2.0)) == ["dedicated"]
    assert names(jnp.eye(4)[:, :2]) == ["dedicated"] * 2  # fewer features than dimensions
    assert names(jnp.eye(3).at[:, 1].set(0.0)) == ["dedicated"] * 2
    assert names(jnp.outer(jnp.ones(4), jnp.array([1.0, -1.0, 0.0]))) == ["digon"]  # of rank 1
    assert geometry.recognise(jnp.zeros((3, 4))) == []
