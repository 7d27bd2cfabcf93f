"""Pictures of measures: what is drawn where, what is left out, and what is hatched."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from superpose.core.mistakes import BadName, BadValue
from superpose.plots.measured import curve, longest, measured, single
from superpose.plots.scales import Scale, geometric
from superpose.plots.style import CYCLE
from superpose.train.table import Table

DENSITIES = [0.01, 0.1, 1.0]
AXES = {"world.density": DENSITIES, "seed": [0, 1]}
LOSS = Table(AXES, np.array([[1.0, 3.0], [2.0, 2.0], [5.0, 7.0]]))
LOST = Table(AXES, np.array([[False, False], [False, True], [False, False]]))


def lines(picture):
    return [line for line in picture.axes[0].lines if len(line.get_xdata())]


def foot(picture):
    return picture.texts[-1].get_text()


def hatched(picture):
    return [p for p in picture.axes[0].patches if p.get_hatch()]


@pytest.mark.parametrize("ticks, log", [
    ([0.01, 0.1, 1], True), (np.geomspace(0.2, 1, 9).tolist(), True), ([1, 2, 4, 8, 16], True), ([1, 10], True),
    ([0.1, 0.3, 0.5, 0.7], False), ([0.0, 0.1, 1.0], False), ([-1.0, 1.0], False), ([1, 2], False), ([5], False),
    (list(range(1, 30)), False), (np.linspace(0.01, 1, 9).tolist(), False), ([3, 3], False),
])  # fmt: skip
def test_an_axis_is_logarithmic_where_its_ticks_are_geometric(ticks, log):
    assert geometric(ticks) == log


def test_the_mean_over_the_other_axes_is_drawn_against_the_longest():
    picture = measured(LOSS, "loss")
    (line,) = lines(picture)
    np.testing.assert_allclose(line.get_xdata(), DENSITIES)
    np.testing.assert_allclose(line.get_ydata(), [2, 2, 6])
    axis = picture.axes[0]
    assert (axis.get_xscale(), axis.get_ylabel()) == ("log", "loss")
    assert axis.get_xlabel() == "density: chance that a feature is on"
    assert foot(picture) == "mean ± one standard deviation over seed (2)"


def test_what_diverged_is_left_out_and_hatched():
    values = Table(AXES, np.array([[1.0, 3.0], [2.0, 900.0], [5.0, 7.0]]))
    picture = measured(values, "loss", lost=LOST)
    np.testing.assert_allclose(lines(picture)[0].get_ydata(), [2, 2, 6])
    (patch,) = hatched(picture)
    left, right = np.asarray(patch.get_xy())[:, 0].min(), np.asarray(patch.get_xy())[:, 0].max()
    np.testing.assert_allclose([left, right], [10**-1.5, 10**-0.5])
    assert "hatched: 1 of 6 models diverged, and are left out" in foot(picture)
    assert not hatched(measured(LOSS, "loss", lost=Table(AXES, np.zeros((3, 2), bool))))


def test_a_few_ticks_of_a_second_axis_are_a_line_each():
    picture = measured(LOSS, "loss", against="density", by="seed")
    np.testing.assert_allclose([line.get_ydata() for line in lines(picture)], LOSS.values.T)
    legend = picture.axes[0].get_legend()
    assert [t.get_text() for t in legend.get_texts()] == ["0", "1"] and legend.get_title().get_text() == "seed"


def test_two_long_axes_are_a_heat_map_with_hatched_cells():
    axes = {"world.decay": [0.5, 0.7, 0.9, 1.0], "world.density": [0.1, 0.2, 0.3, 0.4, 0.5], "seed": [0, 1]}
    values = np.arange(40.0).reshape(4, 5, 2)
    lost = np.zeros((4, 5, 2), bool)
    lost[2, 3] = True
    lost[0, 0, 1] = True
    picture = measured(Table(axes, values), "loss", against="decay", by="density", lost=Table(axes, lost))
    (mesh,) = picture.axes[0].collections
    shown = np.ma.filled(mesh.get_array().astype(float), np.nan).reshape(5, 4)
    wanted = values.mean(-1).T
    wanted[3, 2], wanted[0, 0] = np.nan, values[0, 0, 0]
    np.testing.assert_allclose(shown, wanted)
    assert len(hatched(picture)) == 2
    assert picture.axes[0].get_ylabel() == "density: chance that a feature is on"
    assert picture.axes[1].get_ylabel() == "loss"


def test_a_number_per_feature_is_a_dot_each():
    values = np.random.default_rng(0).uniform(size=(3, 2, 5))
    picture = measured(Table(AXES, values), "norm", lost=LOST)
    dots = picture.axes[0].collections[0].get_offsets()
    seen = np.ma.getdata(dots)[~np.isnan(np.ma.getdata(dots)[:, 1]) & ~np.ma.getmaskarray(dots)[:, 1]]
    assert len(seen) == 25
    near = np.abs(np.log10(seen[:, :1]) - np.log10(DENSITIES)).min(1)
    assert near.max() <= 0.31
    assert picture.axes[1].get_ylabel() == "feature, the first on top"
    by = measured(Table(AXES, values), "norm", against="seed", by="density")
    assert [t.get_text() for t in by.axes[1].get_yticklabels()] == ["0.01", "0.1", "1"]


def test_words_stand_side_by_side_with_bars():
    table = Table({"model.activation": ["relu", "gelu"], "seed": [0, 1]}, [[1.0, 3.0], [2.0, 2.0]])
    picture = measured(table, "loss", against="activation")
    assert [t.get_text() for t in picture.axes[0].get_xticklabels()] == ["relu", "gelu"]
    np.testing.assert_allclose(lines(picture)[0].get_ydata(), [2, 2])


def test_ticks_are_drawn_in_rising_order():
    table = Table({"world.density": [0.1, 1.0, 0.01]}, [2.0, 3.0, 1.0])
    (line,) = lines(measured(table, "loss"))
    np.testing.assert_allclose(line.get_xdata(), [0.01, 0.1, 1.0])
    np.testing.assert_allclose(line.get_ydata(), [1, 2, 3])


def test_a_zipped_axis_is_drawn_by_one_of_its_fields_or_by_its_ticks():
    name = "world.density,learning_rate"
    table = Table({name: [(0.1, 3.0), (0.2, 2.0), (0.3, 2.0)]}, [1.0, 2.0, 3.0])
    axis = measured(table, "loss").axes[0]
    assert axis.get_xlabel() == "density: chance that a feature is on (moves with learning_rate)"
    axis = measured(table, "loss", against="learning_rate").axes[0]
    assert axis.get_xlabel() == name and [t.get_text() for t in axis.get_xticklabels()] == [
        "0.1, 3",
        "0.2, 2",
        "0.3, 2",
    ]


def test_a_curve_is_the_median_of_all_models():
    logs = Table({"seed": [0, 1, 2]}, np.array([[3.0, 2.0], [30.0, 20.0], [1e9, np.nan]]))
    lost = Table(logs.axes, np.array([False, False, True]))
    picture = curve(logs, 10, "loss", lost)
    (line,) = lines(picture)
    np.testing.assert_allclose(line.get_xdata(), [10, 20])
    np.testing.assert_allclose(line.get_ydata(), [16.5, 11])
    assert picture.axes[0].get_yscale() == "log"
    assert foot(picture).splitlines()[-1].endswith("1 of 3 models diverged, and are left out")
    assert foot(curve(Table({}, np.array([1.0, -1.0])), 1, "loss")) == "one model"


def test_a_sweep_of_which_everything_diverged_is_still_drawn():
    all_lost = Table(AXES, np.ones((3, 2), bool))
    assert len(hatched(measured(LOSS, "loss", lost=all_lost))) == 3
    curve(Table(AXES, np.ones((3, 2, 4))), 1, "loss", all_lost)
    measured(Table(AXES, np.ones((3, 2, 4))), "norm", lost=all_lost)


def test_one_model_is_a_bar_for_each_feature():
    picture = single(Table({}, np.array([1.0, 0.5])), "norm")
    assert [bar.get_height() for bar in picture.axes[0].patches] == [1.0, 0.5]
    assert to_hex(picture.axes[0].patches[0].get_facecolor()) != to_hex(picture.axes[0].patches[1].get_facecolor())
    with pytest.raises(BadValue, match="export it instead"):
        single(Table({}, np.zeros((2, 2))), "gram")


def test_seeds_are_the_last_choice_of_an_axis():
    assert longest(Table({"seed": [0, 1, 2], "steps": [1, 2]}, np.zeros((3, 2)))) == "steps"
    assert longest(Table({"seed": [0]}, [1])) == "seed"
    with pytest.raises(BadValue, match="no axis to be drawn against"):
        longest(Table({}, 1.0))


@pytest.mark.parametrize("table, more, kind, said", [
    (LOSS, {"against": "densty"}, BadName, "no axis is called 'densty'"),
    (LOSS, {"against": "seed", "by": "seed"}, BadName, "both axes of the picture are 'seed'"),
    (Table({"seed": [0]}, np.zeros((1, 2, 2))), {}, BadValue, "has 2 axes beside the sweep's; export it instead"),
])  # fmt: skip
def test_a_picture_that_cannot_be_is_refused(table, more, kind, said):
    with pytest.raises(kind) as wrong:
        measured(table, "x", **more)
    assert said in str(wrong.value)


def test_many_words_are_not_all_written():
    axis = measured(Table({"steps,model.activation": [(i, "relu") for i in range(30)]}, np.zeros(30)), "x").axes[0]
    assert len(axis.get_xticks()) <= 30
    scale = Scale.of("model.activation", "activation", [f"w{i}" for i in range(30)])
    assert not scale.numbers and scale.edges().tolist() == [i - 0.5 for i in range(31)]


def test_words_have_a_colour_each_and_a_legend():
    axes = {"model.activation": ["relu", "gelu", "abs"], "world.density": DENSITIES, "seed": [0, 1]}
    values = np.random.default_rng(0).uniform(size=(3, 3, 2, 5))
    picture = measured(Table(axes, values), "norm", by="activation", against="density")
    assert len(picture.axes) == 1, "no colour bar"
    legend = picture.axes[0].get_legend()
    assert [t.get_text() for t in legend.get_texts()] == ["relu", "gelu", "abs"]
    keys = [to_hex(h.get_facecolor()[0]) for h in legend.legend_handles]
    assert keys == list(CYCLE[:3])
    dots = picture.axes[0].collections[0]
    dots.update_scalarmappable()
    assert {to_hex(c) for c in dots.get_facecolor()} == set(keys)
    assert foot(picture) == "a dot is one feature of one of 18 models: over seed (2)"
    lined = measured(Table(axes, values[..., 0]), "loss", by="activation", against="density")
    assert [to_hex(line.get_color()) for line in lines(lined)] == keys


@pytest.mark.parametrize("ticks, wanted", [
    ([0.1, 0.3, 0.9], ["0.1", "0.2", "0.5", "1"]), ([2, 4, 8, 16, 32], ["2", "5", "10", "20"]),
])  # fmt: skip
def test_a_short_logarithmic_side_has_one_two_and_five(ticks, wanted):
    axis = measured(Table({"world.density": ticks}, np.arange(len(ticks))), "loss").axes[0]
    axis.figure.draw_without_rendering()
    low, high = axis.get_xlim()
    seen = [t.get_text() for t, x in zip(axis.get_xticklabels(), axis.get_xticks(), strict=True) if low <= x <= high]
    assert seen == wanted and not any(t.get_text() for t in axis.get_xticklabels(minor=True))


def test_a_curve_that_hardly_falls_has_numbers_beside_it():
    axis = curve(Table({}, np.linspace(3.4, 3.1, 9)), 1, "loss").axes[0]
    axis.figure.draw_without_rendering()
    low, high = axis.get_ylim()
    assert sum(low <= y <= high for y in axis.get_yticks()) >= 3


def test_the_band_around_a_count_stays_within_the_counts():
    counts = Table({"steps": [1, 2, 3], "seed": [0, 1, 2]}, np.array([[5, 5, 0], [5, 5, 5], [0, 0, 4]]))
    for table, floor, ceiling in ((counts, 0, 5), (Table(counts.axes, counts.values * 1.01), -1, 6)):
        (band,) = measured(table, "kept").axes[0].collections
        y = band.get_paths()[0].vertices[:, 1]
        assert (y.min() >= 0, y.max() <= 5) == (floor == 0, ceiling == 5)
    words = Table({"model.activation": ["a", "b"], "seed": [0, 1, 2]}, np.array([[5, 5, 0], [0, 0, 4]]))
    (bars,) = measured(words, "kept", against="activation").axes[0].collections
    ends = np.concatenate([path.vertices[:, 1] for path in bars.get_paths()])
    assert ends.min() >= 0 and ends.max() <= 5
