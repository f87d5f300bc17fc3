"""Evidence that nobody claimed is given to its session or set aside, by a person, once, with a reason."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import Operator, User
from cms.core.errors import Conflict, Forbidden, Invalid
from sessions_app.models import ChargingSession, Evidence, OrphanVerdict
from sessions_app.services import orphans, replaying
from tests.factories import StationFactory

from .telling import MORNING, Teller

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")


@pytest.fixture(autouse=True)
def _noon() -> Any:
    with time_machine.travel(MORNING + timedelta(minutes=210), tick=False):
        yield


@pytest.fixture
def lost(tell: Tell, pole: Teller) -> ChargingSession:
    """Its stop came with a number that nobody gave out, when two charges could have been meant."""
    first = tell(pole.start(0, meter=1_000, evse=1)).transaction_id
    tell(pole.update(30, first, 6_000))
    tell(pole.start(5, meter=2_000, evse=2))
    tell(pole.stop(60, "-1", 11_000))
    return ChargingSession.objects.get(transaction_id=first)


@pytest.fixture
def orphan(lost: ChargingSession) -> Evidence:
    return Evidence.objects.orphans().get()


def test_an_orphan_stop_ends_the_session_it_is_given_to(lost: ChargingSession, orphan: Evidence, anna: User) -> None:
    assert (lost.status, lost.energy) == ("active", Decimal(5_000))

    orphans.attach(orphan=orphan, session=lost, reason="The driver’s receipt says so", by=anna)

    session = ChargingSession.objects.get(pk=lost.pk)
    assert (session.status, session.energy, session.meter_stop) == ("completed", Decimal(10_000), Decimal(11_000))
    assert (session.stopped_at, session.stop_reason) == (MORNING + timedelta(minutes=60), "Local")
    verdict = OrphanVerdict.objects.get()
    assert (verdict.session, verdict.reason, verdict.by) == (session, "The driver’s receipt says so", f"user:{anna.pk}")
    assert not Evidence.objects.orphans().exists()
    assert Evidence.objects.filter(kind="ended").count() == 1


def test_a_replay_tells_the_same_story_afterwards(lost: ChargingSession, orphan: Evidence, anna: User) -> None:
    orphans.attach(orphan=orphan, session=lost, reason="Its stop", by=anna)

    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []


def test_what_is_told_later_still_finds_the_session(
    tell: Tell, pole: Teller, lost: ChargingSession, orphan: Evidence, anna: User
) -> None:
    orphans.attach(orphan=orphan, session=lost, reason="Its stop", by=anna)
    tell(pole.update(45, lost.transaction_id, 8_000, heard=220))

    session = ChargingSession.objects.get(pk=lost.pk)
    assert (session.status, session.energy) == ("completed", Decimal(10_000))
    assert list(replaying.replay(ChargingSession.objects.all(), write=False)) == []


def test_an_orphan_that_is_set_aside_is_listed_no_more(orphan: Evidence, anna: User) -> None:
    orphans.set_aside(orphan=orphan, reason="A test of the installer", by=anna)

    assert not Evidence.objects.orphans().exists()
    assert Evidence.objects.get(pk=orphan.pk).session is None
    assert OrphanVerdict.objects.get().session is None


def test_an_orphan_is_settled_once(lost: ChargingSession, orphan: Evidence, anna: User) -> None:
    orphans.set_aside(orphan=orphan, reason="A test", by=anna)

    for again in (
        lambda: orphans.attach(orphan=orphan, session=lost, reason="No", by=anna),
        lambda: orphans.set_aside(orphan=orphan, reason="No", by=anna),
    ):
        with pytest.raises(Conflict) as refused:
            again()
        assert refused.value.code == "orphan_settled"
    assert ChargingSession.objects.get(pk=lost.pk).status == "active"


def test_it_goes_to_no_other_station_and_no_other_evse(
    tell: Tell, pole: Teller, lost: ChargingSession, operator: Operator, anna: User
) -> None:
    tell(pole.update(61, "77", 9_000, evse=3))
    elsewhere = Teller(StationFactory(operator=operator))
    tell(elsewhere.start(0, meter=0))
    other = ChargingSession.objects.get(station=elsewhere.station)
    third = Evidence.objects.orphans().get(kind="updated")

    for wrong in (other, lost):
        with pytest.raises(Invalid) as refused:
            orphans.attach(orphan=third, session=wrong, reason="Guessed", by=anna)
        assert list(refused.value.fields) == ["session"]
    assert Evidence.objects.orphans().count() == 2
    assert list(orphans.candidates(third)) == []


def test_the_candidates_are_what_had_begun_there_the_nearest_first(lost: ChargingSession, orphan: Evidence) -> None:
    other = ChargingSession.objects.exclude(pk=lost.pk).get()
    assert list(orphans.candidates(orphan)) == [other, lost]


def test_a_reason_is_asked_for_and_nothing_happens_without(lost: ChargingSession, orphan: Evidence, anna: User) -> None:
    with pytest.raises(Invalid):
        orphans.attach(orphan=orphan, session=lost, reason=" ", by=anna)
    with pytest.raises(Invalid):
        orphans.set_aside(orphan=orphan, reason=" ", by=anna)
    assert list(Evidence.objects.orphans()) == [orphan]


def test_support_may_not_settle_it(lost: ChargingSession, orphan: Evidence, tom: User) -> None:
    with pytest.raises(Forbidden):
        orphans.attach(orphan=orphan, session=lost, reason="Its stop", by=tom)
    with pytest.raises(Forbidden):
        orphans.set_aside(orphan=orphan, reason="A test", by=tom)
    assert list(Evidence.objects.orphans()) == [orphan]


def test_an_idle_connectors_readings_are_no_orphans(tell: Tell, pole: Teller) -> None:
    tell(pole.meter(0, 1_000, power=0))
    assert not Evidence.objects.orphans().exists()

    tell(pole.meter(1, 1_100, power=7_000))
    assert Evidence.objects.orphans().get().power_w == 7_000
