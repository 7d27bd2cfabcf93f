"""Whatever happens to a byte of a run is found and named, and repaired by training again."""

import random
import shutil

import flips
import numpy as np
import pytest
import tiny

from superpose import runs
from superpose.core.mistakes import Mistake


@pytest.fixture
def run(halfway, tmp_path):
    return shutil.copytree(halfway, tmp_path / "run")


@pytest.mark.parametrize("mode", flips.MODES)
def test_damage_to_any_file_is_found_and_named(halfway, tmp_path, mode):
    for seed, kind in enumerate(flips.kinds(halfway)):
        run = shutil.copytree(halfway, tmp_path / str(seed))
        assert not runs.verify(run).damages
        did = flips.harm(run, kind, mode, random.Random(seed))
        assert str(run / did.path) in {d.path for d in runs.verify(run).damages}, did


def test_damage_to_any_file_is_repaired_to_the_same_bits(server, few, halfway, tmp_path):
    plan = [(kind, mode, i) for i, (kind, mode) in enumerate(zip(flips.kinds(halfway), 10 * flips.MODES, strict=False))]
    end = server.run("mend_all", pristine=halfway, room=tmp_path, plan=plan, wanted=few, every=3)
    assert end.code == 0, end.said
    assert not end.found["missed"] and not end.found["worse"]


def test_the_other_chunks_of_a_damaged_run_can_be_used(server, few, halfway, tmp_path):
    end = server.run("run", folder=tmp_path / "run", over=tiny.FEW)
    assert end.found["bits"] == few
    whole = runs.load_run(tmp_path / "run")
    damaged, _ = sorted((tmp_path / "run" / "chunks").iterdir())
    next(p for p in damaged.rglob("d/*")).write_bytes(b"")
    with pytest.raises(Mistake, match=f"superpose resume {tmp_path / 'run'} --repair") as wrong:
        runs.load_run(tmp_path / "run")
    assert damaged.name in str(wrong.value)
    some = runs.load_run(tmp_path / "run", partial=True)
    there = some.runs.diverged == -1
    assert there.sum() == 4 and (some.runs.diverged[~there] == -2).all()
    np.testing.assert_array_equal(some.runs.loss[there], whole.runs.loss[there])


@pytest.mark.parametrize("name", ["MANIFEST.json", "metrics.npz"])
def test_a_run_refuses_to_train_beside_a_chunk_it_cannot_read(run, name):
    (chunk,) = (run / "chunks").iterdir()
    (chunk / name).write_bytes((chunk / name).read_bytes()[:-9])
    with pytest.raises(runs.Damaged, match=f"{chunk / name}.*superpose resume {run} --repair"):
        runs.resume(run, quiet=True)
    assert runs.status(run).state == "damaged"


def test_a_run_whose_both_descriptions_are_damaged_says_what_is_lost(run):
    for name in ("run.json", "run.copy.json"):
        (run / name).write_bytes(b"{")
    with pytest.raises(runs.Damaged, match="what was asked of this run is lost; its command, if you have it"):
        runs.resume(run, repair=True)


def test_its_command_goes_on_from_the_chunks_once_both_are_removed(run, server, few):
    for name in ("run.json", "run.copy.json"):
        (run / name).unlink()
    (chunk,) = (run / "chunks").iterdir()
    made = chunk.stat().st_mtime_ns
    end = server.run("run", folder=run, over=tiny.FEW)
    assert end.code == 0 and end.found["bits"] == few, end.said
    assert chunk.stat().st_mtime_ns == made and not runs.verify(run).damages


def test_what_cannot_be_a_log_is_put_aside_by_repair_alone(run):
    (run / "log.jsonl").write_bytes(bytes(100))
    with pytest.raises(runs.Damaged, match=f"no log of superpose.*superpose resume {run} --repair"):
        runs.resume(run, quiet=True)
