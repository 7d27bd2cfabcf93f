"""Words from strangers: recipes with absurd values, names that would be paths, letters that would steer a terminal."""

import csv
import io
import json
import os
import time

import pytest

import superpose as sp
from superpose.core.mistakes import BadValue, Mistake, said, shown
from superpose.core.names import cell, safe_name

WORLD = {"class": "SparseWorld", "n_features": 3}
MODEL = {"class": "ToyConfig", "n_features": 3, "n_hidden": 2}
RECIPE = {"class": "Recipe", "world": WORLD, "model": MODEL}


def raw(fields: dict, name: str, text: str) -> str:
    """JSON in which `name` holds `text` as it is, whatever JSON would have written."""
    return json.dumps({**fields, name: "@"}).replace('"@"', text)


@pytest.mark.parametrize("fields, name, text, said", [
    (RECIPE, "stepz", "3", "Recipe has no field 'stepz'; did you mean 'steps'"),
    (RECIPE, "steps", "-1", "Recipe.steps is -1; it must be a whole number from"),
    (RECIPE, "steps", "true", "Recipe.steps is True; it must be a whole number"),
    (RECIPE, "steps", "1.5", "Recipe.steps is 1.5; it must be a whole number"),
    (RECIPE, "steps", '"3"', "Recipe.steps is '3'; it must be a whole number"),
    (RECIPE, "steps", "9223372036854775807", "Recipe.steps is 9223372036854775807; it must be a whole number from"),
    (RECIPE, "steps", "1" + "0" * 400, "'steps' is 1"),
    (RECIPE, "steps", "1e400", "'steps' is inf"),
    (RECIPE, "learning_rate", "NaN", "'learning_rate' is nan"),
    (RECIPE, "learning_rate", "-1e400", "'learning_rate' is -inf"),
    (RECIPE, "learning_rate", "-0.1", "Recipe.learning_rate is -0.1; it must be a number"),
    (RECIPE, "learning_rate", "false", "Recipe.learning_rate is False; it must be a number"),
    (RECIPE, "batch", "0", "Recipe.batch is 0"),
    (RECIPE, "schedule", '"constnat"', "did you mean 'constant'"),
    (RECIPE, "snapshots", "[-1]", "napshots"),
    (WORLD, "n_features", "0", "SparseWorld.n_features is 0"),
    (WORLD, "n_features", "4294967296", "SparseWorld.n_features is 4294967296"),
    (WORLD, "density", "1.01", "SparseWorld.density is 1.01"),
    (WORLD, "density", '{"class": "os.system"}', "no class made with @pytree is called 'os.system'"),
    (WORLD, "density", '[[[[0.1]]]]', "SparseWorld.density"),
    (MODEL, "n_hidden", "2147483648", "ToyConfig.n_hidden is 2147483648"),
])  # fmt: skip
def test_a_recipe_from_a_stranger_is_refused_by_field_and_value(fields, name, text, said):
    with pytest.raises(Mistake) as wrong:
        sp.from_json(raw(fields, name, text))
    assert said in str(wrong.value)
    assert wrong.value.code == 2


@pytest.mark.parametrize("name, value, said", [
    ("steps", -1, "Recipe.steps is -1"), ("steps", True, "Recipe.steps is True"),
    ("steps", 10**30, "Recipe.steps is 1000"),
    ("learning_rate", float("nan"), "Recipe.learning_rate is nan"),
    ("learning_rate", 10**400, "Recipe.learning_rate is 1"),
    ("learning_rate", float("inf"), "Recipe.learning_rate is inf"),
    ("learning_rate", "1e-3", "learning_rate is '1e-3'"),
    ("learning_rate", True, "Recipe.learning_rate is True"), ("batch", 2**31, "Recipe.batch is 2147483648"),
])  # fmt: skip
def test_a_recipe_made_with_absurd_values_is_refused_alike(name, value, said):
    whole = sp.Recipe(world=sp.SparseWorld(n_features=3), model=sp.ToyConfig(n_features=3, n_hidden=2))
    with pytest.raises(Mistake) as wrong:
        sp.replace_at(whole, name, value)
    assert said in str(wrong.value)


def test_a_model_too_large_for_any_machine_is_refused_before_it_is_shaped():
    big = {**MODEL, "n_features": 2**31 - 1, "n_hidden": 2**31 - 1}
    began = time.monotonic()
    for text in ({"model": big, "arrays": []}, {**RECIPE, "model": big}):
        with pytest.raises(Mistake):
            sp.from_json(json.dumps(text))
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", ["a", "density-0.1", "run_3", "ünïcode", "a.b.c", "x" * 100, "_", "CONsole", "a b"])
def test_a_plain_name_may_be_that_of_a_file(tmp_path, name):
    (tmp_path / safe_name(name)).write_text("", encoding="utf-8")
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize("name", [
    "", ".", "..", "../x", "../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "a\0b", "a\nb", "\x1b[2J", "x" * 101,
    "ü" * 51, "x" * 300, "CON", "con.txt", "COM1", "lpt9.log", "NUL", "a:b", "a*", "what?", '"', "<b>", "a|b", "-rf",
    " a", "a ", "a.", "\u202egnp.exe", "\u200b", "\ud800", "\x7f", None, 3, b"a",
])  # fmt: skip
def test_a_name_that_could_be_more_than_one_is_refused(name):
    with pytest.raises(Mistake, match=r"cannot be the name of a file: it .*; use letters, digits") as wrong:
        safe_name(name)
    assert str(wrong.value).isprintable()


@pytest.mark.parametrize("text, drawn", [
    ("plain ünïcode 漢字 ␛", "plain ünïcode 漢字 ␛"), ("\x1b[31mred", "␛[31mred"), ("a\0b\r\nc\td\x07", "a␀b␍␊c␉d␇"),
    ("\x7f", "␡"), ("\x9b31m", "\\u{9b}31m"), ("\u202eevil", "\\u{202e}evil"), ("\ud800", "\\u{d800}"), ("", ""),
])  # fmt: skip
def test_control_characters_are_drawn_and_not_obeyed(text, drawn):
    assert shown(text) == drawn
    assert shown(drawn) == drawn


def test_a_mistake_never_steers_the_terminal_it_is_printed_on():
    evil = "\x1b]0;title\x07\x9b2J\u202e"
    for wrong in (BadValue(f"{evil} is missing"), BadValue(said(evil)), BadValue(said({evil: 1}))):
        assert str(wrong).isprintable()


def test_claims_of_a_stranger_do_not_steer_the_terminal_they_are_listed_on():
    from superpose.claims import between, table

    evil = between("X\x1b[2J", "a\nb\x07 | c", 0.0, high=1.0, why="\x9b31m")
    assert all(line.isprintable() for line in table([evil]).split("\n"))
    assert len(table([evil]).split("\n")) == 3


@pytest.mark.parametrize("value, text", [
    (1.5, "1.5"), (-3, "-3"), (True, "True"), ("plain", "plain"), ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"),
    ("@SUM(A1)", "'@SUM(A1)"), ('=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'), (" =1", "\"' =1\""),
    ("a,b", '"a,b"'), ("two words", '"two words"'), ("\t=1", "␉=1"), ("\x1b", "␛"),
])  # fmt: skip
def test_a_cell_is_no_formula(value, text):
    assert cell(value) == text
    ((read,),) = csv.reader(io.StringIO(cell(value)))
    assert isinstance(value, (int, float)) or read[0] not in "=+-@"
