"""Write the gallery from a profile's results: a contact sheet, a page of figures, claims, and the time each took.

Run by `make gallery`, so that no number in README or docs is typed by hand.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from superpose import claims, papers
from superpose.plots.script import READS, SHOWS

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
WIDE = 1000
"""Pixels of a picture on the page; of a cell on the contact sheet, with how many there are in a row."""
CELL, ROW, GAP = (420, 300), 5, 18


@dataclass(frozen=True)
class Picture:
    """A figure: what its script says, which entries it shows, and which experiments it reads."""

    name: str
    says: str
    entries: tuple[str, ...]
    reads: tuple[str, ...]


def main(results: Path) -> None:
    pictures = in_order()
    IMAGES.mkdir(exist_ok=True)
    for old in IMAGES.glob("*.*"):
        old.unlink()
    for picture in pictures:
        smaller(results, picture.name)
    contact_sheet(results, pictures).save(IMAGES / "contact_sheet.png", optimize=True)
    (ROOT / "docs" / "gallery.md").write_text(page(pictures), encoding="utf-8")
    found = claims.load_claims(results)
    (ROOT / "docs" / f"claims-{results.name}.md").write_text(claims.page(found, results), encoding="utf-8")
    write_readme({"times": times(results, pictures), "claims": claims.summary(found), "differs": differs(found)})


def in_order() -> list[Picture]:
    """Every figure, in the order of what it shows in the paper."""
    places = list(papers.ENTRIES)
    return sorted(map(read, (ROOT / "figures").glob("[!_]*.py")), key=lambda p: (places.index(p.entries[0]), p.name))


def read(script: Path) -> Picture:
    text = script.read_text(encoding="utf-8")
    shows, reads = SHOWS.search(text), READS.search(text)
    assert shows, f"{script} does not say which entries it shows: give it a line '# shows: TMS-01'"
    says = " ".join(text.split('"""')[1].strip().split("\n\n")[0].split())
    return Picture(script.stem, says, tuple(shows[1].split()), tuple(reads[1].split()) if reads else ())


def smaller(results: Path, name: str) -> None:
    """A picture of the page's width and few colours, and its animation as it is."""
    with Image.open(results / "figures" / f"{name}.png") as whole:
        picture = whole.convert("RGB")
    picture.thumbnail((WIDE, 4 * WIDE), Image.Resampling.LANCZOS)
    picture.quantize(192, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        IMAGES / f"{name}.png", optimize=True
    )
    moving = results / "figures" / f"{name}.gif"
    if moving.exists():
        (IMAGES / moving.name).write_bytes(moving.read_bytes())


def contact_sheet(results: Path, pictures: list[Picture]) -> Image.Image:
    """All figures side by side, in the paper's order, each row as high as its highest."""
    rows = [pictures[i : i + ROW] for i in range(0, len(pictures), ROW)]
    small = [[thumbnail(results / "figures" / f"{p.name}.png") for p in row] for row in rows]
    heights = [max(image.height for image in row) + GAP for row in small]
    sheet = Image.new("RGB", (ROW * (CELL[0] + GAP) + GAP, sum(heights) + GAP), "white")
    for i, row in enumerate(small):
        for j, image in enumerate(row):
            left = GAP + j * (CELL[0] + GAP) + (CELL[0] - image.width) // 2
            sheet.paste(image, (left, GAP + sum(heights[:i]) + (heights[i] - GAP - image.height) // 2))
    return sheet.quantize(255, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def thumbnail(path: Path) -> Image.Image:
    with Image.open(path) as whole:
        small = whole.convert("RGB")
    small.thumbnail(CELL, Image.Resampling.LANCZOS)
    return small


def page(pictures: list[Picture]) -> str:
    parts = [
        "# Gallery\n\nEvery figure of *Toy Models of Superposition* in the paper's order, as `make figures` leaves "
        "them. Written by `make gallery`."
    ]
    for picture in pictures:
        titles = "; ".join(f"{papers.ENTRIES[e].title} ({e})" for e in picture.entries)
        where = papers.ENTRIES[picture.entries[0]].where
        make = f"make results/default/figures/{picture.name}.png"
        image = f"![{picture.says}](images/{picture.name}.png)"
        if (IMAGES / f"{picture.name}.gif").exists():
            image += f"\n\n![The same, moving](images/{picture.name}.gif)"
        parts.append(f"## {picture.name}\n\n**{where}.** {titles}. {picture.says}\n\n```sh\n{make}\n```\n\n{image}")
    return "\n\n".join(parts) + "\n"


def times(results: Path, pictures: list[Picture]) -> str:
    """Which figures come from which experiment, what it showed, and how long it took."""
    lines = ["| experiment | figures | entries | claims that agree | seconds |", "|---|---|---|---|---|"]
    machine, total = set(), 0.0
    for folder in sorted(p.parent for p in results.glob("*/provenance.json")):
        made = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        found = claims.load_claims(results, folder.name)[folder.name] or []
        agree = sum(c.verdict == "agrees" for c in found)
        drawn = ", ".join(f"[{p.name}](docs/gallery.md#{p.name})" for p in pictures if folder.name in p.reads)
        shown = ", ".join(sorted({papers.entry(c.id).removeprefix("TMS-") for c in found}))
        lines.append(f"| {folder.name} | {drawn} | {shown} | {agree} of {len(found)} | {made['seconds']:.0f} |")
        machine.add(f"{made['machine']}, JAX {made['versions']['jax']}, {made['devices'][0]}")
        total += made["seconds"]
    lines += [f"| all | {len(pictures)} | | | {total:.0f}{clock(results, total)} |", ""]
    lines += [f"Measured on: {'; '.join(sorted(machine))}."]
    return "\n".join(lines)


def clock(results: Path, total: float) -> str:
    """From the first experiment's start to the last figure, if all was made in one go."""
    made = list(results.glob("*/provenance.json"))
    began = min(p.stat().st_mtime - json.loads(p.read_text(encoding="utf-8"))["seconds"] for p in made)
    ended = max(p.stat().st_mtime for p in [*made, *results.glob("figures/*.png")])
    return f"; with the figures {ended - began:.0f} by the clock" if ended - began < total else ""


def differs(found: dict[str, list[claims.Claim] | None]) -> str:
    """Claims that differ, or that agree with what we expect and not with what the paper's text says: both numbers."""
    every = [c for made in found.values() for c in made or () if c.verdict != "agrees" or (c.why and c.paper)]
    lines = ["| claim | | paper | expected | measured | why |", "|---|---|---|---|---|---|"]
    for c in every:
        lines.append(
            f"| {c.id} | {c.statement} | {c.paper} | {c.expected} | {c.measured:.4g} | {c.why} |".replace("|W|", "‖W‖")
        )
    return "\n".join(lines)


def write_readme(contents: dict[str, str]) -> None:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, content in contents.items():
        inside = re.compile(rf"(<!-- {name}: [^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
        assert inside.search(text), f"README has no place for {name}"
        text = inside.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    readme.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
