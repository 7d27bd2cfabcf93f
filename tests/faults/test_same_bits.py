"""Bits and identities hang on no clock, locale, order, size, device or neighbour."""

import datetime
import itertools
import json
import shutil
import time

import jax
import numpy as np
import pytest
import tiny
from forks import Server

import superpose as sp
from superpose import runs
from superpose.runs import keeper
from superpose.runs.folder import open_folder
from superpose.runs.log import read_log

OVER = {"world.density": [0.1, 0.5], "seed": list(range(32))}


def go(folder, over=OVER, recipe=None, **how):
    return runs.run(folder, recipe or tiny.recipe(), over, tiny.key(), quiet=True, **how)


@pytest.fixture(scope="module")
def swept():
    return tiny.bits(sp.sweep(tiny.recipe(), OVER, tiny.key(), quiet=True))


@pytest.mark.parametrize("chunk, devices", [(3, 1), (7, 4), (16, 1), (16, 4), (64, 2), (None, 3)])
def test_the_size_of_chunks_and_the_number_of_devices_change_no_bit(swept, tmp_path, chunk, devices):
    assert tiny.bits(go(tmp_path / "run", chunk=chunk, devices=devices)) == swept


@pytest.mark.parametrize("chunk", [1, 2])
def test_the_smallest_chunks_change_no_bit(tmp_path, chunk):
    few = tiny.bits(sp.sweep(tiny.recipe(), tiny.FEW, tiny.key(), quiet=True))
    assert tiny.bits(go(tmp_path / "run", tiny.FEW, chunk=chunk)) == few


def test_a_cell_has_the_same_bits_in_any_order_and_company(tmp_path):
    whole = go(tmp_path / "whole")
    shuffled = go(tmp_path / "shuffled", {"seed": [31, 4, 17], "world.density": [0.5, 0.1]}, chunk=4)
    for seed, density in itertools.product([31, 4, 17], [0.1, 0.5]):
        one, other = (s.run(seed=seed, density=density) for s in (whole, shuffled))
        jax.tree.map(np.testing.assert_array_equal, (one.model, one.loss), (other.model, other.loss))
    ours, theirs = (open_folder(tmp_path / n).finished()[0] for n in ("whole", "shuffled"))
    assert set(theirs) < set(ours)


def test_cells_that_diverge_say_when_and_leave_the_others_alone(tmp_path):
    rates = {"learning_rate": [1e-2, 1e30, 1e-3], "seed": [0, 1]}
    wild = go(tmp_path / "wild", rates, chunk=6)
    tame = go(tmp_path / "tame", {**rates, "learning_rate": [1e-2, 1e-3]}, chunk=6)
    diverged = np.asarray(wild.runs.diverged)
    assert (diverged[1] >= 0).all() and (diverged[1] < 64).all() and (diverged[[0, 2]] == -1).all()
    kept = jax.tree.map(lambda a: a[np.asarray([0, 2])], (wild.runs.model, wild.runs.loss))
    jax.tree.map(np.testing.assert_array_equal, kept, (tame.runs.model, tame.runs.loss))
    assert runs.status(tmp_path / "wild").diverged == 2 and runs.status(tmp_path / "tame").diverged == 0


class Jumping(datetime.datetime):
    """A clock that goes back a day whenever it is asked."""

    days = 0

    @classmethod
    def now(cls, zone=None):
        cls.days += 1
        return datetime.datetime(2030, 1, 1, tzinfo=zone) - datetime.timedelta(days=cls.days)


def test_a_clock_that_jumps_back_changes_nothing(tmp_path, monkeypatch):
    days, wanted = itertools.count(), tiny.bits(sp.sweep(tiny.recipe(), tiny.FEW, tiny.key(), quiet=True))
    for name, value in (("MIDWAY", 0.0), ("SHARE", 0)):
        monkeypatch.setattr(keeper, name, value)
    monkeypatch.setattr(datetime, "datetime", Jumping)
    monkeypatch.setattr(time, "time", lambda: 2e9 - 86_400.0 * next(days))
    assert tiny.bits(go(tmp_path / "run", tiny.FEW, chunk=4)) == wanted
    records, damages = read_log(tmp_path / "run" / "log.jsonl")
    assert [r["n"] for r in records] == list(range(1, len(records) + 1)) and not damages
    names = [r["fields"]["name"] for r in records if r["event"] == "midway"]
    assert len(names) > 2 and all(r["at"].endswith("+00:00") for r in records)
    assert records[0]["at"] > records[-1]["at"]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The same run, begun under several locales."""
    room, found = tmp_path_factory.mktemp("locales"), {}
    plain = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for name, env in {"c": {"LC_ALL": "C", **plain}, "utf8": {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu"}}.items():
        with Server(room / "cache", **env) as server:
            end = server.run("run", folder=room / name, over=tiny.FEW)
            assert end.code == 0, end.said
            found[name] = room / name, end.found["bits"]
    return found


def test_a_locale_changes_no_bit_and_no_identity(elsewhere, swept):
    (one, bits), (other, same) = elsewhere.values()
    assert bits == same == tiny.bits(sp.sweep(tiny.recipe(), tiny.FEW, tiny.key(), quiet=True))
    jobs = [json.dumps(json.loads((f / "run.json").read_bytes())["job"]).encode() for f in (one, other)]
    assert jobs[0] == jobs[1]
    assert [p.name for p in sorted((one / "chunks").iterdir())] == [
        p.name for p in sorted((other / "chunks").iterdir())
    ]
    metrics = [[(p / "metrics.npz").read_bytes() for p in sorted((f / "chunks").iterdir())] for f in (one, other)]
    assert metrics[0] == metrics[1]
    assert json.loads((other / "run.json").read_bytes())["created"].endswith("+00:00")


def test_a_run_moved_elsewhere_goes_on(server, few, halfway, tmp_path):
    moved = shutil.copytree(halfway, tmp_path / "not the same place; $(rm) 'é'")
    end = server.run("resume", folder=moved)
    assert end.code == 0 and end.found["bits"] == few, end.said
