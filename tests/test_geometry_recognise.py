"""Recognising shapes: each by name, through turning, scaling, shuffling and noise; and refusing the rest."""

import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

from superpose import geometry

NAMED = {
    "dedicated": (lambda: jnp.ones((1, 1)), 0.1),
    "digon": (lambda: geometry.simplex(1), 0.02),
    "triangle": (lambda: geometry.simplex(2), 0.01),
    "tetrahedron": (lambda: geometry.simplex(3), 0.01),
    "pentagon": (lambda: geometry.polygon(5), 0.01),
    "square antiprism": (geometry.square_antiprism, 0.01),
}


def names(W):
    return [component.name for component in geometry.recognise(W)]


@pytest.mark.parametrize("name", NAMED)
def test_shapes_are_known_by_name(name):
    W = NAMED[name][0]()
    assert geometry.recognise(W) == [(name, tuple(range(W.shape[1])))]


@pytest.mark.parametrize("name", NAMED)
def test_shapes_are_known_turned_stretched_and_blurred_in_a_larger_space(name):
    shape, blur = NAMED[name]
    V, rng = np.asarray(shape()), np.random.default_rng(0)
    for _ in range(5):
        turn = np.linalg.qr(rng.normal(size=(6, 6)))[0][:, : len(V)]
        W = turn @ V * rng.uniform(0.8, 1.3, V.shape[1]) + blur * rng.normal(size=(6, V.shape[1]))
        assert names(jnp.asarray(W)) == [name]


def test_a_product_falls_into_its_factors_whatever_their_order():
    parts = [shape() for shape, _ in NAMED.values()]
    W, order = geometry.tegum(*parts), np.random.default_rng(1).permutation(23)
    found = geometry.recognise(W[:, order])
    assert sorted(component.name for component in found) == sorted(NAMED)
    assert sorted(sum((component.features for component in found), ())) == list(range(23))
    starts = np.cumsum([0] + [part.shape[1] for part in parts])
    for name, features in found:
        k = list(NAMED).index(name)
        assert sorted(order[list(features)]) == list(range(starts[k], starts[k + 1]))


def test_a_bipyramid_is_a_triangle_and_a_digon():
    found = geometry.recognise(geometry.tegum(geometry.simplex(2), geometry.simplex(1)))
    assert found == [("triangle", (0, 1, 2)), ("digon", (3, 4))]


@pytest.mark.parametrize(
    "W",
    [
        geometry.cube(),  # eight corners in three dimensions, but no antiprism
        geometry.polygon(7),
        geometry.icosahedron(),
        geometry.polygon(4)[:, :3] + 0.2,
        jnp.stack([jnp.cos(jnp.linspace(0, 1.2, 5)), jnp.sin(jnp.linspace(0, 1.2, 5))]),  # five in a plane, bunched
        jnp.array([[1.0, 0.7], [0.0, 0.7]]),  # two that lean on each other
    ],
)
def test_other_shapes_are_unresolved(W):
    assert [c.name for c in geometry.recognise(W, least_share=0.0)] == ["unresolved"]


def test_faint_and_crowded_features_are_left_out():
    W = jnp.array([[1.0, 0.0, 0.3, 0.0], [0.0, 1.0, 0.3, 0.0]])
    assert geometry.components(W) == [(0,), (1,)]
    assert geometry.components(W, least_norm=0.1, least_share=0.1) == [(0, 1, 2)]
    assert geometry.components(geometry.polygon(11)) == []
    assert geometry.recognise(jnp.zeros((3, 4))) == []


def test_components_are_joined_by_any_chain_of_cosines_beyond_the_threshold():
    chain = jnp.array([[1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.5, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    assert geometry.components(chain) == [(0, 1, 2), (3,)]
    assert geometry.components(chain, threshold=0.6) == [(0,), (1,), (2,), (3,)]


def test_a_stack_of_matrices_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as users run it
    with pytest.raises(ValueError, match=r"shape \(2, 3, 4\)"):
        geometry.recognise(jnp.ones((2, 3, 4)))
