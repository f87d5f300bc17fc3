"""Simulated stations against a live server: plug, charge, pay, once per version; and every quirk they know."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest

from sessions_app.models import ChargingSession
from sessions_app.selectors import proof
from stations.models import ChargingStation, MeterKey
from stations.simulator import signing
from stations.simulator.behaviours import QUIRKS
from stations.simulator.clock import SteppedClock
from stations.simulator.hardware import Spec
from stations.simulator.station import Station
from tests.factories import EvseFactory

from . import site as sites
from .live import LiveServer
from .site import PASSWORD, Site

pytestmark = [pytest.mark.wire, pytest.mark.any_database]
START = Decimal(26_008)
STRANGER = "0BADCAFE"


class Left(NamedTuple):
    """What a charge of 2 kWh leaves: its energy in Wh, what a person is asked, whether it still runs."""

    energy: Decimal
    review: str = ""
    runs: bool = False


RIGHT = Left(Decimal(2000))
HALF = Left(Decimal(1000))
NO_STOP = Left(Decimal(2000), runs=True)
TWICE = {"Q52", "Q57"}
LEAVES = {
    "Q27": [Left(Decimal(2000), "clock")],
    "Q28": [Left(Decimal(2000), "clock_skew")],
    "clock-local": [Left(Decimal(2000), "clock_skew")],
    "Q36": [NO_STOP],  # aged later
    "Q45": [Left(Decimal(2000), "unauthorised")],
    "Q48": [HALF, HALF],
    "Q49": [HALF._replace(runs=True)],
    "Q50": [Left(Decimal(2000), "unauthorised")],
    "Q52": [RIGHT, RIGHT],
    "Q57": [RIGHT, NO_STOP],  # its end would come with a third
    "Q66": [
        Left(Decimal(1800), "register_reset")
    ],  # what flows between the last reading and the reset is seen by nobody
}
ONLY: dict[str, dict[str, list[Left]]] = {
    "1.6": {
        "Q43": [Left(Decimal("2000.333"))],
        "Q66": [Left(Decimal(1800), "negative,register_reset")],
    },
    "2.0.1": {
        "Q52": [RIGHT, Left(Decimal(2000), "reused_id")],
        "Q60": [Left(Decimal(2000), "scale")],  # there is no meterStart beside the samples, only the power tells
    },
}


def simulated(site: Site, **spec: object) -> Station:
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=40)
    url = site.url.rpartition("/")[0]
    plate = {"identity": site.identity, "url": url, "password": PASSWORD, "registers": {1: START}}
    return Station(Spec(**{**plate, **spec}), clock=SteppedClock(began))  # type: ignore[arg-type]


async def charge(station: Station, tag: str, *, minutes: int = 20) -> None:
    await station.connect()
    await station.plug_in(1)
    assert await station.present(tag)
    await station.charge(kwh=2, minutes=minutes)
    await station.unplug(1)
    await station.close()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_plug_charge_pay(live_server_process: LiveServer, version: str) -> None:
    with live_server_process.orm():
        site = sites.build(live_server_process)
        station = ChargingStation.objects.get(pk=site.station_id)
        evse = EvseFactory(station=station, uid=f"IT*SIM*E{site.station_id}*1", short_code=f"SIM{site.station_id:03}")
        label = signing.public_key(site.identity, 1)
        MeterKey.objects.create(evse=evse, public_key=label, valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    asyncio.run(charge(simulated(site, version=version, signs=True), site.tags[0]))
    with live_server_process.orm():
        (session,) = site.sessions()
        assert (session.energy, session.stopped_at - session.started_at) == (2000, timedelta(minutes=20))
        proven = proof.of_session(session.pk)
        assert (proven.holds, proven.total.mwh, session.review) == (True, 2_000_000, "")
        (cdr,) = sites.until(site.cdrs, "the CDR")
        assert cdr.total_incl_vat == Decimal("1.10")
        sites.until(site.payments, "the payment")


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_every_quirk_leaves_the_right_energy_or_a_question(live_server_process: LiveServer, version: str) -> None:
    named = {factory: quirk for quirk, factory in reversed(QUIRKS.items())}.values()  # an alias is not driven twice
    with live_server_process.orm():
        at = {quirk: sites.build(live_server_process) for quirk in named}

    async def drive(quirk: str, site: Site) -> None:
        station = simulated(site, version=version, quirks=(quirk,), connectors=1 if quirk == "Q68" else 2)
        await charge(station, STRANGER if quirk == "Q50" else site.tags[0], minutes=10)
        if quirk in TWICE:
            await station.power_off()
            await station.clock.sleep(60)
            await charge(station, site.tags[0], minutes=10)

    async def all_of_them() -> None:
        await asyncio.gather(*(drive(quirk, site) for quirk, site in at.items()))

    asyncio.run(all_of_them())
    with live_server_process.orm():
        left = {quirk: [_left(session) for session in site.sessions()] for quirk, site in at.items()}
    expected = {quirk: [RIGHT] for quirk in at} | LEAVES | ONLY[version]
    assert {q: told for q, told in left.items() if told != expected[q]} == {}


def _left(session: ChargingSession) -> Left:
    return Left(session.energy, session.review, session.status == ChargingSession.Status.ACTIVE)
