"""Axes as text: what they mean, what they refuse, and that nothing else can come out of them."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superpose.core.mistakes import BadName, BadValue, Mistake
from superpose.train.grids import MOST, axes, axis, plain, value, written


@pytest.mark.parametrize("text, name, ticks", [
    ("seed=0..3", "seed", [0, 1, 2, 3]), ("seed=7", "seed", [7]), ("seed=-2..-1", "seed", [-2, -1]),
    ("world.density=lin:0:1:3", "world.density", [0.0, 0.5, 1.0]),
    ("world.density=log:1:0.01:3", "world.density", [1.0, 0.1, 0.01]),
    ("model.n-hidden=2,3,5", "model.n_hidden", [2, 3, 5]),
    ("learning_rate=1e-3,.5,2.", "learning_rate", [1e-3, 0.5, 2.0]),
    ("model.activation=relu,identity", "model.activation", ["relu", "identity"]),
    ("model.tied=true,False", "model.tied", [True, False]), ("optimizer.clip=none,1.0", "optimizer.clip", [None, 1.0]),
    ("objective.penalties.0.rate=0.0,0.1", "objective.penalties.0.rate", [0.0, 0.1]),
    ("optimizer=adam", "optimizer", ["adam"]),
])  # fmt: skip
def test_an_axis_means(text, name, ticks):
    found = axis(text)
    assert found[0] == name
    assert [type(t) for t in found[1]] == [type(t) for t in ticks]
    assert found[1] == pytest.approx(ticks) if isinstance(ticks[0], float) else found[1] == ticks


def test_spaced_axes_are_numpys_own():
    assert axis("a=log:0.01:1:64")[1] == np.geomspace(0.01, 1, 64).tolist()
    assert axis("a=lin:-3:7:11")[1] == np.linspace(-3, 7, 11).tolist()


@pytest.mark.parametrize("text, kind, said", [
    ("", BadValue, "axis '' has no '='"),
    ("world.density", BadValue, "axis 'world.density' has no '='; write it as FIELD=lin:a:b:n"),
    ("seed=", BadValue, "axis 'seed=' has no values"),
    ("=1", BadName, "'' in '=1' is not a field's name"),
    ("a b=1", BadName, "'a b' in 'a b=1' is not a field's name"),
    ("../a=1", BadName, "is not a field's name"),
    ("seed=1,,2", BadValue, "has an empty value"),
    ("seed=1,1", BadValue, "has a value twice"),
    ("seed=9..0", BadValue, "goes down, from 9 to 0; write the smaller first"),
    ("seed=0..", BadValue, "'' is not a whole number"),
    ("seed=0..1.5", BadValue, "'1.5' is not a whole number"),
    ("seed=0..999999999999", BadValue, "has 1,000,000,000,000 values; the most of an axis is 10,000,000"),
    (f"seed=0..{'9' * 5000}", BadValue, "is too large a number"),
    (f"seed={'9' * 5000}", BadValue, "is too large a number"),
    ("a=lin:0:1:1000000000000", BadValue, "has 1,000,000,000,000 values"),
    ("a=lin:0:1:1", BadValue, "has 1 values; an axis from one end to the other has 2 to"),
    ("a=lin:0:1:-4", BadValue, "has -4 values"),
    ("a=lin:0:1", BadValue, "needs three numbers after lin:"),
    ("a=log:0:1:4", BadValue, "log needs both ends above 0, and 0 is not"),
    ("a=log:-1:1:4", BadValue, "log needs both ends above 0, and -1 is not"),
    ("a=lin:2:2:4", BadValue, "goes from 2 to itself; write one value as FIELD=2"),
    ("a=lin:1:1.0000000000000002:9", BadValue, "are more than there are"),
    ("a=lin:-1e308:1e308:3", BadValue, "are more than there are"),
    ("a=logg:1:2:3", BadName, "no spacing is called 'logg'; did you mean 'log'"),
    ("a=nan", BadValue, "nan is not a finite number"),
    ("a=-inf", BadValue, "-inf is not a finite number"),
    ("a=lin:0:Infinity:3", BadValue, "Infinity is not a finite number"),
    ("a=1e400", BadValue, "'1e400' is too large for a number"),
    ("a=1e-400", BadValue, "'1e-400' is too near 0 for a number"),
    ("a=1_000", BadValue, "'1_000' is not a number or a word"),
    ("a=٣", BadValue, "is not a number or a word"),
    ("a=__import__('os')", BadValue, "is not a number or a word"),
    ("a=[1]", BadValue, "is not a number or a word"),
    ("a=" + "1," * 600_000 + "1", BadValue, "characters; the most is 1,000,000"),
])  # fmt: skip
def test_a_malformed_axis_is_refused_by_name(text, kind, said):
    with pytest.raises(kind) as wrong:
        axis(text)
    assert said in str(wrong.value)
    assert "\n" not in str(wrong.value) and len(str(wrong.value)) < 500


def test_zipped_axes_become_one():
    found = axes(["world.density=0.1,0.2", "seed=0..2", "learning-rate=1e-3,1e-2"], ["world.density,learning-rate"])
    assert found == {"seed": [0, 1, 2], "world.density,learning_rate": [(0.1, 1e-3), (0.2, 1e-2)]}


@pytest.mark.parametrize("texts, zips, said", [
    (["a=1", "a=2"], [], "axis 'a' is given twice; give all of its values at once"),
    (["n_a=1", "n-a=2"], [], "axis 'n_a' is given twice"),
    (["a=1,2", "b=1,2,3"], ["a,b"], "needs axes of one length; theirs are {'a': 2, 'b': 3}"),
    (["a=1,2"], ["a"], "must name two or more different axes"),
    (["a=1,2"], ["a,a"], "must name two or more different axes"),
    (["a=1,2", "dens=1,2"], ["a,denz"], "no axis is called 'denz'; did you mean 'dens'"),
    (["a=1", "b=1", "c=1"], ["a,b", "b,c"], "no axis is called 'b'"),
    (["a=1"], ["a,"], "is not a field's name"),
])  # fmt: skip
def test_a_wrong_grid_is_refused(texts, zips, said):
    with pytest.raises(Mistake) as wrong:
        axes(texts, zips)
    assert said in str(wrong.value)


@pytest.mark.parametrize("text, meant", [
    ("0.1", 0.1), ("3", 3), ("0,100,200", (0, 100, 200)), ("true", True), ("none", None), ("relu", "relu"),
])  # fmt: skip
def test_a_value_means(text, meant):
    assert value(text) == meant and type(value(text)) is type(meant)
    assert plain(meant) == text


PIECES = st.sampled_from(["a", "=", ":", "..", ",", "lin", "log", "1", "0", "9" * 25, "-", ".", "e", "nan", "é", " "])
WORDS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda w: w not in ("true", "false", "none", "nan", "inf", "infinity")
)
VALUES = st.one_of(
    st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.none(), WORDS
)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(lambda p: "a=" + "".join(p))))
def test_any_text_is_an_axis_or_a_mistake(text):
    try:
        name, ticks = axis(text)
    except Mistake:
        return
    assert name and 0 < len(ticks) <= MOST
    assert all(t is None or type(t) in (int, float, bool, str) for t in ticks)


@given(WORDS, st.lists(VALUES, min_size=1, max_size=20, unique_by=lambda t: (type(t), t)))
def test_an_axis_written_out_is_read_back(name, ticks):
    (text,) = written(name, ticks)
    assert axis(text) == (name, ticks)
    assert [type(t) for t in axis(text)[1]] == [type(t) for t in ticks]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=2, unique=True).map(lambda ns: [(n, f"w{n}") for n in ns]))
def test_a_zipped_axis_written_out_is_read_back(ticks):
    assert axes(written("a,b", ticks), ["a,b"]) == {"a,b": ticks}


def test_reading_an_axis_needs_no_jax():
    code = "import sys; from superpose.train.grids import axis; axis('a=log:1:2:3'); assert 'jax' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
