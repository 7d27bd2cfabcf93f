"""The README's code runs as it is written, from top to bottom, in a fresh Python."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
FACTS = """
import json
print("FACTS", json.dumps({
    "weights": swept.runs.model.W.shape, "D": D.values.shape, "kept": kept.tolist(),
    "optima": best.score.values.tolist(), "moved": float(abs(out - without).max()),
}))
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What the blocks leave behind, run one after another as a reader would."""
    folder = tmp_path_factory.mktemp("readme")
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*BLOCKS, FACTS])],
        cwd=folder, env=os.environ | {"MPLBACKEND": "agg"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (folder / "kept.png").exists()
    return json.loads(done.stdout.split("FACTS")[1])


def test_the_first_block_is_ten_statements_that_train_48_models(ran):
    code = [line for line in BLOCKS[0].splitlines() if line.strip() and not line.startswith((" ", ")"))]
    assert len(code) <= 10
    assert ran["weights"] == [12, 4, 5, 20]
    assert ran["D"] == [12, 4, 20]


def test_more_features_are_kept_in_sparse_worlds(ran):
    assert ran["kept"][0] <= 6
    assert ran["kept"][-1] >= 8


def test_the_oracle_block_does_no_worse_than_two_dedicated_features(ran):
    assert 0.99 / 12 <= ran["optima"][0] <= 1 / 12 + 1e-9


def test_a_patched_model_answers_differently(ran):
    assert ran["moved"] > 1e-3


def test_every_file_the_readme_points_to_is_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target
