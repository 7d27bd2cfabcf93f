"""Draws a second of the local learning coefficient, ours and devinterp's, on one k-gon: `python -m benchmarks.llc`.

Same model, exact loss, step, temperature and number of draws; the two take turns, each in a warm process of its own,
and must find the same coefficient. devinterp lives in an environment of its own, `benchmarks/.venv-llc`, made when it
is missing (`--peer` names another interpreter that has it).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.setup import HERE, ROOT

WANTED = 100
KGONS = {4: (1.0, 0.0), 5: (1.17046, -0.28230), 6: (1.32053, -0.61814), 7: (1.44839, -0.96691), 8: (1.55045, -1.29119)}
"""Length and bias of the critical k-gon in k features."""


class Row:
    """A process that is warm, and told how many steps each of its chains takes."""

    def __init__(self, python: str, module: str, spec: dict[str, Any]):
        self.said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - a pipe that nobody reads fills up and blocks
        self.process = subprocess.Popen(
            [python, "-m", f"benchmarks.{module}", json.dumps(spec)], cwd=ROOT, text=True, encoding="utf-8",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said,
        )  # fmt: skip
        self.module, self.chains = module, spec["chains"]
        self.answer()

    def answer(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            self.said.seek(0)
            raise RuntimeError(f"{self.module} ended:\n{self.said.read()[-2000:]}")
        return json.loads(line)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def rates(self, steps: int) -> tuple[float, float]:
        """Draws a second, by the clock and of this process's CPU time."""
        took = self.ask({"steps": steps})
        return self.chains * steps / took["wall"], self.chains * steps / took["cpu"]

    def found(self) -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "found"
            self.ask({"save": str(path)})
            value, error = path.read_text(encoding="utf-8").split()
        return float(value), float(error)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def peer_python() -> str:
    python = HERE / ".venv-llc" / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import devinterp"], capture_output=True).returncode:
        print("making benchmarks/.venv-llc with devinterp, a few hundred megabytes", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(HERE / ".venv-llc")], check=True)
        install = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*install, "-r", str(HERE / "requirements-llc.txt")], check=True)
    return str(python)


def kgon(k: int) -> dict[str, Any]:
    length, bias = KGONS[k]
    turn = 2 * np.pi * np.arange(k) / k
    return {"W": (length * np.stack([np.cos(turn), np.sin(turn)])).tolist(), "b": [bias] * k}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", help="an interpreter that has devinterp")
    parser.add_argument("-k", type=int, default=8, choices=KGONS)
    parser.add_argument("--chains", type=int, default=16)
    parser.add_argument("--steps", type=int, default=4000, help="of each chain; the second half is averaged")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    spec = {**kgon(given.k), "chains": given.chains, "nbeta": 1e4, "step": 0.3}
    peer = given.peer or peer_python()
    here = sys.executable
    rows = {f"superpose, {p}": Row(here, "llc_ours", {**spec, "precision": p}) for p in ("float32", "float64")}
    rows["devinterp, float32"] = Row(peer, "llc_torch", spec)
    for name, row in rows.items():
        if "superpose" in name:
            row.rates(given.steps)  # the lengths are part of the program
    taken = [{name: row.rates(given.steps) for name, row in rows.items()} for _ in range(given.rounds)]
    found = {name: row.found() for name, row in rows.items()}
    for row in rows.values():
        row.close()
    return report(given, taken, found)


def report(given: Any, taken: list[dict], found: dict) -> int:
    print(f"{given.k}-gon in {given.k} features, {given.chains} chains × {given.steps} steps, {given.rounds} rounds")
    theirs = list(found)[-1]
    for name, (value, error) in found.items():
        wall, cpu = (statistics.median(r[name][i] for r in taken) for i in (0, 1))
        by = [statistics.median(r[name][i] / r[theirs][i] for r in taken) for i in (0, 1)]
        print(f"  {name:20} {wall:12,.0f} draws/s {cpu:12,.0f} per CPU second   λ̂ {value:.2f} ± {error:.2f}"
              f"   ratio {by[0]:,.0f} ({by[1]:,.0f} by CPU time)")  # fmt: skip
    ours = next(iter(found))
    (a, da), (b, db) = found[ours], found[theirs]
    agree = abs(a - b) <= 4 * (da**2 + db**2) ** 0.5
    ratio = statistics.median(r[ours][0] / r[theirs][0] for r in taken)
    print(f"  the same coefficient: {'yes' if agree else 'NO'}; ratio {ratio:,.0f}, wanted {WANTED}")
    return 0 if agree and ratio >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
