"""From the API to the frame at the station and back, through the doorbell, and without it."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

pytestmark = pytest.mark.wire

BOOT = {"chargePointVendor": "Bell", "chargePointModel": "B1"}


class Api:
    def __init__(self, server: Any, key: str) -> None:
        self.server = server
        self.key = key

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.server.http}/api/v1/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Authorization": f"Token {self.key}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    async def post(self, path: str, body: Any) -> Any:
        return await asyncio.to_thread(self, "POST", path, body)

    async def settled(self, command: Any) -> Any:
        """The command once it has ended."""
        async with asyncio.timeout(20):
            while (found := await asyncio.to_thread(self, "GET", f"commands/{command['id']}/"))["status"] in (
                "pending",
                "sent",
            ):
                await asyncio.sleep(0.02)
        return found


@pytest.fixture(scope="module")
def server(start_live_server):
    server = start_live_server()
    server.manage("create_operator", "bell", "--name", "Bell")
    server.manage("create_station", "BELL-1", "--operator", "bell")
    return server


@pytest.fixture(scope="module")
def api(server):
    return Api(server, server.manage("create_api_key", "--operator", "bell", "--name", "tests").strip())


async def next_call(socket: ClientConnection, action: str) -> tuple[str, str]:
    """Message id and text of the next CALL with this action; any other question is declined."""
    while True:
        text = await asyncio.wait_for(socket.recv(), 20)
        kind, message_id, name = json.loads(text)[:3]
        if kind == 2 and name == action:
            return message_id, text
        if kind == 2:
            await socket.send(json.dumps([4, message_id, "NotSupported", "", {}]))


async def booted(server: Any) -> ClientConnection:
    socket = await connect(server.station_url("BELL-1"), subprotocols=["ocpp1.6"], compression=None)
    await socket.send(json.dumps([2, "b", "BootNotification", BOOT]))
    while json.loads(text := await asyncio.wait_for(socket.recv(), 20))[0] == 2:
        await socket.send(json.dumps([4, json.loads(text)[1], "NotSupported", "", {}]))
    return socket


async def test_a_command_reaches_an_idle_station_within_a_second_and_word_for_word(server, api):
    async with await booted(server) as socket:
        began = time.monotonic()
        asked = await api.post(
            "stations/BELL-1/commands/", {"action": "ChangeConfiguration", "payload": {"value": "6.10", "key": "A"}}
        )
        message_id, text = await next_call(socket, "ChangeConfiguration")
        assert time.monotonic() - began < 1
        assert text == f'[2,"{message_id}","ChangeConfiguration",{{"value":"6.10","key":"A"}}]'
        await socket.send(json.dumps([3, message_id, {"status": "RebootRequired"}]))
        ended = await api.settled(asked)
        assert (ended["status"], ended["response"]) == ("accepted", {"status": "RebootRequired"})


async def test_a_dropped_connection_ends_the_command_and_the_next_connection_serves_the_next(server, api):
    socket = await booted(server)
    first = await api.post("stations/BELL-1/commands/", {"action": "Reset", "payload": {"type": "Soft"}})
    await next_call(socket, "Reset")
    socket.transport.abort()
    async with await booted(server) as socket:
        ended = await api.settled(first)
        assert (ended["status"], ended["error"]["code"]) == ("error", "ConnectionClosed")
        second = await api.post("stations/BELL-1/commands/", {"action": "ClearCache", "payload": {}})
        message_id, _ = await next_call(socket, "ClearCache")
        await socket.send(json.dumps([3, message_id, {"status": "Rejected"}]))
        assert (await api.settled(second))["status"] == "rejected"


async def test_an_offline_station_is_409_and_nothing_is_queued(api):
    async with asyncio.timeout(10):
        while (await asyncio.to_thread(api, "GET", "stations/BELL-1/"))["online"]:
            await asyncio.sleep(0.05)
    with pytest.raises(urllib.error.HTTPError) as caught:
        await api.post("stations/BELL-1/commands/", {"action": "ClearCache", "payload": {}})
    assert caught.value.code == 409
    assert json.loads(caught.value.read())["code"] == "station_offline"


@pytest.mark.any_database
async def test_without_redis_stations_are_served_and_commands_arrive_within_the_poll(server, api):
    async with await booted(server) as socket:
        server.valkey.kill()
        server.valkey.wait()
        try:
            await socket.send('[2,"h","Heartbeat",{}]')
            assert json.loads(await asyncio.wait_for(socket.recv(), 2))[1] == "h"
            began = time.monotonic()
            await api.post("stations/BELL-1/commands/", {"action": "ClearCache", "payload": {}})
            message_id, _ = await next_call(socket, "ClearCache")
            assert time.monotonic() - began < 8
            await socket.send(json.dumps([3, message_id, {"status": "Accepted"}]))
        finally:
            server.start_valkey()


@pytest.mark.any_database
async def test_the_doorbell_works_again_when_redis_is_back(server, api):
    async with await booted(server) as socket, asyncio.timeout(30):
        while True:  # the subscription comes back within seconds
            began = time.monotonic()
            await api.post("stations/BELL-1/commands/", {"action": "ClearCache", "payload": {}})
            message_id, _ = await next_call(socket, "ClearCache")
            await socket.send(json.dumps([3, message_id, {"status": "Accepted"}]))
            if time.monotonic() - began < 1:
                break
