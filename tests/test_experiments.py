"""Every experiment runs at its smallest, leaves a whole result, and every figure can be drawn from what was left."""

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import superpose as sp

ROOT = Path(__file__).parents[1]
EXPERIMENTS = sorted(p for p in (ROOT / "experiments").glob("*.py") if not p.name.startswith("_"))
FIGURES = sorted(p for p in (ROOT / "figures").glob("*.py") if not p.name.startswith("_"))


def script(*words):
    return subprocess.run(
        [sys.executable, "-P", *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )


def draw(path, results, out):
    """As the script does it, in this process."""
    made = runpy.run_path(str(path))
    sp.plots.main(made["draw"], [str(results), str(out)], animate=made.get("animate"))


def reads(path):
    found = re.search(r"^# reads: *(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1).split() if found else []


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Results of experiments that have been asked for, made once a worker. `make smoke` just before will do as well."""
    before, made = os.environ.get("SUPERPOSE_SMOKE"), {}
    folder = Path(before).resolve() if before else tmp_path_factory.mktemp("smoke")

    def result(name):
        if before:
            return folder / name
        if name not in made:
            path = ROOT / "experiments" / f"{name}.py"
            for other in reads(path):
                result(other)
            made[name] = script(path, folder / name, "--profile", "smoke")
        assert made[name].returncode == 0, made[name].stderr
        return folder / name

    result.folder = folder
    return result


def test_there_are_experiments_and_figures():
    assert len(EXPERIMENTS) >= 29
    assert len(FIGURES) >= 41


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda p: p.stem)
def test_an_experiment_leaves_a_whole_result(path, results):
    folder = results(path.stem)
    tables = sp.load(folder)
    assert tables
    assert json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    if (folder / "recipe.json").exists():
        assert isinstance(sp.from_json((folder / "recipe.json").read_text(encoding="utf-8")), sp.Recipe)
    assert json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["versions"]["jax"]


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda p: p.stem)
def test_an_experiments_header_says_claim_leaves_and_takes(path):
    header = path.read_text(encoding="utf-8").split('"""')[1]
    for word in ("Claim", "Leaves", "Takes"):
        assert re.search(rf"^{word} +\S", header, re.MULTILINE), f"{path.name} says no {word!r}"


@pytest.mark.parametrize("path", FIGURES, ids=lambda p: p.stem)
def test_a_figure_is_drawn_from_results_alone_and_the_same_each_time(path, results, tmp_path):
    for name in reads(path):
        results(name)
    here, there = tmp_path / f"{path.stem}.png", results.folder / "figures" / f"{path.stem}.png"
    for out in (here, there):
        done = None if out.exists() else script(path, results.folder, out)
        assert done is None or done.returncode == 0, done.stderr
    for kind in (".png", ".pdf", *[".gif"] * here.with_suffix(".gif").exists()):
        assert here.with_suffix(kind).read_bytes() == there.with_suffix(kind).read_bytes(), kind
    assert "superpose.train" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FIGURES, ids=lambda p: p.stem)
def test_a_figure_without_its_results_says_what_makes_them(path, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        draw(path, tmp_path, tmp_path / "out.png")
    assert "holds no finished result" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_results_of_another_profile_are_not_drawn(tmp_path, capsys):
    sp.save(tmp_path / "default" / "phase_diagram", {"t": sp.Table({"a": [1]}, np.ones(1))}, profile="smoke")
    with pytest.raises(SystemExit, match="2"):
        draw(ROOT / "figures/phase_theory.py", tmp_path / "default", tmp_path / "out.png")
    said = capsys.readouterr().err
    assert "phase_diagram was made with the profile smoke, not default; make it anew: " in said
    assert not (tmp_path / "out.png").exists()


def test_an_experiment_that_reads_another_asks_for_it(tmp_path):
    args = sp.experiment("", [str(tmp_path / "mine"), "--smoke"])
    with pytest.raises(sp.Mistake, match="other holds no finished result"):
        args.read("other")
    sp.save(tmp_path / "other", {"t": sp.Table({"a": [1]}, np.ones(1))}, profile="smoke")
    assert list(args.read("other")) == ["t"]


def test_a_change_of_what_is_swept_is_refused_before_any_work(tmp_path, monkeypatch):
    script = tmp_path / "mine.py"
    script.write_text('over = {"world.density": [1], "seed,steps": [2]}', encoding="utf-8")
    monkeypatch.setattr("sys.argv", [str(script)])
    assert sp.experiment("", [str(tmp_path / "x"), "--set", "world.decay=0.9"]).changes == (("world.decay", 0.9),)
    for path in ("world.density", "steps"):
        with pytest.raises(sp.Mistake, match=f"--set {path}: mine.py sweeps it itself"):
            sp.experiment("", [str(tmp_path / "x"), "--set", f"{path}=3"])


def test_a_run_that_blew_up_leaves_nothing(tmp_path):
    args = sp.experiment("", [str(tmp_path / "x"), "--smoke"])
    with pytest.raises(sp.Mistake, match="no value of 'loss' is a finite number"):
        args.leave({"loss": sp.Table({"seed": [0, 1]}, np.array([np.nan, np.inf]))})
    assert not (tmp_path / "x" / "numbers.json").exists()


def test_what_a_user_changed_is_kept_and_told(tmp_path, capsys):
    args = sp.experiment("", [str(tmp_path / "x"), "--smoke", "--set", "world.decay=0.9", "--set", "steps=3"])
    table = sp.Table({"world.decay": [1]}, np.ones(1))
    args.leave({"t": table}, claims=[sp.near("A", "", 1, 2, 0, why="of the recipe as it was")])
    told = capsys.readouterr()
    assert "changed world.decay=0.9, steps=3" in told.out and "we know why" not in told.out
    assert sp.store.load_changes(tmp_path / "x") == ["world.decay=0.9", "steps=3"]
