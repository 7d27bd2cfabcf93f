"""A user's mistake is one line that names what was asked and what there was, before anything is computed."""

import inspect
import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import superpose as sp
from superpose.core.mistakes import Mistake, amount, check_room, said, unknown

KEY = jax.random.key(0)
NAN = float("nan")
compiled = []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, *_, **__: compiled.append(event) if "backend_compile" in event else None
)


def world(**more):
    return sp.SparseWorld(**{"n_features": 3, **more})


def toy(**more):
    return sp.ToyConfig(**{"n_features": 3, "n_hidden": 2, **more})


def recipe(**more):
    return sp.Recipe(**{"world": world(), "model": toy(), "steps": 3, "batch": 4, **more})


def sweep(over, key=KEY, base=None, **more):
    """Without the checker that tests put around annotated arrays: a user has none."""
    return inspect.unwrap(sp.sweep)(recipe() if base is None else base, over, key, quiet=True, **more)


def fit(base, key=KEY):
    return inspect.unwrap(sp.fit)(base, key)


class Endless:
    """A long axis that must not be gone through."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, place):
        raise AssertionError("materialised")


def refused(make, part):
    before, began = len(compiled), time.monotonic()
    with pytest.raises(Mistake) as wrong:
        make()
    text = str(wrong.value)
    assert part in text
    assert "\n" not in text and len(text) < 900
    assert len(compiled) == before, "something was compiled"
    assert time.monotonic() - began < 2


RECIPES = {
    "nothing": (lambda: sp.Recipe(), "Recipe needs world, model"),
    "unnamed": (lambda: sp.Recipe(world(), toy()), "Recipe takes its fields by name"),
    "typo": (lambda: recipe(learning_rte=1), "Recipe has no field 'learning_rte'; did you mean 'learning_rate'"),
    "rate negative": (lambda: recipe(learning_rate=-1), "Recipe.learning_rate is -1; it must be a number at least 0"),
    "rate nan": (lambda: recipe(learning_rate=NAN), "Recipe.learning_rate is nan"),
    "rate word": (lambda: recipe(learning_rate="fast"), "Recipe.learning_rate is 'fast'"),
    "rate bool": (lambda: recipe(learning_rate=True), "Recipe.learning_rate is True"),
    "rate list": (lambda: recipe(learning_rate=[0.1, 0.2]), "Recipe.learning_rate has 2 numbers; it must be one"),
    "rate huge": (lambda: recipe(learning_rate=10**400), "Recipe.learning_rate is 1000"),
    "steps 0": (lambda: recipe(steps=0), "Recipe.steps is 0; it must be a whole number from 1 to 2147483647"),
    "steps half": (lambda: recipe(steps=1.5), "Recipe.steps is 1.5"),
    "steps bool": (lambda: recipe(steps=True), "Recipe.steps is True"),
    "steps many": (lambda: recipe(steps=10**12), "Recipe.steps is 1000000000000"),
    "steps nan": (lambda: recipe(steps=NAN), "Recipe.steps is nan"),
    "log_every": (lambda: recipe(log_every=0), "Recipe.log_every is 0"),
    "batch 0": (lambda: recipe(batch=0), "Recipe.batch is 0"),
    "batch bool": (lambda: recipe(batch=True), "Recipe.batch is True"),
    "batch word": (lambda: recipe(batch="al"), "Recipe.batch is 'al'; it must be a whole number of samples, or"),
    "batch array": (lambda: recipe(batch=np.ones(2)), "Recipe.batch is array"),
    "batch none": (lambda: recipe(batch=None), "Recipe.batch is None"),
    "batch all": (lambda: recipe(batch="all", world=sp.SiteWorld(
        model=jax.eval_shape(lambda: toy().build(_rngs())), site="hidden", inputs=world())), "cannot be enumerated"),
    "snapshot": (lambda: recipe(snapshots=(4,)), "Recipe.snapshots is 4; it must be a whole number from 0 to 3"),
    "snapshot half": (lambda: recipe(snapshots=(1.5,)), "Recipe.snapshots is 1.5"),
    "snapshots int": (lambda: recipe(snapshots=3), "Recipe.snapshots is 3; it must be steps, for example (0, 3)"),
    "snapshots word": (lambda: recipe(snapshots="all"), "Recipe.snapshots is 'all'"),
    "optimizer": (lambda: recipe(optimizer="adm"), "Optimizer.kind cannot be 'adm'; did you mean 'adam'"),
    "optimizer none": (lambda: recipe(optimizer=None), "Recipe.optimizer is None; it must be an Optimizer, or one of"),
    "optimizer class": (lambda: recipe(optimizer=sp.Optimizer), "Recipe.optimizer is <class"),
    "optimizer optax": (lambda: recipe(optimizer=optax.adam(1.0)), "Recipe.optimizer is GradientTransformation"),
    "schedule": (lambda: recipe(schedule="cosin"), "Recipe.schedule cannot be 'cosin'; did you mean 'cosine'"),
    "schedule array": (lambda: recipe(schedule=np.ones(2)), "Recipe.schedule cannot be array"),
    "precision": (lambda: recipe(precision="float16"), "did you mean 'float64'"),
    "world class": (lambda: recipe(world=sp.SparseWorld), "Recipe.world is <class"),
    "world word": (lambda: recipe(world="sparse"), "Recipe.world is 'sparse'; it must be something with `sample`"),
    "world array": (lambda: recipe(world=np.ones((2, 3))), "Recipe.world is array"),
    "world model": (lambda: recipe(world=toy()), "Recipe.world is ToyConfig"),
    "world opaque": (lambda: recipe(world=_Opaque()), "it must be of a class made with @pytree"),
    "model word": (lambda: recipe(model="toy"), "Recipe.model is 'toy'; it must be something with `build`"),
    "model object": (lambda: recipe(model=object()), "Recipe.model is <object"),
    "objective word": (lambda: recipe(objective="mse"), "Recipe.objective is 'mse'"),
    "objective class": (lambda: recipe(objective=sp.Reconstruct), "Recipe.objective is <class"),
    "objective function": (lambda: recipe(objective=lambda m, b, k: 0), "it must be of a class made with @pytree"),
    "world size": (lambda: world(n_features=10**12), "SparseWorld.n_features is 1000000000000"),
    "world size nan": (lambda: world(n_features=NAN), "SparseWorld.n_features is nan"),
    "density above": (lambda: world(density=1.01), "density is 1.01; it must be a number above 0 and at most 1"),
    "density 0": (lambda: world(density=0), "SparseWorld.density is 0"),
    "model size": (lambda: toy(n_features=2**31 - 1, n_hidden=2**31 - 1), "this machine has"),
    "model typo": (lambda: toy(activation="rely"), "ToyConfig.activation cannot be 'rely'; did you mean 'relu'"),
    "fit none": (lambda: fit(None), "fit's recipe is None; it must be a Recipe"),
    "fit world": (lambda: fit(world()), "fit's recipe is SparseWorld"),
    "fit class": (lambda: fit(sp.Recipe), "fit's recipe is <class"),
    "fit key": (lambda: fit(recipe(), 0), "fit's key is 0; it must be a random key, for example jax.random.key(0)"),
    "fit key none": (lambda: fit(recipe(), None), "fit's key is None"),
    "fit key old": (lambda: fit(recipe(), np.zeros(2, np.uint32)), "fit's key is array([0, 0], dtype=uint32)"),
    "fit keys": (lambda: fit(recipe(), KEYS), "fit's key is 3 keys; it must be one"),
    "fit sizes": (lambda: fit(recipe(model=toy(n_features=4))), "Toy takes 4 features on the last axis; its input is"),
    "fit rule": (lambda: fit(recipe(optimizer=RULE)), "no parameter matches the rule on 'V'"),
    "fit batch": (lambda: fit(recipe(batch=2**31 - 1, world=world(n_features=2**20))), "a sample of SparseWorld"),
    "replace": (lambda: sp.replace_at(recipe(), "world.densty", 1), "did you mean 'density'"),
}  # fmt: skip

KEYS = jax.random.split(KEY, 3)
RULE = sp.Optimizer(rules=sp.Rule(on="V"))


class _Opaque:
    def sample(self, key, n):
        raise AssertionError


def _rngs():
    from flax import nnx

    return nnx.Rngs(0)


@pytest.mark.parametrize("case", RECIPES)
def test_a_wrong_recipe_is_refused_when_it_is_made(case):
    refused(*RECIPES[case])


def axis(name, ticks, part, **more):
    return lambda: sweep({name: ticks}, **more), part


AXES = {
    "typo": axis("world.densty", [0.1], "axis 'world.densty': SparseWorld has no field 'densty'; did you mean"),
    "short": axis("density", [0.1], "no axis or field of Recipe is called 'density'; did you mean 'world.density'"),
    "typo and short": axis("n_hiden", [1], "did you mean 'model.n_hidden'"),
    "nearly seed": axis("seeds", [0], "did you mean 'seed'"),
    "no name": axis("", [0], "no axis or field of Recipe is called ''"),
    "number for a name": axis(3, [0], "axis 3 is not a name"),
    "too deep": axis("world.density.x", [0.1], "axis 'world.density.x': 'x' is asked of 0.1, which has no parts"),
    "empty": axis("seed", [], "axis 'seed' has no values"),
    "empty array": axis("world.density", np.zeros(0), "axis 'world.density' has no values"),
    "generator": axis("seed", (i for i in range(3)), "axis 'seed' is <generator"),
    "one number": axis("world.density", 0.1, "axis 'world.density' is 0.1; it must be a sequence of values"),
    "word": axis("seed", "012", "axis 'seed' is '012'; it must be a sequence"),
    "none": axis("seed", None, "axis 'seed' is None"),
    "mapping": axis("seed", {0: 1}, "axis 'seed' is {0: 1}; it must be a sequence"),
    "set": axis("world.density", {0.1, 0.2}, "it must be a sequence"),
    "array of no axes": axis("seed", np.array(3), "axis 'seed' is array(3); it must be a sequence"),
    "matrix": axis("world.density", np.full((2, 2), 0.1), "axis 'world.density' takes numbers, and is array"),
    "nested": axis("world.density", [[0.1, 0.2]], "axis 'world.density' takes numbers; its value 0 is [0.1, 0.2]"),
    "density 0": axis("world.density", [0.0], "axis 'world.density': SparseWorld.density is 0.0; it must be"),
    "density above": axis("world.density", [0.1, 1.5], "SparseWorld.density is 1.5"),
    "density nan": axis("world.density", [0.1, NAN], "takes finite numbers that float32 can hold; its value 1 is nan"),
    "density word": axis("world.density", ["dense"], "axis 'world.density' takes numbers; its value 0 is 'dense'"),
    "density none": axis("world.density", [None], "its value 0 is None"),
    "density bool": axis("world.density", [True], "its value 0 is True"),
    "density bools": axis("world.density", np.array([True]), "takes numbers, and is array([ True])"),
    "density complex": axis("world.density", [1j], "its value 0 is 1j"),
    "density object": axis("world.density", [object()], "its value 0 is <object"),
    "density date": axis("world.density", np.array(["2020-01-01"], "datetime64[D]"), "takes numbers, and is array"),
    "underflow": axis("world.density", [1e-60], "that float32 can hold; its value 0 is 1e-60"),
    "overflow": axis("world.importance", [1e60], "that float32 can hold; its value 0 is 1e+60"),
    "no float at all": axis("world.importance", [10**400], "takes numbers; its value 0 is 1000"),
    "importance": axis("world.importance", [-1.0], "SparseWorld.importance is -1"),
    "static float": axis("steps", [1.5], "axis 'steps': Recipe.steps is 1.5; it must be a whole number"),
    "static word": axis("steps", ["many"], "axis 'steps': Recipe.steps is 'many'"),
    "static 0": axis("steps", [3, 0], "axis 'steps': Recipe.steps is 0"),
    "sizes as floats": axis("model.n_hidden", [1.0, 2.0], "axis 'model.n_hidden': ToyConfig.n_hidden is 1.0"),
    "word typo": axis("schedule", ["cosin"], "axis 'schedule': Recipe.schedule cannot be 'cosin'; did you mean"),
    "batch": axis("batch", [0], "axis 'batch': Recipe.batch is 0"),
    "optimizer": axis("optimizer", ["adm"], "axis 'optimizer': Optimizer.kind cannot be 'adm'"),
    "decay": axis("optimizer.weight_decay", [-1.0], "Optimizer.weight_decay is -1"),
    "clip": axis("optimizer.clip", [1.0, 0.0], "Optimizer.clip is 0"),
    "momentum of adam": axis("optimizer.momentum", [0.0, 0.9], "momentum is 0.8999999761581421; 'adam' has none"),
    "no rule": axis("optimizer.rules.0.decay", [1.0], "'0' is not a place among the 0 of tuple ()"),
    "worlds": axis("world", [world(), 3], "axis 'world': Recipe.world is 3"),
    "power": axis("objective.power", [2, -1], "Reconstruct.power is -1"),
    "seed negative": axis("seed", [-1], "axis 'seed' takes whole numbers from 0 to 2**32 - 1, not -1"),
    "seed half": axis("seed", [0.5], "axis 'seed' takes whole numbers from 0 to 2**32 - 1, not 0.5"),
    "seed float array": axis("seed", np.linspace(0, 1, 3), "axis 'seed' takes whole numbers"),
    "seed many": axis("seed", [2**32], "not 4294967296"),
    "seed bool": axis("seed", [True], "axis 'seed' takes whole numbers from 0 to 2**32 - 1; its value 0 is True"),
    "seed word": axis("seed", ["a"], "its value 0 is 'a'"),
    "seed none": axis("seed", [None], "its value 0 is None"),
    "seed rows": axis("seed", np.zeros((2, 2), int), "axis 'seed' takes whole numbers"),
    "seed keys": axis("seed", KEYS, "axis 'seed' takes whole numbers"),
    "seeds huge": axis("seed", range(2**70, 2**70 + 2), "axis 'seed' takes whole numbers"),
    "cells": (lambda: sweep({"seed": range(10**6), "world.density": Endless(10**6)}),
              "this grid has 1,000,000,000,000 cells (seed 1,000,000 × world.density 1,000,000); the most is"),
    "one long axis": axis("seed", range(10**18), "this grid has 1,000,000,000,000,000,000 cells"),
    "longer than a length": axis("seed", range(10**30), "which is too long"),
    "static cells": axis("steps", Endless(10**12), "this grid has 1,000,000,000,000 cells"),
    "programs": axis("steps", Endless(10**6), "static axes compile a program a value; ['steps'] ask for 1,000,000"),
    "max_cells": axis("seed", range(5), "this grid has 5 cells (seed 5); the most is max_cells=4", max_cells=4),
    "over list": (lambda: sweep(["seed"]), "over is ['seed']; it must be axes by name, for example {'seed': range(5)}"),
    "over none": (lambda: sweep(None), "over is None"),
    "key": axis("seed", [0], "sweep's key is 0; it must be a random key", key=0),
    "keys": axis("seed", [0], "sweep's key is 3 keys; it must be one", key=KEYS),
    "recipe": axis("seed", [0], "sweep's recipe is SparseWorld", base=world()),
    "data": axis("seed", [0], "data is 'share'; it must be 'own' or 'shared'", data="share"),
    "budget": axis("seed", [0], "budget is '1GB'; it must be a number above 0", budget="1GB"),
    "budget 0": axis("seed", [0], "budget is 0", budget=0),
    "devices": axis("seed", [0], "devices is -1", devices=-1),
}  # fmt: skip


@pytest.mark.parametrize("case", AXES)
def test_a_wrong_grid_is_refused_before_anything_is_compiled(case):
    refused(*AXES[case])


@pytest.mark.parametrize("base, part", [
    (recipe(model=toy(n_features=4)), "Toy takes 4 features on the last axis; its input is"),
    (recipe(optimizer=sp.Optimizer(rules=sp.Rule(on="w"))), "no parameter matches the rule on 'w'"),
    (recipe(batch="all", world=world(values="normal")), "everything() is for values among"),
    (recipe(batch="all", world=world(n_features=40), model=toy(n_features=40)), "would take too many rows"),
])  # fmt: skip
def test_parts_that_do_not_fit_are_found_by_tracing_alone(base, part):
    with pytest.raises(Mistake) as wrong:
        sweep({"seed": range(2)}, base=base)
    assert part in str(wrong.value)


@pytest.fixture(scope="module")
def swept():
    return sp.sweep(recipe(), {"world.density": jnp.array([0.1, 0.5]), "seed": range(2)}, KEY, quiet=True)


@pytest.mark.parametrize("ask, part", [
    (lambda s: s.run(density=0.1), "run() needs a value for ['seed'] as well"),
    (lambda s: s.run(densty=0.1, seed=0), "no axis is called 'densty'; did you mean 'world.density'"),
    (lambda s: s.run(density="dense", seed=0), "axis 'world.density' has no tick 'dense'"),
    (lambda s: s.run(density=NAN, seed=0), "axis 'world.density' has no tick nan"),
    (lambda s: s.best("density"), "'world.density' changes the recipe"),
    (lambda s: s.best("sede"), "no axis is called 'sede'; did you mean 'seed'"),
    (lambda s: s.best("seed", n=0), "n, the number of held-out samples, is 0; it must be a whole number"),
    (lambda s: s.held_out(n=-3), "samples, is -3"),
    (lambda s: s.held_out(n=1.5), "samples, is 1.5"),
])  # fmt: skip
def test_a_sweep_is_asked_only_for_what_it_has(swept, ask, part):
    with pytest.raises(Mistake) as wrong:
        ask(swept)
    assert part in str(wrong.value)


def test_ticks_given_as_jax_arrays_are_found_again(swept):
    assert swept.run(density=0.45, seed=0).recipe.world.density == pytest.approx(0.5)


def test_near_names_are_looked_for_in_whole_names_and_in_last_words():
    assert "did you mean 'world.density'" in str(unknown("no axis", "densty", ["seed", "world.density"]))
    assert "did you mean" not in str(unknown("no axis", "zebra", ["seed", "world.density"]))


def test_values_are_said_on_one_short_line():
    assert said(np.eye(3)) == "array([[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]])"
    assert len(said("x" * 1000)) == 80


def test_a_mistake_is_the_builtin_error_it_refines():
    assert issubclass(sp.BadName, KeyError) and issubclass(sp.BadValue, ValueError)
    assert str(sp.BadName("no 'x'")) == "no 'x'"


def test_room_is_refused_only_where_there_is_none():
    check_room("a small array", 10, 10)
    with pytest.raises(Mistake, match=r"it would be 1,000,000 × 1,000,000,000 numbers, 4e\+03 TB; this machine has"):
        check_room("it", 10**6, 10**9)


@pytest.mark.parametrize(
    "size, words", [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 KB"), (2e9, "2 GB"), (4e15, "4e+03 TB")]
)
def test_amounts_have_a_unit(size, words):
    assert amount(size) == words
