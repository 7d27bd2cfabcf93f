"""Claims as data: what a paper says, what we measured, and whether they agree."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

from superpose.core.mistakes import BadValue, Mistake, said, shown, unknown
from superpose.core.reading import number, read_json


@dataclasses.dataclass(frozen=True)
class Claim:
    """`measured` agrees if it lies from `low` to `high`. `why` explains a difference that we understand."""

    id: str
    statement: str
    measured: float
    low: float = -math.inf
    high: float = math.inf
    paper: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        if not self.low <= self.high or (math.isinf(self.low) and math.isinf(self.high)):
            raise BadValue(f"claim {self.id!r} expects from {self.low} to {self.high}, which says nothing")

    @property
    def verdict(self) -> str:
        if self.low <= self.measured <= self.high:
            return "agrees"
        return "differs, and we know why" if self.why else "differs"

    @property
    def expected(self) -> str:
        if self.low == self.high:
            return f"{self.low:g}"
        if math.isinf(self.low) or math.isinf(self.high):
            return f"≤ {self.high:g}" if math.isinf(self.low) else f"≥ {self.low:g}"
        return f"{self.low:g} … {self.high:g}"


def near(id: str, statement: str, measured: float, expected: float, tolerance: float, **more: str) -> Claim:
    """The claim that `measured` is `expected` ± `tolerance`."""
    return Claim(id, statement, float(measured), expected - tolerance, expected + tolerance, **more)


def between(
    id: str, statement: str, measured: float, low: float = -math.inf, high: float = math.inf, **more: str
) -> Claim:
    """The claim that `measured` lies from `low` to `high`; leave one out for an inequality."""
    return Claim(id, statement, float(measured), low, high, **more)


def insist(claims: Sequence[Claim]) -> None:
    """Print the claims; fail if one differs and nobody knows why."""
    print(table(claims))
    if failed := [c.id for c in claims if c.verdict == "differs"]:
        raise ClaimFailed(f"{len(failed)} of {len(claims)} claims differ: {', '.join(failed)}")


class ClaimFailed(Mistake):
    """An asserted claim does not hold in this run."""

    code = 1


def load_claims(results: Path, name: str = "all") -> dict[str, list[Claim] | None]:
    """Claims by experiment; None for one that has not been run to its end."""
    known = {p.stem: results / p.stem for p in sorted(Path("experiments").glob("*.py"))}
    known |= {p.parent.name: p.parent for p in sorted(results.glob("*/claims.json"))}
    if name != "all" and name not in known:
        raise unknown("no experiment is called", name, known)
    return {n: _read(folder) for n, folder in known.items() if name in ("all", n)}


def _read(folder: Path) -> list[Claim] | None:
    if not (folder / "numbers.json").exists():
        return None
    try:
        return [_claim(**c) for c in read_json(folder / "claims.json")]
    except (ValueError, TypeError) as wrong:
        raise BadValue(f"the claims in {folder} cannot be read: {wrong}") from None


def _claim(*, measured: float | None, low: float | None, high: float | None, **words: str) -> Claim:
    """JSON has null where a number was not finite."""
    for name, value in words.items():
        if not isinstance(value, str):
            raise BadValue(f"{said(name)} is {said(value)}, not words")
    return Claim(
        measured=number("measured", measured),
        low=number("low", low, missing=-math.inf),
        high=number("high", high, missing=math.inf),
        **words,
    )


def table(claims: Sequence[Claim]) -> str:
    """The claims as a Markdown table that is also readable as it stands."""
    head = ("claim", "statement", "expected", "measured", "verdict")
    rows = [
        (
            shown(c.id),
            shown(c.statement).replace("|", "\\|"),
            c.expected,
            f"{c.measured:.6g}",
            c.verdict + (f": {shown(c.why)}" if c.why else ""),
        )
        for c in claims
    ]
    widths = [max(len(r[i]) for r in (head, *rows)) for i in range(len(head))]
    lines = ["| " + " | ".join(w.ljust(n) for w, n in zip(row, widths, strict=True)) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join("-" * (n + 2) for n in widths) + "|", *lines[1:]])
