"""Claims hold or they do not, and say so in a table and in an exit code."""

import math

import pytest

import superpose as sp
from superpose.claims import Claim, ClaimFailed, insist, load_claims, table
from superpose.core.mistakes import Mistake


@pytest.mark.parametrize(
    "measured, verdict",
    [
        (0.9, "agrees"),
        (1.0, "agrees"),
        (1.1, "agrees"),
        (0.89, "differs"),
        (1.11, "differs"),
        (math.nan, "differs"),
        (math.inf, "differs"),
    ],
)
def test_a_claim_agrees_within_its_bounds_and_on_them(measured, verdict):
    assert sp.between("A", "it is one", measured, 0.9, 1.1).verdict == verdict


def test_a_difference_that_is_understood_is_told_apart():
    assert sp.near("A", "", 2, 1, 0.1, why="finite batch").verdict == "differs, and we know why"
    assert sp.near("A", "", 1, 1, 0.1, why="finite batch").verdict == "agrees"


@pytest.mark.parametrize("claim, said", [
    (sp.near("A", "", 0, 1.5, 0.5), "1 … 2"),
    (sp.near("A", "", 0, 3, 0), "3"),
    (sp.between("A", "", 0, high=0.25), "≤ 0.25"),
    (sp.between("A", "", 0, low=-2), "≥ -2"),
    (sp.between("A", "", 0, 1e-6, 1e6), "1e-06 … 1e+06"),
])  # fmt: skip
def test_what_is_expected_is_said_shortly(claim, said):
    assert claim.expected == said


@pytest.mark.parametrize("low, high", [(2, 1), (math.nan, 1), (-math.inf, math.inf)])
def test_bounds_that_say_nothing_are_refused(low, high):
    with pytest.raises(Mistake, match=r"claim 'A' expects from .*, which says nothing"):
        sp.between("A", "", 0, low, high)


def test_a_negative_tolerance_is_refused():
    with pytest.raises(Mistake, match="which says nothing"):
        sp.near("A", "", 1, 1, -0.1)


CLAIMS = [
    sp.near("T-1", "two features at density 1", 2, 2, 0),
    sp.near("T-2", "D* is 0.5", 0.734567891, 0.5, 0.05, why="small batch"),
]


def test_the_table_is_markdown_with_a_row_a_claim():
    head, rule, *rows = table(CLAIMS).splitlines()
    titles = ["claim", "statement", "paper", "expected", "measured", "verdict"]
    assert [c.strip() for c in head.strip("|").split("|")] == titles
    assert set(rule) == {"|", "-"}
    assert len(rows) == 2 and len({len(line) for line in (head, rule, *rows)}) == 1
    assert "0.734568" in rows[1] and "differs, and we know why: small batch" in rows[1]


def test_a_bar_in_a_statement_does_not_end_its_cell():
    (row,) = table([sp.near("A", "|W| is 1", 1, 1, 0)]).splitlines()[2:]
    assert row.replace("\\|", "").count("|") == 7


def test_insisting_prints_and_fails_on_what_nobody_understands(capsys):
    insist(CLAIMS)
    assert "T-2" in capsys.readouterr().out
    with pytest.raises(ClaimFailed, match="1 of 3 claims differ: T-3"):
        insist([*CLAIMS, sp.near("T-3", "", 1, 2, 0.5)])
    assert ClaimFailed.code == 1


def test_claims_load_as_they_were_saved(tmp_path):
    claims = [*CLAIMS, sp.between("T-4", "an inequality", math.nan, high=1.0, paper="0.9")]
    sp.save(tmp_path / "mine", {}, {}, claims=claims)
    again = load_claims(tmp_path, "mine")["mine"]
    assert [c.expected for c in again] == [c.expected for c in claims]
    assert [c.verdict for c in again] == ["agrees", "differs, and we know why", "differs"]
    assert again[:2] == CLAIMS


def test_an_experiment_without_a_result_has_no_claims(tmp_path, monkeypatch):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "pentagons.py").touch()
    monkeypatch.chdir(tmp_path)
    assert load_claims(tmp_path / "results") == {"pentagons": None}
    (tmp_path / "results" / "pentagons").mkdir(parents=True)
    (tmp_path / "results" / "pentagons" / "claims.json").write_text("[]", encoding="utf-8")
    assert load_claims(tmp_path / "results") == {"pentagons": None}
    with pytest.raises(Mistake, match="no experiment is called 'pentagon'; did you mean 'pentagons'"):
        load_claims(tmp_path / "results", "pentagon")


@pytest.mark.parametrize("content", ["{", "3", '[{"id": "A"}]', '[{"oops": 1}]', None])
def test_claims_that_cannot_be_read_are_a_mistake(tmp_path, content):
    sp.save(tmp_path / "mine", {})
    path = tmp_path / "mine" / "claims.json"
    if content is None:
        path.unlink()
        path.mkdir()
    else:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(Mistake, match=r"the claims in .*mine cannot be read"):
        load_claims(tmp_path, "mine")


def test_a_claim_is_data():
    assert Claim("A", "s", 1.0, 0.0, 2.0) == sp.near("A", "s", 1, 1, 1)


def test_a_claim_says_its_seeds_and_their_spread(tmp_path):
    claim = sp.near("TMS-08.1", "cells agree", 0.96, 1, 0.05, seeds=10, spread=(0.9, 1))
    assert claim.found == "0.96 (0.9 … 1, 10 seeds)"
    assert claim.where == "Superposition as a phase change"
    sp.save(tmp_path / "x", {}, {}, claims=[claim, sp.near("A", "", 1, 1, 0)])
    assert load_claims(tmp_path, "x")["x"] == [claim, sp.near("A", "", 1, 1, 0)]
    assert "10 seeds" in table([claim])


@pytest.mark.parametrize("spread", ["3", "[1]", "[1, true]"])
def test_a_spread_that_is_no_interval_is_refused(tmp_path, spread):
    sp.save(tmp_path / "x", {}, {}, claims=[sp.near("A", "", 1, 1, 0)])
    claims = tmp_path / "x" / "claims.json"
    claims.write_text(claims.read_text(encoding="utf-8").replace('"spread": null', f'"spread": {spread}'))
    with pytest.raises(Mistake, match="cannot be read"):
        load_claims(tmp_path, "x")


@pytest.mark.parametrize("name", ["tables.npz", "axes.json", "numbers.json"])
def test_claims_of_a_damaged_result_are_not_believed(tmp_path, name):
    table = sp.Table({"a": [1]}, [1.0])
    sp.save(tmp_path / "x", {"t": table}, {"n": 1}, claims=[sp.near("A", "", 1, 1, 0)])
    (tmp_path / "x" / name).write_bytes(b"{")
    with pytest.raises(Mistake, match="is damaged"):
        load_claims(tmp_path, "x")


def test_claims_of_another_profile_are_not_believed(tmp_path):
    sp.save(tmp_path / "default" / "x", {}, {}, claims=[sp.near("A", "", 1, 1, 0)], profile="smoke")
    with pytest.raises(Mistake, match="was made with the profile smoke, not default"):
        load_claims(tmp_path / "default", "x")
