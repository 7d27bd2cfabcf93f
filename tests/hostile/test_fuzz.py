"""Whatever the bytes, a reader gives what was written or one line that refuses; quickly, and in little memory."""

import json
import re
import struct
import tempfile
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import superpose as sp
from superpose.core.mistakes import Mistake
from superpose.core.packed import open_npz
from superpose.core.reading import parse_json, read_json, read_text
from superpose.runs.log import read_log
from superpose.runs.sinks import JsonlSink
from superpose.store.weights import load_weights, save_weights

PLENTY = 300_000_000
"""Bytes that no reader needs for a small file."""
FUZZ = settings(deadline=2000, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def recipe_text():
    world = sp.SparseWorld(n_features=3, density=(0.1, 0.2, 0.3))
    return sp.to_json(sp.Recipe(world=world, model=sp.ToyConfig(n_features=3, n_hidden=2))).encode()


def made(kind):
    """The bytes of an honest file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        if kind in ("npz", "packed"):
            with open(path, "wb") as out:
                (np.savez if kind == "npz" else np.savez_compressed)(out, a=np.arange(50.0), b=np.ones((2, 3), bool))
        elif kind == "weights":
            save_weights(path, {"W": np.arange(6.0).reshape(2, 3), "b": np.ones(2, np.int8)}, {"by": "us"})
        elif kind == "log":
            log = JsonlSink(path)
            for step in range(4):
                log.scalars(step, {"loss": 1 / (step + 1)})
            log.event("done", models=[1, 2], why="\x1b")
            log.close()
        else:
            path.write_bytes(recipe_text())
        return path.read_bytes()


HONEST = {kind: made(kind) for kind in ("npz", "packed", "weights", "log", "json")}
READERS = {"npz": open_npz, "packed": open_npz, "weights": load_weights, "log": read_log, "json": read_json}


def tried(read, data):
    """What a reader makes of bytes; None if it refuses them as it should."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder) / "file"
        path.write_bytes(data)
        tracemalloc.start()
        try:
            return read(path)
        except Mistake as wrong:
            return None if str(wrong).isprintable() else pytest.fail("a message steers the terminal")
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < PLENTY
            assert [p.name for p in Path(folder).iterdir()] == ["file"]


@st.composite
def changed(draw, kind):
    """An honest file after a few changes: bytes set, cut out, put in, or said twice."""
    data = bytearray(HONEST[kind])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        how = draw(st.sampled_from(["flip", "set", "cut", "put", "twice", "end", "long"]))
        more = draw(st.integers(0, min(40, max(len(data) - at, 0))))
        match how:
            case "flip" if data:
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if data:
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + more]
            case "put":
                data[at:at] = draw(st.binary(max_size=20))
            case "twice":
                data[at:at] = data[at : at + more]
            case "end":
                del data[at:]
            case "long" if len(data) > at + 8:
                struct.pack_into("<Q", data, at, draw(st.integers(0, 2**64 - 1)))
    return bytes(data)


@pytest.mark.parametrize("kind", READERS)
@FUZZ
@given(data=st.data())
def test_a_file_that_was_changed_is_read_or_refused(kind, data):
    tried(READERS[kind], data.draw(changed(kind)))


@pytest.mark.parametrize("read", [*READERS.values(), read_text], ids=lambda r: r.__name__)
@FUZZ
@given(data=st.binary(max_size=300))
@example(data=b"PK\x05\x06" + b"\0" * 18)
@example(data=b"\x80\x04cos\nsystem\n(S'true'\ntR.")
@example(data=b"\0" * 8)
@example(data=b"\xff" * 300)
def test_any_bytes_are_read_or_refused(read, data):
    tried(read, data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@FUZZ
@given(JSON)
def test_json_that_is_read_is_what_was_written(tree):
    text = json.dumps(tree)
    if "NaN" in text or "Infinity" in text or any(abs(n) >= 2**63 for n in map(int, re.findall(r"\d{19,}", text))):
        tried(read_json, text.encode())
    else:
        assert parse_json(text, "it") == tree


@FUZZ
@given(changed("json"))
def test_a_recipe_that_was_changed_is_a_recipe_or_refused(data):
    tried(lambda path: sp.from_json(read_text(path)), data)


@FUZZ
@given(st.dictionaries(st.sampled_from(["W", "b", "__metadata__"]), st.fixed_dictionaries({
    "dtype": st.sampled_from(["F32", "BF16", "BOOL", "F8", ""]),
    "shape": st.lists(st.sampled_from([0, 1, 2, 3, -1, 2**32, 2**63, 2**64 - 1]), max_size=4),
    "data_offsets": st.lists(st.sampled_from([0, 4, 8, 24, -8, 2**63, 2**64 - 1]), min_size=1, max_size=3),
})), st.binary(max_size=24))  # fmt: skip
def test_any_header_of_weights_is_read_or_refused(header, data):
    text = json.dumps(header).encode()
    found = tried(load_weights, struct.pack("<Q", len(text)) + text + data)
    if found:
        assert sum(a.nbytes for a in found[0].values()) == len(data)


@FUZZ
@given(changed("log"))
def test_a_log_that_was_changed_never_gives_a_record_that_was_not_written(data):
    honest, _ = tried(read_log, HONEST["log"])
    records, damages = tried(read_log, data)
    assert all(record in honest for record in records)
    assert damages or [r["n"] for r in records] == list(range(1, len(records) + 1))


def test_every_flipped_bit_of_a_log_is_found(tmp_path):
    whole = b"".join(HONEST["log"].splitlines(keepends=True)[:2])
    for at in range(len(whole)):
        for bit in range(8):
            data = bytearray(whole)
            data[at] ^= 1 << bit
            (tmp_path / "log").write_bytes(data)
            assert read_log(tmp_path / "log")[1], (at, bit)


def test_every_flipped_bit_of_an_archive_is_found_or_changes_nothing(tmp_path):
    whole = HONEST["npz"]
    honest = tried(open_npz, whole)
    for at in range(0, len(whole), 3):
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        found = tried(open_npz, bytes(data))
        assert found is None or all(np.array_equal(a, b) for a, b in zip(found.values(), honest.values(), strict=True))
