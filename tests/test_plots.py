"""Plots: the same bytes for the same numbers, panels that show what they are given, scripts that say what they lack."""

import os
import runpy
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

import superpose as sp
from superpose.plots import polyhedra, style

PENTAGON = np.asarray(sp.geometry.polygon(5))
SCRIPT = """'''A figure.'''
# reads: {reads}
from superpose.plots import figure, main

def draw({arguments}):
    picture = figure(1, 1)
    picture.subplots().plot({arguments}["t"].values, label="é −½")
    return picture

if __name__ == "__main__":
    main(draw)
"""


@pytest.fixture
def axis():
    return style.figure(2, 2).subplots()


@pytest.fixture
def script(tmp_path):
    def write(reads="one", arguments="first"):
        path = tmp_path / "picture.py"
        path.write_text(SCRIPT.format(reads=reads, arguments=arguments), encoding="utf-8")
        return path

    return write


def artefact(folder, *values):
    sp.save(folder, {"t": sp.Table({"step": list(range(len(values)))}, np.asarray(values))}, {"n": 1.0})


def draw_of(path):
    return runpy.run_path(str(path))["draw"]


# -- files


def test_a_figure_drawn_again_is_the_same_file(script, tmp_path):
    path = script()
    artefact(tmp_path / "results" / "one", 1, 3, 2)
    sp.plots.main(draw_of(path), [str(tmp_path / "results"), str(tmp_path / "a.png")])
    subprocess.run(
        [sys.executable, "-P", path, "results", "b.png"],
        cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": "7"}, check=True, timeout=60,
    )  # fmt: skip
    for end in ("png", "pdf"):
        assert (tmp_path / f"a.{end}").read_bytes() == (tmp_path / f"b.{end}").read_bytes()


def test_files_say_neither_when_nor_with_what_they_were_made(tmp_path):
    png = sp.plots.save(style.figure(1, 1), tmp_path / "new" / "a.png")
    assert png == tmp_path / "new" / "a.png"
    for file in (png, png.with_suffix(".pdf")):
        content = file.read_bytes().lower()
        assert not any(word in content for word in (b"matplotlib", b"creationdate", b"moddate", b"software"))


# -- scripts


def test_a_missing_result_names_the_command_that_makes_it(script, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        sp.plots.main(draw_of(script()), ["results/smoke"])
    said = capsys.readouterr().err
    assert "make results/smoke/one/numbers.json PROFILE=smoke" in said and said.count("\n") == 1


def test_a_script_that_reads_nothing_is_told_how_to(script, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        sp.plots.main(draw_of(script(reads="")), [str(tmp_path)])
    assert "# reads: NAME" in capsys.readouterr().err


def test_a_figure_of_two_experiments_is_given_both_in_order(script, tmp_path):
    artefact(tmp_path / "one", 1.0)
    artefact(tmp_path / "two", 2.0)
    tables = sp.plots.read(script(reads="two  one"), tmp_path)
    assert [t["t"].values.item() for t in tables] == [2.0, 1.0]


def test_a_figure_goes_beside_its_results_unless_told(script, tmp_path, capsys):
    artefact(tmp_path / "one", 1, 2)
    sp.plots.main(draw_of(script()), [str(tmp_path)])
    assert (tmp_path / "figures" / "picture.png").exists()
    assert capsys.readouterr().out.strip().endswith("picture.png")


# -- panels


def test_a_vector_ends_where_its_feature_points(axis):
    sp.plots.vectors(axis, PENTAGON)
    ends = [line.get_xydata()[1] for line in axis.lines if line.get_xydata().shape == (2, 2)][2:]
    np.testing.assert_allclose(np.sort(ends, axis=0), np.sort(PENTAGON.T, axis=0), atol=1e-6)


def test_the_most_important_feature_is_the_most_yellow():
    colours = style.by_importance(0.9 ** np.arange(5))
    yellowness = colours[:, 0] + colours[:, 1] - colours[:, 2]
    assert (np.diff(yellowness) < 0).all()
    assert style.by_importance([1.0, 1.0]).shape == (2, 4)


def test_vectors_are_drawn_in_a_plane_alone(axis):
    with pytest.raises(sp.BadValue, match=r"\(3, 4\).*\(2, features\)"):
        sp.plots.vectors(axis, np.zeros((3, 4)))


@pytest.mark.parametrize("mirror", [1, -1])
def test_upright_moves_no_feature_against_another(mirror):
    W = np.array([[mirror, 0], [0, 1]]) @ np.random.default_rng(0).normal(size=(2, 4))
    turned = sp.plots.upright(W)
    np.testing.assert_allclose(turned.T @ turned, W.T @ W, rtol=1e-9, atol=1e-9)
    assert abs(turned[0, 0]) < 1e-9 < turned[1, 0] and turned[0, 1] > 0


def test_weights_are_blue_below_zero_and_red_above_and_clipped():
    below, none, above = (style.WEIGHTS(style.SIGNED(v)) for v in (-3.0, 0.0, 3.0))
    assert below[2] > below[0] and above[0] > above[2]
    np.testing.assert_allclose(none[:3], to_rgb("#f2f2f2"), atol=0.01)
    np.testing.assert_allclose(above, style.WEIGHTS(style.SIGNED(1.0)))


def test_a_heatmap_shows_products_and_beside_them_the_biases(axis):
    gram = np.asarray(sp.geometry.gram(jnp.asarray(PENTAGON)))
    sp.plots.heatmap(axis, gram, np.full(5, -0.2))
    products, biases = axis.images
    np.testing.assert_array_equal(products.get_array(), gram)
    assert biases.get_array().shape == (5, 1)
    assert biases.get_extent()[0] > products.get_extent()[1]


def test_bars_are_as_long_as_their_features_and_coloured_by_sharing(axis):
    sp.plots.bars(axis, np.array([1.0, 0.5, 9.0]), np.array([0.0, 1.0, 7.0]), most=1.3)
    lengths = [bar.get_width() for bar in axis.patches[3:]]
    assert lengths == [1.0, 0.5, 1.3]
    dark, yellow, clipped = (bar.get_facecolor() for bar in axis.patches[3:])
    assert sum(dark[:3]) < sum(yellow[:3]) and yellow == clipped
    assert axis.yaxis_inverted()


# -- the demo


def test_the_demo_says_what_its_models_do():
    cross = np.array([[1, 0, -1, 0, 0], [0, 1, 0, -1, 0]], float)
    W = np.stack([cross * [1, 1, 0, 0, 0], cross, cross, PENTAGON])
    axes = {"world.density": [1.0, 0.3, 0.2, 0.05]}
    kept = np.array([[2, 2, 3], [4, 4, 4], [4, 3, 4], [5, 5, 5]])
    picture = sp.plots.demo(sp.Table(axes, W), sp.Table({**axes, "seed": [0, 1, 2]}, kept))
    words = " ".join(text.get_text() for text in picture.findobj(lambda a: hasattr(a, "get_text")))
    for phrase in (
        "Two dimensions hold two features when all are common, and five when they are rare",
        "two kept, a dimension each", "four kept, in opposite pairs", "five kept, in a pentagon",
    ):  # fmt: skip
        assert phrase in words


def test_a_figure_of_two_profiles_is_refused(script, tmp_path):
    for name, profile in (("one", "smoke"), ("two", "paper")):
        sp.save(tmp_path / name, {"t": sp.Table({"a": [1]}, np.ones(1))}, profile=profile)
    with pytest.raises(sp.Mistake, match=r"two is paper and .*one is smoke"):
        sp.plots.read(script("one two"), tmp_path)


# -- what moves


def dancing():
    picture = style.figure(2, 1)
    axis = picture.subplots()
    (line,) = axis.plot([], [], "o")
    axis.set(xlim=(0, 5), ylim=(0, 1))
    return sp.plots.Moving(picture, lambda frame: line.set_data([frame], [0.5]), frames=5)


def test_a_moving_figure_has_all_its_frames_and_the_same_bytes_each_time(tmp_path):
    first = sp.plots.save_moving(dancing(), tmp_path / "new" / "a.png")
    assert first == tmp_path / "new" / "a.gif"
    assert first.read_bytes() == sp.plots.save_moving(dancing(), tmp_path / "b.gif").read_bytes()
    with Image.open(first) as gif:
        assert gif.n_frames == 5
        gif.seek(4)
        assert gif.info["duration"] >= 2000  # the last stays on


def test_a_script_that_animates_leaves_a_gif_beside_its_picture(script, tmp_path):
    artefact(tmp_path / "one", 1, 2)
    sp.plots.main(draw_of(script()), [str(tmp_path), str(tmp_path / "a.png")], animate=lambda tables: dancing())
    assert {p.name for p in tmp_path.glob("a.*")} == {"a.png", "a.pdf", "a.gif"}


def test_a_path_is_turned_as_a_whole_and_nothing_bends():
    W = np.asarray(sp.geometry.triangular_prism())
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    path = np.stack([0.5 * turn @ W, turn @ W])
    np.testing.assert_allclose(polyhedra.turned(path, W), np.stack([0.5 * W, W]), atol=1e-6)


def test_an_octahedron_has_twelve_edges():
    edges = polyhedra.edges(np.asarray(sp.geometry.cross_polytope(3)))
    assert len(edges) == 12
    assert (3, 0) not in edges


def test_corners_are_drawn_where_features_point():
    W = np.asarray(sp.geometry.cross_polytope(3))
    axis = polyhedra.solid(style.figure(2, 2), 111)
    corners = polyhedra.Corners(axis, style.CYCLE, polyhedra.edges(W))
    corners.at(2 * W)
    np.testing.assert_allclose(np.squeeze([dot.get_data_3d() for dot in corners.dots]), 2 * W.T)
