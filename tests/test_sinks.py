"""A log counts its records, goes on after a kill, and finds what was changed in it."""

import datetime
import errno
import json
import math
import os
import signal
import subprocess
import sys
import time
import zlib

import jax.numpy as jnp
import numpy as np
import pytest

from superpose.core.mistakes import Mistake
from superpose.runs import sinks
from superpose.runs.log import LINE, read_log
from superpose.runs.sinks import JsonlSink, quantiles, sink


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.jsonl"


def filled(path, count=5):
    log = JsonlSink(path)
    for step in range(count):
        log.scalars(10 * step, {"loss.p50": 1 / (step + 1)})
    log.close()
    return path.read_bytes().splitlines(keepends=True)


def test_what_is_told_is_read_back_in_order(path):
    log = JsonlSink(path)
    log.event("began", models=3, grid={"density": [0.1, 1.0]})
    log.scalars(10, {"loss.p05": 0.1, "loss.p50": 0.2})
    log.event("ended")
    log.close()
    records, damages = read_log(path)
    assert damages == []
    assert [r["n"] for r in records] == [1, 2, 3]
    assert records[0]["event"] == "began" and records[0]["fields"] == {"models": 3, "grid": {"density": [0.1, 1.0]}}
    assert records[1]["step"] == 10 and records[1]["values"] == {"loss.p05": 0.1, "loss.p50": 0.2}
    assert records[2]["event"] == "ended" and "fields" not in records[2]
    assert all(datetime.datetime.fromisoformat(r["at"]).utcoffset() == datetime.timedelta() for r in records)


def test_a_field_may_be_called_as_those_of_a_record_are(path):
    log = JsonlSink(path)
    log.event("n", n=7, at="noon", crc="none", event="x", step=-1, name="y")
    log.close()
    (record,), damages = read_log(path)
    assert record["n"] == 1 and record["fields"]["n"] == 7 and record["fields"]["name"] == "y" and not damages


ODD = "\x1b[2J\n\r\0\x7f\x9b\u202e\ud800 ünï 漢"


def test_every_line_is_json_in_plain_letters(path):
    log = JsonlSink(path)
    log.event("odd", text=ODD, number=math.nan, deep=[{"a": -math.inf}], array=np.arange(3), half=jnp.float32(0.5),
              big=np.int64(3), nan=np.float32("nan"), path=path, kind=float)  # fmt: skip
    log.scalars(0, {"loss": math.inf, "kept": np.float32(2)})
    log.close()
    for line in path.read_bytes().splitlines():
        assert all(0x20 <= byte < 0x7F for byte in line)
        json.loads(line, parse_constant=pytest.fail)
    (odd, scalars), damages = read_log(path)
    assert not damages
    fields = odd["fields"]
    assert fields["text"] == ODD
    assert (fields["number"], fields["deep"], fields["nan"]) == (None, [{"a": None}], None)
    assert (fields["array"], fields["half"], fields["big"], fields["path"]) == ([0, 1, 2], 0.5, 3, str(path))
    assert scalars["values"] == {"loss": None, "kept": 2.0}


def test_the_checksum_is_that_of_the_line_before_it(path):
    line = filled(path, 1)[0]
    body, _, rest = line.rpartition(b', "crc": ')
    assert rest == b'"%08x"}\n' % zlib.crc32(body)


def test_the_counter_orders_whatever_the_clock_does(path, monkeypatch):
    class Backwards(datetime.datetime):
        hour_now = 12

        @classmethod
        def now(cls, zone=None):
            cls.hour_now -= 1
            return cls(2030, 1, 1, cls.hour_now, tzinfo=zone)

    monkeypatch.setattr(sinks.datetime, "datetime", Backwards)
    filled(path)
    records, damages = read_log(path)
    assert [r["n"] for r in records] == [1, 2, 3, 4, 5] and damages == []
    assert records[0]["at"] > records[-1]["at"]


def test_a_log_opened_again_goes_on_counting(path):
    filled(path, 3)
    filled(path, 2)
    records, damages = read_log(path)
    assert [r["n"] for r in records] == [1, 2, 3, 4, 5] and damages == []


@pytest.mark.parametrize("count", [1, 3])
def test_a_torn_last_line_is_mended_wherever_it_was_torn(path, count):
    lines = filled(path, count)
    before, last = b"".join(lines[:-1]), lines[-1]
    for end in range(len(last)):
        path.write_bytes(before + last[:end])
        torn = bool(end) and end < len(last) - 1
        assert bool(read_log(path)[1]) == torn
        log = JsonlSink(path)
        log.event("again")
        log.close()
        records, damages = read_log(path)
        kept = count - (end < len(last) - 1)
        assert [r["n"] for r in records] == list(range(1, kept + 2)) and damages == []


def test_a_damaged_line_is_named_and_the_rest_is_read(path):
    lines = filled(path)
    lines[2] = lines[2].replace(b"0.333", b"0.334")
    path.write_bytes(b"".join(lines))
    records, damages = read_log(path)
    assert [r["n"] for r in records] == [1, 2, 4, 5]
    assert damages == ["line 3 is not what was written"]
    filled(path, 1)
    assert [r["n"] for r in read_log(path)[0]] == [1, 2, 4, 5, 6]


def test_lost_repeated_and_torn_lines_are_named(path):
    lines = filled(path)
    path.write_bytes(b"".join([lines[0], *lines[3:]]))
    assert read_log(path)[1] == ["line 2 is record 4, and records 2 to 3 are missing"]
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert read_log(path)[1] == ["line 2 is record 3, and record 2 is missing"]
    path.write_bytes(b"".join([*lines[:3], lines[1]]))
    assert read_log(path)[1] == ["line 4 is record 2, which should have come before it"]
    path.write_bytes(b"".join(lines)[:-9])
    assert read_log(path)[1] == ["line 5 is torn: the process ended while it wrote"]


def test_a_log_whose_end_is_damaged_still_counts_on(path):
    lines = filled(path, 3)
    path.write_bytes(b"".join(line.replace(b"loss", b"lost") for line in lines))
    log = JsonlSink(path)
    log.event("again")
    log.close()
    records, damages = read_log(path)
    assert [r["n"] for r in records] == [4]
    assert damages == [f"line {n} is not what was written" for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "content", [b"precious", b"precious\n", b"a\nb\nc", b'{"n": 2, ', b'{"a": 1}\n', b"\n", b"\0" * 99]
)
def test_a_file_that_is_no_log_is_not_added_to(path, content):
    path.write_bytes(content)
    with pytest.raises(Mistake, match="is no log of superpose, and nothing was added to it; give another path"):
        JsonlSink(path)
    assert path.read_bytes() == content


def test_a_log_is_no_link_pipe_or_folder(path, tmp_path):
    (tmp_path / "precious").write_text("", encoding="utf-8")
    path.symlink_to(tmp_path / "precious")
    for place, said in ((path, "cannot be opened"), (tmp_path, "cannot be opened: Is a directory"),
                        (tmp_path / "no" / "log", "cannot be opened: No such file")):  # fmt: skip
        with pytest.raises(Mistake, match=said):
            JsonlSink(place)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Mistake, match="is not a file; give another path"):
        JsonlSink(tmp_path / "pipe")


def test_a_closed_log_and_a_record_without_end_are_refused(path):
    log = JsonlSink(path)
    with pytest.raises(Mistake, match=r"a record of 1,000,\d+ bytes is too long for the log .*; it takes 1,000,000"):
        log.event("long", text="x" * LINE)
    log.event("short")
    log.close()
    log.close()
    with pytest.raises(Mistake, match="is closed; open it again to go on"):
        log.event("late")
    assert len(read_log(path)[0]) == 1


def test_a_disk_that_is_full_leaves_whole_records(path, monkeypatch):
    log = JsonlSink(path)
    log.event("first")
    write = os.write
    monkeypatch.setattr(sinks.os, "write", lambda file, data: write(file, data[:10]))
    with pytest.raises(OSError, match="no space left for the log") as wrong:
        log.event("second")
    assert wrong.value.errno == errno.ENOSPC
    monkeypatch.undo()
    log.event("third")
    log.close()
    records, damages = read_log(path)
    assert [(r["n"], r["event"]) for r in records] == [(1, "first"), (2, "third")] and not damages


WRITES = """
import sys
from superpose.runs.sinks import JsonlSink
log = JsonlSink(sys.argv[1])
print("ready", flush=True)
while True:
    log.scalars(log._n, {"loss": 0.5})
"""


def test_a_killed_process_loses_no_record_that_it_told(path):
    for wait in (0.0, 0.003, 0.02):
        writer = subprocess.Popen([sys.executable, "-c", WRITES, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(wait)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
    filled(path, 1)
    records, damages = read_log(path)
    assert damages == []
    assert [r["n"] for r in records] == list(range(1, len(records) + 1))
    assert [r["step"] for r in records[:-1]] == list(range(len(records) - 1))


def test_processes_that_write_to_one_log_take_turns(path):
    code = WRITES.replace("while True", "for _ in range(300)") + "log.close()"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [w.wait() for w in writers] == [0, 0, 0]
    records, damages = read_log(path)
    assert damages == [] and [r["n"] for r in records] == list(range(1, 901))


def test_a_log_knows_how_many_records_it_has(path):
    filled(path, 3)
    one, other = JsonlSink(path), JsonlSink(path)
    assert one.count == other.count == 3
    one.event("a")
    other.event("b")
    assert (one.count, other.count) == (4, 5)
    one.close()
    other.close()


def test_a_line_without_end_costs_no_memory(path):
    filled(path, 1)
    with open(path, "ab") as out:
        out.write(b"x" * (5 * LINE) + b"\n")
    filled(path, 1)
    records, damages = read_log(path)
    assert damages == ["line 2 is not what was written"] and [r["n"] for r in records] == [1, 3]


def test_a_sweep_is_told_in_quantiles_of_what_is_finite():
    loss = np.r_[np.linspace(0, 1, 101), np.nan, np.inf].reshape(-1, 1)
    assert quantiles(loss) == pytest.approx({"loss.p05": 0.05, "loss.p50": 0.5, "loss.p95": 0.95})
    assert quantiles(jnp.ones((2, 3), jnp.bfloat16), "kept") == {"kept.p05": 1, "kept.p50": 1, "kept.p95": 1}
    assert all(math.isnan(q) for q in quantiles([np.nan]).values())
    assert len(quantiles([])) == 3


def test_an_unknown_logger_is_refused_by_name(tmp_path):
    with pytest.raises(Mistake, match=r"no logger is called 'tensorbord'; did you mean 'tensorboard'\?"):
        sink("tensorbord", tmp_path)
    assert not list(tmp_path.iterdir())
