"""Runs and artefacts of earlier versions stay readable; those of later ones are refused by name."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import superpose as sp
from superpose import runs
from superpose.core.mistakes import Mistake
from superpose.store.sealed import MANIFEST, read_sealed, write_sealed

FIXTURES = Path(__file__).parent.parent / "fixtures"


@pytest.fixture
def old(tmp_path):
    return shutil.copytree(FIXTURES / "run-schema-1", tmp_path / "run")


def test_a_run_of_schema_1_is_read(old):
    swept = runs.load_run(old)
    assert list(swept.axes) == ["model.n_hidden", "world.density", "seed"]
    kept = np.load(FIXTURES / "run-schema-1-loss.npy", allow_pickle=False)
    np.testing.assert_array_equal(np.stack([np.asarray(s.loss) for s in swept.stacks]), kept)
    assert runs.status(old).state == "finished" and not runs.verify(old).damages


def test_a_run_of_schema_1_is_gone_on_with(old):
    """Cells are still known by what they are made of, so that none is trained again."""
    before = {p.name for p in (old / "chunks").iterdir()}
    runs.resume(old, quiet=True)
    assert {p.name for p in (old / "chunks").iterdir()} == before


@pytest.mark.parametrize("read", [runs.load_run, runs.status, runs.resume])
def test_a_run_of_a_schema_to_come_is_refused_by_name(read):
    with pytest.raises(Mistake, match="run-schema-99 has schema 99; this superpose reads 1: update it"):
        read(FIXTURES / "run-schema-99")


def test_a_chunk_of_a_schema_to_come_is_refused_by_name(old):
    chunk = next((old / "chunks").iterdir())
    about = read_sealed(chunk / MANIFEST)
    about.pop("seal", None)
    write_sealed(chunk / MANIFEST, {**about, "schema": 99})
    with pytest.raises(Mistake, match=f"{chunk.name} has schema 99; this superpose reads 1"):
        runs.load_run(old)


def test_an_artefact_of_the_first_version_is_read():
    tables = sp.load(FIXTURES / "artefact-1")
    assert list(tables) == ["D"] and tables["D"].axes == {"world.density": [1.0, 0.1], "seed": [0, 1, 2]}
    np.testing.assert_array_equal(tables["D"].values, np.arange(6.0, dtype=np.float32).reshape(2, 3))
    assert sp.from_json((FIXTURES / "artefact-1" / "recipe.json").read_text(encoding="utf-8")).steps == 64
