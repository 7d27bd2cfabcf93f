"""Stack plots: every weight is a rectangle of its own height, in its own column and colour."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba

from superpose.core.mistakes import BadValue
from superpose.plots import stacks as draw
from superpose.plots import style
from superpose.plots.stacks import MANY, ONE, bricks, tint_key

W = np.array([[1.0, 0.5, -0.25], [0.0, -0.75, -0.5], [0.02, 0.3, 0.04]])
COLOURS = ["#ff0000", "#00ff00", "#0000ff"]


@pytest.fixture
def axis():
    return style.figure(2, 2).subplots()


def boxes(axis):
    """Left, bottom, width, height and colour of what was drawn as bars."""
    return [(*(round(v, 6) for v in p.get_bbox().bounds), p.get_facecolor()) for p in axis.containers[0]]


def test_bricks_pile_up_and_hang_down_in_the_order_of_the_features():
    found = bricks(W)
    np.testing.assert_array_equal(found.neuron, [0, 0, 0, 1, 1, 2])
    np.testing.assert_array_equal(found.feature, [0, 1, 2, 1, 2, 1])
    np.testing.assert_allclose(found.bottom, [0, 1.0, -0.25, -0.75, -1.25, 0])
    np.testing.assert_allclose(found.height, [1.0, 0.5, 0.25, 0.75, 0.5, 0.3])


@pytest.mark.parametrize("seed", range(3))
def test_bricks_of_a_column_touch_and_reach_the_sums_of_its_weights(seed):
    W = np.random.default_rng(seed).normal(size=(4, 9))
    found = bricks(W, least=0)
    for j, row in enumerate(W):
        mine = found.neuron == j
        bottom, top = found.bottom[mine], (found.bottom + found.height)[mine]
        np.testing.assert_allclose([bottom.min(), top.max()], [row[row < 0].sum(), row[row > 0].sum()])
        np.testing.assert_allclose(np.sort(bottom)[1:], np.sort(top)[:-1], atol=1e-12)


def test_negligible_weights_are_dropped():
    assert len(bricks(W, least=0.45).neuron) == 4
    assert len(bricks(np.zeros((2, 3))).neuron) == 0


def test_a_stack_plot_has_one_rectangle_a_weight_in_its_features_colour(axis):
    draw(axis, W, COLOURS)
    red, green, blue = map(to_rgba, COLOURS)
    assert boxes(axis) == [
        (-0.4, 0.0, 0.8, 1.0, red),
        (-0.4, 1.0, 0.8, 0.5, green),
        (-0.4, -0.25, 0.8, 0.25, blue),
        (0.6, -0.75, 0.8, 0.75, green),
        (0.6, -1.25, 0.8, 0.5, blue),
        (1.6, 0.0, 0.8, 0.3, green),
    ]


def test_a_tint_lies_behind_every_neuron(axis):
    draw(axis, W, COLOURS, polysemantic=np.array([0, 1, 0.5]))
    grounds = [p for p in axis.patches if p not in list(axis.containers[0])]
    assert [g.get_x() for g in grounds] == [-0.5, 0.5, 1.5]
    assert [g.get_facecolor() for g in grounds[:2]] == [to_rgba(ONE), to_rgba(MANY)]
    assert all(g.get_zorder() < axis.containers[0][0].get_zorder() for g in grounds)


def test_nothing_to_draw_is_an_empty_panel(axis):
    draw(axis, np.zeros((2, 3)), COLOURS)
    assert len(axis.containers[0]) == 0
    assert axis.get_xlim() == (-0.5, 1.5)


def test_the_tints_have_a_key():
    assert [p.get_label() for p in tint_key()] == ["a neuron of one feature", "a neuron of many"]


def test_a_stack_plot_takes_one_colour_a_feature(axis):
    with pytest.raises(BadValue, match="2 colours for 3 features"):
        draw(axis, W, COLOURS[:2])
