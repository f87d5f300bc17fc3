"""Frames that real stations have sent (from public issue threads), over a real socket: each gets an answer, none closes it."""

import asyncio
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Frame

from . import site as sites
from .live import LiveServer
from .site import PASSWORD, Site

pytestmark = pytest.mark.wire
CALL, RESULT = 2, 3


@pytest.fixture(scope="module")
def lines(reference_data: Path) -> list[dict[str, Any]]:
    files = sorted((reference_data / "ocpp").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines() if line.strip()]


async def converse(site: Site, frames: list[Any]) -> list[tuple[Any, Any]]:
    """Sends one after the other and waits for each answer; declines what the server asks meanwhile."""
    credentials = b64encode(f"{site.identity}:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    async with connect(
        site.url, subprotocols=["ocpp1.6"], additional_headers=headers, compression=None, proxy=None
    ) as socket:
        said = [(frame, await ask(socket, frame)) for frame in frames]
        assert (await ask(socket, [CALL, "last", "Heartbeat", {}]))[0] == RESULT  # the socket is still open
    return said


async def ask(socket: ClientConnection, frame: list[Any]) -> Any:
    await socket.send(json.dumps(frame))
    async with asyncio.timeout(20):
        while True:
            answer = json.loads(await socket.recv())
            if answer[0] == CALL:
                await socket.send(json.dumps([4, answer[1], "NotSupported", "", {}]))
            elif answer[1] == frame[1]:
                return answer


def test_each_frame_is_answered_and_none_closes_the_socket(
    live_server_process: LiveServer, lines: list[dict[str, Any]]
) -> None:
    with live_server_process.orm():
        site = sites.build(live_server_process)
    calls = [line["frame"] for line in lines if line["direction"] == "CP->CS" and line["frame"][0] == CALL]
    assert len(calls) >= 30
    said = asyncio.run(converse(site, calls))
    refused = [(frame, answer) for frame, answer in said if answer[0] != RESULT]
    assert refused == []
    for frame, answer in said:
        if frame[2] == "StartTransaction":
            assert isinstance(answer[2]["transactionId"], int)
    with live_server_process.orm():
        kept = list(Frame.objects.filter(station=site.station_id, outgoing=False, kind=CALL).order_by("pk"))
        assert [frame.message_id for frame in kept] == [str(call[1]) for call in calls] + ["last"]
        assert json.loads(kept[0].raw) == calls[0]


def test_the_quirks_come_out_as_they_should(live_server_process: LiveServer, lines: list[dict[str, Any]]) -> None:
    """Alfen's free-vend start is Invalid and yet a session; the absurd year is our time; the text "null" is no info; an error
    code outside the enumeration is kept in its own words."""
    with live_server_process.orm():
        site = sites.build(live_server_process)

    def of(vendor: str, action: str) -> Any:
        return next(line["frame"] for line in lines if line["vendor"].startswith(vendor) and line["frame"][2] == action)

    start = of("Alfen NG910", "StartTransaction")
    absurd = of("synthetic", "StartTransaction")
    legrand = of("Legrand", "StatusNotification")
    said = asyncio.run(converse(site, [start, start, absurd, legrand]))
    answers = [answer[2] for _frame, answer in said]
    assert answers[0]["idTagInfo"]["status"] == "Invalid"
    assert answers[0] == answers[1]
    with live_server_process.orm():
        alfen, odd = ChargingSession.objects.filter(station=site.station_id).order_by("pk")
        assert (alfen.pk, alfen.meter_start, alfen.authorization) == (answers[0]["transactionId"], 2145278, "Unknown")
        assert odd.started_at == odd.started_received_at
        station = ChargingStation.objects.get(pk=site.station_id)
        assert station.status == "Faulted"
        assert station.anomalies >= 2
