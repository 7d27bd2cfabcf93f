"""Galleries of shapes and maps of a census: an edge where there is one, and a colour for what is commonest."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from superpose import geometry
from superpose.plots import census_key, census_map, gallery, graphs, recognised, style


@pytest.mark.parametrize(
    "shape, edges",
    [
        (geometry.polygon(7), 7),
        (geometry.simplex(3), 6),
        (geometry.cross_polytope(3), 12),
        (geometry.cube(), 12),
        (geometry.icosahedron(), 30),
        (geometry.triangular_prism(), 9),
        (geometry.square_antiprism(), 16),
    ],
)
def test_neighbours_are_the_edges_of_a_solid(shape, edges):
    assert len(recognised.neighbours(shape)) == edges


def test_a_gallery_has_a_panel_for_each_and_its_name():
    figure = style.figure(4, 2)
    gallery(figure, {"digon": geometry.simplex(1), "pentagon": geometry.polygon(5), "cube": geometry.cube()}, across=3)
    assert [ax.get_title(loc="center") for ax in figure.axes] == ["digon", "pentagon", "cube"]
    with pytest.raises(ValueError, match=r"\(4, 5\)"):
        gallery(figure, {"4-simplex": geometry.simplex(4)})


def test_a_cell_of_the_map_has_the_colour_of_its_commonest_label_as_pale_as_it_is_rare():
    labels = np.array([[["a", "a", "a", "a"], ["b", "b", "a", "b"]]])
    ax, key = style.figure(2, 2).subplots(1, 2)
    colours = census_map(ax, labels, ["x"], ["y", "z"])
    assert set(colours) == {"a", "b"}
    picture = np.asarray(ax.images[0].get_array())
    np.testing.assert_allclose(picture[0, 0], to_rgb(colours["a"]))
    np.testing.assert_allclose(picture[1, 0], 0.75 * np.array(to_rgb(colours["b"])) + 0.25)
    assert [text.get_text() for text in ax.texts] == ["100%", "75%"]
    census_key(key, colours)
    assert [text.get_text() for text in key.get_legend().get_texts()] == list(colours)


def test_labels_beyond_the_commonest_share_a_grey():
    labels = np.array([[["a"], ["a"], ["b"]]])
    colours = census_map(style.figure(2, 2).subplots(), labels, ["x"], ["1", "2", "3"], most=1)
    assert list(colours) == ["a", "other"]


def test_a_map_asks_for_labels_that_fit_its_ticks():
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        census_map(style.figure(2, 2).subplots(), np.full((2, 3), "a"), ["x"], ["y"])


def test_every_name_has_a_colour_in_a_graph():
    ax = style.figure(2, 2).subplots()
    W = geometry.tegum(geometry.polygon(7), geometry.cube(), geometry.simplex(2))
    assert graphs.feature_graph(ax, W) == {"7-gon", "cube", "triangle"}
