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
from superpose.train import choose, chunks, fastest, fused, kernel
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
    words = {k: more.pop(k) for k in ("activation", "bias", "tied", "hidden", "init") if k in more}
    world = more.pop("world", sp.SparseWorld(n_features=n, density=0.3, decay=0.8))
    model = sp.ToyConfig(n_features=n, n_hidden=m, bias_scale=0.1, **words)
    return sp.Recipe(world=world, model=model, batch=batch, steps=steps, **more)


def uneven(n):
    density, importance = np.linspace(0.05, 1, n), np.linspace(2, 0.1, n)
    return sp.SparseWorld(n_features=n, density=tuple(density.tolist()), importance=tuple(importance.tolist()))


def drawing(asked, key=KEY):
    return fused.drawer(asked, in_stream(key, asked.stream))(jnp.int32(3))


def toys(asked, keys):
    """A stack of them, no parameter 0."""
    shapes = jax.eval_shape(lambda: asked.model.build(nnx.Rngs(KEY)))
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda a: rng.normal(0, 0.5, (len(keys), *a.shape)).astype(np.float32), shapes)


def slopes(asked, models, keys):
    return jax.jit(jax.vmap(lambda model, key: fused.loss_and_slope(model, drawing(asked, key), True)))(models, keys)


def drawn(asked, key):
    return asked.world.sample(jax.random.fold_in(in_stream(key, asked.stream), 3), asked.batch)


def twin(model, batch, objective):
    return layers.loss(model, batch, objective), layers.slope(model, batch, objective, "direct")


@pytest.mark.parametrize("n, m, stream", [(2, 1, "fast"), (5, 2, "threefry"), (20, 5, "fast")])
def test_the_kernel_finds_the_gradient_of_its_plain_twin(n, m, stream):
    """Of three models at once, each on its own batch; the twin's in double precision."""
    asked, keys = recipe(n, m, 500, stream=stream, world=uneven(n), objective=sp.Reconstruct(reduce="mean")), THREE
    models, batches = toys(asked, keys), jax.jit(jax.vmap(lambda key: drawn(asked, key)))(keys)
    found = slopes(asked, models, keys)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda a: jnp.asarray(np.asarray(a), float), (models, batches))
        plain = jax.jit(jax.vmap(lambda model, batch: twin(model, batch, asked.objective)))(*wide)
    for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(plain), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())


@pytest.mark.parametrize("n, m", [(1, 1), (2, 1), (3, 2), (7, 2), (12, 1), (9, 4), (20, 5), (32, 12)])
def test_any_shape_draws_the_same_bits_and_finds_the_same_gradient(n, m):
    """As NumPy does. Words alternate over the shapes, and with them rows that do not fill a vector."""
    rows, rng, stream = 512 if m % 2 == 0 else 300, np.random.default_rng(n), ["fast", "threefry"][n % 2]
    for less in range(3 if rows == 300 else 1):
        shape = kernel.Shape(n, m, stream, n % 3 > 0, n % 4 > 0, rows % 16 > 0)
        W, b, weight, density = (rng.uniform(0.01, 1, s).astype(np.float32) for s in ((m, n), n, n, n))
        key, count = rng.integers(0, 2**32, 2, np.uint32), [rows, 17, 1][less]
        x = kernel.sample(stream, density, key, count)
        np.testing.assert_array_equal(kernel.draws(library(shape), density, key, count), x)
        numbers = W - 0.5, b - 0.5, weight
        found = kernel.gradient(library(shape), *numbers, density, key, rows=count)
        for ours, plain in zip(found, kernel._slope(shape, *numbers, x, np.ones(count)), strict=True):
            np.testing.assert_allclose(ours, plain, rtol=0, atol=1e-6 * max(1e-3, np.abs(plain).max()))
        *again, none = kernel.gradient(library(shape), *numbers, density, key, rows=count, wanted=False)
        assert none == 0 and all(map(np.array_equal, found, again))


def library(shape):
    return kernel.built(shape)[1]


@pytest.mark.parametrize("stream", ["threefry", "fast"])
def test_numpy_and_so_the_kernel_draws_what_the_world_samples(stream):
    asked = recipe(6, 2, 100, stream=stream, world=uneven(6))
    d, sampled = drawing(asked), jax.jit(lambda: drawn(asked, KEY).x)()
    density, key = map(np.asarray, d.numbers)
    np.testing.assert_array_equal(kernel.sample(stream, density, key, 100), sampled.T)


@pytest.mark.parametrize("world", [sp.SparseWorld(n_features=2, nodes=8), sp.CorrelatedWorld(n_sets=2, decay=0.8)])
def test_exact_rows_are_read_and_not_copied_for_each_model(world):
    """77 and 289 rows or so, whose chances differ from model to model; against the twin in double precision."""
    asked, density = recipe(world.n_features, 2, "all", world=world), np.array([0.05, 0.5, 1.0], np.float32)
    models = toys(asked, THREE)

    def slope(by, model, density):
        batch = dataclasses.replace(asked.world, density=density).everything()
        return by(model, batch, asked.objective)

    def ours(model, batch, objective):
        return fused.loss_and_slope(model, fused.given(batch, objective), True)

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
    ("SparseWorld", recipe(world=sp.CorrelatedWorld(n_sets=3), n=6)),
    ("uniform", recipe(world=sp.SparseWorld(n_features=5, values="signed"))),
    ("random", recipe(world=sp.SparseWorld(n_features=5, points="lattice"))),
    ("SparseWorld", recipe(2, 1, batch="all", world=sp.TaskWorld(inputs=sp.SparseWorld(n_features=2)))),
    ("float32", recipe(precision="float64")),
    ("tied toy", recipe(tied=False)),
    ("tied toy", recipe(hidden="relu")),
    ("tied toy", recipe(activation="gelu")),
    ("squared error", recipe(objective=sp.Reconstruct(power=4.0))),
    ("squared error", recipe(objective=sp.Reconstruct(penalties=sp.WeightPenalty(rate=0.1)))),
    ("squared error", recipe(objective=sp.Reconstruct(noise=sp.SiteNoise(std=0.1)))),
    ("features", recipe(40, 2)),
]


@pytest.mark.parametrize("why, asked", OTHERS, ids=range(len(OTHERS)))
def test_all_else_goes_the_old_way_and_says_why_it_cannot_be_fused(why, asked):
    with jax.enable_x64(asked.precision == "float64"):
        assert not covered(asked)
    with pytest.raises(sp.BadValue, match=why):
        sp.fit(asked, KEY, path=WAY)


def test_the_clock_may_choose_it(monkeypatch):
    def last(names, program):
        return (
            names[-1] if "fused" not in names else "fused" if jax.block_until_ready(program("fused")()(1)).size else ""
        )

    asked = recipe(2, 1, 32)
    monkeypatch.setenv("SUPERPOSE_CALIBRATE", "1")
    monkeypatch.setattr(fastest, "_decided", {})
    monkeypatch.setattr(fastest, "_first_or_faster", last)
    choose._choose.cache_clear()
    assert choose.choose(asked).slope == "fused"
    monkeypatch.setenv("SUPERPOSE_KERNEL", "0")
    choose._choose.cache_clear()
    assert choose.choose(asked).slope == "direct"
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


SMALL = kernel.Shape(2, 1, "fast", True, True, False)


def test_a_kernel_that_errs_is_not_taken(afresh, monkeypatch):
    monkeypatch.setattr(kernel, "_slope", lambda *_: (np.ones((1, 2)), np.ones(2), np.ones(())))
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
