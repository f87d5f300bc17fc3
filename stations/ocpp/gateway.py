"""What one process with sockets has only once: the writer, who is connected, and the signs of life."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from stations.vocabulary.central_system import CentralSystem
from stations.vocabulary.events import GatewayAlive, OutboxesPolled, StationGone
from stations.vocabulary.replies import Failed, WorkWaiting

from .call import Line
from .guesses import Guesses
from .outbox import Outbox
from .proxies import NOBODY, Proxies
from .writer import Writer

logger = logging.getLogger(__name__)

POLL_S = 5
ALIVE_S = 15

Listen = Callable[[Callable[[int], None]], Awaitable[None]]
"""Runs for ever, calling back with the primary key of each station whose bell was rung."""


class Connection(Protocol):
    line: Line
    outbox: Outbox

    async def replaced(self) -> None: ...


class Gateway:
    """Starts with the first socket and ends with `stop`."""

    def __init__(self, csms: CentralSystem, listen: Listen | None = None, proxies: Proxies = NOBODY) -> None:
        self.name = f"{socket.gethostname()[:48]}:{os.getpid()}"
        self.writer = Writer(csms)
        self.proxies = proxies
        self.guesses = Guesses()
        self.connections: dict[int, Connection] = {}
        self._listen = listen
        self._ready: asyncio.Future[None] | None = None
        self._known = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns when the process is known to the central system: sockets held under its name before are gone."""
        if self._ready is None:
            self._ready = asyncio.get_running_loop().create_future()
            self.writer.start()
            await self._say_alive()
            self._tasks = [asyncio.create_task(self._every(ALIVE_S, self._say_alive))]
            self._tasks += [asyncio.create_task(self._every(POLL_S, self._poll))]
            if self._listen:
                self._tasks.append(asyncio.ensure_future(self._listen(self.ring)))
            self._ready.set_result(None)
        await self._ready

    def stop(self) -> None:
        """Says good-bye for every station, handles all that waits and returns. Call from the loop's thread."""
        for task in self._tasks:
            task.cancel()
        for connection in list(self.connections.values()):
            connection.outbox.close()
            self.gone(connection.line)
        self.writer.stop()

    def gone(self, line: Line) -> None:
        self.writer.submit(StationGone(line.station, line.epoch), must=True)

    async def enter(self, connection: Connection) -> bool:
        """A newer connection of the same station replaces the older; False if this one is the older."""
        station = connection.line.station.id
        other = self.connections.get(station)
        if other is not None and other.line.epoch > connection.line.epoch:
            return False
        self.connections[station] = connection
        if other is not None:
            await other.replaced()
        return True

    def leave(self, connection: Connection) -> None:
        station = connection.line.station.id
        if self.connections.get(station) is connection:
            del self.connections[station]

    def ring(self, station: int) -> None:
        if connection := self.connections.get(station):
            connection.outbox.wake()

    def check(self) -> None:
        """Raises when this process cannot serve stations."""
        health = self.writer.health()
        if self._ready is not None and not (health["alive"] and health["database"]):
            raise RuntimeError(f"writer: {health}")

    async def _every(self, seconds: float, act: Callable[[], Awaitable[Any]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await act()
            except Exception:
                logger.exception("A gateway's routine failed")

    async def _say_alive(self) -> None:
        answer = await self.writer.submit(GatewayAlive(self.name, started=not self._known), must=True)
        if not isinstance(answer, Failed):
            self._known = True

    async def _poll(self) -> None:
        if self.connections:
            waiting = await self.writer.submit(OutboxesPolled(tuple(self.connections)))
            if isinstance(waiting, WorkWaiting):
                for station in waiting.stations:
                    self.ring(station)
