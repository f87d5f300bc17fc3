"""Q54: stations of 2.x are asked about sessions in doubt, and what they answer counts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
import time_machine

from sessions_app.models import ChargingSession
from sessions_app.services import inquiries, silence
from stations.models import ChargingStation, Command
from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef, IdToken

from .telling import MORNING, Teller, Teller2

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")
DOUBT = 180


def at(minute: float) -> Any:
    return MORNING + timedelta(minutes=minute)


def ask(minute: float) -> int:
    with time_machine.travel(at(minute), tick=False):
        return inquiries.ask(now=at(minute))


def answered(minute: float, **told: bool) -> None:
    response = orjson.dumps(told).decode()
    Command.objects.filter(response=None).update(response=response, completed_at=at(minute), status="accepted")


def status() -> str:
    return ChargingSession.objects.get().status


@pytest.fixture
def doubted(tell: Tell, pole2: Teller2) -> Teller2:
    """A charge whose station booted and says nothing of it."""
    token = {"evse": EvseRef(1, 1), "token": IdToken("04A1B2C3")}
    with time_machine.travel(at(0), tick=False):
        tell(pole2.event(TransactionStarted, 0, "tx-1", 0, 1_000, **token))
        tell(pole2.event(TransactionUpdated, 30, "tx-1", 1, 6_000))
    ChargingStation.objects.update(online=True, ocpp_version="2.0.1", last_boot=at(90))
    assert silence.doubt(now=at(DOUBT)) == 1
    return pole2


def test_q54_it_is_asked_by_its_number_and_again_after_two_hours(doubted: Teller2) -> None:
    assert [ask(DOUBT + minute) for minute in (1, 10, 119, 122)] == [1, 0, 0, 1]
    command = Command.objects.earliest("id")
    assert (command.action, command.payload, command.automatic) == (
        "GetTransactionStatus",
        '{"transactionId":"tx-1"}',
        True,
    )


def test_q54_over_but_with_messages_in_the_queue_stays_open(tell: Tell, doubted: Teller2) -> None:
    for hour in range(0, 40, 2):
        ask(DOUBT + 60 * hour)
        answered(DOUBT + 60 * hour + 1, ongoingIndicator=False, messagesInQueue=True)
        silence.age(now=at(DOUBT + 60 * hour + 2))
        assert status() == "active"
    tell(doubted.event(TransactionEnded, 60, "tx-1", 2, 9_000, heard=DOUBT + 41 * 60, reason="Local"))

    session = ChargingSession.objects.get()
    assert (session.status, session.energy, session.review) == ("completed", 8_000, "")


def test_q54_one_that_goes_on_does_not_age(doubted: Teller2) -> None:
    ask(DOUBT + 25 * 60)
    answered(DOUBT + 25 * 60, ongoingIndicator=True, messagesInQueue=False)
    assert silence.age(now=at(DOUBT + 26 * 60)) == 0
    assert silence.age(now=at(DOUBT + 32 * 60)) == 1  # an old answer says nothing of today


def test_q54_where_nothing_waits_it_ages_at_once(doubted: Teller2) -> None:
    ask(DOUBT + 1)
    assert silence.age(now=at(DOUBT + 2)) == 0
    answered(DOUBT + 2, ongoingIndicator=False, messagesInQueue=False)
    assert silence.age(now=at(DOUBT + 3)) == 1

    session = ChargingSession.objects.get()
    assert (session.status, session.energy, session.review) == ("completed", 5_000, "missing_stop")


@pytest.mark.parametrize("response", ['"Accepted"', "{}", '{"messagesInQueue":"true"}', "null"])
def test_q54_an_odd_answer_is_none(doubted: Teller2, response: str) -> None:
    ask(DOUBT + 1)
    Command.objects.update(response=response, completed_at=at(DOUBT + 2))
    assert silence.age(now=at(DOUBT + 3)) == 0
    assert silence.age(now=at(DOUBT + 25 * 60)) == 1


def test_q54_stations_that_are_away_or_speak_1_6_are_not_asked(tell: Tell, doubted: Teller2, pole: Teller) -> None:
    ChargingStation.objects.update(online=False)
    assert ask(DOUBT + 1) == 0
    ChargingStation.objects.update(online=True, ocpp_version="1.6")
    assert ask(DOUBT + 1) == 0
    assert not Command.objects.exists()
