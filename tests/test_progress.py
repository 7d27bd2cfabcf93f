"""Progress tells share, rate and time left; rarely, and never about short work."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from superpose.train import progress
from superpose.train.progress import Progress, clock, human


class Terminal(io.StringIO):
    def isatty(self):
        return True


def plain(text):
    """What a terminal shows of it."""
    return re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", text)


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def time(monkeypatch):
    """A clock that moves when told."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def move(seconds):
        now[0] += seconds

    return move


def run(time, out, seconds, every, total=1000, **more):
    told = Progress(total, "3 models", out, **more)
    for _ in range(round(seconds / every)):
        time(every)
        told.advance(round(total * every / seconds))
    told.close()
    return out.getvalue()


def test_a_line_is_arithmetic():
    told = Progress(4000, "8 models", io.StringIO())
    told.done = 1000
    assert told.line(10.0) == "8 models:  25%, 100 model-steps/s, 0:10 gone, 0:30 left"


def test_time_left_follows_from_the_work_and_not_from_what_came_before_it(time):
    told = Progress(4000, "8 models", io.StringIO())
    time(30.0)
    told.advance(1000, seconds=10.0)
    assert told.line(30.0) == "8 models:  25%, 100 model-steps/s, 0:30 gone, 0:30 left"


def test_the_line_begins_and_ends_sensibly():
    told = Progress(4000, "8 models", io.StringIO())
    assert "  0%" in told.line(0.0)
    told.done = 4000
    assert told.line(2.0).endswith("100%, 2 k model-steps/s, 0:02 gone, 0:00 left")


@pytest.mark.parametrize("out", [Terminal, io.StringIO])
@pytest.mark.parametrize("seconds", [0.5, 1.9])
def test_nothing_is_said_of_short_work(time, out, seconds):
    assert run(time, out(), seconds, seconds / 10) == ""


def test_a_terminal_has_one_line_that_rewrites_itself(time):
    text = run(time, Terminal(), 10.0, 1.0)
    assert text.count("\n") == 1
    assert text.count("\r") == text.count("\x1b[2K") >= 8
    last = plain(text.rpartition("\x1b[2K")[2])
    assert re.fullmatch(r"3 models \S+ 100% 100 model-steps/s, 0:10 gone, 0:00 left\s*", last)


def test_the_bar_fits_a_terminal_of_eighty_columns(time, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = Terminal()
    told = Progress(10**12, "10,000,000 models", out)
    for _ in range(5):
        time(1.0)
        told.advance(10**9)
    told.close()
    assert out.getvalue().count("\n") == 1
    assert all(len(plain(shown).rstrip()) <= 80 for shown in out.getvalue().split("\r"))


def test_no_color_is_asked_for_and_none_is_shown(time, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[0-9;]*m", run(time, Terminal(), 10.0, 1.0))
    monkeypatch.delenv("NO_COLOR")
    assert re.search(r"\x1b\[[0-9;]*m", run(time, Terminal(), 10.0, 1.0))


def test_a_terminal_that_cannot_rewrite_a_line_has_lines(time, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    text = run(time, Terminal(), 100.0, 1.0)
    assert text.count("\n") == 3 and "\x1b" not in text


def test_the_cursor_is_there_whenever_the_process_ends(time):
    text = run(time, Terminal(), 10.0, 1.0)
    assert "\x1b[?25l" not in text.rpartition("\x1b[?25h")[2]
    assert text.index("\x1b[?25h") < text.index(" 50%")


def test_other_streams_are_left_alone_and_no_thread_is_started(time):
    import threading

    before = sys.stdout, sys.stderr, threading.active_count()
    told = Progress(1000, "3 models", Terminal())
    for _ in range(5):
        time(1.0)
        told.advance(1)
    assert before == (sys.stdout, sys.stderr, threading.active_count())
    told.close()


def test_rich_is_imported_when_a_bar_is_first_shown():
    code = "import sys; from superpose.train.progress import Progress as P; p = P(1, 'x'); p.advance(1); p.close()"
    ran = [sys.executable, "-c", f"{code}; sys.exit('rich.progress' in sys.modules)"]
    subprocess.run(ran, check=True, cwd=Path(__file__).parent.parent)


def test_a_terminal_is_written_to_five_times_a_second_at_most(time):
    assert run(time, Terminal(), 10.0, 0.01).count("\r") <= 8 * 5 + 2


@pytest.mark.parametrize("seconds", [29, 59, 95, 300])
def test_elsewhere_a_line_comes_every_thirty_seconds_at_most(time, seconds):
    text = run(time, io.StringIO(), seconds, 1.0)
    assert text.count("\n") == (seconds - 1) // 31
    assert "\x1b" not in text and "\r" not in text


def test_one_that_is_quiet_says_nothing(time):
    assert run(time, Terminal(), 100.0, 1.0, quiet=True) == ""


def test_work_counted_is_of_real_models_and_not_of_padding(capsys, monkeypatch):
    import jax

    import superpose as sp
    from superpose.train import sweep as swept

    made = []

    class Kept(Progress):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            made.append(self)

    monkeypatch.setattr(swept, "Progress", Kept)
    recipe = sp.Recipe(
        world=sp.SparseWorld(n_features=2), model=sp.ToyConfig(n_features=2, n_hidden=1), steps=3, batch=2
    )
    sp.sweep(recipe, {"seed": range(3)}, jax.random.key(0))
    assert made[0].done == made[0].total == 9
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("number, said", [(0, "0"), (12.34, "12.3"), (1234, "1.23 k"), (5.6e6, "5.6 M"), (7e9, "7 G")])
def test_numbers_are_said_as_a_person_would(number, said):
    assert human(number) == said


@pytest.mark.parametrize(
    "seconds, said",
    [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (600, "10:00"), (3600, "1:00:00"), (93784, "26:03:04")],
)
def test_times_are_said_as_a_clock_would(seconds, said):
    assert clock(seconds) == said
