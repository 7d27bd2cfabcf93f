"""Files from strangers: read with a limit, refused by name, and never run."""

import io
import json
import os
import pickle
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import superpose as sp
from superpose.core.mistakes import Mistake
from superpose.core.packed import open_npz
from superpose.core.reading import DEEP, parse_json, read_json, read_text
from superpose.store.weights import load_weights, save_weights

READERS = [read_text, read_json, open_npz, load_weights]


class Trap:
    def __reduce__(self):
        return pytest.fail, ("a pickle was run",)


def refused(read, path, said):
    """The one line that refuses, which names the file and comes without delay or memory."""
    tracemalloc.start()
    began = time.monotonic()
    with pytest.raises(Mistake) as wrong:
        read(path)
    taken, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said in str(wrong.value) and "\n" not in str(wrong.value)
    assert str(path) in str(wrong.value)
    assert taken < 5 and peak < 300e6
    return str(wrong.value)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "strange"


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_pickle_is_never_run_whatever_it_is_called(read, protocol, tmp_path):
    for name in ("run.json", "tables.npz", "W.safetensors", "log.jsonl"):
        (tmp_path / name).write_bytes(pickle.dumps(Trap(), protocol))
        if read is read_text and protocol == 0:
            assert "pytest" in read(tmp_path / name)  # a pickle of the first kind is text, and stays text
        else:
            refused(read, tmp_path / name, name)


@pytest.mark.parametrize("read", READERS)
def test_links_pipes_folders_and_what_is_not_there_are_refused(read, tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    refused(read, tmp_path / "link", "is a link; give the file that it points to")
    os.mkfifo(tmp_path / "pipe")
    refused(read, tmp_path / "pipe", "is not a file")
    refused(read, tmp_path, "is not a file")
    refused(read, tmp_path / "absent", "cannot be read: No such file")
    with pytest.raises(Mistake, match="cannot be read: embedded null"):
        read("a\0b")


def test_text_is_read_up_to_a_size_and_in_one_encoding(file):
    file.write_bytes(b"x" * 11)
    assert read_text(file, most=11) == "x" * 11
    refused(lambda p: read_text(p, most=10), file, "is larger than 10 bytes")
    with open(file, "wb") as sparse:
        sparse.truncate(10**12)  # a terabyte that takes no room
    refused(read_text, file, "is larger than 10 MB")
    file.write_bytes(b"caf\xe9")
    refused(read_text, file, "is not text in UTF-8: byte 3 is 0xe9")


@pytest.mark.parametrize("text, said", [
    ("", "is not JSON: Expecting value: line 1"),
    ('{"a": 1,}', "is not JSON"),
    ("[" * 10**6, f"is nested more than {DEEP} deep"),
    ('{"a":' * (DEEP + 1) + "1" + "}" * (DEEP + 1), f"is nested more than {DEEP} deep"),
    ("[" * 500 + "]" * 500, f"is nested more than {DEEP} deep"),
    ('{"a": 1, "b": {"c": 1, "c": 2}}', "'c' is given twice in"),
    ('{"a": {"b": [0, NaN]}}', "'a.b.1' is nan in"),
    ("-Infinity", "'the whole' is -inf in"),
    ('{"a": 1e400}', "'a' is inf in"),
    ('{"a": -1e400}', "its numbers must be finite"),
    ('{"a": 18446744073709551616}', "whole numbers take at most 64 bits"),
    ('{"a": %s}' % ("9" * 5000), "a number too long to read"),
    ('{"a\x1b]0;title": 1}', "is not JSON: Invalid control character"),
])  # fmt: skip
def test_json_says_each_thing_once_in_finite_numbers(file, text, said):
    file.write_text(text, encoding="utf-8")
    refused(read_json, file, said)


def test_json_as_deep_as_allowed_is_read():
    inside = parse_json("[" * DEEP + "1.5" + "]" * DEEP, "it")
    for _ in range(DEEP):
        (inside,) = inside
    assert inside == 1.5
    assert (
        parse_json('{"a": [18446744073709551615, -9223372036854775808, 1e308, true, null, "x"]}', "it")["a"][2] == 1e308
    )


def test_a_million_names_are_read_in_a_moment():
    text = json.dumps({str(n): n for n in range(200_000)})
    began = time.monotonic()
    assert len(parse_json(text, "it")) == 200_000
    assert time.monotonic() - began < 5


# -- archives of arrays


def npz(path, *members, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members:
            archive.writestr(name, data)


def npy(array, **header):
    out = io.BytesIO()
    if not header:
        np.save(out, array, allow_pickle=True)
    else:
        about = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
        np.lib.format.write_array_header_1_0(out, {**about, **header})
        out.write(array.tobytes())
    return out.getvalue()


@pytest.mark.parametrize("kind", ["float64", "float32", "float16", "int8", "uint32", "bool", "complex64", "U5", "S3"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_honest_archive_is_read_as_numpy_reads_it(file, kind, order, save):
    made = {
        "a": np.arange(24).reshape(2, 3, 4).astype(kind, order=order),
        "b": np.ones((), kind),
        "c": np.ones((0, 2), kind),
    }
    with open(file, "wb") as out:
        save(out, **made)
    found = open_npz(file)
    assert list(found) == ["a", "b", "c"]
    for name, array in made.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


OBJECTS = npy(np.array([Trap()], object))
STRUCTURED = npy(np.zeros(2, [("a", "f4"), ("b", "O")]))
ONES = npy(np.ones(3))


@pytest.mark.parametrize("members, said", [
    ([("a.npy", OBJECTS)], "its array 'a' holds object, not numbers; nothing here runs a pickle"),
    ([("a.npy", STRUCTURED)], "not numbers; nothing here runs a pickle"),
    ([("a.npy", pickle.dumps(Trap()))], "is no whole archive of arrays"),
    ([("a.npy", npy(np.ones(3), shape=(4,)))], "has 24 bytes, which do not make (4,) of float64"),
    ([("a.npy", npy(np.ones(3), shape=(2**62, 2**62)))], "which do not make"),
    ([("a.npy", npy(np.ones(3), shape=(-1, -3)))], "has the shape (-1, -3)"),
    ([("a.npy", npy(np.ones(0), shape=(2**63, 2**63, 0)))], "is no whole archive of arrays"),
    ([("a.npy", npy(np.ones(3), descr="<f9"))], "is no whole archive of arrays"),
    ([("a.npy", npy(np.ones(3), descr="import os"))], "is no whole archive of arrays"),
    ([("a.npy", b"\x93NUMPY\x01\x00\xff\xff" + b"(" * 65535)], "is no whole archive of arrays"),
    ([("a.npy", b"\x93NUMPY\x01\x00\x00\x20" + b"-" * 8191 + b"1")], "is no whole archive of arrays"),
    ([("a.npy", b"\x93NUMPY\x09\x00\x00\x00")], "version"),
    ([("../a.npy", ONES)], "is named as a path"),
    ([("/etc/a.npy", ONES)], "is named as a path"),
    ([("..\\a.npy", ONES)], "is named as a path"),
    ([("C:a.npy", ONES)], "is named as a path"),
    ([("a.py", b"raise SystemExit")], "its member 'a.py' is no array; each is called <name>.npy"),
    ([(".npy", ONES)], "is no array"),
    ([(f"{n}.npy", b"") for n in range(10_001)], "it has 10,001 arrays; at most 10,000 are read"),
])  # fmt: skip
def test_archives_that_are_not_what_they_say_are_refused(file, members, said):
    npz(file, *members)
    refused(open_npz, file, said)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(file):
    npz(file, ("a.npy", ONES), ("a.npy", ONES))
    refused(open_npz, file, "its array 'a' is there twice")


def test_a_bomb_is_refused_before_any_of_it_is_unpacked(file):
    zeros = b"\0" * 2**20
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.npy", "w") as out:
        for _ in range(1100):
            out.write(zeros)
    assert file.stat().st_size < 2e6
    refused(lambda p: open_npz(p, most=2**40), file, "would unpack to 1.15 GB, as those of a bomb do")
    refused(lambda p: open_npz(p, most=2**20), file, "its arrays would take 1.15 GB; at most 1.05 MB are read")


def test_sizes_of_all_arrays_are_added_up(file):
    npz(file, *((f"{n}.npy", npy(np.zeros(10_000))) for n in range(20)))
    assert len(open_npz(file, most=1_700_000)) == 20
    refused(lambda p: open_npz(p, most=1_500_000), file, "its arrays would take 1.6 MB")


def test_a_size_that_lies_is_found(file):
    npz(file, ("a.npy", npy(np.zeros(100_000))))
    data = bytearray(file.read_bytes())
    for at, field in ((data.find(b"PK\x03\x04"), 22), (data.rfind(b"PK\x01\x02"), 24)):
        struct.pack_into("<I", data, at + field, 200)  # the unpacked size, in both places that tell it
    file.write_bytes(data)
    refused(open_npz, file, "")


def test_an_encrypted_or_cut_archive_is_refused(file):
    npz(file, ("a.npy", npy(np.arange(1000.0))))
    whole = file.read_bytes()
    for end in range(0, len(whole), max(len(whole) // 50, 1)):
        file.write_bytes(whole[:end])
        refused(open_npz, file, "is no whole archive")
    marked = bytearray(whole)
    marked[6] |= 1
    marked[whole.rfind(b"PK\x01\x02") + 8] |= 1
    file.write_bytes(marked)
    refused(open_npz, file, "is no whole archive")


# -- safetensors

GOOD = {"W": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(3, np.float64)}


def torn(path, header, data=b"\0" * 48, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + data)


def test_weights_come_back_and_the_library_agrees_both_ways(tmp_path):
    import jax.numpy as jnp

    made = {**GOOD, "half": jnp.arange(5, dtype=jnp.bfloat16), "none": np.zeros((0, 3)), "one": np.float32(2),
            "big": np.arange(3, dtype=">i4"), "../../etc/x": np.array([True]), "turned": np.ones((3, 2)).T}  # fmt: skip
    save_weights(tmp_path / "ours", made, {"made": "here"})
    found, words = load_weights(tmp_path / "ours")
    theirs = load_file(tmp_path / "ours")
    assert words == {"made": "here"}
    assert set(found) == set(theirs) == set(made)
    assert os.listdir(tmp_path) == ["ours"]
    for name, array in made.items():
        np.testing.assert_array_equal(found[name], np.asarray(array))
        np.testing.assert_array_equal(found[name], theirs[name])
        assert found[name].dtype == np.asarray(array).dtype.newbyteorder("=")
    save_file(GOOD, tmp_path / "theirs")
    found, words = load_weights(tmp_path / "theirs")
    assert words == {}
    np.testing.assert_array_equal(found["W"], GOOD["W"])


@pytest.mark.parametrize("arrays, said", [
    ({"a": np.array([Trap()], object)}, "array 'a' holds object"), ({"a": np.array(["x"])}, "array 'a' holds <U1"),
    ({"__metadata__": np.ones(1)}, "cannot be called '__metadata__'"), ({3: np.ones(1)}, "cannot be called 3"),
])  # fmt: skip
def test_what_the_format_cannot_hold_is_refused_before_writing(file, arrays, said):
    refused(lambda p: save_weights(p, arrays), file, said)
    assert not file.exists()


def part(start, end, shape=(2, 3), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


TAMPERED = {
    "overlap": ({"a": part(0, 24), "b": part(12, 36), "c": part(36, 48, (3,))}, "begins at byte 12, not at 24"),
    "same": ({"a": part(0, 24), "b": part(0, 24), "c": part(24, 48)}, "begins at byte 0, not at 24"),
    "hole": ({"a": part(0, 24), "b": part(28, 48, (5,))}, "begins at byte 28, not at 24"),
    "beyond": ({"a": part(0, 24), "b": part(24, 72, (2, 6))}, "has 48 bytes of numbers, and its arrays take 72"),
    "trailing": ({"a": part(0, 24)}, "has 48 bytes of numbers, and its arrays take 24"),
    "backwards": ({"a": part(24, 0)}, "which do not make"),
    "negative": ({"a": part(-24, 0)}, "it needs a dtype, shape and data_offsets"),
    "overflow": ({"a": part(0, 48, (2**32, 2**32))}, "which do not make"),
    "wraps": ({"a": part(0, 48, (2**63, 2**63 + 6))}, "which do not make"),
    "empty but huge": ({"a": part(0, 0, (2**63, 0, 2**63)), "b": part(0, 48, (12,))}, "cannot have the shape"),
    "dimensions": ({"a": part(0, 48, (1,) * 100 + (12,))}, "it needs a dtype"),
    "bool": ({"a": part(False, 48, (12,))}, "it needs a dtype"),
    "real": ({"a": part(0.0, 48, (12,))}, "it needs a dtype"),
    "kind": ({"a": part(0, 48, (12,), "O")}, "it needs a dtype"),
    "list": ([1, 2], "not arrays by name"),
    "part": ({"a": 3}, "it needs a dtype"),
    "more": ({"a": {**part(0, 48, (12,)), "code": "x"}}, "it needs a dtype"),
    "metadata": ({"__metadata__": {"a": {"b": 1}}, "a": part(0, 48, (12,))}, "not words by name"),
    "twice": (b'{"a":{"dtype":"F32","shape":[12],"data_offsets":[0,48]},"a":3}', "'a' is given twice in the header"),
    "deep": (b"[" * 10_000, "nested more than 100 deep"),
    "not utf-8": (b'{"\xff": 1}', "is not text in UTF-8"),
    "not json": (b"{]", "is not JSON"),
    "pickle": (pickle.dumps(Trap()), "the header of"),
}


@pytest.mark.parametrize("header, said", TAMPERED.values(), ids=TAMPERED)
def test_a_tampered_header_is_refused_and_named(file, header, said):
    torn(file, header)
    refused(load_weights, file, said)


@pytest.mark.parametrize("length", [10**8, 2**63, 2**64 - 1, 10**7 + 1])
def test_a_header_cannot_ask_for_more_than_there_is(file, length):
    torn(file, {"a": part(0, 48, (12,))}, length=length)
    refused(load_weights, file, "is no whole safetensors file")
    with open(file, "r+b") as sparse:
        sparse.truncate(2 * 10**8)
    refused(load_weights, file, "header")


def test_weights_cut_short_are_refused_wherever(file):
    save_weights(file, GOOD)
    whole = file.read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        refused(load_weights, file, "")
    file.write_bytes(whole + b"\0")
    refused(load_weights, file, "bytes of numbers")


# -- results


@pytest.fixture
def result(tmp_path):
    sp.save(tmp_path / "one", {"D": sp.Table({"seed": range(3)}, np.ones(3))}, {"kept": 3})
    return tmp_path / "one"


@pytest.mark.parametrize("name, text", [
    ("axes.json", "[" * 10_000), ("axes.json", '{"D": {"seed": [0, 1, NaN]}}'), ("axes.json", '{"D": {"seed": 5}}'),
    ("axes.json", '{"D": {"seed": [0,1,2], "seed": [0,1,2]}}'), ("axes.json", "3"), ("axes.json", '{"D": 3}'),
])  # fmt: skip
def test_axes_that_are_not_axes_are_refused(result, name, text):
    (result / name).write_text(text, encoding="utf-8")
    with pytest.raises(Mistake, match=r"the result in .*one is damaged: .*; remove that folder"):
        sp.load(result)


@pytest.mark.parametrize("text", ["3", "[" * 10_000, '{"a": "x"}', '{"a": [1]}', '{"a": true}', '{"a": 1, "a": 2}'])
def test_numbers_that_are_not_numbers_are_refused(result, text):
    from superpose.claims import load_claims
    from superpose.store import load_data_in_words, load_numbers

    for name in ("numbers.json", "provenance.json", "claims.json"):
        (result / name).write_text(text, encoding="utf-8")
    with pytest.raises(Mistake, match="is damaged"):
        load_numbers(result)
    with pytest.raises(Mistake, match="is damaged"):
        load_claims(result.parent)
    assert load_data_in_words(result) == []
    (result / "numbers.json").write_text("{}", encoding="utf-8")
    with pytest.raises(Mistake, match="cannot be read"):
        load_claims(result.parent)


def test_a_file_of_a_result_that_is_a_link_is_refused(result, tmp_path):
    (result / "tables.npz").rename(tmp_path / "elsewhere")
    (result / "tables.npz").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Mistake, match="is a link"):
        sp.load(result)


def test_writing_does_not_follow_a_link_that_waits_for_it(result, tmp_path):
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    (result / ".axes.json.part").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="symbolic links"):
        sp.save(result, {})
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "mine"
