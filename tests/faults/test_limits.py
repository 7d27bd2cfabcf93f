"""What is too large is trained in smaller calls to the same bits, or refused in words before JAX ends the process."""

import dataclasses

import jax
import pytest
import tiny

import superpose as sp
from superpose import runs
from superpose.core.mistakes import Mistake
from superpose.runs import session, work
from superpose.runs.log import read_log
from superpose.train import chunks

WIDE = {"seed": list(range(192))}
"""Three units of 64."""


def go(folder, over=WIDE, recipe=None, **how):
    return runs.run(folder, recipe or tiny.recipe(steps=8), over, tiny.key(), quiet=True, **how)


def short_of(units, monkeypatch):
    """Programs of more units than these find no memory when they are called."""
    make = work.plan

    def planned(*more):
        program = make(*more)
        if program.units <= units:
            return program
        return dataclasses.replace(program, advance=no_memory)

    def no_memory(*_):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes")

    monkeypatch.setattr(work, "plan", planned)


def test_where_memory_does_not_hold_calls_grow_smaller_and_bits_stay(tmp_path, monkeypatch):
    wanted = tiny.bits(sp.sweep(tiny.recipe(steps=8), WIDE, tiny.key(), quiet=True))
    short_of(1, monkeypatch)
    assert tiny.bits(go(tmp_path / "run", devices=1)) == wanted
    records, _ = read_log(tmp_path / "run" / "log.jsonl")
    assert [r["fields"]["units"] for r in records if r["event"] == "memory"] == [1]
    assert sum(r["fields"]["cells"] for r in records if r["event"] == "chunk") == 192


def test_where_memory_holds_not_even_one_unit_the_run_says_what_to_do(tmp_path, monkeypatch):
    short_of(0, monkeypatch)
    with pytest.raises(Mistake, match="does not hold even one unit of 64 models a device: shorten batch") as wrong:
        go(tmp_path / "run", devices=1)
    assert wrong.value.code == 2


def test_a_budget_too_low_for_one_unit_is_refused(tmp_path):
    with pytest.raises(Mistake, match=r"one unit of 64 models .* the budget is 1 KB: give more"):
        go(tmp_path / "run", budget=1000)


def test_a_process_that_may_not_have_the_memory_comes_to_the_same_bits(server, tmp_path):
    large = {"wide": 256, "steps": 2, "batch": 2}
    over = {"seed": list(range(1024))}
    wanted = server.run("run", folder=tmp_path / "whole", over=over, recipe=large, chunk=None)
    end = server.run("short_of_memory", folder=tmp_path / "run", size=2**26, over=over, recipe=large, chunk=None)
    assert end.code == 0, end.said
    records, _ = read_log(tmp_path / "run" / "log.jsonl")
    assert [r for r in records if r["event"] == "memory"]
    assert end.found["bits"] == wanted.found["bits"]


@pytest.mark.parametrize("recipe, over", [
    ({"wide": 2**33}, None), ({"steps": 2**31 - 1, "log_every": 1}, None), ({"batch": 2**40}, None),
    ({"steps": 2**31}, None), ({}, {"seed": [0, 1], "world.density": [0.1] * 6_000_000}), ({"wide": 2**62}, None),
])  # fmt: skip
def test_absurd_sizes_are_refused_in_words(server, tmp_path, recipe, over):
    end = server.run("run", folder=tmp_path / "run", recipe=recipe, over=over or {"seed": [0]})
    assert end.code == 2 and end.said.startswith("superpose: "), (end.code, end.said)
    assert not list(tmp_path.rglob("MANIFEST.json"))


def test_compiled_programs_are_let_go_before_they_are_too_many(tmp_path, monkeypatch):
    forgot, forget = [], chunks.forget
    forget()
    monkeypatch.setattr(session, "STORM", 2)
    monkeypatch.setattr(chunks, "forget", lambda: forgot.append(chunks._compile.cache_info().currsize) or forget())
    go(tmp_path / "run", {"model.n_hidden": [1, 2, 3, 4], "seed": [0]})
    assert forgot == [2, 2]
