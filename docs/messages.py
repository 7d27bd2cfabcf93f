"""Write docs/messages.md: every message of what keeps, reads and commands, and the test that causes it.

python docs/messages.py [--check]
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "messages.md"
SPEAKERS = {"BadValue": 2, "BadName": 2, "unknown": 2, "Damaged": 2, "Held": 2, "Damage": 2, "Stopped": 75}
"""What says a message, and the exit code of the command it ends."""
PARTS = {
    "The command line": ["cli"],
    "Axes": ["train/grids.py", "train/ticks.py", "train/axes.py", "train/sweep.py"],
    "Runs": ["runs", "train/chunks.py", "store/lock.py"],
    "Damage": ["store/sealed.py", "store/state.py"],
    "Files that are read": ["core/reading.py", "core/packed.py", "core/names.py", "store/weights.py"],
    "Results and exports": ["store/artefacts.py", "store/export.py"],
    "Places and packages": ["core/mistakes.py"],
}
LEAST = 12
"""Letters that a test must share with a message to be its test."""
HEAD = """# Messages

Every message of what keeps, reads and takes commands, with the exit code of a command that says it and a test that
causes it. … stands for what was asked, what there is, or where. Each is one line; what to do comes after its last
semicolon or colon. The page is made from the source by `python docs/messages.py`, and a test sees that it stays so.
"""


def messages(path: Path) -> Iterator[tuple[str, int]]:
    """What a file can say, and the exit code."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(getattr(node, "func", None), "id", "") if isinstance(node, ast.Call) else ""
        if name in SPEAKERS:
            yield from ((said, SPEAKERS[name]) for said in map(text, node.args) if said)  # type: ignore[attr-defined]


def text(node: ast.expr) -> str:
    """A message as written, with … for what is filled in; "" for one that only passes another on."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
    else:
        parts = [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
    said = " ".join("".join(map(str, parts)).split())
    return said if max(map(len, fragments(said)), default=0) >= 8 else ""


def fragments(said: str) -> list[str]:
    return [part.strip() for part in said.split("…") if part.strip()]


def tests() -> dict[str, str]:
    """Every text in every test file, without what a pattern escapes."""
    return {str(path.relative_to(ROOT)): _texts(path) for path in sorted((ROOT / "tests").rglob("test_*.py"))}


def _texts(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return "\n".join(re.sub(r"\\(.)", r"\1", one) for one in said)


def test_of(said: str, known: dict[str, str]) -> str | None:
    """The test file whose texts share most with a message."""
    best = max(known, key=lambda name: _shared(said, known[name]))
    return best if _shared(said, known[best]) >= min(LEAST, max(map(len, fragments(said)))) else None


def _shared(said: str, texts: str) -> int:
    """Letters of the longest beginning or part of a fragment that a test holds, in steps of four."""
    most = 0
    for part in fragments(said):
        for start in range(0, max(len(part) - most, 1), 2):
            length = len(part) - start
            while length > most and part[start : start + length] not in texts:
                length -= 2
            most = max(most, length)
    return most


def rows() -> Iterator[tuple[str, str, int, str | None]]:
    """Part, message, exit code and test."""
    known = tests()
    for part, places in PARTS.items():
        files = [f for place in places for f in sorted((ROOT / "superpose" / place).rglob("*.py"))]
        files += [ROOT / "superpose" / place for place in places if place.endswith(".py")]
        found = dict(said for file in files for said in messages(file))
        yield from ((part, said, code, test_of(said, known)) for said, code in sorted(found.items(), key=_letters))


def _letters(row: tuple[str, int]) -> str:
    return row[0].lstrip("…: ").lower()


def page() -> str:
    lines, last = [HEAD], ""
    for part, said, code, test in rows():
        if part != last:
            lines.append(f"\n## {part}\n\n| message | code | test |\n|---|---|---|")
            last = part
        lines.append(f"| {said.replace('|', chr(92) + '|').replace('<', '&lt;')} | {code} | `{test}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv and PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/messages.md is not what the source says: python docs/messages.py")
    PAGE.write_text(page(), encoding="utf-8")
