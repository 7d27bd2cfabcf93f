"""Configs are trees: what is swept is a leaf, what is static is compiled in, and a path names any part."""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import superpose as sp
from superpose.core.mistakes import Mistake
from superpose.core.trees import at, index, is_static, named_leaves, plain, replace_at, stack, stack_at

KEY = jax.random.key(0)


def recipe(**more):
    return sp.Recipe(
        world=sp.SparseWorld(n_features=3, density=(0.1, 0.2, 0.3)),
        model=sp.ToyConfig(n_features=3, n_hidden=2),
        **more,
    )


def test_floats_are_leaves_and_sizes_and_words_are_not():
    assert set(named_leaves(sp.SparseWorld(n_features=3))) == {"density", "decay", "importance", "exponent"}
    assert set(named_leaves(sp.ToyConfig(n_features=3, n_hidden=2))) == {"scale", "bias_scale"}


def test_leaves_of_a_recipe_have_dotted_names():
    names = set(named_leaves(recipe()))
    assert {"world.density.0", "world.density.2", "world.decay", "learning_rate", "optimizer.b1"} <= names
    assert not any("steps" in n or "n_features" in n for n in names)


def test_parameters_are_named_without_the_value_that_flax_adds():
    toy = sp.ToyConfig(n_features=3, n_hidden=2).build(nnx.Rngs(0))
    assert set(named_leaves(toy)) == {"W", "b"}
    deep = sp.ResidualMLPConfig(n_features=3, width=4, n_neurons=2).build(nnx.Rngs(0))
    assert set(named_leaves(deep)) == {"blocks.0.W_in", "blocks.0.W_out"}


def test_configs_that_say_the_same_are_equal_and_hash_alike():
    assert recipe() == recipe()
    assert hash(recipe()) == hash(recipe())
    assert recipe() != recipe(learning_rate=0.1)
    assert sp.SparseWorld(n_features=3) != sp.OneHotWorld(n_features=3)


@pytest.mark.parametrize("kind", [np.asarray, jnp.asarray])
def test_configs_that_hold_equal_arrays_are_equal(kind):
    world = lambda last: sp.ArrayWorld(x=kind([[1.0, 2.0], [3.0, last]]))
    assert world(4.0) == world(4.0)
    assert world(4.0) != world(5.0)
    assert sp.TaskWorld(inputs=world(4.0)) == sp.TaskWorld(inputs=world(4.0))


def test_lists_become_tuples_so_that_configs_stay_equal():
    assert sp.SparseWorld(n_features=2, density=[0.1, 0.2]) == sp.SparseWorld(n_features=2, density=(0.1, 0.2))


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe().steps = 3


def test_jax_may_fill_a_tree_with_what_no_check_would_pass():
    world = sp.SparseWorld(n_features=3)
    assert jax.tree.map(lambda _: -1.0, world).density == -1.0
    assert jax.tree.map(lambda _: None, world).density is None


@pytest.mark.parametrize("path, here", [
    ("steps", 1000), ("world.decay", 1.0), ("world.density", (0.1, 0.2, 0.3)), ("world.density.1", 0.2),
    ("optimizer.kind", "adam"), ("model.n_hidden", 2),
])  # fmt: skip
def test_a_path_names_a_part(path, here):
    assert at(recipe(), path) == here


@pytest.mark.parametrize("path, static", [
    ("steps", True), ("world.n_features", True), ("optimizer.kind", True), ("optimizer.b1", False),
    ("world.decay", False), ("world.density.1", False), ("learning_rate", False), ("world", False),
    ("objective.power", True),
])  # fmt: skip
def test_static_parts_are_known_by_path(path, static):
    assert is_static(recipe(), path) is static


@pytest.mark.parametrize("path, value", [
    ("steps", 7), ("world.decay", 0.5), ("world.density.1", 0.9), ("world.density", 0.4), ("optimizer.b1", 0.5),
])  # fmt: skip
def test_replacing_changes_one_part_and_no_other(path, value):
    changed = replace_at(recipe(), path, value)
    assert at(changed, path) == value
    assert replace_at(changed, path, at(recipe(), path)) == recipe()
    assert len(sp.core.text.difference(recipe(), changed)) == 1


def test_a_place_in_an_array_is_replaced_in_a_copy():
    density = np.array([0.1, 0.2, 0.3])
    world = sp.SparseWorld(n_features=3, density=density)
    changed = replace_at(world, "density.1", 0.9)
    np.testing.assert_allclose(changed.density, [0.1, 0.9, 0.3], rtol=1e-6)
    assert density[1] == 0.2


def test_stacking_at_a_place_of_an_array_gives_a_row_for_each_value():
    world = sp.SparseWorld(n_features=2, density=np.array([0.1, 0.2]))
    density = stack_at(world, "density.0", jnp.array([0.5, 0.6, 0.7])).density
    np.testing.assert_allclose(density, [[0.5, 0.2], [0.6, 0.2], [0.7, 0.2]], rtol=1e-6)


def test_stacking_a_field_holds_what_the_field_alone_would_refuse():
    values = jnp.array([-1.0, 2.0])
    assert stack_at(recipe(), "world.density", values).world.density is values


@pytest.mark.parametrize("path, said", [
    ("wrld.density", "Recipe has no field 'wrld'; did you mean 'world'"),
    ("world.densty", "SparseWorld has no field 'densty'; did you mean 'density'"),
    ("world.density.3", "'3' is not a place among the 3 of tuple"),
    ("world.density.-1", "'-1' is not a place"),
    ("world.density.²", "'²' is not a place"),
    ("world.decay.0", "'0' is asked of 1.0, which has no parts"),
    ("schedule.0", "'0' is asked of 'constant', which has no parts"),
    ("steps.x", "'x' is asked of 1000, which has no parts"),
    ("world..x", "SparseWorld has no field ''"),
    ("", "Recipe has no field ''"),
])  # fmt: skip
@pytest.mark.parametrize("ask", [at, lambda tree, path: replace_at(tree, path, 0.5)])
def test_a_path_that_leads_nowhere_is_named(ask, path, said):
    with pytest.raises(Mistake) as wrong:
        ask(recipe(), path)
    assert said in str(wrong.value)


def test_an_array_of_no_axes_has_no_parts():
    world = sp.SparseWorld(n_features=2, density=jnp.float32(0.5))
    with pytest.raises(Mistake, match="no parts"):
        at(world, "density.0")


def test_a_replaced_part_is_checked():
    with pytest.raises(Mistake, match=r"SparseWorld.density.1 is 2"):
        replace_at(recipe(), "world.density.1", 2.0)
    with pytest.raises(Mistake, match=r"SparseWorld.density is -0.5"):
        replace_at(sp.SparseWorld(n_features=2, density=np.array([0.1, 0.2])), "density.1", -0.5)


def test_recipes_that_differ_in_floats_alone_share_a_program():
    @jax.jit
    @chex.assert_max_traces(n=2)
    def rows(world):
        return world.densities()

    for density, decay in [(0.1, 1.0), (0.2, 0.5), (0.3, 0.9)]:
        rows(sp.SparseWorld(n_features=3, density=density, decay=decay))
    rows(sp.SparseWorld(n_features=4, density=0.1))
    with pytest.raises(AssertionError, match="traced"):
        rows(sp.SparseWorld(n_features=5, density=0.1))


def test_models_of_any_scale_are_one_kind_of_tree():
    kinds = {
        jax.tree.structure(sp.ToyConfig(n_features=3, n_hidden=2, scale=s).build(nnx.Rngs(0))) for s in (0.1, 1.0, 2.0)
    }
    assert len(kinds) == 1


def test_a_plain_config_keeps_what_is_static():
    config = sp.ToyConfig(n_features=3, n_hidden=2, scale=0.3, tied=False)
    assert plain(config) == sp.ToyConfig(n_features=3, n_hidden=2, tied=False)


def test_indexing_undoes_stacking():
    worlds = [sp.SparseWorld(n_features=3, density=d) for d in (0.1, 0.2, 0.3)]
    stacked = stack(worlds)
    assert stacked.density.shape == (3,)
    for i, world in enumerate(worlds):
        chex.assert_trees_all_close(index(stacked, i), world, rtol=1e-6)


def test_a_class_of_ones_own_is_a_config():
    @sp.pytree
    class Ramp:
        n_features: int = sp.whole()
        slope: float = sp.real(default=1.0, least=0)

    assert jax.tree.leaves(Ramp(n_features=3)) == [1.0]
    with pytest.raises(Mistake, match=r"Ramp.slope is -1; it must be a number at least 0"):
        Ramp(n_features=3, slope=-1)
    with pytest.raises(Mistake, match="Ramp needs n_features"):
        Ramp(slope=1)
    with pytest.raises(Mistake, match="Ramp takes its fields by name, not 3"):
        Ramp(3)
