"""Attacks along the gram: against trying every one by hand, and against the model whose answer is known."""

import jax
import numpy as np
import pytest

import superpose as sp
from superpose.geometry import attacks, dimensionality, norms, simplex, vulnerability


def by_hand(W, b, x, size):
    """Every feature, both signs, every input, one at a time."""
    G = W.T @ W
    clean = ((np.maximum(x @ G + b, 0) - x) ** 2).sum(1)
    harms = []
    for row in G:
        for sign in (1, -1):
            shifted = x + sign * size * row / np.linalg.norm(row)
            harms.append(((np.maximum(shifted @ G + b, 0) - x) ** 2).sum(1) - clean)
    harms = np.array(harms)
    return max(h.mean() for h in harms), np.mean([h.max() for h in harms.T])


@pytest.mark.parametrize("seed", range(4))
def test_the_worst_attack_is_the_one_found_by_trying_all(seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(3, 7)).astype(np.float32), rng.normal(size=7).astype(np.float32)
    x = (rng.uniform(size=(50, 7)) * (rng.uniform(size=(50, 7)) < 0.4)).astype(np.float32)
    np.testing.assert_allclose(vulnerability(W, b, x, 0.3), by_hand(*map(np.float64, (W, b, x)), 0.3), rtol=1e-4)


def test_attacks_have_length_one_and_both_signs_and_absent_features_make_none():
    W = np.float32([[1, 0.5, 0], [0, 2, 0]])
    every = np.asarray(attacks(W))
    np.testing.assert_allclose(np.linalg.norm(every, axis=1), [1, 1, 0, 1, 1, 0], rtol=1e-6)
    np.testing.assert_array_equal(every[:3], -every[3:])


@pytest.mark.parametrize("density", [1.0, 0.3, 0.05])
def test_a_model_without_superposition_is_hurt_by_the_square_of_the_shift(density):
    x = sp.SparseWorld(n_features=12, density=density).sample(jax.random.key(0), 500).x
    W, b = np.eye(4, 12, dtype=np.float32), np.float32([0] * 4 + [density / 2] * 8)
    np.testing.assert_allclose(vulnerability(W, b, x, 0.25).together, 0.25**2, rtol=1e-4)


def test_an_attack_on_one_feature_moves_the_output_by_the_power_of_its_row():
    """In the active range the shift along row i moves the output by G Ĝ_i, and entry i of that is |G_i|."""
    W = np.asarray(simplex(2), np.float32)
    G = W.T @ W
    moved = np.asarray(attacks(W))[:3] @ G
    np.testing.assert_allclose(np.diag(moved) ** 2, norms(W) ** 4 / dimensionality(W), rtol=1e-5)
