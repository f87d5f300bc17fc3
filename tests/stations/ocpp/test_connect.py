"""The handshake and the life of a socket, through Channels' own communicator."""

import asyncio
from typing import Any

import orjson
import pytest
from channels.testing import ApplicationCommunicator

from stations.ocpp import handshake
from stations.ocpp.consumer import StationConsumer
from stations.vocabulary import events, replies

from .world import STATION, World, gateway_of


class Socket(ApplicationCommunicator):
    """A station's end of the wire."""

    def __init__(self, gateway: Any, path: str = "/ocpp/CP-7", offered: tuple[str, ...] = ("ocpp1.6",), **more: Any):
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "headers": more.get("headers", []),
            "subprotocols": list(offered),
            "client": ["10.0.0.9", 40000],
            "extensions": {"websocket.http.response": {}},
        }
        super().__init__(StationConsumer.as_asgi(gateway=gateway), scope)

    async def knock(self) -> dict[str, Any]:
        await self.send_input({"type": "websocket.connect"})
        return await self.receive_output()

    async def say(self, text: str) -> None:
        await self.send_input({"type": "websocket.receive", "text": text})

    async def hear(self) -> Any:
        message = await self.receive_output()
        return orjson.loads(message["text"]) if message["type"] == "websocket.send" else message

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait()


@pytest.fixture
def world() -> World:
    return World()


async def test_a_known_station_comes_in_with_the_first_subprotocol_of_its_list_that_we_speak(world):
    socket = Socket(
        gateway_of(world), offered=("ocpp1.5", "ocpp2.0.1", "ocpp1.6"), headers=[(b"authorization", b"Basic x")]
    )
    assert await socket.knock() == {"type": "websocket.accept", "subprotocol": "ocpp2.0.1"}
    knock = world.all(events.StationKnocked)[0]
    assert (knock.identity, knock.version, knock.authorization) == ("CP-7", "ocpp2.0.1", b"Basic x")
    assert knock.remote == "10.0.0.9"
    await socket.leave()
    assert world.told[-1] == events.StationGone(STATION, 1)


async def test_the_version_is_that_of_the_connection_and_not_of_the_one_before(world):
    gateway = gateway_of(world)
    for version in ("ocpp2.0.1", "ocpp1.6"):
        socket = Socket(gateway, offered=(version,))
        await socket.knock()
        await socket.say('[2,"1","Heartbeat",{}]')
        await socket.hear()
        assert world.all(events.HeartbeatSeen)[-1].version == version
        await socket.leave()


@pytest.mark.parametrize(
    ("answer", "status", "header"),
    [
        (replies.Refused(404, "unknown"), 404, None),
        (replies.Refused(401, "wrong password"), 401, handshake.CHALLENGE),
        (replies.Failed("InternalError", ""), 503, None),
    ],
)
async def test_a_refusal_is_an_http_status(world, answer, status, header):
    world.known["CP-7"] = answer
    socket = Socket(gateway_of(world))
    start = await socket.knock()
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
    assert header is None or header in start["headers"]
    assert (await socket.receive_output())["type"] == "websocket.http.response.body"
    await socket.wait()
    assert world.all(events.StationGone) == []


async def test_a_path_without_a_possible_identity_is_404_and_asks_nobody(world):
    for path in ("/ocpp/", "/ocpp/a%20b", "/ocpp/%3Cscript%3E", "/ocpp/" + "x" * 49, "/ocpp/%FF", "/ocpp/a%00"):
        socket = Socket(gateway_of(world), path)
        assert (await socket.knock())["status"] == 404
    assert world.all(events.StationKnocked) == []


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        (b"/ocpp/CP-7", "CP-7"),
        (b"/ocpp/CP-7/", "CP-7"),
        (b"/ocpp/16/CP-7//", "CP-7"),
        (b"/ocpp/CP%2D7?x=1", "CP-7"),
        (b"/ocpp/a.b:c*_=+|@", "a.b:c*_=+|@"),
        (b"/ocpp/" + b"caff%C3%A8", "caffè"),
        (b"/ocpp/a%2Fb", None),
        (b"/ocpp/a%5Cb", None),
        (b"/ocpp/%E2%80%8B", None),
        (b"/ocpp", None),
    ],
)  # fmt: skip
def test_the_identity_is_the_last_segment_percent_decoded(path, identity):
    assert handshake.identity_of(path) == identity


async def test_without_a_common_subprotocol_the_handshake_completes_and_the_server_closes(world):
    for offered in ((), ("ocpp1.5", "mqtt")):
        socket = Socket(gateway_of(world), offered=offered)
        assert (await socket.knock())["subprotocol"] is None
        assert (await socket.receive_output())["type"] == "websocket.close"
        await socket.wait()
    assert [knock.version for knock in world.all(events.StationKnocked)] == [None, None]


async def test_a_station_that_names_no_protocol_is_heard_where_one_is_assumed(world):
    """Quirk 1: Grizzl-E and others with TinyWebsockets. Nothing is echoed."""
    world._admit = lambda knock: replies.Admitted(STATION, 4, "ocpp1.6")
    socket = Socket(gateway_of(world), offered=())
    assert await socket.knock() == {"type": "websocket.accept", "subprotocol": None}
    await socket.say('[2,"1","Heartbeat",{}]')
    assert (await socket.hear())[0] == 3
    assert world.all(events.HeartbeatSeen)[0].version == "ocpp1.6"
    await socket.leave()
    assert world.told[-1] == events.StationGone(STATION, 4)


async def test_an_unknown_identity_is_404_even_without_a_common_subprotocol(world):
    socket = Socket(gateway_of(world), "/ocpp/STRANGER", offered=())
    assert (await socket.knock())["status"] == 404


async def test_every_call_gets_its_own_answer_in_order(world):
    socket = Socket(gateway_of(world))
    await socket.knock()
    for number in range(5):
        await socket.say(f'[2,"{number}","Heartbeat",{{}}]')
    assert [(await socket.hear())[1] for _ in range(5)] == ["0", "1", "2", "3", "4"]


async def test_binary_frames_and_text_that_is_not_utf8_are_read(world):
    socket = Socket(gateway_of(world))
    await socket.knock()
    await socket.send_input({"type": "websocket.receive", "bytes": b'[2,"1","Authorize",{"idTag":"A\xff"}]'})
    assert (await socket.hear())[0] == 3
    assert world.all(events.TokenPresented)[0].token.text == "A�"
    assert world.frames[0].anomalies == ("bytes",)


async def test_a_frame_beyond_the_limit_closes_with_1009(world):
    socket = Socket(gateway_of(world))
    await socket.knock()
    await socket.say('[2,"1","DataTransfer",{"vendorId":"V","data":"' + "x" * (1 << 20) + '"}]')
    assert await socket.receive_output() == {"type": "websocket.close", "code": 1009}
    assert world.frames == []


async def test_a_second_connection_replaces_the_first_and_the_first_leaves_without_a_trace(world):
    gateway = gateway_of(world)
    first, second = Socket(gateway), Socket(gateway)
    await first.knock()
    await second.knock()
    assert await first.receive_output() == {"type": "websocket.close", "code": 1000}
    await first.leave()
    assert world.all(events.StationGone) == [events.StationGone(STATION, 1)]
    await second.say('[2,"1","Heartbeat",{}]')
    assert (await second.hear())[0] == 3
    assert gateway.connections[STATION.id].line.epoch == 2


async def test_a_bug_of_ours_leaves_the_socket_open(world, monkeypatch, caplog):
    socket = Socket(gateway_of(world))
    await socket.knock()
    with monkeypatch.context() as broken:
        broken.setattr("stations.ocpp.router.read", lambda *_: 1 / 0)
        await socket.say('[2,"1","Heartbeat",{}]')
        await asyncio.sleep(0)
    await socket.say('[2,"2","Heartbeat",{}]')
    assert (await socket.hear())[1] == "2"
    assert "A frame of CP-7 was lost" in caplog.text


async def test_a_handshake_given_up_while_it_waits_leaves_nobody_online(world):
    gateway = gateway_of(world)
    await gateway.start()
    held: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    submit = gateway.writer.submit
    gateway.writer.submit = lambda event, *a, **k: (
        held if isinstance(event, events.StationKnocked) else submit(event, *a, **k)
    )
    socket = Socket(gateway)
    await socket.send_input({"type": "websocket.connect"})
    await asyncio.sleep(0.01)
    socket.future.cancel()
    await asyncio.sleep(0)
    held.set_result(replies.Admitted(STATION, 9))
    await asyncio.sleep(0.01)
    assert world.all(events.StationGone) == [events.StationGone(STATION, 9)]


async def test_the_gateway_announces_itself_before_the_first_station(world):
    socket = Socket(gateway_of(world))
    await socket.knock()
    assert [type(event).__name__ for event in world.told[:2]] == ["GatewayAlive", "StationKnocked"]
    assert world.told[0].started
    assert world.told[0].gateway == world.told[1].gateway
