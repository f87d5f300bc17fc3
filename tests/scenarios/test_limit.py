"""Simulated stations that take a power limit in their own ways, on a live server (field notes 73–80)."""

import asyncio
import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from accounts.models import Operator, Role
from accounts.services import api_keys
from sessions_app.models import PowerLimit
from sessions_app.services import power_limits
from stations.models import ChargingStation
from stations.simulator.hardware import Spec
from stations.simulator.station import Station
from tests.factories import EvseFactory

from . import site as sites
from .live import LiveServer
from .site import PASSWORD, Site

pytestmark = [pytest.mark.wire, pytest.mark.any_database]

# what is left of a wish for 7 kW (0 kW of the one that cannot pause)
LEAVES = {
    "Q73": ("holds", 7_000),
    "Q74": ("holds", 7_000),
    "Q75": ("ignored", 7_000),
    "Q76": ("holds", 4_140),
    "Q77": ("holds", 7_000),
    "Q78": ("holds", 7_000),
    "Q79": ("holds", 7_000),
    "Q80": ("holds", 7_000),
}
Told = dict[str, tuple[str, int]]


@dataclass
class Limited:
    site: Site
    station: Station
    limit: int = 0

    def now_w(self) -> float | None:
        at = self.station.clock.now()
        return self.station.profiles.limit_w(connector=1, at=at, began=at)


def _wake(live: LiveServer, unit: Limited, key: str) -> None:
    """Any command through the API rings the bell for what waits."""
    body = json.dumps({"action": "TriggerMessage", "payload": {"requestedMessage": "Heartbeat"}}).encode()
    headers = {"Authorization": f"Token {key}", "Content-Type": "application/json"}
    url = f"{live.http}/api/v1/stations/{unit.site.identity}/commands/"
    urllib.request.urlopen(urllib.request.Request(url, body, headers)).read()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_q73_q74_q75_q76_q77_q78_q79_q80_each_in_its_own_way(live_server_process: LiveServer, version: str) -> None:
    live = live_server_process
    with live.orm():
        units = {quirk: _unit(live, quirk, version) for quirk in LEAVES}
        keys = {quirk: _key(unit) for quirk, unit in units.items()}

    def wish(quirk: str) -> None:
        unit = units[quirk]
        station = ChargingStation.objects.get(pk=unit.site.station_id)
        watts = 0 if quirk == "Q76" else 7_000
        unit.limit = power_limits.wish(station=station, evse_id=1, limit_w=watts, until=None, by=None).pk

    def lift(quirk: str) -> None:
        power_limits.lift(limit=PowerLimit.objects.get(pk=units[quirk].limit), by=None)

    def asked(what: Callable[[str], None], *quirks: str) -> Told:
        with live.orm():
            for quirk in quirks:
                what(quirk)
        for quirk in quirks:
            _wake(live, units[quirk], keys[quirk])
        with live.orm():
            return {quirk: _settled(units[quirk], quirk) for quirk in quirks}

    async def drive() -> tuple[Told, dict[str, float | None], Told]:
        for unit in units.values():
            await unit.station.connect()
        told = await asyncio.to_thread(asked, wish, *units)
        flows = {quirk: unit.now_w() for quirk, unit in units.items()}
        lifted = await asyncio.to_thread(asked, lift, "Q80")
        flows["lifted"] = units["Q80"].now_w()
        for unit in units.values():
            await unit.station.close()
        return told, flows, lifted

    told, flows, lifted = asyncio.run(drive())
    assert told == LEAVES
    assert flows.pop("Q75") is None
    assert lifted == {"Q80": ("ended", 7_000)}
    assert 20_000 <= (flows.pop("lifted") or 0) <= 22_000  # it cleared nothing: the same profile, wide open
    assert {quirk: watts for quirk, watts in flows.items() if not 4_000 < (watts or 0) <= 7_000} == {}


def _settled(unit: Limited, quirk: str) -> tuple[str, int]:
    found = PowerLimit.objects.filter(pk=unit.limit).exclude(status__in=("trying", "checking", "lifting"))
    limit = sites.until(lambda: found.all().first(), f"{quirk} to settle")
    return limit.status, limit.given_w


def _unit(live: LiveServer, quirk: str, version: str) -> Limited:
    site = sites.build(live)
    EvseFactory(
        station=ChargingStation.objects.get(pk=site.station_id), evse_id=1, max_power_w=22_000, power_type="AC_3_PHASE"
    )
    url = site.url.rpartition("/")[0]
    spec = Spec(
        identity=site.identity, url=url, password=PASSWORD, version=version, connectors=1, model=quirk, quirks=(quirk,)
    )
    return Limited(site, Station(spec))


def _key(unit: Limited) -> str:
    operator = Operator.objects.get(stations=unit.site.station_id)
    _row, key = api_keys.create(operator=operator, name="limits", role=Role.MANAGER, by=None)
    return key
