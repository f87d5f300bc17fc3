"""Lost stops (quirks 33, 49): a session ages by evidence, and heals when the station speaks of it again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from sessions_app.models import ChargingSession
from sessions_app.services import replaying, silence
from stations.models import ChargingStation
from tests.factories import TokenFactory

from .telling import MORNING, Teller, Teller2

Tell = Callable[..., Any]
HOUR, DAY = 60, 24 * 60
pytestmark = pytest.mark.usefixtures("card")


def at(minute: float) -> datetime:
    return MORNING + timedelta(minutes=minute)


def charge(tell: Tell, pole: Teller, minute: float = 0, meter: int = 1000) -> str:
    """A charge that was read for an hour and never ended."""
    with time_machine.travel(at(minute), tick=False):
        number: str = tell(pole.start(minute, meter=meter)).transaction_id
        for quarter in range(1, 5):
            tell(pole.update(minute + 15 * quarter, number, meter + 2_500 * quarter))
    return number


def wait(hours: float) -> None:
    """The sweeps, every hour until then."""
    for hour in range(int(hours) + 1):
        silence.doubt(now=at(hour * HOUR))
        silence.age(now=at(hour * HOUR))


def test_after_a_day_of_doubt_it_ends_at_its_last_good_reading(tell: Tell, pole: Teller) -> None:
    charge(tell, pole)
    wait(35)
    assert ChargingSession.objects.get().status == "active"
    wait(40)

    session = ChargingSession.objects.get()
    assert (session.status, session.energy, session.estimated) == ("completed", Decimal(10_000), True)
    assert session.stopped_at == at(60)
    assert session.review == "missing_stop"


def test_q49_a_power_cut_is_known_by_the_next_boot(tell: Tell, pole: Teller) -> None:
    """The station is connected and silent about the charge that ran when the power went."""
    charge(tell, pole)
    ChargingStation.objects.update(online=True, last_boot=at(90))
    wait(3)
    assert ChargingSession.objects.get().review == "silent"
    wait(30)
    assert ChargingSession.objects.get().status == "completed"


def test_a_suspended_car_at_a_connected_station_never_ages(tell: Tell, pole: Teller) -> None:
    charge(tell, pole)
    ChargingStation.objects.update(online=True, last_boot=at(-60))
    wait(7 * 24)
    assert ChargingSession.objects.get().status == "active"


def test_q49_a_late_stop_settles_it(tell: Tell, pole: Teller) -> None:
    number = charge(tell, pole)
    wait(48)
    tell(pole.stop(75, number, 13_000, heard=3 * DAY))

    session = ChargingSession.objects.get()
    assert (session.energy, session.stopped_at, session.stop_reason) == (Decimal(12_000), at(75), "Local")
    assert (session.estimated, session.review) == (False, "")


def test_a_message_brings_it_back_to_life(tell: Tell, pole: Teller) -> None:
    number = charge(tell, pole)
    wait(48)
    tell(pole.update(3 * DAY, number, 61_000))

    session = ChargingSession.objects.get()
    assert (session.status, session.energy, session.review) == ("active", Decimal(60_000), "")
    assert session.stopped_at is None


def test_one_that_comes_back_ends_where_another_has_begun_since(tell: Tell, pole2: Teller2) -> None:
    """One at a time per EVSE, also when the other has ended long ago."""
    from stations.vocabulary.events import TransactionEnded, TransactionStarted, TransactionUpdated
    from stations.vocabulary.values import EvseRef, IdToken

    token = {"evse": EvseRef(1, 1), "token": IdToken("04A1B2C3")}
    with time_machine.travel(at(0), tick=False):
        tell(pole2.event(TransactionStarted, 0, "first", 0, 1_000, **token))
        tell(pole2.event(TransactionUpdated, 30, "first", 1, 6_000))
    wait(48)
    tell(pole2.event(TransactionStarted, 50 * HOUR, "second", 0, 9_000, **token))
    tell(pole2.event(TransactionEnded, 51 * HOUR, "second", 1, 12_000, reason="Local"))
    tell(pole2.event(TransactionUpdated, 49 * HOUR, "first", 2, 8_500, heard=60 * HOUR))

    first = ChargingSession.objects.get(transaction_id="first")
    assert (first.status, first.energy) == ("completed", Decimal(7_500))
    assert not ChargingSession.objects.active().exists()


def test_a_next_start_bounds_what_has_aged(tell: Tell, pole: Teller, operator: Any) -> None:
    TokenFactory(operator=operator, uid="SECOND")
    charge(tell, pole)
    wait(48)
    with time_machine.travel(at(49 * HOUR), tick=False):
        tell(pole.start(49 * HOUR, "SECOND", meter=11_500))

    assert ChargingSession.objects.active().count() == 1


def test_replay_tells_the_same(tell: Tell, pole: Teller) -> None:
    charge(tell, pole)
    wait(48)
    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []
