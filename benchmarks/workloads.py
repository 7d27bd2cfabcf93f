"""What is trained: grids of toys of superposition, the same for every library. NumPy and no more."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

RATE, DECAY = 1e-3, 0.01
"""AdamW's learning rate and weight decay, everywhere."""
LOG_EVERY = 100
"""Steps between two losses that superpose keeps; the notebook forms one every step, the tuned PyTorch rows none."""


@dataclasses.dataclass(frozen=True)
class Workload:
    """`models` toys of `n` features in `m` dimensions, each with its own fresh batch every step."""

    name: str
    n: int
    m: int
    models: int
    batch: int = 1024

    @property
    def sides(self) -> tuple[int, int]:
        """Densities × importances of the grid, as square as can be."""
        short = next(d for d in range(math.isqrt(self.models), 0, -1) if self.models % d == 0)
        return self.models // short, short

    def densities(self) -> np.ndarray:
        return np.geomspace(1.0, 0.01, self.sides[0])

    def importances(self) -> np.ndarray:
        """Of the last feature; the others have 1."""
        return np.geomspace(0.1, 10.0, self.sides[1])

    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """Density "model" and importance "model features", one row a model."""
        p, last = (a.ravel() for a in np.meshgrid(self.densities(), self.importances(), indexing="ij"))
        importance = np.ones((self.models, self.n))
        importance[:, -1] = last
        return p.astype(np.float32), importance.astype(np.float32)

    def described(self) -> str:
        return f"{self.n}→{self.m}, M={self.models:,}, B={self.batch:,}"


@dataclasses.dataclass(frozen=True)
class Alike(Workload):
    """Seeds of one toy: no grid. For comparing where training ends."""

    density: float = 0.1
    decay: float = 0.9

    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        row = self.decay ** np.arange(self.n)
        return np.full(self.models, self.density, np.float32), np.tile(row, (self.models, 1)).astype(np.float32)


def spec(work: Workload, kind: str, device: str = "cpu") -> dict[str, object]:
    """A row of a benchmark as a worker reads it."""
    return {"work": dataclasses.asdict(work), "alike": isinstance(work, Alike), "kind": kind, "device": device}


def workload(spec: dict) -> Workload:
    return (Alike if spec["alike"] else Workload)(**spec["work"])


W1A = Workload("W1a", 2, 1, 10_000)
W1A_SMALL_BATCH = Workload("W1a, B=256", 2, 1, 10_000, 256)
W1B = Workload("W1b", 5, 2, 10_000)
W2 = Workload("W2", 20, 5, 1_000)
W3 = Workload("W3", 400, 30, 20)
W3_BIG_BATCH = Workload("W3, B=2048", 400, 30, 20, 2048)
DEMO = Workload("demo 5→2", 5, 2, 10)
DEMO_100 = Workload("demo 100→20", 100, 20, 20)
DEMO_200 = Workload("demo 200→20", 200, 20, 20)
QUICK_W1A = Workload("quick 2→1", 2, 1, 1_000)
QUICK_W2 = Workload("quick 20→5", 20, 5, 100)

FULL = (W1A, W1A_SMALL_BATCH, W1B, W2, W3, W3_BIG_BATCH, DEMO, DEMO_100, DEMO_200)
QUICK = (QUICK_W1A, QUICK_W2)
