"""SIGKILL in the middle of a load: everything that was acknowledged is in the database, word for word."""

import asyncio

import pytest

from accounts.models import Operator
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Frame
from tests.factories import OperatorFactory, StationFactory, TokenFactory

from .diary import Fleet, Station

pytestmark = pytest.mark.wire

STATIONS = 12
KILLS = 2
BETWEEN_KILLS = 150  # acknowledged messages


@pytest.fixture(scope="module")
def server(start_live_server):
    server = start_live_server()
    with server.orm():
        operator = OperatorFactory(slug="killed")
        for number in range(STATIONS):
            StationFactory(operator=operator, location=None, identity=f"KILL-{number}")
            TokenFactory(operator=operator, uid=f"TAG{number}", max_active_sessions=None)
    return server


async def load(server, fleet: Fleet) -> None:
    stations = [Station(fleet, server.station_url(f"KILL-{n}"), f"KILL-{n}", f"TAG{n}") for n in range(STATIONS)]
    running = [asyncio.create_task(station.run()) for station in stations]
    try:
        for _ in range(KILLS):
            fleet.aim(BETWEEN_KILLS)
            await asyncio.wait_for(fleet.enough.wait(), 60)
            server.kill()
            server.start_web()
        fleet.aim(BETWEEN_KILLS)
        await asyncio.wait_for(fleet.enough.wait(), 60)
    finally:
        for station in stations:
            station.off = True
        await asyncio.wait(running, timeout=30)


def test_what_was_acknowledged_survives_a_kill(server):
    fleet = Fleet()
    asyncio.run(load(server, fleet))
    assert fleet.lost >= STATIONS * KILLS
    with server.orm():
        journal = dict(Frame.objects.filter(message_id__in=fleet.acknowledged).values_list("message_id", "answer"))
        sessions = dict(ChargingSession.objects.values_list("transaction_id", "status"))
    assert journal == fleet.acknowledged
    assert {str(number) for number in fleet.started} <= set(sessions)
    assert {sessions[str(number)] for number in fleet.stopped} == {ChargingSession.Status.COMPLETED}
    assert len(fleet.stopped) > STATIONS


def test_sigterm_drains_and_says_good_bye(server):
    async def one_charge_then_term(fleet: Fleet) -> None:
        station = Station(fleet, server.station_url("KILL-0"), "KILL-0", "TAG0")
        running = asyncio.create_task(station.run())
        fleet.aim(20)
        await asyncio.wait_for(fleet.enough.wait(), 60)
        await asyncio.to_thread(server.stop)
        station.off = True
        await asyncio.wait([running], timeout=30)

    fleet = Fleet()
    asyncio.run(one_charge_then_term(fleet))
    assert server.web.returncode == 0
    with server.orm():
        assert Operator.objects.get().slug == "killed"
        assert set(fleet.acknowledged) <= set(Frame.objects.values_list("message_id", flat=True))
        assert ChargingStation.objects.get(identity="KILL-0").online is False
