from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest_asyncio

from stations.simulator.clock import SteppedClock
from stations.simulator.hardware import Spec
from stations.simulator.station import Station

from .csms import Csms, running

MORNING = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def csms() -> AsyncIterator[Csms]:
    async with running() as system:
        yield system


class Yard:
    """Builds stations against the test's central system and switches them off afterwards."""

    def __init__(self, csms: Csms) -> None:
        self.csms = csms
        self.stations: list[Station] = []

    async def station(self, *, connected: bool = True, **spec: Any) -> Station:
        station = Station(Spec(**{"identity": "CP-1", "url": self.csms.url, **spec}), clock=SteppedClock(MORNING))
        self.stations.append(station)
        if connected:
            await station.connect()
        return station


@pytest_asyncio.fixture
async def yard(csms: Csms) -> AsyncIterator[Yard]:
    yard = Yard(csms)
    yield yard
    for station in yard.stations:
        await station.close()
