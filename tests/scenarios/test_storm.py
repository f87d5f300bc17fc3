"""After a power cut every station comes at once, and says how each of its connectors is in the same breath (behaviour.md 7)."""

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

from stations.models import ChargingStation, Connector
from tests.factories import OperatorFactory

pytestmark = pytest.mark.wire

STATIONS = 300
SAID: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "ocpp1.6": [
        ("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}),
        *(
            ("StatusNotification", {"connectorId": n, "errorCode": "NoError", "status": "Available"})
            for n in range(1, 4)
        ),
    ],
    "ocpp2.0.1": [
        ("BootNotification", {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}),
        *(
            (
                "StatusNotification",
                {"timestamp": "2026-05-01T08:30:00Z", "connectorStatus": "Available", "evseId": n, "connectorId": 1},
            )
            for n in range(1, 4)
        ),
    ],
}


@pytest.fixture(scope="module")
def server(start_live_server):
    server = start_live_server()
    with server.orm():
        operator = OperatorFactory(slug="storm")
        ChargingStation.objects.bulk_create(
            ChargingStation(operator=operator, identity=f"STORM-{number}") for number in range(STATIONS)
        )
    return server


async def arrive(server: Any, number: int) -> list[Any]:
    """Says all it has to say at once; the answers but for our own questions."""
    version = list(SAID)[number % 2]
    url = server.station_url(f"STORM-{number}")
    async with connect(url, subprotocols=[version], compression=None, open_timeout=60) as socket:  # type: ignore[list-item]
        for position, (action, payload) in enumerate(SAID[version]):
            await socket.send(json.dumps([2, str(position), action, payload]))
        answers: list[Any] = []
        while len(answers) < len(SAID[version]):
            frame = json.loads(await asyncio.wait_for(socket.recv(), 60))
            if frame[0] == 2:
                await socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))
            else:
                answers.append(frame)
        return answers


async def storm(server: Any) -> list[list[Any]]:
    return await asyncio.gather(*(arrive(server, number) for number in range(STATIONS)))


def test_300_stations_that_boot_at_once_are_all_answered_in_order_and_nothing_is_logged(server):
    for _round in range(2):  # the second time all rows are there
        answers = asyncio.run(storm(server))
        assert [[frame[:2] for frame in each] for each in answers] == [[[3, str(n)] for n in range(4)]] * STATIONS
    with server.orm():
        assert Connector.objects.filter(status="Available").count() == 3 * STATIONS
        assert ChargingStation.objects.filter(epoch=2, last_boot__isnull=False).count() == STATIONS
    noise = [line for line in server.log.getvalue().splitlines() if "ERROR" in line or "Traceback" in line]
    assert noise == []
