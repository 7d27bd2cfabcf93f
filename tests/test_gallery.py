"""Every entry of the paper has its picture, every picture says what it shows, and the pages are written from both."""

import runpy
from pathlib import Path

import pytest

import superpose as sp
from superpose import papers

ROOT = Path(__file__).parents[1]
FIGURES = sorted((ROOT / "figures").glob("[!_]*.py"))
GALLERY = runpy.run_path(str(ROOT / "docs/gallery.py"))


@pytest.mark.parametrize("path", FIGURES, ids=lambda p: p.stem)
def test_a_figure_says_what_it_shows(path):
    picture = GALLERY["read"](path)
    assert picture.entries and picture.reads
    assert set(picture.entries) <= set(papers.ENTRIES)
    assert picture.says.endswith(".") and len(picture.says) > 20


def test_every_entry_of_the_paper_is_shown():
    shown = {entry for path in FIGURES for entry in GALLERY["read"](path).entries}
    assert shown >= set(papers.TMS)


def test_every_experiment_is_drawn():
    drawn = {name for path in FIGURES for name in GALLERY["read"](path).reads}
    assert drawn == {p.stem for p in (ROOT / "experiments").glob("[!_]*.py")}


def test_pictures_come_in_the_papers_order():
    order = [list(papers.ENTRIES).index(p.entries[0]) for p in GALLERY["in_order"]()]
    assert order == sorted(order)


def test_the_page_of_pictures_has_each_with_its_command():
    page = GALLERY["page"](GALLERY["in_order"]())
    for path in FIGURES:
        assert f"make results/default/figures/{path.stem}.png" in page


def test_times_come_from_what_was_run(tmp_path):
    sp.save(
        tmp_path / "dimensionality", {}, {}, claims=[sp.near("TMS-11.1", "", 1, 1, 0), sp.near("TMS-12.1", "", 1, 2, 0)]
    )
    told = GALLERY["times"](tmp_path, GALLERY["in_order"]())
    assert "| dimensionality | " in told and "| 11, 12 | 1 of 2 |" in told
