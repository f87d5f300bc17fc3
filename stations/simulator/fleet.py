"""Many stations with their cars and people, in real time: they stay connected, obey, break now and then, and recover."""

import asyncio
import logging
import random
from collections.abc import Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from websockets.exceptions import WebSocketException

from . import people
from .clock import Clock, WallClock
from .hardware import Connector, Spec, Transaction
from .line import Broken, Refused
from .people import Cards, Visit
from .station import Station

logger = logging.getLogger(__name__)

BACK_OFF_S = (1, 2, 5, 10, 20, 30)
PATIENT_TRIES = 4
LOOKS_EVERY_S = 20
FRESH = timedelta(minutes=2)
FRESH_SAMPLE_S = 10
FIRST_SAMPLE_S = 4
FAULT_EVERY_H = 9.0
OUTAGE_EVERY_MIN = 35.0
FAULTS = (
    ("EVCommunicationError", "E-021", "no pilot signal"),
    ("GroundFailure", "E-008", "residual current"),
    ("HighTemperature", "E-054", "cable warm"),
    ("ConnectorLockFailure", "E-033", "lock motor"),
)
LEFT_BEHIND = (Broken, Refused, OSError, WebSocketException)
"""What the network does to a station; it tries again later."""


class Life:
    """One station's life. Everything random comes from `rng`."""

    def __init__(self, station: Station, *, cards: Cards, rng: random.Random, zone: ZoneInfo) -> None:
        self.station = station
        self.clock: Clock = station.clock
        self.cards = cards
        self.rng = rng
        self.zone = zone
        self.station.on_remote_start = self._oblige

    async def run(self) -> None:
        await self.clock.sleep(self.rng.uniform(0, 2))
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._stay_connected())
            tasks.create_task(self._tick())
            tasks.create_task(self._break_sometimes())
            if self.station.spec.visits_per_day > 0:
                tasks.create_task(self._receive_visitors())
            if self.station.spec.flaky:
                tasks.create_task(self._drop_off_sometimes())
            for connector in self.station.connectors.values():
                if connector.transaction:
                    tasks.create_task(self._stay(connector, people.visit(self.rng, dc=connector.dc)))

    async def _stay_connected(self) -> None:
        tries = 0
        while True:
            try:
                await self.station.connect()
                await self.station.end_stale()
                tries = 0
            except LEFT_BEHIND as failed:
                # a server that starts beside us takes a moment
                level = logging.INFO if tries == PATIENT_TRIES else logging.DEBUG
                logger.log(level, "station=%s cannot connect: %s", self.station.identity, failed)
                await self.station.disconnect()
                pause = BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)]
                tries += 1
                await self.clock.sleep(pause * self.rng.uniform(0.7, 1.3))
            await self.station.until(lambda: not self.station.online and not self.station.away, within_s=None)

    async def _tick(self) -> None:
        await self.clock.sleep(self.rng.uniform(3, 12))
        while True:
            try:
                await self.station.tick()
            except LEFT_BEHIND as failed:
                logger.debug("station=%s tick: %s", self.station.identity, failed)
            await self._until_next_sample()

    async def _until_next_sample(self) -> None:
        """A charge that begins meanwhile is not kept waiting: its first sample comes once the car draws power."""
        running = self._running()
        fresh = any(self.clock.now() - charge.started_at < FRESH for charge in running)
        pause = FRESH_SAMPLE_S if fresh else self.station.sample_s * self.rng.uniform(0.85, 1.15)
        begun = self.station.until(lambda: any(charge not in running for charge in self._running()), within_s=None)
        if await self._soonest(self.clock.sleep(pause), begun) == 1:
            await self.clock.sleep(FIRST_SAMPLE_S)

    async def _soonest(self, *waits: Coroutine[Any, Any, None]) -> int:
        """Which of them was over first; the others are given up."""
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            done, _pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return min(tasks.index(task) for task in done)
        finally:
            for task in tasks:
                task.cancel()

    def _running(self) -> list[Transaction]:
        return [c.transaction for c in self.station.connectors.values() if c.transaction]

    # ---- people --------------------------------------------------------------------------------------------------------

    async def _receive_visitors(self) -> None:
        spec = self.station.spec
        while True:
            wait = people.gap(self.rng, self.clock.now(), self.zone, per_day=spec.visits_per_day, dc=spec.dc)
            await self.clock.sleep(wait / timedelta(seconds=1))
            free = [c for c in self.station.connectors.values() if c.free and c.usable and not c.locked_for]
            if free:
                visit = people.visit(self.rng, dc=spec.dc)
                self._tasks.create_task(self._visit(self.rng.choice(free), visit))

    async def _visit(self, connector: Connector, visit: Visit) -> None:
        """Plugs in, shows the card, charges, goes."""
        card = self.cards.take()
        if card is None:
            return
        try:
            await self.station.plug_in(connector.id, visit.car)
            await self.clock.sleep(self.rng.uniform(4, 15))
            await self.station.present(card, connector.id)
            await self._stay(connector, visit, card)
        finally:
            self.cards.give_back(card)

    async def _stay(self, connector: Connector, visit: Visit, card: str | None = None) -> None:
        """Until the battery is full or the time is up, then a while longer; then the cable goes."""
        leave: datetime | None = None
        last = self.clock.now() + visit.leaves_after
        while connector.transaction:
            now = self.clock.now()
            if leave is None and connector.car is not None and connector.car.full:
                leave = now + visit.lingers
            if now >= min(last, leave or last):
                break
            await self.clock.sleep(LOOKS_EVERY_S)
        if connector.transaction and card and visit.by_card:
            await self.station.present(card, connector.id)
        await self.clock.sleep(self.rng.uniform(8, 40))
        if connector.car is not None:
            await self.station.unplug(connector.id)

    async def _oblige(self, connector: Connector) -> None:
        """Somebody started from afar and no car was there: one comes, so that a demonstration goes on."""
        await self.clock.sleep(self.rng.uniform(4, 8))
        if connector.car is None and connector.locked_for:
            visit = people.visit(self.rng, dc=connector.dc)
            await self.station.plug_in(connector.id, visit.car)
            self._tasks.create_task(self._stay(connector, visit))

    # ---- mishaps -------------------------------------------------------------------------------------------------------

    async def _break_sometimes(self) -> None:
        while True:
            await self.clock.sleep(self.rng.expovariate(1 / (FAULT_EVERY_H * 3600)))
            free = [c for c in self.station.connectors.values() if c.free and c.usable]
            if free:
                connector = self.rng.choice(free)
                await self.station.fault(connector.id, *self.rng.choice(FAULTS))
                await self.clock.sleep(self.rng.uniform(180, 900))
                await self.station.clear(connector.id)

    async def _drop_off_sometimes(self) -> None:
        """A weak mobile link: gone for minutes, then back with everything that happened meanwhile."""
        while True:
            await self.clock.sleep(self.rng.expovariate(1 / (OUTAGE_EVERY_MIN * 60)))
            self.station.away = True
            await self.station.drop()
            await self.clock.sleep(self.rng.uniform(90, 300))
            await self.station.back_again()


async def run(
    specs: Sequence[Spec], tokens: Sequence[str], *, zone: str = "Europe/Rome", seed: int | None = None
) -> None:
    """Until cancelled. `tokens` are the cards of the visitors; a broken life starts over, the others go on."""
    rng = random.Random(seed)  # noqa: S311 - people, not secrets
    cards = Cards(rng, tokens, [resumed.token for spec in specs for resumed in spec.resumed])
    async with asyncio.TaskGroup() as tasks:
        for spec in specs:
            tasks.create_task(_live(spec, cards, random.Random(rng.random()), ZoneInfo(zone)))  # noqa: S311


async def _live(spec: Spec, cards: Cards, rng: random.Random, zone: ZoneInfo) -> None:
    while True:
        station = Station(spec, clock=WallClock())
        try:
            await Life(station, cards=cards, rng=rng, zone=zone).run()
        except Exception:
            logger.exception("station=%s starts over", spec.identity)
        finally:
            await station.close()
        await asyncio.sleep(BACK_OFF_S[-1])
