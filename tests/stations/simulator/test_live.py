"""A station's life with cars and people, on a simulated clock."""

import asyncio
import random
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stations.simulator import people
from stations.simulator.clock import FastClock
from stations.simulator.fleet import Life
from stations.simulator.people import Cards
from stations.simulator.station import Station

from .conftest import MORNING, Yard
from .csms import Csms

ROME = ZoneInfo("Europe/Rome")


class Living:
    """Runs a station's life beside the test."""

    def __init__(self, station: Station, *, tokens: tuple[str, ...] = ("A1", "B2", "C3")) -> None:
        rng = random.Random(7)
        station.clock = FastClock(MORNING, speed=6000)
        self.life = Life(station, cards=Cards(rng, tokens), rng=rng, zone=ROME)

    async def __aenter__(self) -> None:
        self.task = asyncio.create_task(self.life.run())

    async def __aexit__(self, *error: object) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


async def test_people_come_charge_and_go(yard: Yard, csms: Csms) -> None:
    station = await yard.station(connected=False, visits_per_day=200.0)
    async with Living(station):
        await csms.until(lambda: len(csms.of("StopTransaction")) >= 3)
    assert len({s["idTag"] for s in csms.of("StartTransaction")}) > 1
    assert csms.of("StopTransaction")[0]["meterStop"] > csms.of("StartTransaction")[0]["meterStart"]


async def test_a_car_comes_when_somebody_starts_from_afar(yard: Yard, csms: Csms) -> None:
    station = await yard.station(connected=False, visits_per_day=0)
    async with Living(station):
        await csms.until(lambda: csms.actions.count("StatusNotification") >= 3)
        await csms.ask("CP-1", "RemoteStartTransaction", id_tag="APP", connector_id=2)
        await csms.until(lambda: csms.of("StartTransaction"))
    assert csms.of("StartTransaction")[0]["connectorId"] == 2


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_the_first_sample_of_a_charge_does_not_wait_for_the_next_round(
    yard: Yard, csms: Csms, version: str
) -> None:
    """A driver who has just started wants to see that energy flows (ux.md: within 20 s)."""
    station = await yard.station(connected=False, visits_per_day=0, version=version)
    station.sample_s = 360_000
    async with Living(station):
        await csms.until(lambda: csms.actions.count("StatusNotification") >= 2)
        began = station.clock.now()
        await station.plug_in(1)
        await station.present("A1", 1)

        def drawn() -> list[dict[str, Any]]:
            if version == "1.6":
                return csms.of("MeterValues")
            return [told for told in csms.events("Updated") if told.get("meterValue")]

        await csms.until(drawn)
    sampled = datetime.fromisoformat(drawn()[0]["meterValue"][0]["timestamp"])
    assert sampled - began < timedelta(hours=10)  # an hour passes in 0.6 s; the next round is 100 hours away


async def test_a_weak_link_comes_back_without_a_boot(yard: Yard, csms: Csms) -> None:
    station = await yard.station(connected=False, visits_per_day=0, flaky=True)
    async with Living(station):
        await csms.until(lambda: csms.connections >= 3)
    assert csms.actions.count("BootNotification") == 1


async def test_a_reset_leaves_one_connection(yard: Yard, csms: Csms) -> None:
    station = await yard.station(connected=False, visits_per_day=0)
    async with Living(station):
        await csms.until(lambda: csms.actions.count("StatusNotification") >= 3)
        await csms.ask("CP-1", "Reset", type="Soft")
        await csms.until(lambda: csms.actions.count("BootNotification") == 2)
        await csms.until(lambda: csms.actions.count("StatusNotification") >= 6)
    assert csms.connections == 2


def test_arrivals_follow_the_hour_and_the_day() -> None:
    rng = random.Random(1)
    week = [
        a.astimezone(ROME)
        for a in people.arrivals(rng, MORNING, MORNING + timedelta(days=140), ROME, per_day=10, dc=False)
    ]
    per_day = len(week) / 140
    assert 8 < per_day < 11
    by_hour = [sum(a.hour == hour for a in week) for hour in range(24)]
    assert by_hour[8] > 5 * by_hour[3]
    sundays = sum(a.weekday() == 6 for a in week)
    assert sundays < sum(a.weekday() == 1 for a in week)


def test_a_card_is_in_one_pocket_at_a_time() -> None:
    cards = Cards(random.Random(1), ["A", "B"], in_use=["B"])
    assert cards.take() == "A"
    assert cards.take() is None
    cards.give_back("B")
    assert cards.take() == "B"
