"""A disk that is full stops a run in order; one that cannot be written to is refused before anything is computed."""

import errno
import os
import re

import disks
import pytest
import tiny

import superpose as sp
from superpose import runs
from superpose.core.mistakes import Mistake
from superpose.runs import launch
from superpose.runs.sinks import JsonlSink

LARGE = {"steps": 2, "batch": 2, "wide": 256}
MB = 2**20


def go(folder, **how):
    return runs.run(folder, tiny.recipe(), tiny.FEW, tiny.key(), chunk=4, quiet=True, **how)


@pytest.fixture(scope="module")
def swept():
    return tiny.bits(sp.sweep(tiny.recipe(), tiny.FEW, tiny.key(), quiet=True))


@pytest.mark.parametrize("size, cells", [(1, 10), (8, 80)])
def test_a_full_disk_stops_a_run_which_goes_on_when_there_is_room(server, tmp_path, size, cells):
    over = {"seed": list(range(cells))}
    with disks.disk(tmp_path / "disk", size * MB) as disk:
        folder = disk.path / "run"
        end = server.run("run", folder=folder, over=over, recipe=LARGE, chunk=cells // 5, largest=disk.limit)
        assert end.code == 75, end.said
        assert re.search(r"no room left to write in .*the next write takes about [\d.]+ [KM]B, and [\d.]+ ", end.said)
        assert "Traceback" not in end.said
        assert f"superpose resume {folder}" in end.said
        assert runs.status(folder).state == "stopped"
        assert not runs.verify(folder).damages
        assert disk.limit or runs.status(folder).done < cells
        disk.enlarge(64 * MB)
        end = server.run("run", folder=folder, over=over, recipe=LARGE, chunk=cells // 5)
        assert end.code == 0, end.said
    whole = server.run("run", folder=tmp_path / "whole", over=over, recipe=LARGE, chunk=cells // 5)
    assert end.found["bits"] == whole.found["bits"]


def test_a_disk_that_is_full_at_any_call_stops_a_run_in_order(server, few, tmp_path):
    calls = server.run("run", folder=tmp_path / "whole", over=tiny.FEW).found["points"]
    one = calls.index("mkdir /chunks"), next(i for i, call in enumerate(calls) if call == "fsync /chunks")
    end = server.run("fill_all", room=tmp_path, points=list(range(one[0], one[1] + 2, 4)), wanted=few)
    assert end.code == 0, end.said
    assert not end.found["wrong"]


@pytest.mark.parametrize("record", range(1, 5))
def test_a_log_that_cannot_be_written_stops_a_run_in_order(tmp_path, swept, monkeypatch, record):
    write = JsonlSink._write

    def full(self, what):
        if self.count + 1 >= record:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(self, what)

    with monkeypatch.context() as patch:
        patch.setattr(JsonlSink, "_write", full)
        with pytest.raises(runs.Stopped, match=r"No space left on device.*superpose resume"):
            go(tmp_path / "run")
    assert tiny.bits(go(tmp_path / "run")) == swept
    assert not runs.verify(tmp_path / "run").damages


@pytest.mark.parametrize("place", ["file", "file/run", "/dev/null", "x" * 300])
def test_where_no_folder_can_be_a_run_is_refused_before_any_work(tmp_path, monkeypatch, place):
    (tmp_path / "file").write_text("here", encoding="utf-8")
    monkeypatch.setattr(launch, "job", None)
    with pytest.raises(Mistake, match=r"give (a|another) folder"):
        go(tmp_path / place)


def test_a_disk_that_cannot_be_written_to_is_refused_before_any_work(tmp_path, monkeypatch):
    with disks.disk(tmp_path / "disk", MB) as disk:
        (disk.path / "there").mkdir()
        disk.close_to_writers()
        monkeypatch.setattr(launch, "job", None)
        if not os.access(disk.path, os.W_OK):
            for folder in (disk.path / "there", disk.path / "new" / "run"):
                with pytest.raises(Mistake, match="cannot be written to; give another folder"):
                    go(folder)


def test_a_run_on_a_disk_that_cannot_be_written_to_is_read_all_the_same(tmp_path, swept):
    with disks.disk(tmp_path / "disk", MB) as disk:
        go(disk.path / "run")
        disk.close_to_writers()
        assert tiny.bits(runs.load_run(disk.path / "run")) == swept
        assert runs.status(disk.path / "run").state == "finished" and not runs.verify(disk.path / "run").damages
        if not os.access(disk.path, os.W_OK):
            with pytest.raises(Mistake, match="Read-only file system; give a folder that can be written to"):
                runs.resume(disk.path / "run")


def test_a_folder_whose_parents_are_missing_is_made(tmp_path, swept):
    assert tiny.bits(go(tmp_path / "a" / "b" / "run")) == swept
