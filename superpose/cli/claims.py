"""`superpose claims`: what was claimed, what was measured, and the verdicts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from superpose.claims import load_claims, page, record, summary, table
from superpose.cli.parse import parse
from superpose.core.files import write, write_json
from superpose.core.mistakes import BadValue, check_folder, unknown
from superpose.papers import PROFILES

EXAMPLES = """examples:
  superpose claims                                   every experiment that was run
  superpose claims phase_diagram --profile paper
  superpose claims all --markdown claims.md --json claims.json"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Print what was claimed, what was measured, and the verdicts.

    The exit code is 1 if a claim differs, and 2 if nothing was run.
    """

    name: tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="NAME")]] = "all"
    """One experiment, or all."""
    profile: Annotated[str, tyro.conf.arg(metavar="WORD")] = "default"
    """One of smoke, default, paper."""
    results: Annotated[Path, tyro.conf.arg(metavar="FOLDER")] = Path("results")
    """Where the results are."""
    markdown: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Write them as a page as well."""
    json: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """Write them as data as well: what was expected, what was measured, the verdict."""


def main(argv: Sequence[str]) -> int:
    given = parse(Options, argv, "claims", EXAMPLES)
    if given.profile not in PROFILES:
        raise unknown("--profile cannot be", given.profile, PROFILES)
    found = load_claims(given.results / given.profile, given.name)
    if not found:
        where = given.results / given.profile
        raise BadValue(f"no experiments here and no results in {where}; run `make figures` first")
    for name, claims in found.items():
        print(f"\n{name}: not run" if claims is None else f"\n{name}\n\n{table(claims) if claims else 'no claims'}")
    every = [c for claims in found.values() for c in claims or ()]
    print(f"\n{summary(found)}")
    if all(claims is None for claims in found.values()):
        print(f"looked in {given.results / given.profile}; make them with: make figures PROFILE={given.profile}")
    for file in (given.markdown, given.json):
        if file is not None:
            check_folder(file.absolute().parent)
            file.absolute().parent.mkdir(parents=True, exist_ok=True)
    if given.markdown is not None:
        write(given.markdown, lambda f: f.write(page(found, given.results / given.profile).encode()))
    if given.json is not None:
        write_json(given.json, {n: None if c is None else [record(each) for each in c] for n, c in found.items()})
    if given.profile == "smoke":
        print("smoke shows that everything runs; it is too short for claims to hold, and insists on none")
        return 0
    if all(claims is None for claims in found.values()):
        return BadValue.code
    return 1 if any(c.verdict == "differs" for c in every) else 0
