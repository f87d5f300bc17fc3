"""Charges told by a wrong clock: held while nobody corrects it, right once somebody has (quirks 27–29, 67; decision 0016)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from accounts.models import User
from billing.services.charges import rating
from sessions_app.metering import kept
from sessions_app.models import ChargingSession, Evidence
from sessions_app.selectors.curve import curve
from sessions_app.services import replaying, timekeeping
from stations.models import ChargingStation, Fault
from stations.services import clocks
from stations.services.clocks import Correction
from stations.vocabulary.events import TransactionEnded, TransactionStarted
from stations.vocabulary.values import EvseRef

from .telling import MORNING, Teller, Teller2

Tell = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("card")
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
AHEAD = 120  # minutes


def charge(tell: Tell, pole: Teller, *, off: float, minutes: float = 30) -> ChargingSession:
    """2 kWh by a clock that is `off` minutes ahead, heard at once."""
    started = tell(pole.start(off, heard=0, meter=1000))
    tell(pole.update(off + minutes / 2, started.transaction_id, 2000, heard=minutes / 2))
    tell(pole.stop(off + minutes, started.transaction_id, 3000, heard=minutes))
    return ChargingSession.objects.get()


def unlike() -> list[Any]:
    return list(replaying.replay(ChargingSession.objects.all(), write=False))


def test_q28_a_charge_by_a_clock_two_hours_ahead_waits_for_a_person(tell: Tell, pole: Teller) -> None:
    session = charge(tell, pole, off=AHEAD)

    assert (session.energy, session.review) == (2000, "clock_skew")
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    assert (cdr.held, "review" in cdr.flags) == (True, True)
    assert unlike() == []


@pytest.mark.parametrize("off", [-AHEAD, -6, 6, 17 * 60])
def test_minutes_behind_or_ahead_are_proved_by_the_charge_itself(tell: Tell, pole: Teller, off: float) -> None:
    assert charge(tell, pole, off=off).review == "clock_skew"


@pytest.mark.parametrize("off", [-4, -0.5, 0, 0.5, 4])
def test_a_few_minutes_matter_to_nobody(tell: Tell, pole: Teller, off: float) -> None:
    assert charge(tell, pole, off=off).review == ""


def test_q67_a_charge_that_waited_in_a_queue_has_a_right_clock(tell: Tell, pole: Teller) -> None:
    started = tell(pole.start(0, heard=300, meter=1000))
    tell(
        pole.update(15, started.transaction_id, 2000, heard=300), pole.stop(30, started.transaction_id, 3000, heard=300)
    )
    session = ChargingSession.objects.get()

    assert (session.energy, session.started_at, session.stopped_at, session.review) == (
        2000,
        MORNING,
        MORNING + 30 * MINUTE,
        "",
    )


def test_q28_a_corrected_clock_tells_true_times_and_keeps_the_raw_ones(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    clocks.assume({station.pk: Correction(MORNING - HOUR, -AHEAD * 60)})
    session = charge(tell, pole, off=AHEAD)

    assert (session.started_at, session.stopped_at, session.energy, session.review) == (
        MORNING,
        MORNING + 30 * MINUTE,
        2000,
        "",
    )
    assert session.last_reading_at == MORNING + 15 * MINUTE
    assert [point.at for point in curve(session) if point.energy_wh == Decimal(1000)] == [MORNING + 15 * MINUTE]
    row = Evidence.objects.get(kind="updated")
    assert row.occurred_at == MORNING + 15 * MINUTE
    assert '"shift":-7200' in row.facts
    assert [raw.at for raw in kept.load(row.readings)] == [MORNING + 15 * MINUTE + 2 * HOUR]
    clocks.assume({})  # what is read back does not ask again
    assert unlike() == []


def test_q28_a_2_x_charge_is_corrected_alike(tell: Tell, pole2: Teller2, station: ChargingStation) -> None:
    clocks.assume({station.pk: Correction(MORNING - HOUR, -AHEAD * 60)})
    evse = EvseRef(1, 1)
    tell(pole2.event(TransactionStarted, AHEAD, "t", 0, 1000, evse=evse, heard=0))
    tell(pole2.event(TransactionEnded, AHEAD + 30, "t", 1, 3000, heard=30))
    session = ChargingSession.objects.get()
    assert (session.started_at, session.stopped_at) == (MORNING, MORNING + 30 * MINUTE)
    assert "clock" not in session.review
    assert unlike() == []


def test_q28_local_time_of_the_site_follows_its_summer_time(tell: Tell, pole: Teller, station: ChargingStation) -> None:
    clocks.assume({station.pk: Correction(MORNING - HOUR, 0, ZoneInfo("Europe/Rome"))})
    session = charge(tell, pole, off=AHEAD)  # 1 May: two hours
    assert (session.started_at, session.review) == (MORNING, "")


def test_q28_a_charge_that_runs_while_its_clock_is_corrected_keeps_one_time(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    clocks.assume({station.pk: Correction(MORNING + 10 * MINUTE, -AHEAD * 60)})
    session = charge(tell, pole, off=AHEAD)
    assert (session.stopped_at - session.started_at, session.energy, session.review) == (
        30 * MINUTE,
        2000,
        "clock_skew",
    )


def test_q28_a_start_repeated_after_the_correction_is_still_the_same(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    first = tell(pole.start(AHEAD, heard=0))
    clocks.assume({station.pk: Correction(MORNING, -AHEAD * 60)})
    assert tell(pole.start(AHEAD, heard=3)) == first
    assert Evidence.objects.count() == 1


def test_q27_what_has_no_time_or_an_impossible_one_is_not_corrected(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    clocks.assume({station.pk: Correction(MORNING - HOUR, -AHEAD * 60)})
    session = charge(tell, pole, off=0)  # the time of receipt stands in
    assert (session.started_at, session.stopped_at) == (MORNING, MORNING + 30 * MINUTE)


def test_readings_that_name_no_transaction_are_corrected_too(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    clocks.assume({station.pk: Correction(MORNING - HOUR, -AHEAD * 60)})
    tell(pole.start(AHEAD, heard=0, meter=1000))
    tell(pole.meter(AHEAD + 10, 1500, heard=10))
    assert ChargingSession.objects.get().last_reading_at == MORNING + 10 * MINUTE
    assert unlike() == []


def test_the_sweep_hears_charges_too_and_a_correction_starts_it_anew(
    tell: Tell, pole: Teller, station: ChargingStation, olga: User
) -> None:
    ChargingStation.objects.update(last_seen=MORNING + 30 * MINUTE)
    charge(tell, pole, off=AHEAD)
    now = MORNING + 31 * MINUTE
    assert timekeeping.watch(now=now) == 1
    station.refresh_from_db()
    assert (station.clock_offset_s, Fault.objects.get().code) == (7_200, "+7200")

    with time_machine.travel(now, tick=False):
        clocks.correct(station=station, kind="shift", seconds=-7_200, by=olga)
    assert timekeeping.watch(now=now + 5 * MINUTE) == 0
    station.refresh_from_db()
    assert (station.clock_offset_s, Fault.objects.filter(closed_at=None).count()) == (None, 0)


def test_q27_a_clock_in_1970_is_a_problem_without_a_question(
    tell: Tell, pole: Teller, station: ChargingStation
) -> None:
    ChargingStation.objects.update(last_seen=MORNING + 30 * MINUTE)
    since_1970 = MORNING.timestamp() / 60
    session = charge(tell, pole, off=-since_1970)
    timekeeping.watch(now=MORNING + 31 * MINUTE)
    station.refresh_from_db()
    assert (session.review, station.clock_offset_s) == ("clock", -round(MORNING.timestamp()))
    assert Fault.objects.get().kind == "clock"
