"""Runs from the command line: trained, stopped, gone on with, checked, drawn and exported."""

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

import superpose as sp
from superpose import runs
from superpose.cli import main
from superpose.cli.fields import changed, mirror
from superpose.cli.measures import MEASURES
from superpose.cli.named import NAMED, recipe
from superpose.cli.parse import options
from superpose.cli.working import size
from superpose.core.mistakes import BadValue, Mistake
from superpose.core.trees import at

ROOT = Path(__file__).resolve().parent.parent
SMALL = ["--steps", "60", "--batch", "32", "--quiet"]
GRID = ["--grid", "world.density=0.1,0.3,0.9", "--grid", "seed=0..1"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["superpose"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One small run of three densities and two seeds, and its folder."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert main(["run", "toy.plane", *GRID, *SMALL, "--out", str(folder)]) == 0
    return folder


def told(capsys, *words):
    """Exit code, stdout and stderr of the command, in this process."""
    capsys.readouterr()
    try:
        code = main(list(map(str, words)))
    except SystemExit as end:
        code = end.code
    heard = capsys.readouterr()
    return code, heard.out, heard.err


def test_a_run_is_the_sweep_of_the_api(trained):
    wanted = dataclasses.replace(recipe("toy.plane"), steps=60, batch=32)
    swept = sp.sweep(wanted, {"world.density": [0.1, 0.3, 0.9], "seed": range(2)}, jax.random.key(0), quiet=True)
    found = runs.load_run(trained)
    assert {n: list(t) for n, t in found.axes.items()} == {"world.density": [0.1, 0.3, 0.9], "seed": [0, 1]}
    np.testing.assert_array_equal(found.runs.model.W[...], swept.runs.model.W[...])


def test_a_run_says_where_it_is_and_how_to_repeat_it(capsys):
    words = ["run", "toy.plane", *GRID, *SMALL, "--out", "a b"]
    code, out, err = told(capsys, *words)
    assert (code, err) == (0, "")
    assert out == (
        "6 of 6 models in a b\nlook: superpose plot 'a b'\n"
        "the same again: superpose run toy.plane --grid world.density=0.1,0.3,0.9 --grid seed=0..1 --steps 60 "
        "--batch 32 --quiet --out 'a b'\n"
    )
    assert told(capsys, *words)[0] == 0, "the same command finds it finished"


def test_one_model_goes_into_the_folder_of_its_name(capsys):
    code, out, _ = told(capsys, "run", "toy.plane", *SMALL, "--seed", "7", "--model.n_hidden", "3", "--world.decay=0.5")
    assert code == 0 and "1 models in runs/toy.plane" in out
    run = runs.load_run("runs/toy.plane").run()
    assert (run.recipe.world.decay, run.model.W.shape) == (0.5, (3, 5))
    solo = sp.fit(run.recipe, jax.random.key(7), path=run.path)
    np.testing.assert_array_equal(run.model.W[...], solo.model.W[...])


def test_zipped_axes_are_one(capsys):
    pairs = [
        "--grid",
        "world.n_features=3,4",
        "--grid",
        "model.n-features=3,4",
        "--zip",
        "world.n-features,model.n_features",
    ]
    assert told(capsys, "run", "toy.plane", *pairs, *SMALL)[0] == 0
    assert list(runs.load_run("runs/toy.plane").axes.items()) == [
        ("world.n_features,model.n_features", [(3, 3), (4, 4)])
    ]
    assert told(capsys, "export", "runs/toy.plane")[0] == 0
    assert (
        Path("runs/toy.plane.csv")
        .read_text(encoding="utf-8")
        .startswith('"world.n_features","model.n_features","loss"')
    )


def test_cells_that_diverge_are_code_three_and_hatched(capsys):
    words = ["--optimizer.kind", "sgd", "--grid", "learning_rate=0.01,1e6", "--grid", "world.density=0.1,0.2,0.3,0.4"]
    code, out, _ = told(capsys, "run", "toy.plane", *words, *SMALL, "--out", "run")
    assert code == 3 and "8 models in run, of which 4 diverged" in out
    assert told(capsys, "plot", "run", "--against", "density", "--by", "learning_rate", "--out", "a.png")[0] == 0
    assert (
        told(capsys, "plot", "run", "kept", "--against", "learning_rate", "--by", "density", "--out", "b.png")[0] == 0
    )
    assert told(capsys, "status", "run")[0] == 0


def test_a_recipe_is_taken_from_a_run_a_result_or_a_file(capsys, trained):
    sp.save("result", {}, {}, recipe=recipe("toy.plane"))
    for place in (trained, "result", "result/recipe.json"):
        code, out, _ = told(capsys, "run", place, "--steps", "5", "--quiet", "--out", f"again-{Path(place).name}")
        assert code == 0 and "1 models in again-" in out


@pytest.mark.parametrize("words, said", [
    ([], "run needs a recipe first: one of toy, toy.linear"),
    (["--steps", "3"], "run needs a recipe first"),
    (["toyy"], "no recipe is called 'toyy'; did you mean 'toy'?"),
    (["empty"], "empty keeps no recipe; give a folder with a recipe.json or a run.json"),
    (["broken"], "broken/run.json keeps no recipe: it has no 'job'"),
    (["text"], "text: this recipe is not JSON"),
    (["world"], "world: what it keeps is SparseWorld("),
    (["toy", "more"], "run toy does not know what to do with 'more'; see superpose run toy --help"),
    (["toy", "--world.densty", "0.1"], "run toy has no option '--world.densty'; did you mean --world.density?"),
    (["toy", "--densty=0.1"], "run toy has no option '--densty'; did you mean --world.density?"),
    (["toy", "--steps"], "run toy needs a value after --steps"),
    (["toy", "--steps", "0"], "Recipe.steps is 0; it must be a whole number from 1"),
    (["toy", "--steps=-3"], "Recipe.steps is -3; it must be a whole number from 1"),
    (["toy", "--steps", "1e3"], "Recipe.steps is 1000.0; it must be a whole number"),
    (["toy", "--steps", "true"], "Recipe.steps is True; it must be a whole number"),
    (["toy", "--world.density", "2"], "SparseWorld.density is 2; it must be a number above 0 and at most 1"),
    (["toy", "--world.density", "nan"], "--world.density 'nan': nan is not a finite number"),
    (["toy", "--learning-rate", "1e400"], "--learning_rate '1e400': '1e400' is too large for a number"),
    (["toy", "--model.activation", "rel"], "ToyConfig.activation cannot be 'rel'; did you mean 'relu'?"),
    (["toy", "--model.tied", "maybe"], "ToyConfig.tied is 'maybe'; it must be True or False"),
    (["toy", "--optimizer.momentum", "0.9"], "Optimizer.momentum is 0.9; 'adam' has none"),
    (["toy", "--grid", "seed"], "axis 'seed' has no '='"),
    (["toy", "--grid", "world.densty=1"], "axis 'world.densty': SparseWorld has no field 'densty'"),
    (["toy", "--grid", "world.density=0.1,2"], "axis 'world.density': SparseWorld.density is 2"),
    (["toy", "--grid", "seed=0..1", "--zip", "seed,steps"], "zip 'seed,steps': no axis is called 'steps'"),
    (["toy", "--grid", "seed=0..999", "--max-cells", "10"], "this grid has 1,000 cells (seed 1,000); the most is"),
    (["toy", "--json"], "--json goes with --plan; superpose status RUN --json tells of a run"),
    (["toy", "--data", "mine"], "--data cannot be 'mine'; there is ['own', 'shared']"),
    (["toy", "--seed", "-1"], "--seed is -1; it must be a whole number from 0 to 4294967295"),
    (["toy", "--seed", "x"], "run toy has --seed 'x'; it must be a whole number"),
    (["toy", "--chunk", "x"], "run toy has --chunk 'x'; it must be a whole number"),
    (["toy", "--chunk", "0"], "chunk is 0; it must be a whole number from 1"),
    (["toy", "--devices", "0"], "devices is 0; it must be a number above 0"),
    (["toy", "--budget", "lots"], "--budget is 'lots'; write a size of memory, for example 4GB"),
    (["toy", "--out", "text"], "text is a file; give a folder to write to"),
])  # fmt: skip
def test_a_wrong_run_is_one_line_and_code_two_before_any_work(capsys, words, said):
    Path("empty").mkdir()
    Path("broken").mkdir()
    Path("broken/run.json").write_text("{}", encoding="utf-8")
    Path("text").write_text("text", encoding="utf-8")
    Path("world").write_text(sp.to_json(recipe("toy").world), encoding="utf-8")
    code, out, err = told(capsys, "run", *words)
    assert (code, out) == (2, "")
    assert err.startswith(f"superpose: {said}") and err.count("\n") == 1
    assert not Path("runs", "toy", "run.json").exists()


@pytest.mark.parametrize("text, count", [
    ("4GB", 4 * 10**9), ("4g", 4 * 10**9), ("512MiB", 512 * 2**20), ("1.5 kB", 1500), ("100", 100), (None, None),
])  # fmt: skip
def test_a_budget_is_a_size(text, count):
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "0", "1e9", "4 GB of it", "nan", "9" * 40])
def test_a_budget_that_is_no_size_is_refused(text):
    with pytest.raises(BadValue, match="write a size of memory"):
        size(text)


@pytest.mark.parametrize("name", NAMED)
def test_every_field_of_a_named_recipe_is_an_option_with_its_default(name):
    made = recipe(name)
    fields = mirror(made)
    assert changed(made, fields()) == made
    found = options(fields)
    assert {"--steps", "--learning-rate", "--optimizer.kind", "--objective.power"} <= set(found)
    for option in found:
        at(made, option.removeprefix("--").replace("-", "_"))
    numbers = [f"--{p}.{f.name}".replace("_", "-") for p in ("world", "model") for f in dataclasses.fields(at(made, p))
               if isinstance(getattr(at(made, p), f.name), (int, float, str))]  # fmt: skip
    assert set(numbers) <= set(found)


@pytest.mark.parametrize("name", NAMED)
def test_every_named_recipe_trains(name):
    run = sp.fit(dataclasses.replace(recipe(name), steps=3, log_every=1), jax.random.key(0))
    assert np.isfinite(np.asarray(run.loss)).all()


@pytest.mark.parametrize("words, path, value", [
    (["--world.density", "0.5"], "world.density", 0.5), (["--world.n_features=7"], "world.n_features", 7),
    (["--world.n-features", "7"], "world.n_features", 7), (["--model.bias", "False"], "model.bias", False),
    (["--optimizer.kind", "sgd", "--optimizer.momentum", "0.9"], "optimizer.momentum", 0.9),
    (["--optimizer.clip", "1"], "optimizer.clip", 1.0), (["--snapshots", "0,50"], "snapshots", (0, 50)),
    (["--snapshots", "50"], "snapshots", (50,)), (["--steps", "3", "--steps", "4"], "steps", 4),
    (["--world.density", ",".join(["0.1"] * 5)], "world.density", (0.1,) * 5),
])  # fmt: skip
def test_an_option_changes_one_field(words, path, value):
    from superpose.cli.parse import parse

    made = recipe("toy.plane")
    assert at(changed(made, parse(mirror(made), words, "run toy.plane", "")), path) == value


def test_help_shows_what_fields_mean_and_allow(capsys):
    code, out, _ = told(capsys, "run", "toy", "--help")
    assert code == 0
    for words in (
        "Each feature is on with its own chance", "A number above 0 and at most 1.", "h = hidden(W x)",
        "One of constant, cosine, quarter_cosine, linear.", "--model.n-hidden WHOLE", "--zip FIELD,FIELD",
    ):  # fmt: skip
        assert words in out
    assert "\\mathrm" not in out and out.index("examples:") > out.index("--optimizer.clip")


def test_status_verify_and_resume(capsys, trained):
    code, out, _ = told(capsys, "status", trained)
    assert code == 0 and "nobody is writing" in out
    about = json.loads(told(capsys, "status", trained, "--json")[1])
    assert (about["cells"], about["done"], about["diverged"], about["holder"]) == (6, 6, 0, None)
    code, out, _ = told(capsys, "verify", trained)
    assert code == 0 and out.endswith("all as written\n")
    assert json.loads(told(capsys, "verify", trained, "--json")[1])["damages"] == []
    code, out, _ = told(capsys, "resume", trained, "--quiet")
    assert code == 0 and out.startswith(f"6 of 6 models in {trained}\n")


def test_damage_is_named_and_mended(capsys):
    assert told(capsys, "run", "toy.plane", *GRID, *SMALL, "--out", "run")[0] == 0
    victim = next(Path("run/chunks").glob("*/metrics.npz"))
    data = bytearray(victim.read_bytes())
    data[100] ^= 1
    victim.write_bytes(bytes(data))
    code, out, _ = told(capsys, "verify", "run")
    assert code == 2 and str(victim) in out and "superpose resume run --repair" in out
    assert str(victim) in json.loads(told(capsys, "verify", "run", "--json")[1])["damages"][0]
    assert told(capsys, "resume", "run", "--repair", "--quiet")[0] == 0
    assert told(capsys, "verify", "run")[0] == 0


@pytest.mark.parametrize("verb", ["status", "resume", "verify", "plot", "export"])
def test_a_folder_without_a_run_is_refused(capsys, verb):
    code, out, err = told(capsys, verb, "nowhere")
    assert (code, out) == (2, "") and "nowhere" in err and "superpose list" in err and err.count("\n") == 1


def test_a_plan_trains_nothing(capsys):
    code, out, _ = told(capsys, "run", "toy.plane", *GRID, "--plan", "--json")
    about = json.loads(out)
    assert code == 0 and about["cells"] == 6 and not Path("runs").exists()
    code, out, _ = told(capsys, "run", "toy.plane", "--plan")
    assert code == 0 and "cells" in out and "finished" not in out


def test_a_plan_says_what_is_finished_already(capsys, trained):
    shutil.copytree(trained, "run")
    words = ["run", "toy.plane", *SMALL, "--plan", "--out", "run"]
    assert "already finished 6\n" in told(capsys, *words, *GRID)[1]
    more = ["--grid", "world.density=0.1,0.3,0.9", "--grid", "seed=0..3"]
    told_of = json.loads(told(capsys, *words, *more, "--json")[1])
    assert (told_of["cells"], told_of["already_finished"]) == (12, 6)
    assert "already finished 0\n" in told(capsys, *words, *GRID, "--seed", "1")[1]


def test_a_folder_that_looks_like_an_option_is_written_with_a_dot(capsys):
    code, out, _ = told(capsys, "run", "toy.plane", *SMALL, "--out=-x")
    assert code == 0 and "look: superpose plot ./-x\n" in out
    code, out, _ = told(capsys, "plot", "./-x")
    assert code == 0 and Path(out.strip()).exists()
    for words in (["plot", "-x"], ["status", "-x"], ["resume", "-x", "--quiet"]):
        code, _, err = told(capsys, *words)
        assert code == 2 and f"{words[0]} needs RUN; '-x' looks like an option: write ./-x; see superpose" in err
    assert "'-x' looks like an option: write ./-x" in told(capsys, "run", "-x")[2]
    assert "plot has no option '-x'; a file of this name is ./-x" in told(capsys, "plot", "./-x", "-x")[2]


def test_one_model_has_no_axes_to_draw(capsys):
    assert told(capsys, "run", "toy.plane", *SMALL, "--out", "one")[0] == 0
    code, _, err = told(capsys, "plot", "one", "norm", "--by", "seed")
    assert code == 2 and "--against and --by are axes of a sweep, and this run is one model: leave them out" in err


def test_the_help_of_run_without_a_name_says_how_to_work(capsys):
    code, out, _ = told(capsys, "run", "--help")
    assert code == 0 and all(f"--{word} " in out for word in ("grid", "chunk", "on", "workers", "share", "logger"))


def test_a_stopped_run_is_code_75_and_says_how_to_go_on():
    """A long run in a process of its own, which SIGTERM stops at the end of a segment."""
    words = ["run", "toy.plane", "--grid", "seed=0..63", "--steps", "2000000", "--quiet", "--out", "run"]
    code = f"import sys; from superpose.cli import main; sys.exit(main({words!r}))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while not Path("run/log.jsonl").exists() and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(3)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 75, err
    assert "superpose resume run" in err and "Traceback" not in err


@pytest.mark.parametrize("to", ["csv", "parquet", "npz", "safetensors"])
def test_an_export_leaves_one_file(capsys, trained, to):
    code, out, _ = told(capsys, "export", trained, "--to", to, "--out", f"x.{to}")
    assert (code, out) == (0, f"x.{to}\n") and [p.name for p in Path().iterdir()] == [f"x.{to}"]


def test_a_csv_has_a_row_for_every_feature_of_every_model(capsys, trained):
    assert told(capsys, "export", trained, "--measures", "loss,norm", "--out", "x.csv")[0] == 0
    with open("x.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["world.density", "seed", "feature", "loss", "norm"] and len(rows) == 3 * 2 * 5
    swept = runs.load_run(trained)
    norms = swept.measure(lambda run: sp.geometry.norms(run.model.W[...]))
    assert float(rows[-1]["norm"]) == norms.values[-1, -1, -1]


@pytest.mark.parametrize("name", [n for n in MEASURES if n != "held_out"])
def test_every_measure_is_drawn_of_a_sweep(capsys, trained, name):
    code, out, err = told(capsys, "plot", trained, name, "--out", "x.png")
    assert (code, out, err) == (0, "x.png\n", "")
    assert Path("x.png").read_bytes().startswith(b"\x89PNG") and Path("x.pdf").exists()


@pytest.mark.parametrize("ending, first", [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_picture_may_be_drawn_by_lines_alone_and_is_the_same_twice(capsys, trained, ending, first):
    for name in ("a", "b"):
        assert told(capsys, "plot", trained, "--out", f"{name}.{ending}") == (0, f"{name}.{ending}\n", "")
    assert sorted(map(str, Path().iterdir())) == [f"a.{ending}", f"b.{ending}"]
    assert Path(f"a.{ending}").read_bytes().startswith(first)
    assert Path(f"a.{ending}").read_bytes() == Path(f"b.{ending}").read_bytes()


def test_what_there_is_of_a_run_is_drawn_and_exported(capsys):
    assert told(capsys, "run", "toy.plane", *GRID, *SMALL, "--chunk", "2", "--out", "run")[0] == 0
    shutil.rmtree(sorted(Path("run/chunks").iterdir())[0])
    for verb in ("plot", "export"):
        code, _, err = told(capsys, verb, "run")
        assert code == 2 and "run has 4 of 6 cells; " in err and err.endswith("or take what there is: --partial\n")
    assert told(capsys, "plot", "run", "kept", "--partial", "--out", "a.svg")[0] == 0
    for words in (["curve"], ["dimensionality"], ["loss", "--by", "seed"]):
        assert told(capsys, "plot", "run", *words, "--partial", "--out", "b.png")[0] == 0
    assert told(capsys, "export", "run", "--partial", "--out", "x.csv")[0] == 0
    with open("x.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["kept"] == row["loss"] == row["diverged"] == "nan" for row in rows) == [False] * 4 + [True] * 2
    assert told(capsys, "export", "run", "--to", "safetensors", "--partial")[0] == 0


@pytest.mark.parametrize("words, said", [
    (["plot", "RUN", "los"], "no measure is called 'los'; did you mean 'loss'?"),
    (["plot", "RUN", "loss", "--against", "densty"], "no axis is called 'densty'"),
    (["plot", "RUN", "loss", "--against", "seed", "--by", "seed"], "both axes of the picture are 'seed'"),
    (["plot", "RUN", "curve", "--by", "seed"], "curve takes no axes, as it is drawn over the steps: leave out"),
    (["plot", "RUN", "--out", "no/such/x.png"], "no/such/x.png cannot be written"),
    (["plot", "RUN", "--out", "x.docx"], "x.docx cannot be written; give the name of a .png, .pdf or .svg"),
    (["export", "RUN", "--to", "xml"], "--to cannot be 'xml'; there is ['csv', 'npz', 'parquet', 'safetensors']"),
    (["export", "RUN", "--measures", "los"], "no measure is called 'los'"),
    (["export", "RUN", "--measures", "curve,norm"], "measures of different shapes cannot share a table"),
    (["export", "RUN", "--out", "no/such/x.csv"], "no/such/x.csv cannot be written: No such file or directory; give"),
    (["export", "RUN", "--out", "/proc/x.csv"], "/proc/x.csv cannot be written"),
    (["plot", "RUN", "--out", "/proc/x.png"], "/proc/x.png cannot be written"),
    (["plot", "RUN", "--out", "x" * 300 + ".png"], "x" * 300 + ".png cannot be written: File name too long"),
    (["export", "RUN", "--out", "."], ". cannot be written: it is a folder; give --out a file that can be"),
    (["run", "toy", "--out", "runs/" + "x" * 300], "runs/" + "x" * 300),
])  # fmt: skip
def test_a_wrong_picture_or_export_is_one_line_and_code_two(capsys, trained, words, said):
    code, out, err = told(capsys, *(trained if w == "RUN" else w for w in words))
    assert (code, out) == (2, "") and err.startswith(f"superpose: {said}") and err.count("\n") == 1


def test_a_model_without_feature_directions_says_so(capsys):
    assert told(capsys, "run", "computer.residual", *SMALL, "--out", "run")[0] == 0
    code, _, err = told(capsys, "plot", "run", "norm")
    assert code == 2 and "ResidualMLP has no matrix W or W1 of feature directions" in err
    assert told(capsys, "export", "run")[0] == 0 and told(capsys, "plot", "run")[0] == 0


def test_a_mistake_is_a_mistake():
    with pytest.raises(Mistake):
        recipe("nothing")


@pytest.mark.parametrize("words, said", [
    (["--share", "3/3"], "--share is '3/3'; write I/N with I from 0 to N - 1, for example 0/3"),
    (["--share", "first"], "--share is 'first'; write I/N"),
    (["--join", "here"], "--join is 'here'; write HOST:PORT,N,I for process I of N, or auto"),
    (["--join", "localhost:1,2"], "--join is 'localhost:1,2'; write HOST:PORT,N,I"),
    (["--on", "rya"], "there is no engine 'rya'; there are ray, ray://HOST:PORT"),
    (["--split", "rows"], "split is 'rows'; it must be 'model' or 'batch'"),
    (["--logger", "tensorbord"], "no logger is called 'tensorbord'; did you mean 'tensorboard'?"),
    (["--workers", "0"], "workers is 0; it must be a whole number from 1"),
    (["--workers", "2"], "--workers are an engine's: give --on too, for example --on ray"),
])  # fmt: skip
@pytest.mark.parametrize("verb", ["run", "resume"])
def test_a_wrong_way_to_work_is_named(capsys, trained, verb, words, said):
    before = ["run", "toy.plane", *GRID, *SMALL, "--out", "other"] if verb == "run" else ["resume", trained]
    code, out, err = told(capsys, *before, *words)
    assert (code, out) == (2, "") and err.startswith(f"superpose: {said}") and err.count("\n") == 1


def test_a_logger_hears_of_the_training(capsys):
    code, _, _ = told(capsys, "run", "toy.plane", *GRID, *SMALL, "--out", "heard", "--logger", "tensorboard")
    assert code == 0
    assert list(Path("heard/loggers/tensorboard").rglob("events.out.*"))
    assert told(capsys, "verify", "heard")[0] == 0


@pytest.mark.parametrize(
    "words", [["plot"], ["export"], ["export", "--to", "parquet"], ["export", "--to", "safetensors"]]
)
def test_a_disk_that_refuses_is_one_line_before_and_while_writing(capsys, trained, monkeypatch, words):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    verb, *more = words
    for place in ("tempfile.TemporaryFile", "os.open"):
        with monkeypatch.context() as patch:
            if place == "os.open":
                patch.setattr("superpose.core.files.write", refuse)
                patch.setattr("superpose.store.export.write", refuse)
                patch.setattr("superpose.store.weights.write", refuse)
                patch.setattr("superpose.plots.save", refuse)
            else:
                patch.setattr(place, refuse)
                patch.setattr("superpose.runs.load_run", None)
            code, out, err = told(capsys, verb, trained, *more)
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert err.endswith("cannot be written: Read-only file system; give --out a file that can be\n")


def test_no_word_of_a_path_steers_the_terminal(capsys):
    place = "runs/a\nb\x1b[31m"
    drawn = "runs/a␊b␛[31m"
    assert drawn in told(capsys, "run", "toy.plane", *SMALL, "--out", place)[1]
    for verb in ("status", "resume", "verify", "plot", "export"):
        code, out, err = told(capsys, verb, place)
        assert code == 0 and "\x1b" not in out + err and (drawn in out or verb == "verify")
    assert json.loads(told(capsys, "status", place, "--json")[1])["folder"] == place
    next(Path(place, "chunks").glob("*/metrics.npz")).write_bytes(b"")
    code, out, _ = told(capsys, "verify", place)
    assert code == 2 and "\x1b" not in out and f"superpose resume '{drawn}' --repair" in out
    assert "\x1b" not in told(capsys, "status", place)[1]


def test_verify_of_no_run_says_so(capsys, trained):
    Path("empty").mkdir()
    code, out, err = told(capsys, "verify", "empty")
    assert (code, out) == (2, "") and err.startswith("superpose: empty holds no run")
    shutil.copytree(trained, "lost")
    for name in ("run.json", "run.copy.json"):
        Path("lost", name).unlink()
    for verb in ("verify", "resume"):
        code, out, err = told(capsys, verb, "lost")
        assert (code, out) == (2, "") and "goes on from its chunks when run with the same folder" in err
    code, out, _ = told(capsys, "run", "toy.plane", *GRID, *SMALL, "--out", "lost")
    assert code == 0 and "6 of 6 models in lost" in out


@pytest.mark.parametrize("keep, code, said", [
    (True, 75, "interrupted; what was finished is kept; go on with: superpose resume a"), (False, 130, "interrupted"),
])  # fmt: skip
def test_a_second_interrupt_says_how_to_go_on_if_there_is_a_way(capsys, trained, monkeypatch, keep, code, said):
    if keep:
        shutil.copytree(trained, "a")

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("superpose.runs.launch.train", interrupt)
    assert told(capsys, "run", "toy.plane", *GRID, *SMALL, "--out", "a") == (code, "", f"\nsuperpose: {said}\n")


@pytest.mark.parametrize("verb", ["run", "status", "resume", "verify", "plot", "export"])
def test_a_name_too_long_for_the_disk_is_one_line(capsys, verb):
    code, out, err = told(capsys, verb, "x" * 300)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "cannot be a name: File name too long" in err or "cannot be written: File name too long" in err


def test_from_within_a_run_files_go_beside_it(capsys, trained, monkeypatch):
    shutil.copytree(trained, "run")
    monkeypatch.chdir("run")
    assert told(capsys, "export", ".")[0] == told(capsys, "plot", ".")[0] == 0
    assert sorted(p.name for p in Path("..").iterdir()) == ["run", "run-loss.pdf", "run-loss.png", "run.csv"]
