"""People and a fault: taken, handed over, given back, explained, and closed only where no charger could."""

from datetime import timedelta

import pytest
import time_machine

from cms.core.errors import Conflict, Invalid
from stations.diagnostics import faults, hands
from stations.models import Fault
from tests.factories import UserFactory

from .conftest import NOON


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def fault(station) -> Fault:
    faults.report(station_id=station.pk, kind="problem", evse_id=1, connector_id=1, code="Fan.Problem", at=NOON)
    return Fault.objects.get()


def who(fault: Fault):
    fault.refresh_from_db()
    return fault.acknowledged_by


def test_who_takes_it_first_keeps_it(fault, olga, tom):
    hands.take(fault=fault, by=olga)
    hands.take(fault=fault, by=tom)
    assert who(fault) == olga


def test_it_is_handed_over_and_given_back(fault, olga, tom):
    hands.take(fault=fault, by=olga)
    hands.hand_over(fault=fault, to=tom)
    assert who(fault) == tom
    hands.give_back(fault=fault)
    assert who(fault) is None
    assert fault.acknowledged_at is None


def test_only_who_may_work_on_stations_can_be_given_one(fault, olga, anna, carla):
    for person in (anna, carla, UserFactory()):
        with pytest.raises(Invalid):
            hands.hand_over(fault=fault, to=person)
    assert who(fault) is None
    assert hands.able(fault) == [olga]


def test_a_note_is_kept_and_may_not_be_a_book(fault):
    hands.note(fault=fault, text="  Fan replaced, part F-12 ")
    with pytest.raises(Invalid):
        hands.note(fault=fault, text="x" * 2001)
    fault.refresh_from_db()
    assert fault.note == "Fan replaced, part F-12"


def test_what_no_charger_takes_back_is_closed_by_hand_once(fault, olga, tom, clock):
    hands.close(fault=fault, by=olga)
    clock.shift(timedelta(hours=1))
    hands.close(fault=fault, by=tom)
    fault.refresh_from_db()
    assert (fault.closed_at, fault.closed_by) == (NOON, olga)


@pytest.mark.parametrize("kind", ["offline", "never_connected", "faulted"])
def test_what_the_charger_itself_ends_cannot_be_talked_away(station, olga, kind):
    faults.report(station_id=station.pk, kind=kind, at=NOON)
    with pytest.raises(Conflict) as refused:
        hands.close(fault=Fault.objects.get(), by=olga)
    assert refused.value.code == "still_there"
    assert Fault.objects.get().closed_at is None


def test_one_that_comes_back_was_not_closed_by_anybody(fault, station, olga):
    hands.close(fault=fault, by=olga)
    again = NOON + timedelta(minutes=5)
    faults.report(station_id=station.pk, kind="problem", evse_id=1, connector_id=1, code="Fan.Problem", at=again)
    fault.refresh_from_db()
    assert (fault.closed_at, fault.closed_by, fault.hits) == (None, None, 2)
