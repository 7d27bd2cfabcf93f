"""The rehearsal: an attention model, and a dictionary on one of its sites, by the calls that train and draw a toy."""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

import superpose as sp

sys.path.insert(0, str(Path(__file__).parent))
from rehearsed import AttentionConfig, DictionaryConfig, RepeatWorld

KEY = jax.random.key(1)
TEXT = RepeatWorld(vocab=8, length=6)
TOY_WORLD = sp.SparseWorld(n_features=8, density=0.1)


def language(steps=300):
    model = AttentionConfig(vocab=8, context=12, width=16)
    return sp.Recipe(world=TEXT, model=model, objective=sp.next_token, learning_rate=1e-2, batch=32, steps=steps)


def dictionary(model, site, inputs, width, **more):
    world = sp.SiteWorld(model=model, site=site, inputs=inputs)
    config = DictionaryConfig(width=width, n_latents=4 * width)
    return sp.Recipe(world=world, model=config, learning_rate=1e-2, batch=64, steps=150, **more)


@pytest.fixture(scope="module")
def speakers():
    return sp.sweep(language(), {"learning_rate": [3e-3, 1e-2], "seed": range(2)}, KEY)


@pytest.fixture(scope="module")
def subjects(speakers):
    """A language model and a toy, with a site, a world of inputs and the site's width each."""
    toy = sp.fit(
        sp.Recipe(world=TOY_WORLD, model=sp.ToyConfig(n_features=8, n_hidden=4), steps=200, batch=64), KEY
    ).model
    lm = speakers.best("seed", n=512).run(learning_rate=1e-2).model
    return {"lm": (lm, "blocks.1.resid", TEXT, 16), "toy": (toy, "hidden", TOY_WORLD, 4)}


def test_a_sweep_of_attention_models_learns(speakers):
    loss = speakers.measure(lambda run: run.loss[jnp.array([0, -1])])
    assert loss.values.shape == (2, 2, 2)
    assert (loss.values[..., 1] < 0.75 * loss.values[..., 0]).all()


def test_an_attention_models_point_is_its_solo_fit(speakers):
    run = speakers.run(learning_rate=3e-3, seed=1)
    solo = sp.fit(run.recipe, jax.random.fold_in(KEY, 1))
    for a, b in zip(jax.tree.leaves(solo.model), jax.tree.leaves(run.model), strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


@pytest.mark.parametrize("which", ["lm", "toy"])
def test_a_dictionary_is_trained_on_a_site_by_the_same_sweep_table_and_figure(subjects, which, tmp_path):
    recipe = dictionary(*subjects[which])
    swept = sp.sweep(recipe, {"learning_rate": [1e-3, 1e-2], "seed": range(2)}, KEY)
    kept = swept.measure(lambda run: run.loss[-1])
    scores = swept.held_out(512)
    assert (
        scores.sel(learning_rate=1e-2).values < swept.measure(lambda run: run.loss[0]).sel(learning_rate=1e-2).values
    ).all()
    sp.save(tmp_path / which, {"loss": kept, "held_out": scores}, {"best": scores.values.min()})

    tables = sp.load(tmp_path / which)
    figure, ax = plt.subplots()
    ax.plot(tables["loss"].ticks("learning_rate"), tables["held_out"].mean("seed").values)
    assert sp.plots.save(figure, tmp_path / "figure.png").exists()
    plt.close(figure)


def test_sites_record_and_patch_know_no_difference(subjects):
    for model, site, inputs, width in subjects.values():
        clean, corrupt = (inputs.sample(k, 4).x for k in jax.random.split(KEY))
        assert sp.sites(model, clean)[site].shape[-1] == width
        out, seen = sp.record(model, clean, site)
        np.testing.assert_allclose(
            sp.patch(model, corrupt, {site: seen[site]})[:, -1], out[:, -1], rtol=1e-5, atol=1e-6
        )


def test_dictionaries_have_sites_too(subjects):
    model, site, inputs, width = subjects["lm"]
    sae = sp.fit(dictionary(model, site, inputs, width), KEY).model
    x = sp.SiteWorld(model=model, site=site, inputs=inputs).sample(KEY, 32).x
    latents = sp.record(sae, x, "latents")[1]["latents"]
    assert ((latents != 0).sum(-1) <= sae.config.k).all()
    assert not np.allclose(sp.patch(sae, x, {"latents": jnp.zeros_like}), sae(x))


def test_a_recipe_that_holds_a_trained_model_is_saved_and_read_back(subjects):
    recipe = dictionary(*subjects["toy"])
    again = sp.from_json(sp.to_json(recipe))
    assert sp.difference(recipe, again) == []
    np.testing.assert_array_equal(again.world.model.W[...], recipe.world.model.W[...])
