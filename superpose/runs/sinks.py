"""Where a run says what happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol


class Sink(Protocol):
    def event(self, name: str, /, **fields: Any) -> None: ...
    def scalars(self, step: int, values: Mapping[str, float]) -> None: ...
    def close(self) -> None: ...


class JsonlSink:
    def __init__(self, path: Path):
        self.count = len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0
        self.file = open(path, "a", encoding="utf-8")  # noqa: SIM115

    def event(self, name: str, /, **fields: Any) -> None:
        self.file.write(json.dumps({"event": name, **fields}) + "\n")
        self.file.flush()
        self.count += 1

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self.event("scalars", step=step, **values)

    def close(self) -> None:
        self.file.close()


def read_log(path: Path) -> tuple[list[dict], list[str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()], []
