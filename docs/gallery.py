"""Write the README's gallery from results/default: pictures, what they show, claims, and the time each took.

Run by `make gallery`, so that no number in the README is typed by hand.
"""

import json
import re
import shutil
import sys
from pathlib import Path

from superpose import claims
from superpose.plots.script import READS

ROOT = Path(__file__).parents[1]
PAPER = {
    "pentagons_when_sparse": "Introduction",
    "sparse_features_share": "Basic results",
    "phase_theory": "Phase diagram, theory",
    "phase_trained": "Phase diagram, trained",
    "dstar": "Geometry, dimensions per feature",
    "dimensionality": "Geometry, feature dimensionality",
}


def main(results: Path) -> None:
    images = ROOT / "docs" / "images"
    images.mkdir(exist_ok=True)
    for picture in sorted((results / "figures").glob("*.png")):
        shutil.copy(picture, images / picture.name)
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    for name, content in (("gallery", gallery()), ("times", times(results))):
        inside = re.compile(rf"(<!-- {name}: [^>]*-->\n).*?(<!-- end -->)", re.DOTALL)
        assert inside.search(text), f"README has no place for {name}"
        text = inside.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    readme.write_text(text, encoding="utf-8")


def gallery() -> str:
    rows = []
    for name, section in PAPER.items():
        doc = (ROOT / "figures" / f"{name}.py").read_text(encoding="utf-8").split('"""')[1]
        says = " ".join(doc.strip().split("\n\n")[0].split())
        make = f"`make results/default/figures/{name}.png`"
        rows.append(f"**{section}.** {says} {make}\n\n![{section}](docs/images/{name}.png)")
    return "\n\n".join(rows)


def times(results: Path) -> str:
    lines = ["| experiment | figures | claims that agree | seconds |", "|---|---|---|---|"]
    machine, total = set(), 0.0
    for folder in sorted(p.parent for p in results.glob("*/provenance.json")):
        made = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        found = claims.load_claims(results, folder.name)[folder.name] or []
        agree = sum(c.verdict == "agrees" for c in found)
        reads = [f.stem for f in sorted((ROOT / "figures").glob("*.py")) if folder.name in _reads(f)]
        lines.append(f"| {folder.name} | {', '.join(reads)} | {agree} of {len(found)} | {made['seconds']:.0f} |")
        machine.add(f"{made['machine']}, JAX {made['versions']['jax']}, {made['devices'][0]}")
        total += made["seconds"]
    return "\n".join([*lines, f"| all | | | {total:.0f} |", "", f"Measured on: {'; '.join(sorted(machine))}."])


def _reads(figure: Path) -> list[str]:
    found = READS.search(figure.read_text(encoding="utf-8"))
    return found[1].split() if found else []


if __name__ == "__main__":
    main(Path(sys.argv[1]))
