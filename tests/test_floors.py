"""Imports go down, never up; files hold one idea; configs stay small."""

import ast
import dataclasses
import statistics
from pathlib import Path

import pytest

import superpose as sp
from superpose.core.trees import CLASSES

ROOT = Path(sp.__file__).parent
FLOORS = ["core", "taps", "geometry", "worlds", "models", "train", "landscape", "sae", "circuits", "ports", "store"]
FLOORS += ["runs", "papers", "claims", "plots", "cli"]
FILES = sorted(p for p in ROOT.rglob("*.py") if p != ROOT / "__init__.py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        if isinstance(node, ast.ImportFrom) and node.module == "superpose":
            names += [f"superpose.{a.name}" for a in node.names]
        yield from (n.split(".")[1] for n in names if n.startswith("superpose."))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path):
    here = path.relative_to(ROOT).parts[0].removesuffix(".py")
    high = [n for n in imported(path) if FLOORS.index(n) > FLOORS.index(here)]
    assert not high, f"{here} (floor {FLOORS.index(here)}) imports from above: {high}"


def test_relative_imports_do_not_hide_a_climb():
    relative = [p for p in FILES for n in ast.walk(ast.parse(p.read_text(encoding="utf-8")))
                if isinstance(n, ast.ImportFrom) and n.level]  # fmt: skip
    assert not relative


def test_files_hold_one_idea():
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in FILES}
    assert statistics.median(lengths.values()) <= 150
    assert max(lengths.values()) <= 350, max(lengths, key=lengths.get)


def test_no_config_has_more_than_twelve_fields():
    assert all(getattr(sp, name) is not None for name in sp.__all__)
    wide = {n: len(dataclasses.fields(c)) for n, c in CLASSES.items() if c.__module__.startswith("superpose.")}
    assert wide
    assert max(wide.values()) <= 12, wide


def test_every_public_name_can_be_had():
    for name in sp.__all__:
        assert getattr(sp, name) is not None
    with pytest.raises(AttributeError, match="sweep"):
        getattr(sp, "swep")  # noqa: B009
