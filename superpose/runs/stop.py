"""Stopping early without losing anything: a request waits for the end of a segment, a second one does not."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from superpose.train import hosts


class Stopped(SystemExit):
    """The run ended early, and what it had done is kept: resuming goes on from there.

    No `except Exception` swallows it, as somebody wants the process to end; a script that lets it pass ends with 75.
    """

    code = 75


ASKING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop:
    """What was asked, "" while nothing was."""

    def __init__(self) -> None:
        self.asked = ""

    def anywhere(self) -> str:
        """What was asked of any of the processes that train together, at one moment for all of them."""
        if not hosts.many():
            return self.asked
        number = int(hosts.most(signal.Signals[self.asked] if self.asked else 0))
        return signal.Signals(number).name if number else ""

    def hear(self, number: int, frame: FrameType | None = None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = signal.Signals(number).name


@contextlib.contextmanager
def listening() -> Iterator[Stop]:
    """SIGTERM, Ctrl-C and a terminal that closes ask, while this lasts; in another thread than the main one nobody can.

    Who began it so that it outlives its terminal is not asked by that.
    """
    stop = Stop()
    main = threading.current_thread() is threading.main_thread()
    deaf = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    numbers = [number for number in ASKING if main and not (deaf and number == signal.SIGHUP)]
    before = {number: signal.signal(number, stop.hear) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
