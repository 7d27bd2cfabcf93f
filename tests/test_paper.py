"""The report: every number is looked up, every figure is in it, and what is not there ends the build."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typst

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "paper/paper.typ").read_text(encoding="utf-8")
FACTS = {
    "experiments": {
        "one": {"numbers": {"loss": 0.25, "far": None}, "claims": [], "made": {"seconds": 3.0, "data": []}},
    },
    "claims": {
        "TMS-01.1": {
            "id": "TMS-01.1", "statement": "it is two", "measured": 2.04, "expected": "2 … 2.1", "verdict": "agrees",
            "why": "",
        },
    },
    "figures": {"picture": "A picture."},
    "totals": {"claims": 1},
}  # fmt: skip


def typeset(folder, text):
    """A text with the report's words, on these facts."""
    (folder / "facts.json").write_text(json.dumps(FACTS), encoding="utf-8")
    (folder / "text.typ").write_text(f'#import "{ROOT}/paper/report.typ": *\n{text}', encoding="utf-8")
    paths = {"facts": str(folder / "facts.json"), "figures": str(folder)}
    return typst.compile(str(folder / "text.typ"), root="/", sys_inputs=paths)


def test_numbers_are_looked_up(tmp_path):
    words = '#num("one", "loss") #got("TMS-01.1", n: 2) #bar("TMS-01.1") #total("claims") #disagreements() #compute()'
    assert typeset(tmp_path, words).startswith(b"%PDF")


@pytest.mark.parametrize(
    "text, said",
    [
        ('#num("one", "los")', "the number los, which is not there; close to it: loss"),
        ('#num("two", "loss")', "the experiment two, which is not there"),
        ('#num("one", "far")', "far, which is not finite"),
        ('#got("TMS-01.2")', "the claim TMS-01.2, which is not there; close to it: TMS-01.1"),
        ('#fig("pictures")[]', "the figure pictures, which is not there; close to it: picture"),
        ('#total("clams")', "the total clams"),
    ],
)
def test_what_is_missing_ends_the_build(tmp_path, text, said):
    with pytest.raises(typst.TypstError, match=re.escape(said)):
        typeset(tmp_path, text)


def test_every_figure_of_the_paper_is_in_the_report():
    shown = re.findall(r'#fig\("(\w+)"', TEXT)
    assert len(shown) == len(set(shown))
    scripts = (ROOT / "figures").glob("[!_]*.py")
    assert set(shown) == {p.stem for p in scripts if "# shows: TMS-" in p.read_text(encoding="utf-8")}


def test_no_number_is_typed_by_hand_where_a_claim_has_it():
    """A decimal in the prose must be a setting (a density, a bound of a range), not a result: results have digits."""
    prose = re.sub(r"#\w+\([^)]*\)|\$[^$]*\$|//.*", "", TEXT)
    assert not re.findall(r"\b\d+\.\d{3,}", prose)


def test_experiments_that_were_not_run_are_named(tmp_path):
    words = [sys.executable, "-P", ROOT / "paper/build.py", tmp_path / "default", tmp_path / "out.pdf"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "not run: " in done.stderr and "make figures PROFILE=default" in done.stderr
    assert not (tmp_path / "out.pdf").exists()
