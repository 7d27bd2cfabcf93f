"""The commands: one line on stderr and a code for a mistake, and a whole result for what can be done."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import superpose as sp
from superpose.cli import doctor, experiment, main
from superpose.cli.main import SHELLS, VERBS
from superpose.cli.measures import MEASURES
from superpose.cli.named import NAMED
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


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_no_verb_prints_help_that_ends_with_examples_and_codes(capsys, words):
    code, out, err = told(capsys, *words)
    assert code == 0 and out.startswith("usage: superpose") and not err
    assert all(f"\n  {verb} " in out for verb in VERBS)
    assert out.index("examples:") > out.index("verbs:") and "75 stopped early, and can be resumed;\n" in out


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_ends_with_examples(capsys, verb):
    code, out, err = told(capsys, verb, "--help")
    assert code == 0 and not err
    assert out.startswith(f"usage: superpose {verb}")
    assert f"superpose {verb}" in out[out.index("examples:") :]


def test_the_version_is_said(capsys):
    assert told(capsys, "--version") == (0, f"superpose {sp.__version__}\n", "")


@pytest.mark.parametrize("words", [
    ["--help"], ["--version"], ["list"], ["list", "--json"], ["run", "--help"], ["plot", "--help"],
    ["status", "--help"], ["export", "--help"], *(["--print-completion", shell] for shell in SHELLS),
], ids=" ".join)  # fmt: skip
def test_what_only_talks_does_not_import_jax(words):
    code = f"import sys; from superpose.cli import main\ntry: main({words!r})\nexcept SystemExit: pass\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "assert 'jax' not in sys.modules"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words, said", [
    (["clams"], "superpose: no verb is called 'clams'; did you mean 'claims'? there is ['claims', 'demo'"),
    (["--verson"], "superpose: no verb is called '--verson'"),
    (["claims", "--profile", "huge"], "superpose: --profile cannot be 'huge'; there is ['default', 'paper', 'smoke']"),
    (["claims", "--prifile", "smoke"], "superpose: claims has no option '--prifile'; did you mean --profile?"),
    (["demo", "a", "b"], "superpose: demo does not know what to do with 'b'; see superpose demo --help"),
    (["doctor", "x"], "superpose: doctor does not know what to do with 'x'"),
    (["status"], "superpose: status needs RUN; see superpose status --help"),
    (["claims"], "superpose: no experiments here and no results in results/default; run `make figures` first"),
    (["claims", "pentagons"], "superpose: no experiment is called 'pentagons'"),
    (["--print-completion"], "superpose: --print-completion takes one of bash, zsh, fish, tcsh"),
    (["--print-completion", "ksh"], "superpose: --print-completion takes one of bash"),
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


def test_claims_are_left_as_a_page_and_as_data(capsys):
    claimed("pentagons", sp.near("TMS-01.1", "five angles", 72, 72, 0.1, seeds=3, spread=(71, 73)))
    claimed("apart", sp.between("T-1", "", math.nan, high=1, why="unknown"))
    told(capsys, "claims", "--markdown", "page.md", "--json", "data.json")
    page = Path("page.md").read_text(encoding="utf-8")
    assert "# Claims" in page and "## pentagons" in page and "1 of 2 claims agree; 1 differ, and we know why" in page
    assert "Introduction" in page and "72 (71 … 73, 3 seeds)" in page
    data = json.loads(Path("data.json").read_text(encoding="utf-8"))
    assert data["pentagons"][0]["verdict"] == "agrees" and data["pentagons"][0]["where"] == "Introduction"
    assert data["apart"][0]["measured"] is None and data["apart"][0]["low"] is None


def test_experiments_not_run_are_named_so(capsys):
    Path("experiments").mkdir()
    Path("experiments/pentagons.py").touch()
    code, out, _ = told(capsys, "claims")
    assert code == 2
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
    known = {"python", "versions", "devices", "memory", "machine", "disk", "caches", "extras", "gpu"}
    assert {line.split()[0] for line in out.splitlines()} >= known
    code, out, _ = told(capsys, "doctor", "--json")
    assert code == 0 and json.loads(out).keys() >= known


@pytest.mark.parametrize("driver, devices, platform, said", [
    (None, ["cpu"], "cpu", "no NVIDIA driver here; JAX runs on the CPU"),
    (470, ["cpu"], "cpu", "NVIDIA driver 470 is older than 525, which JAX needs; it runs on the CPU"),
    (550, ["cpu"], "cpu", "NVIDIA driver 550 is here, but JAX runs on the CPU: pip install 'superpose[cuda12]'"),
    (590, ["cpu"], "cpu", "NVIDIA driver 590 is here, but JAX runs on the CPU: pip install 'superpose[cuda13]'"),
    (590, ["NVIDIA H200"], "gpu", "JAX runs on gpu: NVIDIA H200, driver 590"),
    (None, ["TPU v5"], "tpu", "JAX runs on tpu: TPU v5"),
])  # fmt: skip
def test_doctor_says_what_keeps_jax_from_a_gpu(driver, devices, platform, said):
    assert doctor._gpu(driver, devices, platform) == said


def test_doctor_reads_the_driver_and_names_the_extra_of_what_is_missing(monkeypatch):
    said = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar\nGCC version:"
    Path("version").write_text(said, encoding="utf-8")
    monkeypatch.setattr(doctor, "DRIVER", Path("version"))
    assert doctor._driver() == 550
    monkeypatch.setattr(doctor, "DRIVER", Path("nowhere"))
    assert doctor._driver() is None
    monkeypatch.setattr(doctor, "EXTRAS", {"data": ("no_such_package", "numpy")})
    assert doctor._extras() == {"no_such_package": "missing: pip install 'superpose[data]'", "numpy": "there"}


def test_the_list_names_recipes_experiments_and_runs(capsys):
    Path("experiments").mkdir()
    Path("experiments/pentagons.py").write_text('"""Five share a plane.\n\nMore."""\n', encoding="utf-8")
    Path("experiments/broken.py").write_text("def", encoding="utf-8")
    code, out, _ = told(capsys, "list", "--json")
    found = json.loads(out)
    assert code == 0 and found["recipes"].keys() == NAMED.keys() and found["runs"] == {}
    assert found["experiments"] == {"broken": "", "pentagons": "Five share a plane."}
    code, out, _ = told(capsys, "list")
    assert (
        code == 0 and "  toy.plane " in out and "Five share a plane." in out and "superpose run NAME makes one" in out
    )


def planted(name, about, *manifests):
    for i, manifest in enumerate(manifests):
        Path("runs", name, "chunks", f"{i}").mkdir(parents=True)
        Path("runs", name, "chunks", f"{i}", "MANIFEST.json").write_text(json.dumps(manifest), encoding="utf-8")
    Path("runs", name).mkdir(parents=True, exist_ok=True)
    Path("runs", name, "run.json").write_text(about if isinstance(about, str) else json.dumps(about), encoding="utf-8")


def test_the_list_says_how_far_runs_are(capsys):
    about = {"created": "2026-11-21T20:00:00+00:00", "job": {"cells": 10}}
    planted("half", about, {"cells": 3, "diverged": 1}, {"cells": 2, "diverged": 0})
    planted("whole", about, {"cells": 10, "diverged": 0})
    for i, wrong in enumerate(["", "[" * 10_000, "{}", '{"job": {"cells": "x"}, "created": "\x1b[2J"}', "\x00"]):
        planted(f"wrong{i}", wrong)
    planted("evil\x1b[31m", about)
    runs = json.loads(told(capsys, "list", "--json")[1])["runs"]
    assert (runs["runs/half"]["state"], runs["runs/half"]["done"], runs["runs/half"]["diverged"]) == (
        "under way or stopped", 5, 1,
    )  # fmt: skip
    assert runs["runs/whole"]["state"] == "finished"
    assert all(runs[f"runs/wrong{i}"] == {"state": "damaged"} for i in range(5))
    code, out, _ = told(capsys, "list")
    assert code == 0 and "\x1b" not in out and "evil␛[31m" in out
    assert re.search(r"runs/half\s+5 of 10 cells, 1 diverged; begun 2026-11-21", out)


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_knows_verbs_options_and_recipes(capsys, shell):
    code, out, _ = told(capsys, "--print-completion", shell)
    assert code == 0
    for word in (
        *VERBS,
        *NAMED,
        "grid",
        "measures",
        "against",
        "repair",
        "max-cells",
        "chunk",
        "quiet",
        "workers",
        *MEASURES,
    ):
        assert word in out


@pytest.mark.parametrize("typed, offered", [
    (["st"], "status"), (["run", "toy.pl"], "toy.plane"), (["run", "toy", "--gr"], "--grid"),
    (["plot", "runs/wh"], "runs/whole"), (["resume", "runs/whole", "--rep"], "--repair"), (["--ver"], "--version"),
    (["run", "toy", "--chu"], "--chunk"), (["resume", "x", "--wor"], "--workers"),
    (["plot", "x", "dim"], "dimensionality"),
])  # fmt: skip
def test_bash_completes(capsys, typed, offered):
    planted("whole", {})
    Path("c.sh").write_text(told(capsys, "--print-completion", "bash")[1], encoding="utf-8")
    words = " ".join(["superpose", *typed])
    line = f'. ./c.sh; COMP_WORDS=({words}); COMP_CWORD={len(typed)}; _superpose; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == [offered]


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
