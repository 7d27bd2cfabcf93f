"""A wrong world is refused in one line: which field, what it was, and what is allowed."""

import jax
import numpy as np
import pytest

from superpose.core.mistakes import Mistake
from superpose.worlds import AnticorrelatedWorld, CorrelatedWorld, HierarchicalWorld, OneHotWorld, SparseWorld

KEY = jax.random.key(0)
SIZES = [
    (SparseWorld, "n_features"),
    (OneHotWorld, "n_features"),
    (CorrelatedWorld, "n_sets"),
    (AnticorrelatedWorld, "n_sets"),
    (HierarchicalWorld, "n_roots"),
]


def test_worlds_take_what_is_right():
    for world, size in SIZES:
        assert getattr(world(**{size: np.int64(3)}), size) == 3


@pytest.mark.parametrize("world, size", SIZES)
@pytest.mark.parametrize("value", [0, -1, 1.5, True, 2**40, "3", None])
def test_a_size_must_be_a_whole_number_of_at_least_one(world, size, value):
    with pytest.raises(Mistake, match=rf"{world.__name__}.{size} is .*; it must be a whole number from 1 to"):
        world(**{size: value})


@pytest.mark.parametrize("world, size", [s for s in SIZES if s[0] is not OneHotWorld])
@pytest.mark.parametrize("value", [0, 1.5, -1, np.nan, np.inf, "half", None, (0.1, 1.5), np.array([0.1, 0])])
def test_a_density_must_be_above_zero_and_at_most_one(world, size, value):
    with pytest.raises(Mistake, match=rf"{world.__name__}.density.* is .*; it must be a number above 0 and at most 1"):
        world(**{size: 2}, density=value)


@pytest.mark.parametrize("world, size", SIZES)
@pytest.mark.parametrize("field, value", [("decay", 0), ("decay", -1.0), ("importance", -1.0), ("importance", np.nan)])
def test_importance_cannot_be_negative(world, size, field, value):
    with pytest.raises(Mistake, match=rf"{world.__name__}.{field} is .*; it must be a number"):
        world(**{size: 2}, **{field: value})


@pytest.mark.parametrize("world, size", [s for s in SIZES if s[0] is not OneHotWorld])
@pytest.mark.parametrize("value", [(0.1, 0.2, 0.3), np.full(3, 0.1), np.full((2, 2), 0.1), ()])
def test_a_list_of_densities_must_fit(world, size, value):
    with pytest.raises(Mistake, match=rf"{world.__name__}.density has .* it must be one number, or 2: one for each"):
        world(**{size: 2}, density=value)


@pytest.mark.parametrize("world, size", SIZES)
def test_a_list_of_importances_must_fit(world, size):
    with pytest.raises(Mistake, match=rf"{world.__name__}.importance has 1 numbers; .*one for each feature"):
        world(**{size: 2}, importance=(1.0,))


def test_a_number_cannot_be_a_list():
    with pytest.raises(Mistake, match=r"SparseWorld.decay has 2 numbers; it must be one number"):
        SparseWorld(n_features=2, decay=(0.1, 0.2))
    with pytest.raises(Mistake, match=r"HierarchicalWorld.child_density has 2 numbers"):
        HierarchicalWorld(n_roots=2, child_density=np.array([0.1, 0.2]))


def test_importances_cannot_overflow():
    with pytest.raises(Mistake, match="decay is 10; feature 99 would weigh more than a float holds"):
        SparseWorld(n_features=100, decay=10)
    SparseWorld(n_features=100, decay=2)


def test_only_one_of_a_set_can_be_on():
    with pytest.raises(Mistake, match=r"AnticorrelatedWorld.density is 0.4; .*at most 1/set_size, 0.333"):
        AnticorrelatedWorld(n_sets=2, set_size=3, density=0.4, per="feature")
    AnticorrelatedWorld(n_sets=2, set_size=3, density=1 / 3, per="feature")


@pytest.mark.parametrize("world, size", SIZES)
@pytest.mark.parametrize("typo, meant", [("densty", "density"), ("importanc", "importance"), ("value", "values")])
def test_a_misspelt_field_is_named_with_its_neighbour(world, size, typo, meant):
    if world is OneHotWorld and meant == "density":
        meant = "decay"
        typo = "dekay"
    with pytest.raises(Mistake, match=rf"{world.__name__} has no field '{typo}'; did you mean '{meant}'"):
        world(**{size: 2}, **{typo: 0.1})


@pytest.mark.parametrize("world, size", SIZES)
def test_a_word_outside_the_list_is_named(world, size):
    with pytest.raises(Mistake, match=r"values cannot be 'unifrom'; did you mean 'uniform'"):
        world(**{size: 2}, values="unifrom")


@pytest.mark.parametrize("world", [
    lambda: CorrelatedWorld(n_sets=2**31 - 1, set_size=2**31 - 1),
    lambda: HierarchicalWorld(n_roots=2**31 - 1, branching=2**31 - 1, depth=32),
])  # fmt: skip
def test_worlds_that_cannot_exist_are_refused_before_jax_sees_them(world):
    with pytest.raises(Mistake, match=r"one row of .* this machine has"):
        world()


@pytest.mark.parametrize("n", [0, -1, 1.5, True, None, "many"])
@pytest.mark.parametrize("world, size", SIZES)
def test_a_sample_has_a_whole_number_of_rows(world, size, n):
    with pytest.raises(Mistake, match=rf"{world.__name__}.sample was asked for {n!r} rows"):
        world(**{size: 2}).sample(KEY, n)


@pytest.mark.parametrize("world, size", SIZES)
def test_a_sample_larger_than_the_machine_is_refused(world, size):
    with pytest.raises(Mistake, match=rf"a sample of {world.__name__} would be"):
        world(**{size: 1000}).sample(KEY, 10**12)
