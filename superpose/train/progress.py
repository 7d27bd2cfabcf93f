"""How far, how fast, how long still: a bar on a terminal, one line every 30 s elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, TextIO

SILENT = 2.0
"""Seconds of work that nothing is said about."""
LIVELY = 0.2
"""Seconds between two looks of the bar."""
CALM = 30.0
"""Seconds between two lines where there is no terminal, and so no bar."""


class Progress:
    """Counts model-steps. Says nothing about work that is over within two seconds."""

    def __init__(self, total: int, what: str, out: TextIO | None = None, quiet: bool = False):
        self.total, self.what, self.quiet = total, what, quiet
        self.out = out or sys.stderr
        self.live = self.out.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
        self.done, self.busy = 0, 0.0
        self.began = self.said = time.monotonic()
        self._bar: Any = None

    def advance(self, steps: int, seconds: float = 0.0) -> None:
        """`seconds` is the work itself, where that is known: compiling tells nothing of the time that is left."""
        self.done, self.busy = self.done + steps, self.busy + seconds
        now = time.monotonic()
        due = now - self.began > SILENT and now - self.said > LIVELY if self.live else now - self.said > CALM
        if due and not self.quiet:
            self._say(now)

    def skip(self, steps: int) -> None:
        """These were done before: they shorten what is left, and tell nothing of the rate."""
        self.total -= steps

    def close(self) -> None:
        """End the bar, if there is one."""
        if self._bar is not None:
            self._say(time.monotonic())
            self._bar.stop()
            self._bar = None

    def _say(self, now: float) -> None:
        self.said = now
        if self.live:
            told = {"completed": self.done, "total": self.total, **self.words(now - self.began)}
            self._bar = _moved(self._bar, told) if self._bar else _bar(self.out, told)
        else:
            self.out.write(f"{self.line(now - self.began)}\n")
            self.out.flush()

    def words(self, seconds: float) -> dict[str, str]:
        """What is told besides the share, each as a person says it."""
        rate = self.done / max(self.busy or seconds, 1e-9)
        left = (self.total - self.done) / max(rate, 1e-9)
        return {"what": self.what, "rate": human(rate), "gone": clock(seconds), "left": clock(left)}

    def line(self, seconds: float) -> str:
        told, share = self.words(seconds), self.done / max(self.total, 1)
        return "{what}: {share:4.0%}, {rate} model-steps/s, {gone} gone, {left} left".format(**told, share=share)


def _moved(bar: Any, told: dict[str, Any]) -> Any:
    bar.update(bar.task_ids[0], **told)
    bar.refresh()
    return bar


def _bar(out: TextIO, told: dict[str, Any]) -> Any:
    """A bar of rich, which is imported no sooner; it starts no thread and leaves other streams alone."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.table import Column

    def words(text: str) -> TextColumn:
        return TextColumn(text, markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))

    columns = (
        words("{task.fields[what]}"),
        BarColumn(bar_width=16),
        TaskProgressColumn(),
        words("{task.fields[rate]} model-steps/s, {task.fields[gone]} gone, {task.fields[left]} left"),
    )
    console = Console(file=out)
    bar = Progress(*columns, console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)
    bar.add_task("", **told)
    bar.start()
    console.show_cursor(True)  # a process that is killed would leave the terminal without one
    return bar


def human(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.3g}"


def clock(seconds: float) -> str:
    whole = round(seconds)
    hours = f"{whole // 3600}:" if whole >= 3600 else ""
    return f"{hours}{whole // 60 % 60:0{2 if hours else 1}d}:{whole % 60:02d}"
