"""All who hear of a run, as one."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from superpose.runs.sinks import JsonlSink, Sink, quantiles
from superpose.train.recipe import Recipe


class Heard:
    """The run's own log, and whoever else listens. Events come from the training and from the writer behind it."""

    def __init__(self, log: JsonlSink, others: Sequence[Sink] = ()):
        self.log, self.others = log, list(others)
        self.turn = threading.Lock()
        self.said: dict[bytes, int] = {}

    @property
    def count(self) -> int:
        return self.log.count

    def event(self, name: str, /, **fields: Any) -> None:
        with self.turn:
            for sink in (self.log, *self.others):
                sink.event(name, **fields)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        with self.turn:
            for sink in self.others:
                sink.scalars(step, values)

    def losses(self, recipe: Recipe, ids: np.ndarray, step: int, loss: np.ndarray) -> None:
        """What was logged since the last time, over the cells of this call; of many cells the quantiles."""
        call, last = ids[0].tobytes(), step // recipe.log_every
        first, self.said[call] = self.said.get(call, 0), last
        rows = loss.reshape(-1, loss.shape[-1])[: len(ids)]
        for place in range(first, min(last, recipe.logs)):
            column = rows[:, place]
            self.scalars(
                (place + 1) * recipe.log_every,
                quantiles(column) if len(column) > 1 else {"loss": float(column[0])},
            )

    def close(self) -> None:
        for sink in (self.log, *self.others):
            sink.close()


class Unheard(Heard):
    """Nobody listens here: another process tells."""

    def __init__(self) -> None:
        self.others, self.said = [], {}

    @property
    def count(self) -> int:
        return 0

    def event(self, name: str, /, **fields: Any) -> None:
        pass

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        pass

    def close(self) -> None:
        pass
