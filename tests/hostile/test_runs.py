"""Run directories from strangers: a valid seal is no reason to trust what it seals."""

import json

import numpy as np
import pytest

from superpose.core.mistakes import Mistake
from superpose.store.lock import holder, lock
from superpose.store.sealed import MANIFEST, Damaged, close, damages, read_sealed, sealed, write_sealed
from superpose.store.state import load_arrays, save_arrays


@pytest.mark.parametrize("text, said", [
    ("[" * 10_000, "nested more than 100 deep"),
    ('{"a": NaN', "must be finite"), ('{"a": 1, "a": 2', "'a' is given twice"),
    ('{"a": 1e400', "must be finite"), ('{"a": %s' % ("9" * 400), "64 bits"), ('{"a": "\\ud800', "is not JSON"),
])  # fmt: skip
def test_a_valid_seal_on_what_is_no_json_is_refused(tmp_path, text, said):
    import hashlib

    data = text.encode()
    seal = hashlib.sha256(data).hexdigest().encode()
    (tmp_path / "run.json").write_bytes(data + b',\n"seal": "' + seal + b'"}\n')
    with pytest.raises(Damaged, match="is sealed, and cannot be read") as wrong:
        read_sealed(tmp_path / "run.json")
    assert said in str(wrong.value)


@pytest.mark.parametrize("files", [
    None, [], 3, {"../secret": {}}, {"/etc/passwd": {}}, {"a/../../b": {}}, {"a\0b": {}}, {"": {}}, {"a": 3},
])  # fmt: skip
def test_a_manifest_names_files_of_its_folder_alone(tmp_path, files):
    write_sealed(tmp_path / MANIFEST, {"files": files})
    (found,) = damages(tmp_path)
    assert found.path == str(tmp_path / MANIFEST)
    assert str(found).isprintable()


def test_a_file_that_is_a_link_is_a_damage(tmp_path):
    (tmp_path / "chunk").mkdir()
    (tmp_path / "chunk" / "a").write_bytes(b"12345")
    close(tmp_path / "chunk", {})
    assert not list(damages(tmp_path / "chunk"))
    (tmp_path / "elsewhere").write_bytes(b"12345")
    (tmp_path / "chunk" / "a").unlink()
    (tmp_path / "chunk" / "a").symlink_to(tmp_path / "elsewhere")
    assert [d.path for d in damages(tmp_path / "chunk")] == [str(tmp_path / "chunk" / "a")]


ARRAY = {"name": "W", "dtype": "float32", "shape": [2, 3], "sha256": "0"}


@pytest.mark.parametrize("told", [
    None, 3, [3], [{}], [{**ARRAY, "dtype": "object"}], [{**ARRAY, "dtype": "O"}], [{**ARRAY, "dtype": ["float32"]}],
    [{**ARRAY, "shape": [-1]}], [{**ARRAY, "shape": [True]}],
    [{**ARRAY, "shape": "23"}], [{**ARRAY, "shape": [1] * 99}],
    [{**ARRAY, "shape": [2**40, 2**40]}], [{**ARRAY, "shape": [2**63, 0]}], [{**ARRAY, "shape": [2**46]}],
    [{**ARRAY, "name": 3}], [ARRAY, ARRAY], [{**ARRAY, "sha256": "0" * 64}], [{**ARRAY, "shape": [6]}],
    [{**ARRAY, "dtype": "float64"}],
])  # fmt: skip
def test_arrays_are_what_a_manifest_may_tell_or_damaged(tmp_path, told):
    honest = save_arrays(tmp_path / "state", ["W"], [np.ones((2, 3), np.float32)])
    np.testing.assert_array_equal(load_arrays(tmp_path / "state", honest)[0], np.ones((2, 3)))
    with pytest.raises(Damaged):
        load_arrays(tmp_path / "state", told)


def test_names_of_arrays_are_never_paths(tmp_path):
    names = ["../../out", "/etc/x", "a\0b", "x" * 300, "CON", "\x1b[2J"]
    told = save_arrays(tmp_path / "in" / "state", names, [np.full(2, i) for i in range(6)])
    assert [a[0] for a in load_arrays(tmp_path / "in" / "state", told)] == list(range(6))
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
    assert not [p for p in (tmp_path / "in").rglob("*") if "out" in p.name or "CON" in p.name]


@pytest.mark.parametrize(
    "text", ["", "[" * 1999, '{"pid": 1e999}', '{"pid": 1}', "3", '{"pid":"x","host":1,"since":2}', "\0"]
)
def test_a_lock_signed_by_a_stranger_names_nobody(tmp_path, text):
    with lock(tmp_path / "lock"):
        (tmp_path / "lock").write_text(text, encoding="utf-8")
        assert holder(tmp_path / "lock") is None


def test_what_a_lock_says_of_its_holder_does_not_steer_the_terminal(tmp_path):
    told = {"pid": 1, "host": "\x1b]0;x\x07" * 3, "since": "\x9b2J"}
    with lock(tmp_path / "lock"):
        (tmp_path / "lock").write_text(json.dumps(told), encoding="utf-8")
        with pytest.raises(Mistake) as wrong, lock(tmp_path / "lock"):
            pass
    assert str(wrong.value).isprintable()


def test_a_lock_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(Mistake, match="cannot be opened"), lock(tmp_path / "lock"):
        pass
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "mine"


def test_a_sealed_body_is_read_as_it_was_written():
    body = {"a": [1.5, None, True, "ü"], "b": {"c": -1}}
    from superpose.store.sealed import unsealed

    assert unsealed(sealed(body), "it") == body
