"""Processes that begin with everything imported: a server that forks, as it has started no thread and no backend."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ALONE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"), "1")
PATIENCE = 240.0
"""Seconds after which a child is killed, and its test fails."""


@dataclasses.dataclass(frozen=True)
class End:
    """How a child ended: its exit code, or the negative of the signal; seconds from its start, and since the last
    signal it was sent; what it said, and what it found out."""

    code: int
    seconds: float
    since: float | None
    said: str
    found: dict


class Server:
    """`run(task, …)` is a child from its beginning to its end; `start` and `wait` are for two at once."""

    def __init__(self, cache: str | Path, **env: str):
        self.room = tempfile.TemporaryDirectory()
        env = {**os.environ, **ALONE, "JAX_PLATFORMS": "cpu", "SUPERPOSE_CALIBRATE": "0", **env}
        env["PYTHONPATH"] = os.pathsep.join([str(HERE.parent.parent), env.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(HERE / "server.py"), str(cache)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, encoding="utf-8",
        )  # fmt: skip
        self.count = 0

    def run(self, task: str, *, signals=(), patience: float = PATIENCE, **options) -> End:
        """Signals are pairs: seconds after the start, and which."""
        return self.wait(self.start(task, **options), signals, patience)

    def start(self, task: str, **options) -> tuple[int, Path]:
        self.count += 1
        place = Path(self.room.name) / str(self.count)
        place.mkdir()
        (place / "said").touch()
        return self._ask({"do": "start", "task": task, "place": str(place), "options": options})["pid"], place

    def wait(self, child: tuple[int, Path], signals=(), patience: float = PATIENCE) -> End:
        pid, place = child
        told = self._ask({"do": "wait", "pid": pid, "signals": list(signals), "patience": patience})
        found = place / "found.json"
        return End(
            told["code"], told["seconds"], told["since"],
            (place / "said").read_text(encoding="utf-8", errors="replace"),
            json.loads(found.read_text(encoding="utf-8")) if found.exists() else {},
        )  # fmt: skip

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(60)
        self.room.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *wrong):
        self.close()

    def _ask(self, what: dict) -> dict:
        self.process.stdin.write(json.dumps(what, default=str) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the server of children ended with {self.process.wait(60)}")
        return json.loads(answer)
