"""The kernel of tiny toys draws what its plain twin draws and finds its gradient, and where it cannot be, nothing breaks.

These tests need a C compiler, as CONTRIBUTING.md says; only those of doing without can do without.
"""

import dataclasses
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
from superpose.train import calibrate, choose, fused, kernel
from superpose.train.paths import Path, forms

KEY = jax.random.key(0)
SHAPES = [(1, 1), (2, 1), (3, 2), (5, 2), (6, 3), (7, 7), (11, 1), (20, 5), (32, 16)]


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


def gradients(asked, copies=3):
    """Of a few models, each on its own batch: by the kernel, and by the plain twin in double precision."""
    keys = jax.random.split(KEY, copies)

    def model(key):
        return asked.model.build(nnx.Rngs(key))

    found = jax.jit(jax.vmap(lambda k: fused.slope(model(k), drawing(asked, k), asked.objective)))(keys)
    models = jax.vmap(model)(keys)
    batches = jax.vmap(lambda k: drawing(asked, k).batch())(keys)
    with jax.enable_x64(True):
        wide = jax.tree.map(lambda a: jnp.asarray(np.asarray(a), float), (models, batches))
        plain = [
            layers.slope(*jax.tree.map(lambda a, i=i: a[i], wide), asked.objective, "direct") for i in range(copies)
        ]
    return found, plain


@pytest.mark.parametrize("n, m", SHAPES)
@pytest.mark.parametrize("stream", ["threefry", "fast"])
def test_the_kernel_finds_the_gradient_of_its_plain_twin(n, m, stream):
    """Every other choice alternates over the shapes."""
    odd = (n + m) % 2 == 0
    asked = recipe(
        n, m, 1000 if odd else 512, stream=stream, world=uneven(n), objective=sp.Reconstruct(reduce="mean"),
        bias=not (odd and n > 3), activation="identity" if n % 2 else "relu",
    )  # fmt: skip
    agree(*gradients(asked))


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 129, 300])
def test_any_number_of_rows_will_do(rows):
    agree(*gradients(recipe(5, 2, rows)))
    agree(*gradients(recipe(10, 3, rows)))


def agree(found, plain):
    for i, each in enumerate(plain):
        for ours, theirs in zip(jax.tree.leaves(found), jax.tree.leaves(each), strict=True):
            np.testing.assert_allclose(ours[i], theirs, rtol=0, atol=1e-6 * max(np.abs(theirs).max(), 1e-9))


@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.parametrize("rows", [100, 1024])
@pytest.mark.parametrize("stream", ["threefry", "fast"])
def test_the_kernel_draws_the_bits_that_the_world_samples(n, rows, stream):
    asked = recipe(n, 2, rows, stream=stream, world=uneven(n))
    shape = kernel.Shape(n, 2, stream, True, True, rows % 16 > 0)
    d = drawing(asked)
    found = kernel.draws(kernel.built(shape)[1], *map(np.asarray, (d.density, jax.random.key_data(d.key))), rows)
    np.testing.assert_array_equal(found, jax.jit(lambda: drawing(asked).batch().x)().T)


def test_one_model_does_not_depend_on_how_many_there_are():
    asked = recipe(20, 5)
    several, alone = gradients(asked, 7)[0], gradients(asked, 1)[0]
    one = jax.vmap(lambda k: fused.slope(asked.model.build(nnx.Rngs(k)), drawing(asked, k), asked.objective))
    keys = jax.random.split(KEY, 7)
    for i in (0, 6):
        np.testing.assert_array_equal(jax.jit(one)(keys[i : i + 1]).W[0], several.W[i])
    assert alone.W.shape == (1, 5, 20)


# -- training


WAY = Path(slope="fused", width=8)


@pytest.mark.parametrize("stream", ["threefry", "fast"])
def test_it_trains_to_the_answer_of_the_plain_paths(stream):
    asked = recipe(5, 2, 64, steps=60, learning_rate=1e-2, stream=stream)
    plain, ours = (sp.fit(asked, KEY, path=p) for p in (Path(slope="direct", width=8), WAY))
    np.testing.assert_allclose(ours.model.W[...], plain.model.W[...], atol=2e-5)
    np.testing.assert_allclose(ours.loss, plain.loss, rtol=1e-4)
    assert ours.path == WAY


def test_a_sweep_point_is_its_solo_fit_whatever_the_chunks_and_devices():
    asked, over = recipe(5, 2, 64), {"world.density": [0.1, 0.5], "seed": range(13)}
    swept = sp.sweep(asked, over, KEY, path=WAY, quiet=True, devices=1)
    point = swept.run(density=0.5, seed=11)
    alone = sp.fit(point.recipe, jax.random.fold_in(KEY, 11), path=WAY)
    inside = jax.jit(lambda r, k: sp.fit(r, k, path=WAY))(point.recipe, jax.random.fold_in(KEY, 11))
    for each in (alone, inside):
        np.testing.assert_array_equal(each.model.W[...], point.model.W[...])
        np.testing.assert_array_equal(each.loss, point.loss)
    split = sp.sweep(asked, over, KEY, path=WAY, quiet=True, devices=4)
    one = next(b for b in range(20_000, 10**6, 20_000) if fits(asked, over, b))
    small = sp.sweep(asked, over, KEY, path=WAY, quiet=True, devices=1, budget=one)
    for each in (split, small):
        np.testing.assert_array_equal(each.runs.model.W[...], swept.runs.model.W[...])


def fits(asked, over, budget):
    """The least memory that one unit needs."""
    from superpose.train.chunks import plan
    from superpose.train.units import Cells

    cells = Cells(points={}, keys=jax.random.split(KEY, 26))
    try:
        return plan(asked, cells, WAY, budget, 1).units == 1
    except sp.BadValue:
        return False


# -- which path is taken


def covered(asked):
    model, batch = jax.eval_shape(lambda: choose._example(asked, asked.batch))
    return "fused" in forms(asked, model, batch)


def test_tiny_tied_toys_of_squared_error_are_covered():
    for asked in (recipe(), recipe(2, 1), recipe(bias=False, activation="identity"), recipe(20, 5, stream="fast")):
        assert covered(asked) and choose.choose(asked).slope != "fused", "without a clock the first form is taken"


OTHERS = [
    ("SparseWorld", recipe(world=sp.CorrelatedWorld(n_sets=3), n=6)),
    ("uniform", recipe(world=sp.SparseWorld(n_features=5, values="signed"))),
    ("random", recipe(world=sp.SparseWorld(n_features=5, points="lattice"))),
    ("sample", recipe(batch="all")),
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


def test_the_clock_may_choose_it_and_is_remembered(monkeypatch, tmp_path):
    asked = recipe(2, 1, 32)
    monkeypatch.setenv("SUPERPOSE_CALIBRATE", "1")
    monkeypatch.setattr(calibrate, "_decided", {})
    monkeypatch.setattr(calibrate, "SECONDS", 1e-4)
    monkeypatch.setattr(calibrate, "_first_or_faster", lambda names, program: [program(n)(1) for n in names] and "fused")
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
    monkeypatch.setattr(calibrate, "_decided", {})
    monkeypatch.setattr(calibrate, "_first_or_faster", lambda names, _: names[-1])
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
    monkeypatch.setattr(kernel, "_slope", lambda *_: (np.ones((1, 2)), np.ones(2)))
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
