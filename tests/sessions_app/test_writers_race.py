"""Two gateways may hold events of one station, or of one card, in the same instant. The database is the referee."""

import contextlib
import random
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import Operator, Token
from sessions_app.handlers import HANDLERS
from sessions_app.models import ChargingSession, Evidence
from sessions_app.models.session import SessionQuerySet
from sessions_app.services import replaying, starts
from stations.models import Command
from stations.vocabulary.central_system import CentralSystem
from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
from stations.vocabulary.values import EvseRef, IdToken
from tests.factories import EvseFactory, OperatorFactory, StationFactory, TokenFactory

from .telling import Teller, Teller2

pytestmark = pytest.mark.django_db(transaction=True)
Work = Callable[[], Any]


def in_parallel(works: Sequence[Work]) -> list[Any]:
    """Each in a thread and a transaction of its own; a busy database is asked again, as gateways do."""
    together = threading.Barrier(len(works))
    done: list[Any] = [None] * len(works)

    def run(place: int) -> None:
        together.wait(timeout=30)
        while done[place] is None:
            with contextlib.suppress(OperationalError), transaction.atomic():
                done[place] = works[place]()
        connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def handling(events: Sequence[Any]) -> Work:
    return lambda: CentralSystem(HANDLERS).handle(events)


def nothing_differs() -> bool:
    sessions: SessionQuerySet = ChargingSession.objects.all()
    return list(replaying.replay(sessions, write=False)) == []


@pytest.fixture
def operator(transactional_db: None) -> Operator:
    return OperatorFactory()


def test_four_writers_with_the_same_starts_give_the_same_answers(operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3", max_active_sessions=None)
    poles = [Teller(StationFactory(operator=operator)) for _ in range(12)]
    starts = [pole.start(0) for pole in poles]
    orders = [random.Random(seed).sample(range(12), 12) for seed in range(4)]
    answers = in_parallel([handling([starts[place] for place in order]) for order in orders])

    by_station = [dict(zip(order, told, strict=True)) for order, told in zip(orders, answers, strict=True)]
    assert by_station[0] == by_station[1] == by_station[2] == by_station[3]
    assert {answer.authorization.status for answer in answers[0]} == {"Accepted"}
    assert ChargingSession.objects.count() == Evidence.objects.count() == 12
    assert nothing_differs()


def test_a_card_at_four_stations_at_once_starts_at_one(operator: Operator) -> None:
    card = TokenFactory(operator=operator, uid="04A1B2C3")
    poles = [Teller(StationFactory(operator=operator)) for _ in range(4)]
    answers = in_parallel([handling([pole.start(0)]) for pole in poles])

    told = sorted(answer.authorization.status for (answer,) in answers)
    assert told == ["Accepted", "ConcurrentTx", "ConcurrentTx", "ConcurrentTx"]
    assert Token.objects.get() == card


def test_a_double_tap_asks_the_station_once(operator: Operator) -> None:
    station = StationFactory(operator=operator, online=True, ocpp_version="1.6")
    evse, token = EvseFactory(station=station), TokenFactory(operator=operator)
    tap = partial(starts.remote, evse=evse, token=token, by=None, driver=None)

    assert len(set(in_parallel([tap] * 4))) == 1
    assert Command.objects.count() == 1


def test_the_events_of_one_transaction_from_two_gateways_make_one_session(operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3")
    pole = Teller2(StationFactory(operator=operator))
    token, place = IdToken("04A1B2C3", "ISO14443"), EvseRef(1, 1)
    story = [
        pole.event(TransactionStarted, 0, "t", 0, 1000, evse=place, token=token),
        pole.event(TransactionUpdated, 10, "t", 1, 3000),
        pole.event(TransactionUpdated, 20, "t", 2, 5000),
        pole.event(TransactionEnded, 30, "t", 3, 6000, reason="Local"),
    ]
    answers = in_parallel([handling([event]) for event in story])

    assert {answer.transaction_id for (answer,) in answers} == {"t"}
    session = ChargingSession.objects.get()
    assert (session.status, int(session.energy), session.review, session.id_tag) == ("completed", 5000, "", "04A1B2C3")
    assert Evidence.objects.filter(session=session).count() == 4
    assert nothing_differs()


def test_readings_of_one_session_from_four_gateways_are_all_counted(operator: Operator) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3")
    pole = Teller(StationFactory(operator=operator))
    with transaction.atomic():
        (started,) = handling([pole.start(0, meter=0)])()
    number = started.transaction_id
    in_parallel([handling([pole.update(minute, number, 100 * minute)]) for minute in range(1, 9)])

    assert int(ChargingSession.objects.get().energy) == 800
    assert Evidence.objects.count() == 9
    assert nothing_differs()
