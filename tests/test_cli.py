"""The commands: one line on stderr and a code for a mistake, and a whole result for what can be done."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import superpose as sp
from superpose.cli import experiment, main
from superpose.core.mistakes import Mistake

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A folder of its own, and the hooks of this process put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "argv", ["experiments/mine.py"])
    return tmp_path


def told(capsys, *words):
    """Exit code, stdout and stderr of the command, in this process."""
    try:
        code = main(list(words))
    except SystemExit as end:
        code = end.code
    heard = capsys.readouterr()
    return code, heard.out, heard.err


def claimed(name, *claims, profile="default"):
    sp.save(Path("results") / profile / name, {}, {}, claims=claims)


def test_no_verb_prints_help(capsys):
    code, out, err = told(capsys)
    assert code == 0 and "usage: superpose" in out and "doctor" in out and not err


@pytest.mark.parametrize("words, said", [
    (["clams"], "superpose: argument VERB: invalid choice: 'clams' (choose from"),
    (["claims", "--profile", "huge"], "superpose claims: argument --profile: invalid choice: 'huge'"),
    (["claims", "--prifile", "smoke"], "superpose: unrecognized arguments: --prifile"),
    (["demo", "a", "b"], "superpose: unrecognized arguments: b"),
    (["doctor", "x"], "superpose: unrecognized arguments: x"),
    (["claims"], "superpose: no experiments here and no results in results/default; run `make figures` first"),
    (["claims", "pentagons"], "superpose: no experiment is called 'pentagons'"),
])  # fmt: skip
def test_a_wrong_command_is_one_line_and_code_two(capsys, words, said):
    code, out, err = told(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith(said) and err.count("\n") == 1


def test_claims_that_hold_are_printed_and_are_a_success(capsys):
    claimed("pentagons", sp.near("T-1", "five angles are equal", 72, 72, 0.1))
    claimed("quiet")
    code, out, err = told(capsys, "claims")
    assert code == 0 and not err
    assert "\npentagons\n" in out and "| T-1 " in out and "| agrees " in out
    assert "\nquiet\n\nno claims\n" in out
    assert "1 of 1 claims agree; 0 experiments not run" in out


def test_a_claim_that_differs_is_code_one_unless_understood(capsys):
    claimed("pentagons", sp.near("T-1", "", 60, 72, 0.1, why="a hexagon"))
    assert told(capsys, "claims")[0] == 0
    claimed("pentagons", sp.near("T-1", "", 60, 72, 0.1))
    assert told(capsys, "claims")[0] == 1


def test_experiments_not_run_are_named_so(capsys):
    Path("experiments").mkdir()
    Path("experiments/pentagons.py").touch()
    code, out, _ = told(capsys, "claims")
    assert code == 0
    assert "pentagons: not run" in out and "0 of 0 claims agree; 1 experiments not run" in out


def test_one_experiment_and_one_profile_may_be_asked_for(capsys):
    claimed("pentagons", sp.near("T-1", "", 72, 72, 0), profile="paper")
    claimed("digons", sp.near("T-2", "", 1, 2, 0), profile="paper")
    code, out, _ = told(capsys, "claims", "pentagons", "--profile", "paper")
    assert code == 0 and "T-1" in out and "T-2" not in out
    code, _, err = told(capsys, "claims", "pentagon", "--profile", "paper")
    assert code == 2 and "did you mean 'pentagons'" in err


def test_doctor_says_what_a_bug_report_needs(capsys):
    code, out, _ = told(capsys, "doctor")
    assert code == 0
    assert {line.split()[0] for line in out.splitlines()} >= {"python", "versions", "devices", "memory", "machine"}


@pytest.mark.parametrize("place", ["taken", "taken/below"])
def test_the_demo_refuses_a_file_before_it_trains(capsys, place):
    Path("taken").touch()
    code, out, err = told(capsys, "demo", place)
    assert (code, out) == (2, "")
    assert re.fullmatch(r"superpose: \S*taken is a file; give a folder to write to\n", err)


def test_the_demo_leaves_a_picture_and_its_numbers(capsys, monkeypatch):
    from superpose.cli import demo

    monkeypatch.setattr(demo, "DENSITIES", 3)
    monkeypatch.setattr(demo, "SEEDS", 2)
    monkeypatch.setattr(sp, "Recipe", lambda **more: REAL(**{**more, "steps": 20}), raising=False)
    monkeypatch.setattr(sp.plots, "demo", lambda W, kept: Figure())
    code, out, _ = told(capsys, "demo", "here")
    assert code == 0 and "training 6 models" in out
    assert (Path("here") / "demo.png").read_bytes().startswith(b"\x89PNG")
    assert sp.load("here")["W"].values.shape == (3, 2, 5)


REAL = sp.Recipe


def test_an_experiment_runs_at_its_default_size_into_its_own_folder():
    args = experiment("doc", [])
    assert (args.out, args.profile, args.asserts) == (Path("results/default/mine"), "default", True)


@pytest.mark.parametrize("profile", ["smoke", "default", "paper"])
def test_a_profile_picks_the_size(profile):
    args = experiment("doc", ["--profile", profile])
    assert args.pick(smoke="smoke", default="default", paper="paper") == profile
    assert args.out == Path("results", profile, "mine")
    assert args.asserts == (profile != "smoke")


def test_smoke_is_short_for_a_profile():
    assert experiment("doc", ["out", "--smoke"]) == experiment("doc", ["out", "--profile", "smoke"])


def recipe():
    return sp.Recipe(world=sp.SparseWorld(n_features=3), model=sp.ToyConfig(n_features=3, n_hidden=2))


@pytest.mark.parametrize("text, path, value", [
    ("world.density=0.5", "world.density", 0.5), ("world.density=1", "world.density", 1), ("steps=7", "steps", 7),
    ("batch=all", "batch", "all"), ("model.tied=false", "model.tied", False),
    ("optimizer=sgd", "optimizer.kind", "sgd"),
    ("optimizer.clip=None", "optimizer.clip", None), ("learning_rate=3e-3", "learning_rate", 3e-3),
])  # fmt: skip
def test_set_changes_one_field(text, path, value):
    from superpose.core.trees import at

    args = experiment("doc", ["--set", text])
    assert at(args.change(recipe()), path) == value
    assert not args.asserts


def test_sets_follow_one_another():
    args = experiment("doc", ["--set", "steps=7", "--set", "world.decay=0.9", "--set", "steps=8"])
    changed = args.change(recipe())
    assert (changed.steps, changed.world.decay) == (8, 0.9)


def test_nothing_set_changes_nothing():
    assert experiment("doc", []).change(recipe()) == recipe()


@pytest.mark.parametrize("text, said", [
    ("steps", "--set 'steps': write it as field=value, for example world.density=0.1"),
    ("=3", "--set '=3': write it as field=value"),
    ("steps=", "--set 'steps=': write it as field=value"),
    ("world.densty=0.5", "SparseWorld has no field 'densty'; did you mean 'density'"),
    ("world.density=2", "SparseWorld.density is 2"),
    ("world.density=nan", "SparseWorld.density is nan"),
    ("world.density=true", "SparseWorld.density is True"),
    ("steps=1e3", "Recipe.steps is 1000.0"),
    ("steps=ten", "Recipe.steps is 'ten'"),
    ("model=3", "Recipe.model is 3"),
])  # fmt: skip
def test_a_wrong_set_is_named(text, said):
    with pytest.raises(Mistake) as wrong:
        experiment("doc", ["--set", text]).change(recipe())
    assert said in str(wrong.value)


def test_a_result_cannot_be_written_into_a_file():
    Path("taken").touch()
    with pytest.raises(Mistake, match="taken is a file; give a folder"):
        experiment("doc", ["taken"])


SCRIPT = """
import sys
import superpose as sp
args = sp.experiment(__doc__)
print("begun")
if "bug" in str(args.out):
    raise ZeroDivisionError("a bug")
recipe = args.change(sp.Recipe(world=sp.SparseWorld(n_features=3), model=sp.ToyConfig(n_features=3, n_hidden=2)))
from superpose.claims import insist
insist([sp.near("T-1", "one is two", 1, 2, 0)])
"""


def script(*words):
    Path("script.py").write_text(SCRIPT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONWARNDEFAULTENCODING", None)  # other people's warnings are not ours to print
    return subprocess.run(
        [sys.executable, "-P", "script.py", *words],
        env=environment, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("words, code, out, said", [
    (["--set", "world.densty=1"], 2, "begun\n", r"superpose: SparseWorld has no field 'densty'; did you mean .*\n"),
    (["--profile", "huge"], 2, "", r"script.py: argument --profile: invalid choice: 'huge' .*\n"),
    ([], 1, "begun\n| claim", r"superpose: 1 of 1 claims differ: T-1\n"),
])  # fmt: skip
def test_a_script_says_a_mistake_in_one_line(words, code, out, said):
    ran = script(*words)
    assert ran.returncode == code
    assert ran.stdout.startswith(out)
    assert re.fullmatch(said, ran.stderr)


def test_a_bug_in_a_script_keeps_its_traceback():
    ran = script("bug")
    assert ran.returncode == 1
    assert "Traceback" in ran.stderr and "ZeroDivisionError: a bug" in ran.stderr
