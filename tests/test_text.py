"""Recipes as text: what is written comes back, what does not fit is refused by name, and two are told apart."""

import base64
import contextlib
import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from hypothesis import given, settings
from hypothesis import strategies as st

import superpose as sp
from superpose.core.mistakes import Mistake
from superpose.core.text import describe, difference, from_json, to_json

TOY = sp.ToyConfig(n_features=4, n_hidden=2)
SPARSE = sp.SparseWorld(n_features=4, density=1 / 3)


def recipe(**more):
    return sp.Recipe(**{"world": SPARSE, "model": TOY, **more})


def built(config=TOY):
    return config.build(nnx.Rngs(3))


WORLDS = [
    SPARSE,
    sp.SparseWorld(n_features=4, density=(0.1, 0.2, 0.3, 0.4), importance=np.arange(4.0)),
    sp.CorrelatedWorld(n_sets=2),
    sp.AnticorrelatedWorld(n_sets=2),
    sp.HierarchicalWorld(n_roots=2),
    sp.OneHotWorld(n_features=4),
    sp.ArrayWorld(x=np.eye(4, dtype=np.float32), y=np.arange(4), weight=np.float32(0.1)),
    sp.ArrayWorld(x=np.linspace(0, 1, 400).reshape(100, 4)),
    sp.TaskWorld(inputs=SPARSE, task="relu"),
    sp.GateWorld(inputs=SPARSE, gate="xor"),
    sp.ModularSumWorld(modulus=5),
    sp.BundleWorld(n_items=4, width=4, n_bundled=1),
    sp.SiteWorld(model=built(), site="hidden", inputs=SPARSE),
]
MODELS = [
    TOY,
    sp.ToyConfig(n_features=4, n_hidden=2, tied=False, scale=0.1),
    sp.ComputerConfig(n_inputs=4, n_hidden=3, n_outputs=4),
    sp.ResidualMLPConfig(n_features=4, width=4, n_neurons=2, depth=2),
]
OBJECTIVES = [
    sp.Reconstruct(power=4.0, reduce="mean"),
    sp.Reconstruct(penalties=(sp.WeightPenalty(rate=0.1), sp.ActivationPenalty(rate=1e-3))),
    sp.Reconstruct(noise=(sp.SiteNoise(std=0.1),), attack=sp.Attack(budget=0.2)),
    sp.CrossEntropy(),
]
OPTIMIZERS = [
    *(sp.Optimizer(kind=k) for k in ("adam", "adamw", "sgd", "lamb", "muon", "lbfgs")),
    sp.Optimizer(kind="adamw", weight_decay=0.3, clip=1.0, warmup=0.1),
    sp.Optimizer(rules=(sp.Rule(on="W", decay=-1.0, sign="signed"), sp.Rule(on="b", rate=0.1))),
]
RECIPES = [
    *(recipe(world=w) for w in WORLDS),
    *(recipe(model=m) for m in MODELS),
    *(recipe(objective=o) for o in OBJECTIVES),
    *(recipe(optimizer=o) for o in OPTIMIZERS),
    recipe(snapshots=(0, 10), batch="all", precision="float64", schedule="quarter_cosine"),
]


@pytest.mark.parametrize("one", RECIPES, ids=lambda r: f"{type(r.world).__name__}-{r.optimizer.kind}")
def test_what_is_written_is_read_back_equal(one):
    again = from_json(to_json(one))
    assert jax.tree.structure(again) == jax.tree.structure(one)
    for a, b in zip(jax.tree.leaves(again), jax.tree.leaves(one), strict=True):
        np.testing.assert_array_equal(a, b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
    assert difference(one, again) == []
    assert to_json(again) == to_json(one)


def test_a_model_read_back_computes_the_same():
    world = sp.SiteWorld(model=built(), site="hidden", inputs=SPARSE)
    again = from_json(to_json(world))
    key = jax.random.key(1)
    np.testing.assert_array_equal(again.sample(key, 8).x, world.sample(key, 8).x)


@given(st.floats(min_value=1e-300, max_value=1.0))
def test_floats_keep_their_bits(density):
    assert from_json(to_json(sp.SparseWorld(n_features=2, density=density))).density == density


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int8", "int32", "int64", "uint8", "uint32", "bool"])
@pytest.mark.parametrize("shape", [(1,), (3, 2), (100, 2)])
def test_arrays_keep_their_bits(kind, shape):
    x = (1000 * np.random.default_rng(0).normal(size=shape)).astype(kind)
    again = from_json(to_json(sp.ArrayWorld(x=x))).x
    assert again.dtype == x.dtype and again.shape == x.shape
    np.testing.assert_array_equal(again, x)


def test_arrays_may_hold_what_json_cannot():
    x = np.array([[np.nan, np.inf, -np.inf, -0.0]])
    assert from_json(to_json(sp.ArrayWorld(x=x))).x.tobytes() == x.tobytes()


@pytest.mark.parametrize("what, said", [
    (lambda: to_json(lambda: 0), "cannot be written as text; use a class made with @pytree"),
    (lambda: to_json(sp.ArrayWorld(x=np.ones((2, 2)), weight=np.inf)), "inf cannot be written as text"),
    (lambda: to_json(sp.ArrayWorld(x=np.ones((2, 2)) + 1j)), "arrays of 'complex128' cannot be kept"),
    (lambda: to_json(sp.ArrayWorld(x=np.array([[None]]))), "arrays of 'object' cannot be kept"),
    (lambda: to_json(nnx.Param(jnp.ones(2))), "cannot be written as text"),
    (lambda: to_json(nnx.Rngs(0)), "cannot be written as text"),
])  # fmt: skip
def test_what_cannot_be_read_back_is_not_written(what, said):
    with pytest.raises(Mistake) as wrong:
        what()
    assert said in str(wrong.value)


def test_two_classes_of_one_name_are_not_confused():
    @sp.pytree
    class Twin:
        size: float = sp.real(default=1.0)

    first = Twin()

    @sp.pytree
    class Twin:
        width: float = sp.real(default=2.0)

    assert from_json(to_json(Twin())) == Twin()
    with pytest.raises(Mistake, match="cannot be written as text"):
        to_json(first)


GOOD = {"class": "SparseWorld", "n_features": 3}
ARRAY = {"class": "ArrayWorld", "x": None}


@pytest.mark.parametrize("packed, said", [
    ({**GOOD, "class": "SparsWorld"}, "no class made with @pytree is called 'SparsWorld'; did you mean 'SparseWorld'"),
    ({**GOOD, "class": "os"}, "no class made with @pytree is called 'os'"),
    ({**GOOD, "densty": 0.1}, "SparseWorld has no field 'densty'; did you mean 'density'"),
    ({"class": "SparseWorld"}, "SparseWorld needs n_features"),
    ({**GOOD, "density": 2}, "SparseWorld.density is 2"),
    ({**GOOD, "n_features": 1e3}, "SparseWorld.n_features is 1000.0"),
    ({"n_features": 3}, "this part of a recipe has no class"),
    ({"class": 3}, "this part of a recipe has no class"),
    ({"class": "Recipe", "world": 3, "model": GOOD}, "Recipe.world is 3"),
    ({"class": "Recipe", "world": GOOD, "model": GOOD}, "Recipe.model is SparseWorld"),
    ({"class": "SiteWorld", "model": 3, "site": "hidden", "inputs": GOOD}, "is not a model"),
    ({"class": "TaskWorld", "inputs": 3}, "TaskWorld.inputs is 3"),
    ({"class": "Batch"}, "Batch needs x, y"),
    ({**ARRAY, "x": {"array": [1, 2], "dtype": "object", "shape": [2]}}, "arrays of 'object'"),
    ({**ARRAY, "x": {"array": [1, 2], "dtype": ["float32"], "shape": [2]}}, "arrays of ['float32']"),
    ({**ARRAY, "x": {"array": [1, 2], "dtype": "float32", "shape": [3]}}, "not a recipe in JSON: cannot reshape"),
    ({**ARRAY, "x": {"array": [1], "dtype": "float32", "shape": [10**15]}}, "not a recipe in JSON"),
    ({**ARRAY, "x": {"array": ["a"], "dtype": "float32", "shape": [1]}}, "not a recipe in JSON"),
    ({**ARRAY, "x": {"array": [1], "dtype": "float32", "shape": "1"}}, "not a recipe in JSON"),
    ({**ARRAY, "x": {"base64": "AAAA", "dtype": "float32", "shape": [1]}}, "not a recipe in JSON"),
    ({**ARRAY, "x": {"base64": "?", "dtype": "float32", "shape": [1]}}, "not a recipe in JSON"),
    ({**ARRAY, "x": {"base64": "AAAAAA==", "dtype": "float32", "shape": [10**15]}}, "not a recipe in JSON"),
    ({"model": 3, "arrays": []}, "not a recipe in JSON"),
    ({"model": {"class": "ToyConfig", "n_features": 3, "n_hidden": 2}, "arrays": []}, "do not fit ToyConfig"),
])  # fmt: skip
def test_text_that_does_not_fit_is_refused_by_name(packed, said):
    with pytest.raises(Mistake) as wrong:
        from_json(json.dumps(packed))
    assert said in str(wrong.value)


def test_arrays_of_another_kind_do_not_fill_a_model():
    packed = json.loads(to_json(sp.SiteWorld(model=built(), site="hidden", inputs=SPARSE)))
    packed["model"]["arrays"] = [
        {**a, "dtype": "int32", "array": [0] * len(a["array"])} for a in packed["model"]["arrays"]
    ]
    with pytest.raises(Mistake, match=r"int32 .* do not fit ToyConfig"):
        from_json(json.dumps(packed))


@pytest.mark.parametrize("text, said", [
    ("", "this recipe is not JSON: Expecting value"),
    ("{", "this recipe is not JSON"),
    ('{"class": "SparseWorld", "n_features": 3, "n_features": 4}', "'n_features' is given twice in this recipe"),
    ('{"class": "SparseWorld", "n_features": 3, "density": NaN}', "'density' is nan in this recipe: its numbers must"),
    ('{"class": "SparseWorld", "n_features": 3, "decay": -Infinity}', "'decay' is -inf in this recipe"),
    ('{"class": "SparseWorld", "n_features": 3, "decay": 1e999}', "'decay' is inf in this recipe"),
    ('{"world": {"penalties": [{"rate": 1e999}]}}', "'world.penalties.0.rate' is inf in this recipe"),
    (f'{{"class": "SparseWorld", "n_features": {10**30}}}', "'n_features' is 1000000000000000000000000000000 in this"),
    ("[" * 100_000, "this recipe is nested more than 100 deep"),
    ("[" * 500 + "]" * 500, "this recipe is nested more than 100 deep"),
    ("1" * 10_000, "this recipe holds a number too long to read"),
])  # fmt: skip
def test_broken_text_is_a_mistake_and_not_a_crash(text, said):
    with pytest.raises(Mistake) as wrong:
        from_json(text)
    assert said in str(wrong.value)


PLAUSIBLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(
        ["SparseWorld", "Recipe", "ArrayWorld", "ToyConfig", "SiteWorld", "float32", base64.b64encode(b"abcd").decode()]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["class", "array", "base64", "dtype", "shape", "model", "arrays", "n_features", "x", "inputs"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(PLAUSIBLE.map(json.dumps) | st.text())
def test_no_text_does_worse_than_a_mistake(text):
    with contextlib.suppress(Mistake):
        from_json(text)


def test_a_recipe_differs_from_another_in_words():
    a = recipe()
    b = dataclasses.replace(a, world=dataclasses.replace(SPARSE, density=0.01), steps=5, optimizer="sgd")
    assert difference(a, b) == [
        "world.density: 0.3333333333333333 → 0.01",
        "optimizer.kind: 'adam' → 'sgd'",
        "steps: 1000 → 5",
    ]
    assert difference(a, a) == []


def test_differences_inside_lists_and_arrays_are_placed():
    a, b = (sp.SparseWorld(n_features=2, density=(0.1, d)) for d in (0.2, 0.3))
    assert difference(a, b) == ["density.1: 0.2 → 0.3"]
    a, b = (sp.ArrayWorld(x=np.full((5, 3), v)) for v in (0.0, 1.0))
    assert difference(a, b) == ["x: float64 array of 5 × 3 → float64 array of 5 × 3"]


def test_another_kind_of_part_is_one_difference():
    (line,) = difference(recipe(), recipe(world=sp.OneHotWorld(n_features=4)))
    assert line.startswith("world: SparseWorld(") and "→ OneHotWorld(" in line


def test_a_description_has_a_line_a_field():
    lines = describe(recipe()).splitlines()
    assert lines[0] == "Recipe"
    assert "  world: SparseWorld" in lines
    assert "    density: 0.3333333333333333" in lines
    assert "  steps: 1000" in lines


def test_a_description_gives_big_arrays_and_models_by_their_size():
    text = describe(sp.SiteWorld(model=built(), site="hidden", inputs=sp.ArrayWorld(x=np.ones((100, 4)))))
    assert "model: Toy of 12 numbers" in text
    assert "x: float64 array of 100 × 4" in text
