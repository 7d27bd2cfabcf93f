"""The kernel of tiny toys draws what its plain twin draws, finds its gradient, and breaks nothing where it cannot be.

These tests need a C compiler, as CONTRIBUTING.md says; only those of doing without can do without.
"""

import dataclasses
import functools
import os

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import superpose as sp
from superpose.core import native
from superpose.core.streams import in_stream
from superpose.models import layers
from superpose.train import calibrate, choose, chunks, fastest, fused, kernel
from superpose.train.paths import Path, forms

KEY = jax.random.key(0)
THREE = jax.random.split(KEY, 3)


@pytest.fixture(scope="module", autouse=True)
def kernels(tmp_path_factory):
    """Built in a folder of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("SUPERPOSE_KERNEL", raising=False)
        yield
    native._library.cache_clear()
    kernel.target.cache_clear()


def recipe(n=5, m=2, batch=100, steps=30, **more):
    words = {k: more.pop(k) for k in ("activation", "bias", "tied", "hidden", "hidden_bias") if k in more}
    world = more.pop("world", sp.SparseWorld(n_features=n, density=0.3, decay=0.8))
    model = sp.ToyConfig(n_features=n, n_hidden=m, bias_scale=0.1, **words)
    return sp.Recipe(world=world, model=model, batch=batch, steps=steps, **more)


def uneven(n):
    density, importance = np.linspace(0.05, 1, n), np.linspace(2, 0.1, n)
    return sp.SparseWorld(n_features=n, density=tuple(density.tolist()), importance=tuple(importance.tolist()))


def drawing(asked, model, key=KEY):
    return fused.drawer(asked, model, in_stream(key, asked.stream))(jnp.int32(3))


def toys(asked, keys):
    """A stack of them, no parameter 0."""
    shapes = jax.eval_shape(lambda: asked.model.build(nnx.Rngs(KEY)))
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda a: rng.normal(0, 0.5, (len(keys), *a.shape)).astype(np.float32), shapes)


def slopes(asked, models, keys):
    return jax.jit(jax.vmap(lambda model, key: fused.loss_and_slope(model, drawing(asked, model, key), True)))(
        models, keys
    )


def drawn(asked, key):
    return asked.world.sample(jax.random.fold_in(in_stream(key, asked.stream), 3), asked.batch)


def twin(model, batch, objective):
    return layers.loss(model, batch, objective), layers.slope(model, batch, objective, "direct")


ABSOLUTE = sp.TaskWorld(inputs=sp.SparseWorld(n_features=4, density=0.4, decay=0.8, values="signed"))
ASKED = {
    "2→1": recipe(2, 1, 500, stream="fast", world=uneven(2)),
    "5→2": recipe(5, 2, 500, world=uneven(5), objective=sp.Reconstruct(reduce="mean")),
    "20→5": recipe(20, 5, 512, stream="fast", world=uneven(20)),
    "untied": recipe(
        5, 2, tied=False, hidden="relu", hidden_bias=True, world=sp.SparseWorld(n_features=5, values="one")
    ),
    "L⁴, sets": recipe(6, 2, objective=sp.Reconstruct(power=4), world=sp.CorrelatedWorld(n_sets=2, set_size=3)),
    "absolute": dataclasses.replace(
        recipe(world=ABSOLUTE, stream="fast"), model=sp.ComputerConfig(n_inputs=4, n_hidden=3, n_outputs=4)
    ),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_the_kernel_finds_the_gradient_of_its_plain_twin(asked):
    """Of three models at once, each on its own batch; the twin's in double precision."""
    models, batches = toys(asked, THREE), jax.jit(jax.vmap(lambda key: drawn(asked, key)))(THREE)
    found = slopes(asked, models, THREE)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda a: jnp.asarray(np.asarray(a), float), (models, batches))
        plain = jax.jit(jax.vmap(lambda model, batch: twin(model, batch, asked.objective)))(*wide)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())


WORDS = {
    "values": ["uniform", "signed", "one"],
    "together": [1, 1, 2],
    "absolute": [False, True],
    "untied": [False, True, True],
    "hidden_relu": [False, True],
    "hidden_bias": [False, False, True],
    "relu": [True, True, False],
    "bias": [True, False, True, True],
    "power": [2, 2, 2, 4],
    "rows": ["fast", "threefry", "all", "fast"],
}
SHAPES = [(1, 1), (2, 1), (3, 2), (4, 1), (8, 2), (12, 1), (9, 4), (20, 5), (32, 12)]


@pytest.mark.parametrize("i", range(len(SHAPES)))
def test_any_shape_draws_the_same_bits_and_finds_the_same_gradient(i):
    """As NumPy does. Words alternate over the shapes, and with them rows that do not fill a vector."""
    (n, m), rng = SHAPES[i], np.random.default_rng(i)
    words = {word: rng.choice(np.array(among, object)) for word, among in WORDS.items()}
    words["together"] = words["together"] if n % words["together"] == 0 and words["values"] != "one" else 1
    ragged = bool(i % 2) and words["rows"] != "all"
    shape = kernel.Shape(n, m, ragged=ragged, **words)
    for rows in (300, 17, 1) if ragged else (512,):
        numbers, x, chance = kernel.example(shape, rows, seed=i)
        found = kernel.gradient(library(shape), shape, *numbers, rows=rows)
        for ours, plain in zip(found, kernel.plain(shape, *numbers[:5], x, chance), strict=True):
            np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-6 * max(1e-3, np.abs(plain).max()))
        *again, none = kernel.gradient(library(shape), shape, *numbers, rows=rows, wanted=False)
        assert none == 0 and all(map(np.array_equal, found, again))
        if words["rows"] != "all":
            np.testing.assert_array_equal(kernel.draws(library(shape), *numbers[5:], rows), x)


def library(shape):
    return kernel.built(shape)[1]


@pytest.mark.parametrize("stream", ["threefry", "fast"])
@pytest.mark.parametrize("values", ["uniform", "signed"])
def test_numpy_and_so_the_kernel_draws_what_the_world_samples(stream, values):
    for world in (uneven(6), sp.CorrelatedWorld(n_sets=2, set_size=3, density=(0.2, 0.6))):
        asked = recipe(6, 2, 100, stream=stream, world=dataclasses.replace(world, values=values))
        model, x = jax.tree.map(lambda a: a[0], toys(asked, THREE)), jax.jit(lambda asked=asked: drawn(asked, KEY).x)()
        d = drawing(asked, model)
        np.testing.assert_array_equal(kernel.sample(d.shape, *map(np.asarray, d.numbers), 100), x.T)


@pytest.mark.parametrize("world", [sp.SparseWorld(n_features=2, nodes=8), sp.CorrelatedWorld(n_sets=2, decay=0.8)])
def test_exact_rows_are_read_and_not_copied_for_each_model(world):
    """77 and 289 rows or so, whose chances differ from model to model; against the twin in double precision."""
    asked, density = recipe(world.n_features, 2, "all", world=world), np.array([0.05, 0.5, 1.0], np.float32)
    models = toys(asked, THREE)

    def slope(by, model, density):
        batch = dataclasses.replace(asked.world, density=density).everything()
        return by(model, batch, asked.objective)

    def ours(model, batch, objective):
        return fused.loss_and_slope(model, fused.given(asked, model, batch), True)

    found = jax.jit(jax.vmap(functools.partial(slope, ours)))(models, density)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda a: jnp.asarray(np.asarray(a), float), (models, density))
        plain = jax.jit(jax.vmap(functools.partial(slope, twin)))(*wide)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-6 * np.abs(other).max())


def test_one_model_does_not_depend_on_how_many_there_are():
    """Nor on copies beside it, for whom its gradient is copied."""
    asked, places = recipe(12, 4), np.array([0, 1, 1, 1, 2])
    models, keys = jax.tree.map(lambda a: a[places], toys(asked, THREE)), THREE[places]
    several = slopes(asked, models, keys)[1].W
    np.testing.assert_array_equal(several[1], several[3])
    alone = slopes(asked, jax.tree.map(lambda a: a[-1:], models), keys[-1:])[1].W
    np.testing.assert_array_equal(alone[0], several[4])


# -- training


WAY = Path(slope="fused", width=4)


@pytest.mark.parametrize("batch", [33, "all"])
def test_a_sweep_point_is_its_solo_fit_whatever_the_chunks_and_devices(batch, monkeypatch):
    """Four chunks of two units on two devices, against one unit of copies, in our hands and in a user's `jit`."""
    monkeypatch.setattr(chunks, "_guess", lambda *_: 1)
    asked, over = recipe(2, 1, batch), {"world.density": [0.1, 0.5], "seed": range(13)}
    swept = sp.sweep(asked, over, KEY, path=WAY, quiet=True, devices=2)
    inside = jax.jit(lambda recipe, key: sp.fit(recipe, key, path=WAY))
    for density, seed in ((0.1, 0), (0.5, 3), (0.5, 12)):
        point = swept.run(density=density, seed=seed)
        for how in (inside, functools.partial(sp.fit, path=WAY)):
            alone = how(point.recipe, jax.random.fold_in(KEY, seed))
            np.testing.assert_array_equal(alone.model.W[...], point.model.W[...])
            np.testing.assert_array_equal(alone.loss, point.loss)
    assert alone.path == WAY


def test_it_trains_to_the_answer_of_the_plain_paths():
    asked = recipe(2, 1, 33, learning_rate=1e-2)
    plain, ours = (sp.fit(asked, KEY, path=p) for p in (Path(slope="direct", width=4), WAY))
    np.testing.assert_allclose(ours.model.W[...], plain.model.W[...], atol=2e-5)
    np.testing.assert_allclose(ours.loss, plain.loss, rtol=1e-4)


# -- which path is taken


def covered(asked):
    model, batch = jax.eval_shape(lambda: choose._example(asked, asked.batch))
    return "fused" in forms(asked, model, batch)


def test_tiny_tied_toys_of_squared_error_are_covered():
    for asked in (
        recipe(),
        recipe(2, 1),
        recipe(bias=False, activation="identity"),
        recipe(20, 5, stream="fast"),
        recipe(batch="all"),
    ):
        assert covered(asked) and choose.choose(asked).slope != "fused", "without a clock the first form is taken"


OTHERS = [
    ("SparseWorld", recipe(world=sp.AnticorrelatedWorld(n_sets=3), n=6)),
    ("uniform", recipe(world=sp.SparseWorld(n_features=5, values="normal"))),
    ("uniform", recipe(world=sp.CorrelatedWorld(n_sets=3, values="one"), n=6)),
    ("absolute", recipe(world=sp.TaskWorld(inputs=sp.SparseWorld(n_features=5), task="square"))),
    ("random", recipe(world=sp.SparseWorld(n_features=5, points="lattice"))),
    ("SparseWorld", recipe(6, 1, batch="all", world=sp.ArrayWorld(x=np.eye(6, dtype=np.float32)))),
    ("float32", recipe(precision="float64")),
    ("ReLU", recipe(hidden="abs")),
    ("ReLU", recipe(activation="gelu")),
    ("power", recipe(objective=sp.Reconstruct(power=3.0))),
    ("power", recipe(objective=sp.Reconstruct(penalties=sp.WeightPenalty(rate=0.1)))),
    ("power", recipe(objective=sp.Reconstruct(noise=sp.SiteNoise(std=0.1)))),
    ("features", recipe(40, 2)),
]


@pytest.mark.parametrize("why, asked", OTHERS, ids=range(len(OTHERS)))
def test_all_else_goes_the_old_way_and_says_why_it_cannot_be_fused(why, asked):
    with jax.enable_x64(asked.precision == "float64"):
        assert not covered(asked)
    with pytest.raises(sp.BadValue, match=why):
        sp.fit(asked, KEY, path=WAY)


def test_a_clock_says_once_for_all_shapes_whether_it_pays(monkeypatch):
    def asked_once(names, program):
        assert names == ("gram", "fused") and said.pop()
        jax.block_until_ready(program("fused")()(1))
        return "fused"

    said = [True]
    monkeypatch.setenv("SUPERPOSE_CALIBRATE", "1")
    monkeypatch.setattr(calibrate, "vector", lambda: 0)
    monkeypatch.setattr(fastest, "_decided", {})
    monkeypatch.setattr(fastest, "_first_or_faster", asked_once)
    choose._choose.cache_clear()
    assert choose.choose(recipe(2, 1, 32)).slope == choose.choose(recipe(3, 1, "all")).slope == "fused"
    monkeypatch.setenv("SUPERPOSE_KERNEL", "0")
    choose._choose.cache_clear()
    assert choose.choose(recipe(2, 1, 32)).slope == "direct"
    choose._choose.cache_clear()


# -- doing without


@pytest.fixture
def afresh(monkeypatch, tmp_path):
    """As in a new process, with an empty cache and a clock that would take the kernel."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("SUPERPOSE_CALIBRATE", "1")
    monkeypatch.setattr(fastest, "_decided", {})
    monkeypatch.setattr(fastest, "_first_or_faster", lambda names, _: names[-1])
    clear()
    yield tmp_path
    clear()


def clear():
    for memory in (native._library, kernel.target, choose._choose):
        memory.cache_clear()


def broken(folder, line):
    compiler = folder / "cc"
    compiler.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    compiler.chmod(0o755)
    return str(compiler)


@pytest.mark.parametrize("how", ["none", "failing", "wrong"])
def test_without_a_compiler_that_works_a_run_takes_another_path(afresh, monkeypatch, how):
    wanted = {"none": "no C compiler", "failing": "not today", "wrong": "could not be built or loaded"}[how]
    line = {"none": "", "failing": "echo not today >&2; exit 1", "wrong": 'for out; do :; done; echo x > "$out"'}[how]
    monkeypatch.setenv("CC", "no-such-compiler" if how == "none" else broken(afresh, line))
    monkeypatch.setenv("PATH", "/bin:/usr/bin" if how != "none" else "")
    asked = recipe(2, 1, 32, steps=2)
    assert choose.choose(asked).slope == "direct"
    with pytest.raises(sp.BadValue, match=wanted):
        sp.fit(asked, KEY, path=WAY)


def test_a_switch_turns_it_off(afresh, monkeypatch):
    monkeypatch.setenv("SUPERPOSE_KERNEL", "0")
    assert choose.choose(recipe(2, 1, 32)).slope == "direct"
    with pytest.raises(sp.BadValue, match="SUPERPOSE_KERNEL"):
        sp.fit(recipe(2, 1, 32), KEY, path=WAY)


SMALL = kernel.Shape(2, 1, "fast")


def test_a_kernel_that_errs_is_not_taken(afresh, monkeypatch):
    monkeypatch.setattr(kernel, "plain", lambda *_: [np.ones(())] * 5)
    with pytest.raises(native.NoLibrary, match="agree"):
        kernel.target(SMALL)
    assert choose.choose(recipe(2, 1, 32)).slope == "direct"


def test_a_kernel_is_built_once_and_kept_for_its_owner_alone(afresh, monkeypatch):
    kernel.built(SMALL)
    (file,) = (afresh / "superpose/kernels").iterdir()
    assert file.stat().st_mode & 0o077 == 0 and file.parent.stat().st_mode & 0o022 == 0
    clear()
    monkeypatch.setattr(native, "_build", lambda *_: pytest.fail("built again"))
    assert kernel.built(SMALL)[0] == file.stem


@pytest.mark.parametrize("what", ["file", "folder", "link"])
def test_a_kept_kernel_that_others_could_have_written_is_not_loaded(afresh, monkeypatch, what):
    kernel.built(SMALL)
    folder = afresh / "superpose/kernels"
    (file,) = folder.iterdir()
    if what == "link":
        file.rename(afresh / "elsewhere")
        file.symlink_to(afresh / "elsewhere")
    else:
        (file if what == "file" else folder).chmod(0o777)
    clear()
    loaded = []
    monkeypatch.setattr(native.ctypes, "CDLL", lambda path, real=native.ctypes.CDLL: loaded.append(path) or real(path))
    kernel.built(SMALL)
    assert loaded and not loaded[0].startswith(str(afresh / "superpose"))


def test_a_cache_that_cannot_be_written_does_no_harm(afresh, monkeypatch):
    (afresh / "superpose").write_text("in the way", encoding="utf-8")
    assert kernel.built(SMALL)[1].fused
    assert not any("kernel" in name for name in os.listdir(afresh))


def test_another_source_is_another_kernel():
    one, other = (kernel.built(dataclasses.replace(SMALL, relu=relu))[0] for relu in (True, False))
    assert one != other
