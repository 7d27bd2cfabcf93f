"""Sinks that write for other people's viewers: TensorBoard, Weights & Biases, Trackio. Each stays on this machine.

They are extras, imported when they are asked for. What they would tell of the machine, the code and their own use
elsewhere is switched off before they are imported.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from superpose.core.mistakes import BadValue, needs
from superpose.core.names import shown

PROJECT = "superpose"


class TensorBoardSink:
    """Event files in `folder/tensorboard`; events are texts at the last step."""

    def __init__(self, folder: str | Path):
        try:
            from tensorboardX import SummaryWriter
        except ImportError as wrong:
            raise needs("log", wrong) from None
        self._step = 0
        self._writer = SummaryWriter(logdir=str(Path(folder) / "tensorboard"))

    def event(self, name: str, /, **fields: Any) -> None:
        self._writer.add_text(f"events/{name}", _words(fields), self._step)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._step = step
        for name, value in values.items():
            if math.isfinite(value):
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class WandbSink:
    """An offline run in `folder/wandb`, which `wandb sync` can send; with `WANDB_MODE=online` it is sent at once.

    Events are kept in the run's summary.
    """

    def __init__(self, folder: str | Path):
        _unless_set(WANDB_ERROR_REPORTING="false", WANDB_SILENT="true")
        try:
            import wandb
        except ImportError as wrong:
            raise needs("log", wrong) from None
        quiet = wandb.Settings(
            console="off", silent=True, save_code=False, disable_code=True, disable_git=True,
            x_disable_stats=True, x_disable_meta=True, x_disable_machine_info=True, x_disable_viewer=True,
        )  # fmt: skip
        Path(folder).mkdir(parents=True, exist_ok=True)
        mode: Any = os.environ.get("WANDB_MODE", "offline")
        self._run = wandb.init(
            project=PROJECT, name=Path(folder).absolute().name, dir=str(folder), settings=quiet,
            mode=mode, reinit="create_new",
        )  # fmt: skip

    def event(self, name: str, /, **fields: Any) -> None:
        self._run.summary[f"event.{name}"] = _words(fields)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        self._run.finish()


class TrackioSink:
    """A database in `folder/trackio`, or in `TRACKIO_DIR` where that is set. Events are texts at the last step.

    Trackio keeps one folder a process: a second run in another one is refused rather than sent to the first.
    """

    def __init__(self, folder: str | Path):
        _unless_set(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
        _unless_set(TRACKIO_DIR=str(Path(folder).absolute() / "trackio"))
        for elsewhere in ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
            os.environ.pop(elsewhere, None)
        try:
            _check_new_enough(metadata.version("trackio"))
            import trackio
            from trackio.utils import TRACKIO_DIR
        except ImportError as wrong:
            raise needs("log", wrong) from None
        if Path(TRACKIO_DIR) != Path(os.environ["TRACKIO_DIR"]):
            raise BadValue(
                f"trackio keeps one folder a process, and this one has {TRACKIO_DIR}; set TRACKIO_DIR to a folder for "
                f"all runs, or log {folder} from another process"
            )
        self._step, self._trackio = 0, trackio
        with contextlib.redirect_stdout(io.StringIO()):
            self._run = trackio.init(
                project=PROJECT, name=Path(folder).absolute().name, resume="allow", embed=False,
                auto_log_cpu=False, auto_log_gpu=False,
            )  # fmt: skip

    def event(self, name: str, /, **fields: Any) -> None:
        self._run.log({f"event.{name}": _words(fields)}, step=self._step)

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        self._step = step
        self._run.log({n: float(v) for n, v in values.items()}, step=step)

    def close(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            if self._trackio.context_vars.current_run.get() is self._run:
                self._trackio.finish()
            self._run.finish()


LOGGERS: dict[str, Callable[[str | Path], Any]] = {
    "tensorboard": TensorBoardSink,
    "wandb": WandbSink,
    "trackio": TrackioSink,
}


def _check_new_enough(version: str) -> None:
    """The first ones start a server, and report their use."""
    if tuple(map(int, version.split(".")[:2])) < (0, 43):
        raise BadValue(f"trackio {version} is older than 0.43; pip install --upgrade 'superpose[log]'")


def _unless_set(**settings: str) -> None:
    for name, value in settings.items():
        os.environ.setdefault(name, value)


def _words(fields: Mapping[str, Any]) -> str:
    return shown(json.dumps(fields, ensure_ascii=False, default=str))
