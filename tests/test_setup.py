"""Set-up holds: locks name no host, imports are declared, a cheap `--help`."""

import ast
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = sorted((ROOT / "superpose").rglob("*.py"))
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
FIGURES = sorted(p for p in (ROOT / "figures").glob("*.py") if not p.name.startswith("_"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def distribution(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]).lower()


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("lock", LOCKS, ids=name_of)
def test_locks_name_no_host_and_hash_everything(lock):
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    pins = re.findall(r"^\S.*==", text, flags=re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, flags=re.MULTILINE)) > 0


def test_there_is_a_lock_for_every_accelerator():
    assert {p.stem for p in LOCKS} == {"cpu", "cuda12", "cuda13", "tpu", "docs", "extras", "paper"}


@pytest.mark.parametrize("accelerator", ["cpu", "cuda12", "cuda13", "tpu"])
def test_locks_hold_what_the_project_asks_for(accelerator):
    lock = (ROOT / "requirements" / f"{accelerator}.txt").read_text(encoding="utf-8")
    locked = {distribution(pin) for pin in re.findall(r"^[a-z].*==", lock, flags=re.MULTILINE)}
    extras = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"], *extras["test"], *extras["lint"], "flit_core"]
    assert set(map(distribution, asked)) <= locked


def third_party(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    absolute = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 0]
    plain = [alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names]
    tops = {name.partition(".")[0] for name in [*plain, *(n.module for n in absolute if n.module)]}
    return tops - set(sys.stdlib_module_names) - {"superpose"}


def test_every_import_of_the_library_is_declared():
    extras = [r for group in PROJECT["optional-dependencies"].values() for r in group]
    declared = set(map(distribution, [*PROJECT["dependencies"], *extras]))
    providers = packages_distributions()
    undeclared = {
        f"{name_of(path)} imports {top}"
        for path in LIBRARY
        for top in third_party(path)
        if not declared & {distribution(d) for d in providers.get(top, [top])}
    }
    assert not undeclared


HELP = """
import sys, time
sys.argv = ["superpose", "--help"]
started = time.process_time()
from superpose.cli import main
try:
    code = main()
except SystemExit as stop:
    code = stop.code
print("heavy:", sorted({"jax", "flax", "numpy", "matplotlib", "optax"} & set(sys.modules)), file=sys.stderr)
print("seconds:", time.process_time() - started, file=sys.stderr)
sys.exit(code or 0)
"""


def test_help_is_cheap():
    ran = subprocess.run(
        [sys.executable, "-P", "-c", HELP], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert "usage" in ran.stdout.lower()
    assert "heavy: []" in ran.stderr
    assert float(ran.stderr.split("seconds:")[1]) < 0.4


def test_make_lists_every_target():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    ran = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True)
    assert re.findall(r"^  ([\w-]+) ", ran.stdout, flags=re.MULTILINE) == phony.split()


def test_make_names_what_is_near_a_wrong_name():
    words = ["make", "results/default/phase_diagramm/numbers.json"]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    assert ran.returncode == 2
    assert "nothing makes results/default/phase_diagramm/numbers.json; near it: results/default/phase_" in ran.stderr


@pytest.mark.parametrize("path", FIGURES, ids=name_of)
def test_figures_say_which_experiments_they_read(path):
    reads = re.findall(r"^# *reads: *(.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert reads, f"{name_of(path)} needs a line '# reads: <experiment> ...'"
    for name in " ".join(reads).split():
        assert (ROOT / "experiments" / f"{name}.py").exists()


def test_the_guide_runs_as_written(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/guide.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    script = tmp_path / "guide.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    told = runpy.run_path(str(script))
    assert list(told["shares"].axes) == ["world.density", "seed"]
    assert told["seen"]["hidden"].shape == (8, 2)


def test_tests_see_four_simulated_devices():
    import jax

    assert len(jax.devices("cpu")) == 4


def test_array_shapes_are_checked_in_tests():
    import jax.numpy as jnp
    from jaxtyping import TypeCheckError

    from superpose.geometry import one_sparse_optimum

    with pytest.raises(TypeCheckError, match="hidden features"):
        one_sparse_optimum(jnp.ones(3))
