"""Claims as data: what a paper says, what we measured, and whether they agree."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from superpose.core.mistakes import BadValue, Mistake, said, shown, unknown
from superpose.core.reading import number, read_json
from superpose.papers import PROFILES, where


@dataclasses.dataclass(frozen=True)
class Claim:
    """`measured` agrees if it lies from `low` to `high`. `why` explains a difference that we understand.

    Where `measured` is over several seeds, `seeds` is how many, and `spread` the interval they span.
    """

    id: str
    statement: str
    measured: float
    low: float = -math.inf
    high: float = math.inf
    paper: str = ""
    why: str = ""
    seeds: int = 0
    spread: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not self.low <= self.high or (math.isinf(self.low) and math.isinf(self.high)):
            raise BadValue(f"claim {self.id!r} expects from {self.low} to {self.high}, which says nothing")
        if self.spread is not None:
            low, high = map(float, self.spread)
            object.__setattr__(self, "spread", (low, high))

    @property
    def verdict(self) -> str:
        if self.low <= self.measured <= self.high:
            return "agrees"
        return "differs, and we know why" if self.why else "differs"

    @property
    def where(self) -> str:
        """Where in its paper."""
        return where(self.id)

    @property
    def found(self) -> str:
        """What was measured, in words: with its interval, and over how many seeds."""
        words = [f"{self.spread[0]:.4g} … {self.spread[1]:.4g}"] if self.spread else []
        words += [f"{self.seeds:,} seeds"] if self.seeds else []
        return f"{self.measured:.6g}" + (f" ({', '.join(words)})" if words else "")

    @property
    def expected(self) -> str:
        if self.low == self.high:
            return f"{self.low:g}"
        if math.isinf(self.low) or math.isinf(self.high):
            return f"≤ {self.high:g}" if math.isinf(self.low) else f"≥ {self.low:g}"
        return f"{self.low:g} … {self.high:g}"


def near(id: str, statement: str, measured: float, expected: float, tolerance: float, **more: Any) -> Claim:
    """The claim that `measured` is `expected` ± `tolerance`."""
    return Claim(id, statement, float(measured), expected - tolerance, expected + tolerance, **more)


def between(
    id: str, statement: str, measured: float, low: float = -math.inf, high: float = math.inf, **more: Any
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
    known = {p.stem: results / p.stem for p in sorted(Path("experiments").glob("[!_]*.py"))}
    known |= {p.parent.name: p.parent for p in sorted(results.glob("*/claims.json"))}
    if name != "all" and name not in known:
        raise unknown("no experiment is called", name, known)
    return {n: _read(folder) for n, folder in known.items() if name in ("all", n)}


def _read(folder: Path) -> list[Claim] | None:
    """Of a whole result alone: claims of tables that cannot be read are worth nothing."""
    from superpose import store  # it brings JAX, which `superpose --print-completion` does without

    if not (folder / "numbers.json").exists():
        return None
    check_profile(folder)
    store.load(folder)
    store.load_numbers(folder)
    try:
        return [_claim(**c) for c in read_json(folder / "claims.json")]
    except (ValueError, TypeError) as wrong:
        raise BadValue(f"the claims in {folder} cannot be read: {wrong}") from None


def check_profile(folder: Path) -> None:
    """A folder that is named after a profile holds results of that profile."""
    from superpose import store

    asked, made = folder.parent.name, store.load_profile(folder)
    if asked in PROFILES and made and made != asked:
        anew = f"rm -r {folder} && make {folder}/numbers.json PROFILE={asked}"
        if folder.parent.parent != Path("results"):
            anew = f"run the experiment into it with --profile {asked}"
        raise BadValue(f"{folder} was made with the profile {made}, not {asked}; make it anew: {anew}")


def _claim(*, measured: Any, low: Any, high: Any, seeds: Any = 0, spread: Any = None, **words: str) -> Claim:
    """JSON has null where a number was not finite."""
    for name, value in words.items():
        if not isinstance(value, str):
            raise BadValue(f"{said(name)} is {said(value)}, not words")
    return Claim(
        measured=number("measured", measured),
        low=number("low", low, missing=-math.inf),
        high=number("high", high, missing=math.inf),
        seeds=int(number("seeds", seeds)),
        spread=None if spread is None else _pair(spread),
        **words,
    )


def _pair(spread: Any) -> tuple[float, float]:
    if not isinstance(spread, list) or len(spread) != 2:
        raise BadValue(f"spread is {said(spread)}, not two numbers")
    return number("spread", spread[0]), number("spread", spread[1])


def table(claims: Sequence[Claim]) -> str:
    """The claims as a Markdown table that is also readable as it stands."""
    head = ("claim", "statement", "paper", "expected", "measured", "verdict")
    rows = [
        (
            shown(c.id),
            shown(c.statement).replace("|", "\\|"),
            shown(c.paper),
            c.expected,
            c.found,
            c.verdict + (f": {shown(c.why)}" if c.why else ""),
        )
        for c in claims
    ]
    widths = [max(len(r[i]) for r in (head, *rows)) for i in range(len(head))]
    lines = ["| " + " | ".join(w.ljust(n) for w, n in zip(row, widths, strict=True)) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join("-" * (n + 2) for n in widths) + "|", *lines[1:]])


def summary(found: Mapping[str, Sequence[Claim] | None]) -> str:
    """How many agree, how many differ, and what was not run."""
    every = [c for claims in found.values() for c in claims or ()]
    counts = Counter(c.verdict for c in every)
    missing = [name for name, claims in found.items() if claims is None]
    told = [f"{counts['agrees']} of {len(every)} claims agree", f"{len(missing)} experiments not run"]
    known, strange = counts["differs, and we know why"], counts["differs"]
    told[1:1] = [f"{n} differ{why}" for n, why in ((known, ", and we know why"), (strange, "")) if n]
    return "; ".join(told) + (f": {', '.join(missing)}" if missing else "")


def record(claim: Claim) -> dict[str, Any]:
    """One claim as data: its fields, and what follows from them. JSON has no infinity, so null stands for none."""
    fields = dataclasses.asdict(claim) | {"spread": None if claim.spread is None else list(claim.spread)}
    more = {"where": claim.where, "expected": claim.expected, "found": claim.found, "verdict": claim.verdict}
    return {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in (fields | more).items()}


def page(found: Mapping[str, Sequence[Claim] | None], results: Path) -> str:
    """All claims as a Markdown page, with what made them."""
    told = f"{summary(found)}. The experiments took {_minutes(found, results):.0f} minutes, compilation included."
    parts = [f"# Claims, profile {results.name}\n\n{told} Written by `superpose claims all --markdown`."]
    for name, claims in found.items():
        places = "; ".join(dict.fromkeys(c.where for c in claims or () if c.where))
        made = "" if claims is None else f"\n\n{places + '. ' if places else ''}{_made(results / name)}"
        body = "Not run." if claims is None else table(claims) if claims else "No claims."
        parts.append(f"## {name}{made}\n\n{body}")
    return "\n\n".join(parts) + "\n"


def _minutes(found: Mapping[str, Sequence[Claim] | None], results: Path) -> float:
    """Of all that were run, added up."""
    made = (read_json(results / n / "provenance.json") for n, claims in found.items() if claims is not None)
    return sum(each.get("seconds", 0) for each in made) / 60


def _made(folder: Path) -> str:
    """Where, when and from what, in a line."""
    made = read_json(folder / "provenance.json")
    commit = f"commit {str(made.get('commit'))[:10]}{', changed since' if made.get('changed') else ''}"
    facts = (made.get("machine"), ", ".join(made.get("devices", ())[:1]), made.get("date"), commit)
    return f"{made.get('seconds', 0):.0f} s; {'; '.join(str(f) for f in facts if f)}."
