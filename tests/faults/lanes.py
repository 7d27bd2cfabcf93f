"""Children side by side: a server for each lane, which is a thread of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from forks import Server


class Lanes:
    """Servers of children, as many as work at once, each a thread's own."""

    def __init__(self, room: Path, count: int):
        self.room, self.pool, self.own = room, ThreadPoolExecutor(count), threading.local()
        self.servers: list[Server] = []

    def server(self) -> Server:
        if not hasattr(self.own, "server"):
            self.own.server = Server(self.room / "cache")
            self.servers.append(self.own.server)
        return self.own.server

    def map(self, f, items) -> list:
        return list(self.pool.map(lambda item: f(self.server(), item), items))

    def __enter__(self) -> Lanes:
        return self

    def __exit__(self, *wrong: object) -> None:
        self.pool.shutdown()
        for server in self.servers:
            server.close()


def parts(items: list, size: int = 8) -> list[list]:
    return [items[i : i + size] for i in range(0, len(items), size)]
