"""A census of many models: each as `recognise` has it, counted, and labelled in few words."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import superpose as sp
from superpose import geometry


def stack():
    rng = np.random.default_rng(0)
    parts = [geometry.polygon(5), geometry.tegum(geometry.simplex(1), geometry.simplex(1), jnp.ones((1, 1)))]
    parts += [jnp.zeros((1, 1)), jnp.asarray(rng.normal(size=(3, 6)))]
    W = np.zeros((4, 3, 6), np.float32)
    for i, part in enumerate(parts):
        W[i, : len(part), : part.shape[1]] = part
    return W


def test_a_census_keeps_the_axes_and_counts_what_recognise_finds():
    W = stack()
    found = geometry.census(jnp.asarray(W.reshape(2, 2, 3, 6)))
    assert found.labels[0].tolist() == ["pentagon", "2 digons + 1 dedicated"]
    assert found.labels[1, 0] == "nothing" and found.labels.shape == (2, 2)
    assert found.counts["digon"].tolist() == [[0, 2], [0, 0]]
    for w, components in zip(W, found.components, strict=True):
        assert components == geometry.recognise(jnp.asarray(w))


def test_models_filled_up_with_zeros_are_what_they_were():
    W = jnp.asarray(stack())
    wider = jnp.pad(W, ((0, 0), (0, 2), (0, 3)))
    assert geometry.census(wider).labels.tolist() == geometry.census(W).labels.tolist()


def test_a_stack_too_large_to_hold_at_once_is_taken_in_parts(monkeypatch):
    import sys

    whole = geometry.census(jnp.asarray(stack()))
    monkeypatch.setattr(sys.modules["superpose.geometry.census"], "TOGETHER", 36)
    parts = geometry.census(jnp.asarray(stack()))
    assert parts.labels.tolist() == whole.labels.tolist() and parts.components == whole.components


def test_a_broken_model_is_named():
    W = jnp.asarray(stack()).at[2, 0, 4].set(jnp.nan)
    with pytest.raises(ValueError, match="matrix 2, column 4"):
        geometry.census(W)


def test_one_matrix_is_no_stack():
    with pytest.raises(ValueError, match=r"\(2, 3\).*recognise"):
        geometry.census(jnp.ones((2, 3)))


def test_the_axes_of_a_sweep_are_the_axes_of_its_census():
    recipe = sp.Recipe(
        world=sp.SparseWorld(n_features=5, decay=0.9),
        model=sp.ToyConfig(n_features=5, n_hidden=2),
        learning_rate=1e-2,
        steps=1000,
        batch=128,
    )
    swept = sp.sweep(recipe, {"world.density": [1.0, 0.02], "seed": range(4)}, jax.random.key(0))
    found = geometry.census(jnp.asarray(swept.measure(lambda run: run.model.W[...]).values))
    assert found.labels.shape == (2, 4)
    assert "pentagon" in found.labels[1] and "pentagon" not in found.labels[0]


def test_measures_are_one_program_for_every_stack_of_a_size():
    from superpose.geometry.recognise import _measures

    before = _measures._cache_size()
    for seed in range(3):
        geometry.census(jax.random.normal(jax.random.key(seed), (7, 3, 11)))
    assert _measures._cache_size() == before + 1


def test_the_pages_code_says_what_the_page_says(capsys):
    page = (Path(__file__).parents[1] / "docs/recogniser.md").read_text(encoding="utf-8")
    first, *rest = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    there = {}
    exec(first, there)  # noqa: S102
    assert capsys.readouterr().out == re.search(r"```text\n(.*?)```", page, re.DOTALL).group(1)
    for block in rest:
        exec(block, there)  # noqa: S102
    assert capsys.readouterr().out.startswith("3 digons = octahedron\nTrue ")
