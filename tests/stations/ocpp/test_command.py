"""The outbox: one question at a time, in order, each with exactly one end."""

import asyncio
from typing import Any

import orjson
import pytest
import pytest_asyncio

from stations.ocpp import outbox as module
from stations.vocabulary import commands, events, replies

from .test_connect import Socket
from .world import STATION, World, gateway_of

RESET = commands.RawCall("Reset", '{"type": "Soft"}')
CLEAR = commands.ClearCache()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def gateway(world):
    return gateway_of(world)


@pytest_asyncio.fixture
async def socket(gateway):
    socket = Socket(gateway)
    await socket.knock()
    await asyncio.sleep(0)
    yield socket
    if not socket.future.done():
        await socket.leave()


async def ends(world: World, count: int = 1) -> list[events.CommandSettled]:
    for _ in range(200):
        if len(found := world.all(events.CommandSettled)) >= count:
            return found
        await asyncio.sleep(0.005)
    raise AssertionError(world.told)


async def question(socket: Socket) -> list[Any]:
    kind, message_id, action, payload = await socket.hear()
    assert kind == 2
    return [message_id, action, payload]


async def test_a_command_is_committed_sent_and_settled(world, gateway, socket):
    world.wants(RESET)
    gateway.ring(STATION.id)
    message = await socket.receive_output()
    message_id = orjson.loads(message["text"])[1]
    assert message["text"] == f'[2,"{message_id}","Reset",{{"type":"Soft"}}]'
    sent = world.all(events.CommandSent)[0]
    assert (sent.action, sent.payload) == ("Reset", '{"type":"Soft"}')
    assert world.frames[-1].outgoing
    assert world.frames[-1].raw == message["text"]

    await socket.say(f'[3, "{message_id}", {{"status" : "Accepted", "x": 1.10}}]')
    settled = (await ends(world))[0]
    assert (settled.command, settled.outcome) == (sent.command, "result")
    assert settled.payload == '{"status" : "Accepted", "x": 1.10}'
    assert (world.frames[-1].kind, world.frames[-1].action) == (3, "Reset")


async def test_the_second_waits_for_the_end_of_the_first(world, gateway, socket):
    world.wants(RESET, CLEAR)
    gateway.ring(STATION.id)
    first = await question(socket)
    assert await socket.receive_nothing(0.05)
    await socket.say('[2,"own","Heartbeat",{}]')
    assert (await socket.hear())[1] == "own"
    await socket.say(f'[3,"{first[0]}",{{}}]')
    second = await question(socket)
    assert [first[1], second[1]] == ["Reset", "ClearCache"]
    assert first[0] != second[0]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('[4,"{}","NotSupported","no lock",{{"a": 1}}]', ("error", None, "NotSupported", "no lock", '{"a":1}')),
        ('[4,"{}","NotSupported"]', ("error", None, "NotSupported", "", "{}")),
        ('[4,"{}"]', ("error", None, "GenericError", "", "{}")),
        ('[4,"{}",null,["x"],null]', ("error", None, "GenericError", '["x"]', "{}")),
        ('[4,"{}","A","B",{{}},"C","D"]', ("error", None, "A", "B", "{}")),
        ('[3,"{}"]', ("result", "{}", "", "", "{}")),
        ('[3,"{}",null]', ("result", "{}", "", "", "{}")),
        ('[3,"{}",{{"status":"A\tB"}}]', ("result", '{"status":"A\\tB"}', "", "", "{}")),
        ('[3,"{}",[1,2]]', ("result", "[1,2]", "", "", "{}")),
    ],
)
async def test_odd_answers_are_padded_and_never_an_error_of_ours(world, gateway, socket, frame, expected):
    world.wants(RESET)
    gateway.ring(STATION.id)
    asked = await question(socket)
    await socket.say(frame.format(asked[0]))
    end = (await ends(world))[0]
    assert (end.outcome, end.payload, end.error_code, end.error_description, end.error_details) == expected


async def test_no_answer_in_time_frees_the_slot_and_a_late_answer_is_only_journalled(world, gateway, socket):
    world.wants(RESET, timeout_s=0.02)
    world.wants(CLEAR)
    gateway.ring(STATION.id)
    first = await question(socket)
    second = await question(socket)
    assert world.all(events.CommandSettled)[0].outcome == "timeout"
    await socket.say(f'[3,"{first[0]}",{{"status":"Accepted"}}]')
    await socket.say(f'[3,"{second[0]}",{{"status":"Accepted"}}]')
    assert [end.outcome for end in await ends(world, 2)] == ["timeout", "result"]
    late = [frame for frame in world.frames if frame.message_id == first[0] and not frame.outgoing]
    assert [frame.anomalies for frame in late] == [("late",)]


async def test_an_answer_to_nothing_is_only_journalled(world, socket):
    await socket.say('[3,"nobody",{}]')
    await socket.say('[4,"nobody","X","",{}]')
    await socket.say('[2,"1","Heartbeat",{}]')
    assert (await socket.hear())[1] == "1"
    assert world.all(events.CommandSettled) == []
    assert [frame.kind for frame in world.frames] == [3, 4, 2]


async def test_a_closed_socket_ends_the_command_under_way(world, gateway, socket):
    world.wants(RESET, CLEAR)
    gateway.ring(STATION.id)
    await question(socket)
    await socket.leave()
    assert [end.outcome for end in await ends(world)] == ["closed"]
    await asyncio.sleep(0.01)
    assert len(world.pending) == 1  # the next one stays where it is


async def test_a_replaced_connection_ends_its_command_and_the_new_one_goes_on(world, gateway, socket):
    world.wants(RESET, CLEAR)
    gateway.ring(STATION.id)
    await question(socket)
    second = Socket(gateway)
    await second.knock()
    assert [end.outcome for end in await ends(world)] == ["closed"]
    assert (await question(second))[1] == "ClearCache"
    await second.leave()


async def test_what_the_version_cannot_ask_ends_as_not_supported(world, gateway, socket):
    world.wants(commands.GetBaseReport(1), CLEAR)
    gateway.ring(STATION.id)
    assert (await question(socket))[1] == "ClearCache"
    end = world.all(events.CommandSettled)[0]
    assert (end.outcome, end.error_code) == ("error", "NotSupported")


async def test_a_command_that_cannot_be_encoded_does_not_stop_the_next(world, gateway, socket, caplog):
    world.wants(commands.UpdateFirmware("u", 1, None), CLEAR)
    gateway.ring(STATION.id)
    assert (await question(socket))[1] == "ClearCache"
    assert world.all(events.CommandSettled)[0].error_code == "InternalError"


async def test_a_command_that_ended_while_it_waited_is_not_sent(world, gateway, socket):
    world.wants(RESET)
    world.answers[events.CommandSent] = replies.Failed("GenericError", "it has ended")
    gateway.ring(STATION.id)
    assert await socket.receive_nothing(0.05)
    assert [frame for frame in world.frames if frame.outgoing] == []
    assert world.all(events.CommandSettled) == []


async def test_automatic_commands_wait_for_the_first_call(world, gateway, socket):
    await asyncio.sleep(0.01)
    assert [event.booted for event in world.all(events.OutboxOpened)] == [False]
    await socket.say('[2,"1","Heartbeat",{}]')
    await socket.hear()
    await asyncio.sleep(0.01)
    assert [event.booted for event in world.all(events.OutboxOpened)] == [False, True]


async def test_or_for_twenty_seconds(world, gateway, monkeypatch):
    monkeypatch.setattr(module, "FIRST_CALL_S", 0.01)
    socket = Socket(gateway)
    await socket.knock()
    await asyncio.sleep(0.05)
    assert [event.booted for event in world.all(events.OutboxOpened)] == [False, True]
    await socket.leave()


async def test_a_missed_bell_is_made_up_for_by_the_poll(world, gateway, socket):
    await asyncio.sleep(0.01)
    world.wants(RESET)
    world.answers[events.OutboxesPolled] = replies.WorkWaiting(frozenset({STATION.id, 99}))
    await gateway._poll()
    assert (await question(socket))[1] == "Reset"
    assert world.all(events.OutboxesPolled) == [events.OutboxesPolled((STATION.id,))]
