"""What the fault tests share: children that start at once, and the results of runs that nothing happens to."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import tiny
from forks import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("cache")) as children:
        yield children


@pytest.fixture(scope="session")
def few(server):
    """The bits of the small grid, swept at once."""
    return server.run("sweep", over=tiny.FEW).found["bits"]


@pytest.fixture(scope="session")
def halfway(server, tmp_path_factory):
    """A run of the small grid with one chunk, stopped in the middle of the next; not to be changed."""
    folder = tmp_path_factory.mktemp("halfway") / "run"
    assert server.run("stop_midway", folder=folder, over=tiny.FEW).code == 75
    return folder
