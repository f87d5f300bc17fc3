"""Wrong passwords: answered later and later, one at a time; the right one opens at once (security.md §2)."""

import asyncio
from typing import Any

import pytest

from stations.ocpp import guesses, handshake
from stations.ocpp.guesses import Attempt, Guesses
from stations.vocabulary import events, replies

from .test_connect import Socket
from .world import STATION, World, gateway_of

SOMEBODY = Attempt("CP-7", "10.0.0.9")
WRONG = [(b"authorization", b"Basic wrong")]


@pytest.fixture
def world() -> World:
    world = World()
    world.known["CP-7"] = replies.Refused(401, "wrong_password")
    return world


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the door waited before it said no; nobody really waits."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(guesses, "pause", sleep)
    return waited


def test_the_first_three_are_free_then_it_takes_longer_up_to_what_a_handshake_bears():
    known = Guesses()
    assert [known.wrong(SOMEBODY) for _ in range(8)] == [0, 0, 0, 1, 2, 4, 4, 4]
    assert known.wrong(Attempt("CP-7", "10.0.0.10")) == 0
    assert known.wrong(Attempt("CP-8", "10.0.0.9")) == 0


def test_a_right_password_and_a_quarter_of_an_hour_make_good(monkeypatch):
    known = Guesses()
    for _ in range(5):
        known.wrong(SOMEBODY)
    known.right(SOMEBODY)
    assert known.wrong(SOMEBODY) == 0
    for _ in range(5):
        known.wrong(SOMEBODY)
    later = guesses.monotonic() + guesses.FORGET_S
    monkeypatch.setattr(guesses, "monotonic", lambda: later)
    assert known.wrong(SOMEBODY) == 0


def test_one_attempt_at_a_time_once_it_was_wrong():
    known = Guesses()
    assert [known.begin(SOMEBODY) for _ in range(4)] == [True, True, True, False]
    for _ in range(3):
        known.end(SOMEBODY)
    known.wrong(SOMEBODY)
    assert [known.begin(SOMEBODY) for _ in range(2)] == [True, False]
    known.end(SOMEBODY)
    assert known.begin(SOMEBODY)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(guesses, "MOST", 3)
    known = Guesses()
    for number in range(9):
        known.wrong(Attempt("CP-7", f"10.0.0.{number}"))
    assert len(known._wrong) == 3


async def test_a_guesser_waits_and_the_corrected_station_does_not(world, pauses):
    gateway = gateway_of(world)
    for _ in range(6):
        assert (await Socket(gateway, headers=WRONG).knock())["status"] == 401
    assert pauses == [0, 0, 0, 1, 2, 4]
    world.known["CP-7"] = STATION
    right = Socket(gateway, headers=[(b"authorization", b"Basic right")])
    assert (await right.knock())["type"] == "websocket.accept"
    assert len(pauses) == 6


async def test_who_asks_again_before_the_answer_is_told_to_wait_and_his_password_is_not_looked_at(world, monkeypatch):
    gateway = gateway_of(world)
    answered = asyncio.Event()

    async def until_told(seconds: float) -> None:
        if seconds:
            await answered.wait()

    for _ in range(3):
        gateway.guesses.wrong(SOMEBODY)
    with monkeypatch.context() as held:
        held.setattr(guesses, "pause", until_told)
        first = Socket(gateway, headers=WRONG)
        await first.send_input({"type": "websocket.connect"})
        for _ in range(20):
            await asyncio.sleep(0)
        second: dict[str, Any] = await Socket(gateway, headers=WRONG).knock()
        assert (second["status"], handshake.RETRY_AFTER in second["headers"]) == (429, True)
        assert len(world.all(events.StationKnocked)) == 1
        answered.set()
        assert (await first.receive_output())["status"] == 401
    assert gateway.guesses.begin(SOMEBODY)


async def test_a_station_without_a_password_is_never_kept_waiting(world, pauses):
    gateway = gateway_of(world)
    world.known["CP-7"] = replies.Refused(401, "no_password")
    for _ in range(6):
        assert (await Socket(gateway).knock())["status"] == 401
    assert pauses == []
