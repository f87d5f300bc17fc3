"""Simulated stations against a live server: plug, charge, pay, once per version; and every quirk they know."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sessions_app.models import ChargingSession
from stations.simulator.behaviours import QUIRKS
from stations.simulator.clock import SteppedClock
from stations.simulator.hardware import Spec
from stations.simulator.station import Station

from . import site as sites
from .live import LiveServer
from .site import PASSWORD, Site

pytestmark = pytest.mark.wire
NEVER_STOPS = {"Q36"}
NO_CLOCK = {"Q27", "clock-1970"}
NO_METER_START = {"Q60", "kwh-as-wh"}  # 2.0.1 has no meterStart beside the samples, so nothing tells a wrong unit
START = Decimal(26_008)


def simulated(site: Site, **spec: object) -> Station:
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=40)
    url = site.url.rpartition("/")[0]
    plate = {"identity": site.identity, "url": url, "password": PASSWORD, "registers": {1: START}}
    return Station(Spec(**{**plate, **spec}), clock=SteppedClock(began))  # type: ignore[arg-type]


async def charge(station: Station, tag: str) -> None:
    await station.connect()
    await station.plug_in(1)
    assert await station.present(tag)
    await station.charge(kwh=2, minutes=20)
    await station.unplug(1)
    await station.close()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_plug_charge_pay(live_server_process: LiveServer, version: str) -> None:
    with live_server_process.orm():
        site = sites.build(live_server_process)
    asyncio.run(charge(simulated(site, version=version), site.tags[0]))
    with live_server_process.orm():
        (session,) = site.sessions()
        assert (session.energy, session.stopped_at - session.started_at) == (2000, timedelta(minutes=20))
        (cdr,) = sites.until(site.cdrs, "the CDR")
        assert cdr.total_incl_vat == Decimal("1.10")
        sites.until(site.payments, "the payment")


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_every_quirk_leaves_one_session_with_the_right_energy(live_server_process: LiveServer, version: str) -> None:
    with live_server_process.orm():
        known = set(QUIRKS) - (NO_METER_START if version == "2.0.1" else set())
        at = {quirk: sites.build(live_server_process) for quirk in sorted(known)}

    async def all_of_them() -> None:
        for quirk, site in at.items():
            await charge(simulated(site, version=version, quirks=(quirk,)), site.tags[0])

    asyncio.run(all_of_them())
    with live_server_process.orm():
        ended = {}
        for quirk, site in at.items():
            sessions = site.sessions()
            assert len(sessions) == 1, quirk
            ended[quirk] = sessions[0]
        assert {q: s.energy for q, s in ended.items() if round(s.energy) != 2000} == {}
        still = {q for q, s in ended.items() if s.status == ChargingSession.Status.ACTIVE}
        assert still == NEVER_STOPS
        assert {q for q, s in ended.items() if "clock" in s.review} == NO_CLOCK
