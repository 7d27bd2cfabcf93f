"""Every experiment runs at its smallest, leaves a whole result, and every figure can be drawn from what was left."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import superpose as sp

ROOT = Path(__file__).parents[1]
EXPERIMENTS = sorted(p for p in (ROOT / "experiments").glob("*.py") if not p.name.startswith("_"))
FIGURES = sorted(p for p in (ROOT / "figures").glob("*.py") if not p.name.startswith("_"))


def script(*words):
    return subprocess.run(
        [sys.executable, "-P", *map(str, words)], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    """Results of experiments that have been asked for, made once a worker."""
    folder, made = tmp_path_factory.mktemp("smoke"), {}

    def result(name):
        if name not in made:
            made[name] = script(ROOT / "experiments" / f"{name}.py", folder / name, "--profile", "smoke")
        assert made[name].returncode == 0, made[name].stderr
        return folder / name

    result.folder = folder
    return result


def test_there_are_experiments_and_figures():
    assert len(EXPERIMENTS) >= 4
    assert len(FIGURES) >= 6


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda p: p.stem)
def test_an_experiment_leaves_a_whole_result(path, results):
    folder = results(path.stem)
    tables = sp.load(folder)
    assert tables
    assert json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    recipe = sp.from_json((folder / "recipe.json").read_text(encoding="utf-8"))
    assert isinstance(recipe, sp.Recipe)
    assert json.loads((folder / "provenance.json").read_text(encoding="utf-8"))["versions"]["jax"]


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda p: p.stem)
def test_an_experiments_header_says_claim_leaves_and_takes(path):
    header = path.read_text(encoding="utf-8").split('"""')[1]
    for word in ("Claim", "Leaves", "Takes"):
        assert re.search(rf"^{word} +\S", header, re.MULTILINE), f"{path.name} says no {word!r}"


@pytest.mark.parametrize("path", FIGURES, ids=lambda p: p.stem)
def test_a_figure_is_drawn_from_results_alone_and_the_same_each_time(path, results, tmp_path):
    reads = re.search(r"^# reads: *(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    for name in reads.group(1).split():
        results(name)
    drawn = []
    for turn in ("one.png", "two.png"):
        done = script(path, results.folder, tmp_path / turn)
        assert done.returncode == 0, done.stderr
        drawn.append([(tmp_path / turn).read_bytes(), (tmp_path / turn).with_suffix(".pdf").read_bytes()])
    assert drawn[0] == drawn[1]
    assert "superpose.train" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FIGURES, ids=lambda p: p.stem)
def test_a_figure_without_its_results_says_what_makes_them(path, tmp_path):
    done = script(path, tmp_path, tmp_path / "out.png")
    assert done.returncode == 2
    assert "holds no finished result" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.png").exists()
