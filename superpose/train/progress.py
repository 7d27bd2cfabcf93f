"""How far, how fast, how long still: one line that rewrites itself on a terminal, one line every 30 s elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """Counts model-steps. Says nothing about work that is over within two seconds."""

    def __init__(self, total: int, what: str, out: TextIO | None = None, quiet: bool = False):
        self.total, self.what, self.quiet = total, what, quiet
        self.out = out or sys.stderr
        self.live = self.out.isatty()
        self.done, self.busy = 0, 0.0
        self.began = self.said = time.monotonic()

    def advance(self, steps: int, seconds: float = 0.0) -> None:
        """`seconds` is the work itself, where that is known: compiling tells nothing of the time that is left."""
        self.done, self.busy = self.done + steps, self.busy + seconds
        now = time.monotonic()
        due = now - self.began > 2 and now - self.said > 0.2 if self.live else now - self.said > 30
        if due and not self.quiet:
            self._say(now)

    def skip(self, steps: int) -> None:
        """These were done before: they shorten what is left, and tell nothing of the rate."""
        self.total -= steps

    def close(self) -> None:
        """End the line, if there is one."""
        if self.live and not self.quiet and self.said > self.began:
            self._say(time.monotonic())
            self.out.write("\n")

    def _say(self, now: float) -> None:
        self.said = now
        clear, end = ("\x1b[2K", "\r") if self.live else ("", "\n")
        self.out.write(f"{clear}{self.line(now - self.began)}{end}")
        self.out.flush()

    def line(self, seconds: float) -> str:
        rate = self.done / max(self.busy or seconds, 1e-9)
        left = (self.total - self.done) / max(rate, 1e-9)
        share = self.done / max(self.total, 1)
        return f"{self.what}: {share:4.0%}, {human(rate)} model-steps/s, {clock(seconds)} gone, {clock(left)} left"


def human(number: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.3g}"


def clock(seconds: float) -> str:
    whole = round(seconds)
    hours = f"{whole // 3600}:" if whole >= 3600 else ""
    return f"{hours}{whole // 60 % 60:0{2 if hours else 1}d}:{whole % 60:02d}"
