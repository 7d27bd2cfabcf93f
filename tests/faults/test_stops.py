"""A run that is asked to stop does so within seconds and says how to go on; and no two write to one folder."""

import re
import signal
import socket
import threading
import time

import pytest
import stops
import tiny

from superpose import runs
from superpose.store.lock import Held, holder, lock

WITHIN = 5.0
"""Seconds that a run may take to stop."""


@pytest.mark.parametrize("seed", [0, 1])
def test_a_run_that_is_asked_to_stop_keeps_what_it_has_and_says_how_to_go_on(server, tmp_path, seed):
    end = stops.stopped(server, tmp_path / "run", seed)
    assert stops.is_orderly(end, tmp_path / "run"), end.said
    assert re.search(r"stopped by SIG(TERM|INT); go on with", end.said) and "Traceback" not in end.said
    status = runs.status(tmp_path / "run")
    assert status.state == "stopped" and status.midway and not runs.verify(tmp_path / "run").damages


def test_a_second_ctrl_c_does_not_wait(server, tmp_path):
    twice = [(2.5, signal.SIGINT), (3.0, signal.SIGINT)]
    end = server.run("stuck", folder=tmp_path / "run", signals=twice, patience=60.0)
    assert end.code == 130 and "KeyboardInterrupt" in end.said
    assert runs.status(tmp_path / "run").state == "stopped"


def test_a_second_writer_is_told_who_the_first_is_and_may_begin_once_that_is_dead(server, tmp_path):
    folder = tmp_path / "run"
    first = server.start("run", folder=folder, recipe=stops.BUSY)
    until(lambda: holder(folder / "lock"))
    second = server.run("run", folder=folder, recipe=stops.BUSY)
    assert second.code == 2
    assert re.search(rf"is being written by process {first[0]} on {socket.gethostname()}, since \d{{4}}-", second.said)
    assert runs.status(folder).state == "running" and f"process {first[0]}" in runs.status(folder).holder
    assert server.wait(first, [(0.0, signal.SIGKILL)]).code == -signal.SIGKILL
    assert holder(folder / "lock") is None and runs.status(folder).state == "stopped"
    third = server.start("run", folder=folder, recipe=stops.BUSY)
    until(lambda: holder(folder / "lock"))
    assert f"process {third[0]}" in runs.status(folder).holder
    server.wait(third, [(0.0, signal.SIGKILL)])


def until(done, seconds=60.0):
    due = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < due
        time.sleep(0.01)


def test_two_threads_of_one_process_are_two_writers(tmp_path):
    with lock(tmp_path / "lock"):
        refused = []
        thread = threading.Thread(target=lambda: refused.append(is_held(tmp_path / "lock")))
        thread.start()
        thread.join(10)
    assert refused == [True]
    enter(tmp_path / "lock")


def enter(path):
    with lock(path):
        pass


def is_held(path):
    with pytest.raises(Held):
        enter(path)
    return True


def test_who_only_asks_for_the_holder_keeps_no_writer_away(tmp_path):
    over, asking = threading.Event(), tmp_path / "lock"
    enter(asking)
    askers = [threading.Thread(target=lambda: [holder(asking) for _ in iter(over.is_set, True)]) for _ in range(2)]
    for thread in askers:
        thread.start()
    try:
        for _ in range(100):
            enter(asking)
    finally:
        over.set()
        for thread in askers:
            thread.join(10)


def test_a_run_in_another_thread_than_the_main_one_works_and_hears_no_signal(tmp_path):
    found = []
    thread = threading.Thread(target=lambda: found.append(runs.run(
        tmp_path / "run", tiny.recipe(), tiny.FEW, tiny.key(), quiet=True)))  # fmt: skip
    thread.start()
    thread.join(120)
    assert tiny.bits(found[0]) == tiny.bits(runs.load_run(tmp_path / "run"))
