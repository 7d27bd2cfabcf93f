"""Other people's loggers hold what they are told, on this machine: no process of a test may reach another one."""

import json
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from superpose.core.mistakes import Mistake
from superpose.runs import loggers
from superpose.runs.sinks import sink

# Told in a process of its own: two of the three keep settings and helpers for as long as the process lives.
TELL = """
import socket, sys
reached = []
def connect(self, address, ours=socket.socket.connect):
    local = self.family == socket.AF_UNIX or str(address[0]) in ("127.0.0.1", "::1", "localhost")
    if not local:
        reached.append(address)
        raise OSError("no network in tests")
    return ours(self, address)
socket.socket.connect = connect
socket.getaddrinfo = lambda host, *more, **rest: reached.append(host) or (_ for _ in ()).throw(OSError("no names"))
from superpose.runs.sinks import sink
told = sink(*sys.argv[1:])
told.event("began", models=3)
for step in range(0, 50, 10):
    told.scalars(step, {"loss.p50": 1 / (step + 1), "loss.p95": float("nan") if step == 20 else 2.0})
told.event("ended", why="\\x1b[2J")
told.close()
assert not reached, reached
"""


def tell(name, folder, **settings):
    import os

    env = {n: v for n, v in os.environ.items() if not n.startswith(("WANDB", "TRACKIO", "HF_", "PYTHONWARN"))}
    ran = subprocess.run(
        [sys.executable, "-c", TELL, name, str(folder)],
        env={**env, "HOME": str(folder), **settings}, cwd=Path(__file__).parent.parent,
        capture_output=True, encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ran.stderr == ""


def records(path):
    """The payloads of a TensorFlow record file."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (size,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12 : at + 12 + size]
        at += 16 + size


def test_tensorboard_has_the_numbers_in_an_event_file(tmp_path):
    from tensorboardX.proto.event_pb2 import Event

    tell("tensorboard", tmp_path / "run")
    (path,) = (tmp_path / "run" / "tensorboard").iterdir()
    events = [Event.FromString(data) for data in records(path)]
    found = {
        (v.tag, e.step): v.simple_value
        for e in events
        for v in e.summary.value
        if v.WhichOneof("value") == "simple_value"
    }
    assert [found["loss.p50", step] for step in range(0, 50, 10)] == pytest.approx(
        [1 / (s + 1) for s in range(0, 50, 10)]
    )
    assert ("loss.p95", 20) not in found and found["loss.p95", 30] == 2.0
    texts = {v.tag: v.tensor.string_val[0].decode() for e in events for v in e.summary.value if v.tensor.string_val}
    assert json.loads(texts["events/began/text_summary"]) == {"models": 3}
    assert "\x1b" not in texts["events/ended/text_summary"]


def test_wandb_leaves_an_offline_run_that_says_nothing_of_the_machine(tmp_path):
    import platform

    tell("wandb", tmp_path / "run")
    (run,) = (tmp_path / "run" / "wandb").glob("offline-run-*")
    (log,) = run.glob("*.wandb")
    data = log.read_bytes()
    assert b"loss.p50" in data and b"event.began" in data
    assert platform.node().encode() not in data or len(platform.node()) < 4
    assert not list(run.rglob("wandb-metadata.json"))


def test_trackio_has_the_numbers_in_a_local_database(tmp_path):
    tell("trackio", tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "trackio" / "superpose.db") as base:
        rows = base.execute("select run_name, step, metrics from metrics order by id").fetchall()
    base.close()
    assert {name for name, _, _ in rows} == {"run"}
    found = {step: json.loads(metrics) for _, step, metrics in rows if b"loss.p50" in metrics}
    assert [found[s]["loss.p50"] for s in range(0, 50, 10)] == pytest.approx([1 / (s + 1) for s in range(0, 50, 10)])


def test_trackio_keeps_to_the_folder_that_is_set_for_it(tmp_path):
    tell("trackio", tmp_path / "run", TRACKIO_DIR=str(tmp_path / "mine"), TRACKIO_SPACE_ID="somebody/else")
    assert (tmp_path / "mine" / "superpose.db").exists()
    assert not (tmp_path / "run").exists() or not list((tmp_path / "run").rglob("*.db"))


def test_trackio_does_not_send_a_second_run_to_the_folder_of_the_first(tmp_path, monkeypatch):
    import trackio.utils

    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "second"))
    monkeypatch.setattr(trackio.utils, "TRACKIO_DIR", tmp_path / "first")
    with pytest.raises(Mistake, match=r"trackio keeps one folder a process, and this one has .*first; set TRACKIO_DIR"):
        sink("trackio", tmp_path)


def test_a_trackio_that_starts_a_server_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(loggers.metadata, "version", lambda name: "0.0.6")
    with pytest.raises(Mistake, match=r"trackio 0.0.6 is older than 0.43; pip install --upgrade 'superpose\[log\]'"):
        sink("trackio", tmp_path)


@pytest.mark.parametrize("name, package", [("tensorboard", "tensorboardX"), ("wandb", "wandb"), ("trackio", "trackio")])
def test_a_missing_logger_says_how_to_get_it(name, package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(loggers.metadata, "version", lambda name: "1.0")
    with pytest.raises(Mistake, match=rf"{package} is not installed; it comes with: pip install 'superpose\[log\]'"):
        sink(name, tmp_path)
