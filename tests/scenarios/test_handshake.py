"""What plain daphne does at the door of stations (cms/daphne_refusals.py): run against the real server, so that an upgrade of
daphne or autobahn that takes it away is seen."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from stations.models import ChargingStation

pytestmark = [pytest.mark.wire, pytest.mark.any_database]
HEARTBEAT = '[2,"1","Heartbeat",{}]'


@pytest.fixture(scope="module")
def server(live_server_process):
    live_server_process.manage("create_operator", "door", "--name", "Door")
    live_server_process.manage("create_station", "DOOR-0", "--operator", "door")
    live_server_process.manage("create_station", "DOOR-1", "--operator", "door", "--password", "a long password: 16+")
    return live_server_process


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@asynccontextmanager
async def station(server: Any, identity: str, *offered: str, **more: Any) -> AsyncIterator[ClientConnection]:
    url = server.station_url(identity)
    async with connect(url, subprotocols=list(offered) or None, compression=None, **more) as socket:
        yield socket


async def refused(server: Any, identity: str, headers: dict[str, str] | None = None) -> Any:
    with pytest.raises(InvalidStatus) as caught:
        async with station(server, identity, "ocpp1.6", additional_headers=headers):
            pass
    return caught.value.response


async def ask(socket: ClientConnection, text: str = HEARTBEAT) -> list[Any]:
    await socket.send(text)
    return json.loads(await asyncio.wait_for(socket.recv(), 10))


async def test_an_unknown_identity_sees_404(server):
    for identity in ("NOBODY", "", "a%2Fb"):
        response = await refused(server, identity)
        assert (response.status_code, response.body) == (404, b"Not Found")


async def test_missing_and_wrong_credentials_see_401_and_the_challenge(server):
    for headers in (
        {},
        basic("DOOR-1", "wrong password 1234"),
        basic("DOOR-0", "a long password: 16+"),
        {"Authorization": "x"},
    ):
        response = await refused(server, "DOOR-1", headers)
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"].startswith('Basic realm="OCPP"')


async def test_the_right_password_opens(server):
    headers = basic("DOOR-1", "a long password: 16+")
    async with station(server, "DOOR-1", "ocpp1.6", additional_headers=headers) as socket:
        assert (await ask(socket))[0] == 3


async def test_guesses_are_answered_one_at_a_time_and_the_right_password_opens_all_the_same(server):
    wrong = basic("DOOR-1", "wrong password 1234")
    answers = await asyncio.gather(*(refused(server, "DOOR-1", wrong) for _ in range(12)))
    statuses = [response.status_code for response in answers]
    assert set(statuses) == {401, 429}
    assert {response.headers.get("Retry-After") for response in answers if response.status_code == 429} == {"5"}
    right = basic("DOOR-1", "a long password: 16+")
    async with station(server, "DOOR-1", "ocpp1.6", additional_headers=right) as socket:
        assert (await ask(socket))[0] == 3


async def test_the_first_subprotocol_of_the_stations_list_is_echoed(server):
    for offered, chosen in ((("ocpp1.5", "ocpp2.0.1", "ocpp1.6"), "ocpp2.0.1"), (("ocpp1.6", "ocpp2.0.1"), "ocpp1.6")):
        async with station(server, "DOOR-0", *offered) as socket:
            assert socket.subprotocol == chosen
            assert (await ask(socket))[0] == 3


async def test_without_a_common_subprotocol_the_handshake_completes_and_the_server_closes(server):
    for offered in ((), ("ocpp1.5",)):
        async with station(server, "DOOR-0", *offered) as socket:
            assert socket.subprotocol is None
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(socket.recv(), 10)
            assert socket.close_code == 1002


async def test_a_frame_beyond_one_mebibyte_closes_with_1009(server):
    async with station(server, "DOOR-0", "ocpp1.6") as socket:
        frame = '[2,"1","DataTransfer",{"vendorId":"V","data":"' + "x" * (1 << 20) + '"}]'
        with suppress(ConnectionClosed):  # it may close while we are still sending
            await socket.send(frame)
        await asyncio.wait_for(socket.wait_closed(), 10)
        assert socket.close_code == 1009
    async with station(server, "DOOR-0", "ocpp1.6") as socket:
        frame = '[2,"1","DataTransfer",{"vendorId":"V","data":"' + "x" * 1_000_000 + '"}]'
        assert (await ask(socket, frame))[0] == 3


async def test_text_that_is_not_utf8_and_binary_frames_are_answered(server):
    async with station(server, "DOOR-0", "ocpp1.6") as socket:
        assert (await ask(socket, HEARTBEAT.encode()))[0] == 3
        socket.protocol.send_frame(Frame(Opcode.TEXT, b'[2,"1","Authorize",{"idTag":"A\xff"}]'))
        await ask(socket)
        assert socket.close_code is None


async def test_compression_is_agreed_on_for_2_x_only(server):
    for version, agreed in (("ocpp2.0.1", "permessage-deflate"), ("ocpp1.6", "")):
        async with connect(server.station_url("DOOR-0"), subprotocols=[version]) as socket:
            assert socket.response.headers.get("Sec-WebSocket-Extensions", "").startswith(agreed)
            assert bool(socket.protocol.extensions) == bool(agreed)
            for _ in range(3):
                assert (await ask(socket))[0] == 3


async def test_a_small_frame_that_inflates_beyond_one_mebibyte_closes_with_1009(server):
    async with connect(server.station_url("DOOR-0"), subprotocols=["ocpp2.0.1"]) as socket:
        with suppress(ConnectionClosed):
            await socket.send('[2,"1","DataTransfer",{"vendorId":"V","data":"' + "x" * (3 << 20) + '"}]')
        await asyncio.wait_for(socket.wait_closed(), 10)
        assert socket.close_code == 1009
    async with connect(server.station_url("DOOR-0"), subprotocols=["ocpp2.0.1"]) as socket:
        frame = '[2,"1","DataTransfer",{"vendorId":"V","data":"' + "x" * 1_000_000 + '"}]'
        assert (await ask(socket, frame))[0] == 3


async def test_a_flood_is_answered_to_the_last_frame_and_in_order(server):
    """Many more than may wait in memory: reading pauses and goes on."""
    async with station(server, "DOOR-0", "ocpp1.6") as socket:
        for number in range(300):
            await socket.send(f'[2,"{number}","Heartbeat",{{}}]')
        answers = []
        while len(answers) < 300:
            answer = json.loads(await asyncio.wait_for(socket.recv(), 20))
            answers += [answer[1]] if answer[0] == 3 else []
        assert answers == [str(number) for number in range(300)]


async def test_any_other_websocket_path_is_404(server):
    with pytest.raises(InvalidStatus) as caught:
        async with connect(f"ws://127.0.0.1:{server.port}/elsewhere"):
            pass
    assert caught.value.response.status_code == 404


async def test_a_second_connection_replaces_the_first(server):
    async with station(server, "DOOR-0", "ocpp1.6") as first:
        await ask(first)
        async with station(server, "DOOR-0", "ocpp1.6") as second:
            with pytest.raises(ConnectionClosed):
                await asyncio.wait_for(first.recv(), 10)
            assert first.close_code == 1000
            assert (await ask(second))[0] == 3


def test_a_station_is_online_while_its_socket_is_open(server):
    async def visit() -> bool:
        async with station(server, "DOOR-0", "ocpp1.6") as socket:
            await ask(socket)
            return await asyncio.to_thread(online)

    def online() -> bool:
        with server.orm():
            return ChargingStation.objects.get(identity="DOOR-0").online

    async def gone() -> None:
        while await asyncio.to_thread(online):
            await asyncio.sleep(0.05)

    async def both() -> bool:
        was = await visit()
        await asyncio.wait_for(gone(), 10)
        return was

    assert asyncio.run(both())
