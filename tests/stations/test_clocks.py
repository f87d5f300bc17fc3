"""A station's clock: estimated from what it says and when we hear it, shown, corrected (quirks 27, 28, 67)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from cms.core.errors import Forbidden, Invalid
from stations.diagnostics import spans, timekeeping
from stations.diagnostics.timekeeping import Estimate
from stations.models import ChargingStation, Connector, Fault, StatusChange
from stations.services import clocks
from stations.services.clocks import Correction
from tests.factories import StationFactory

from .conftest import NOON, cost, knocked, status

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
ROME = ZoneInfo("Europe/Rome")


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def says(station: ChargingStation, tell, word: str, minute: float, *, ahead: timedelta) -> None:
    heard = NOON + minute * MINUTE
    tell(status(station, word, at=heard + ahead, received_at=heard))


def look(minute: float = 30) -> int:
    return timekeeping.note(timekeeping.of_statuses(NOON), NOON + minute * MINUTE)


def problems() -> list[tuple[str, str, bool]]:
    return [(fault.kind, fault.code, fault.closed_at is None) for fault in Fault.objects.order_by("pk")]


def offset(station: ChargingStation) -> int | None:
    station.refresh_from_db()
    return station.clock_offset_s


# ---- the estimate --------------------------------------------------------------------------------------------------


def test_q28_two_hours_ahead_is_one_problem_that_names_them(online, tell) -> None:
    says(online, tell, "Available", 1, ahead=2 * HOUR)
    says(online, tell, "Preparing", 2, ahead=2 * HOUR - SECOND)

    assert look() == 1
    assert look(31) == 0
    assert offset(online) == 7_200
    assert problems() == [("clock", "+7200", True)]


def test_what_waited_in_a_queue_does_not_make_a_clock_late(online, tell) -> None:
    says(online, tell, "Available", 1, ahead=-3 * HOUR - 17 * MINUTE)
    says(online, tell, "Preparing", 2, ahead=-SECOND)

    look()
    assert offset(online) == -1
    assert problems() == []


def test_the_problem_ends_when_the_clock_is_right_again(online, tell) -> None:
    says(online, tell, "Available", 1, ahead=2 * HOUR)
    look(10)
    StatusChange.objects.all().delete()
    says(online, tell, "Preparing", 11, ahead=SECOND)
    look(20)

    assert offset(online) == 1
    assert problems() == [("clock", "+7200", False)]


def test_an_open_problem_says_the_offset_of_now(online, tell) -> None:
    says(online, tell, "Available", 1, ahead=65 * SECOND)
    look(10)
    says(online, tell, "Preparing", 11, ahead=90 * SECOND)
    look(20)
    assert problems() == [("clock", "+90", True)]
    assert Fault.objects.get().hits == 1


def test_a_time_that_is_ours_tells_nothing(online, tell) -> None:
    says(online, tell, "Available", 1, ahead=timedelta())
    says(online, tell, "Preparing", 2, ahead=datetime(1970, 1, 1, tzinfo=UTC) - NOON)

    assert look() == 0
    assert offset(online) is None


def test_many_stations_cost_no_more_statements_than_one(station, operator, tell) -> None:
    others = [StationFactory(operator=operator) for _ in range(20)]
    tell(*(knocked(one.identity) for one in (station, *others)))
    says(station, tell, "Available", 1, ahead=2 * HOUR)
    alone = cost(look)
    for one in others:
        says(one, tell, "Available", 1, ahead=2 * HOUR)
    assert cost(look) == alone
    assert Fault.objects.count() == 21


HEARD = Estimate(5, NOON, 5, NOON)


@pytest.mark.parametrize(
    ("largest", "hours", "believed"),
    [
        (20, 1, 20),  # ahead of what we knew: a queue cannot do that
        (7_200, 1, 7_200),
        (-20, 1, -20),  # drifted
        (-1_000, 1, 5),  # a queue
        (-3_595, 1, -3_595),  # the end of summer time
        (-1_000, 25, -1_000),  # nothing else for a day
    ],
)
def test_what_is_believed_after_a_right_clock(largest: int, hours: int, believed: int) -> None:
    assert timekeeping.believe(HEARD, largest, NOON + hours * HOUR).offset_s == believed


def test_a_jump_of_an_hour_is_a_summer_time() -> None:
    local = Estimate(3_601, NOON, 3_601, NOON)
    later = timekeeping.believe(local, 7_200, NOON + HOUR)
    assert (later.jumped_at, later.base_s, later.drift_s) == (NOON + HOUR, 7_200, None)


def test_drift_is_counted_per_day_from_successive_estimates() -> None:
    estimate = Estimate(0, NOON, 0, NOON)
    for hour in range(1, 13):
        estimate = timekeeping.believe(estimate, round(hour * 2.5), NOON + hour * HOUR)
    assert (estimate.offset_s, estimate.drift_s) == (30, 60)
    assert timekeeping.believe(Estimate(0, NOON, 0, NOON), 3, NOON + HOUR).drift_s is None


@pytest.mark.parametrize(
    ("seconds", "standing", "words"),
    [
        (-30, "right", "30\u00a0s"),
        (61, "drifting", "1\u00a0min 1\u00a0s"),
        (7_190, "zone", "2\u00a0h"),
        (-19_800, "zone", "5\u00a0h 30\u00a0min"),
        (4_000, "off", "1\u00a0h 7\u00a0min"),
        (-183_600, "off", "2 days 3\u00a0h"),
        (-1_777_000_000, "unset", "20567 days 3\u00a0h"),
    ],
)
def test_how_a_clock_stands(seconds: int, standing: str, words: str) -> None:
    assert (timekeeping.standing(seconds), spans.words(seconds)) == (standing, words)


# ---- the correction ------------------------------------------------------------------------------------------------


@given(st.datetimes(datetime(2015, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.replace(tzinfo=UTC)))
def test_local_time_comes_back_as_utc_whatever_the_season(at: datetime) -> None:
    said = at.astimezone(ROME).replace(tzinfo=UTC)
    assert said + Correction(NOON, 0, ROME).of(said, at) * SECOND == at


def test_what_cannot_be_a_time_is_not_moved(station) -> None:
    clocks.assume({station.pk: Correction(NOON, -7_200)})
    heard = NOON + HOUR
    for said in (datetime(1970, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        assert clocks.shift(station.pk, said, heard) == 0
        assert clocks.moved(said, heard, -7_200) == said
    assert clocks.shift(station.pk, heard, heard) == 0
    assert clocks.shift(station.pk, heard + HOUR, heard) == -7_200
    assert clocks.shift(station.pk, heard + HOUR, heard, begun=NOON - SECOND) == 0
    assert clocks.shift(station.pk + 1, heard + HOUR, heard) == 0


def test_q28_a_corrected_clock_stamps_connectors_right(
    online, olga: User, tell, django_capture_on_commit_callbacks
) -> None:
    says(online, tell, "Available", 1, ahead=2 * HOUR)
    look(2)
    with django_capture_on_commit_callbacks(execute=True):
        clocks.correct(station=online, kind="shift", seconds=-7_200, by=olga)
    assert problems() == [("clock", "+7200", False)]
    says(online, tell, "Preparing", 10, ahead=2 * HOUR)

    assert Connector.objects.get().status_at == NOON + 10 * MINUTE
    assert list(StatusChange.objects.order_by("pk").values_list("at", flat=True)) == [
        NOON + MINUTE + 2 * HOUR,
        NOON + 10 * MINUTE,
    ]
    online.refresh_from_db()
    told = (online.clock_correction, online.clock_shift_s, online.clock_corrected_by, online.clock_corrected_at)
    assert told == ("shift", -7_200, olga, NOON)


def test_a_correction_is_read_once_a_minute_and_holds_everywhere_at_once(online, olga: User, tell) -> None:
    clocks.correct(station=online, kind="shift", seconds=-7_200, by=olga)
    clocks.forget()
    assert cost(lambda: clocks.shift(online.pk, NOON + 3 * HOUR, NOON + HOUR)) == 1
    assert cost(lambda: clocks.shift(online.pk, NOON + 3 * HOUR, NOON + HOUR)) == 0
    assert clocks.shift(online.pk, NOON + 3 * HOUR, NOON + 59 * SECOND) == 0
    assert clocks.shift(online.pk, NOON + 3 * HOUR, NOON + 60 * SECOND) == -7_200


@pytest.mark.parametrize(("kind", "seconds"), [("shift", 0), ("shift", 10**12), ("sundial", 60)])
def test_a_correction_that_makes_no_sense_changes_nothing(online, olga: User, kind: str, seconds: int) -> None:
    with pytest.raises(Invalid):
        clocks.correct(station=online, kind=kind, seconds=seconds, by=olga)
    online.refresh_from_db()
    assert (online.clock_correction, online.clock_corrected_at) == ("", None)


def test_tom_may_not_correct_a_clock_and_carla_finds_none(online, tom: User, carla: User) -> None:
    with pytest.raises(Forbidden):
        clocks.correct(station=online, kind="local", by=tom)
    browser = Client()
    for who, expected in ((tom, 403), (carla, 404)):
        browser.force_login(who)
        assert browser.post(f"/ops/stations/{online.identity}/clock/", {"kind": "local"}).status_code == expected
    online.refresh_from_db()
    assert online.clock_correction == ""


def test_olga_corrects_it_on_the_set_up_tab(online, olga: User, tell) -> None:
    says(online, tell, "Available", 1, ahead=2 * HOUR)
    look(2)
    browser = Client()
    browser.force_login(olga)
    page = f"/ops/stations/{online.identity}/?tab=setup&lang=en"
    shown = browser.get(page).content.decode()
    assert "Its clock is 2\u00a0h ahead." in shown
    assert "Correct by −2\u00a0h" in shown
    assert 'name="seconds" value="-7200"' in shown
    assert "Local time of the site" in shown

    browser.post(f"/ops/stations/{online.identity}/clock/", {"kind": "local"})
    shown = browser.get(page).content.decode()
    assert "Read as local time of the site (Europe/Rome)" in shown
    assert "Take the correction back" in shown
    browser.post(f"/ops/stations/{online.identity}/clock/", {"kind": ""})
    online.refresh_from_db()
    assert online.clock_correction == ""


def test_the_list_finds_stations_with_a_wrong_clock(online, olga: User, tell) -> None:
    browser = Client()
    browser.force_login(olga)
    assert f">{online.identity}</a>" not in browser.get("/ops/stations/?state=clock").content.decode()
    says(online, tell, "Available", 1, ahead=-2 * HOUR)
    look(2)
    assert f">{online.identity}</a>" in browser.get("/ops/stations/?state=clock").content.decode()
