"""A run that is killed loses nothing that was finished, and ends with the bits of one that was not."""

import kills
import pytest
import tiny

from superpose import runs
from superpose.runs.chunk import sweep_up

CALLS = [
    "mkdir $", "mkdir /chunks$", r"replace /\.run\.copy", r"fsync /\.run\.json", r"replace /\.run\.json", "write /log",
    r"mkdir /chunks/\.part", "rename .*orbax", r"(unlink|rmdir) .*\.part", "fsync .*metrics", "replace .*MANIFEST",
    r"rename /chunks/\.part-[\w-]+$", "fsync /chunks$",
]  # fmt: skip
"""Calls before which a run dies, one attempt after another."""


def assert_nothing_was_lost(tally, least):
    assert tally.kills >= least
    assert not tally.wrong and not tally.damaged and not tally.lost
    assert max(tally.redone, default=0) <= 1


def test_a_run_that_dies_before_each_call_that_matters_loses_nothing(server, few, tmp_path):
    tally = kills.in_a_row(server, tmp_path / "run", CALLS, few, over=tiny.FEW)
    assert_nothing_was_lost(tally, len(CALLS))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_killed_at_random_moments_loses_nothing(server, few, tmp_path, seed):
    life = server.run("run", folder=tmp_path / "whole", over=tiny.FEW).seconds
    tally = kills.at_random(server, tmp_path / "run", seed, life, few, most=5, over=tiny.FEW)
    assert_nothing_was_lost(tally, 0)


def test_a_long_fit_that_dies_while_its_middle_is_kept_goes_on_to_the_same_bits(server, tmp_path):
    wanted = server.run("fit").found["bits"]
    calls = [
        r"rename /midway/\.part-[\w-]+$",
        "fsync /midway$",
        r"rename /midway/all-",
        r"unlink /midway/.*gone",
        "fsync .*MANIFEST",
    ]
    tally = kills.in_a_row(server, tmp_path / "fit", calls, wanted, task="drive", midway=0.05)
    assert tally.kills == len(calls) and not tally.wrong and not tally.damaged


def test_what_a_kill_leaves_half_written_is_the_writers_own_to_remove(tmp_path):
    for name in (".part-1-of-3-ab", ".part-1-of-30-ab", ".part-all-cd", "whole", ".metrics.npz.part"):
        (tmp_path / name).mkdir()
    assert sweep_up(tmp_path, "1-of-3") == 1
    assert not (tmp_path / ".part-1-of-3-ab").exists() and (tmp_path / ".part-1-of-30-ab").exists()
    assert sweep_up(tmp_path) == 3
    assert [p.name for p in tmp_path.iterdir()] == ["whole"]


def test_half_written_chunks_are_no_part_of_a_run(halfway):
    (halfway / "chunks" / ".part-all-cd").mkdir()
    (halfway / "chunks" / ".part-all-cd" / "state").write_bytes(b"half")
    assert not runs.verify(halfway).damages and runs.status(halfway).chunks == 1
    sweep_up(halfway / "chunks")
