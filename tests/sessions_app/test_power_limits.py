"""Field notes on smart charging (73–81): how stations take a limit, each in its own way, and what we make of it."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from cms.core.errors import Conflict, Forbidden, Invalid
from sessions_app.models import ChargingSession, PowerHabit, PowerLimit
from sessions_app.services import power_limits
from sessions_app.smart_charging.variants import DEFAULT, STATION, TX
from stations.models import ChargingStation, Command, Fault, Variable
from stations.services import outcomes
from stations.vocabulary import commands as words
from stations.vocabulary import written
from stations.vocabulary.events import CommandSettled, TransactionStarted
from stations.vocabulary.values import EvseRef, IdToken, StationRef
from tests.factories import ConnectorFactory, EvseFactory

from .telling import MORNING, Teller2

Profile = words.SetChargingProfile
VOLTS = 230 * 3


class Pole:
    """A station that answers what it is asked in its own way. `takes` says which profiles it accepts, `obeys` which of those
    it follows; without `tells` it cannot say what holds."""

    def __init__(self, station: ChargingStation) -> None:
        self.station = station
        self.takes: Callable[[Profile], bool] = lambda profile: True
        self.obeys: Callable[[Profile], bool] = lambda profile: True
        self.tells = self.clears = True
        self.asked: list[Profile] = []
        self.profile: Profile | None = None

    def work(self) -> None:
        """Until nothing waits for an answer."""
        while command := Command.objects.filter(status="pending").order_by("pk").first():
            answer = self._answer(written.command(command.kind, command.arguments))
            ref = StationRef(self.station.pk, self.station.operator_id, self.station.identity)
            outcomes.settle(CommandSettled(ref, command.pk, **answer))
            power_limits.answered(command_id=command.pk)

    def _answer(self, word: Any) -> dict[str, Any]:
        if isinstance(word, Profile):
            return self._take(word)
        if isinstance(word, words.ClearChargingProfile):
            self.profile = None if self.clears else self.profile
            return said(status="Accepted")
        return self._schedule(word.unit) if self.tells else said(status="Rejected")

    def _take(self, profile: Profile) -> dict[str, Any]:
        self.asked.append(profile)
        taken = self.takes(profile)
        if taken and self.obeys(profile):
            self.profile = profile
        return said(status="Accepted" if taken else "Rejected")

    def _schedule(self, unit: str) -> dict[str, Any]:
        held = self.watts
        limit = held if unit == "W" else held / VOLTS
        period = {"startPeriod": 0, "limit": limit}
        return said(status="Accepted", chargingSchedule={"chargingRateUnit": unit, "chargingSchedulePeriod": [period]})

    @property
    def watts(self) -> int:
        if self.profile is None:
            return 22_000
        return self.profile.limit * (1 if self.profile.unit == "W" else VOLTS)


def said(**members: Any) -> dict[str, Any]:
    return {"outcome": "result", "payload": json.dumps(members)}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MORNING, tick=False) as moment:
        yield moment


@pytest.fixture
def online(station: ChargingStation) -> ChargingStation:
    evse = EvseFactory(station=station, evse_id=1, max_power_w=22_000, power_type="AC_3_PHASE")
    ConnectorFactory(evse=evse)
    ChargingStation.objects.filter(pk=station.pk).update(
        online=True, ocpp_version="1.6", vendor="Elettra", model="Duo 22", firmware_version="1.4.2"
    )
    station.refresh_from_db()
    return station


@pytest.fixture
def two(online: ChargingStation) -> ChargingStation:
    EvseFactory(station=online, evse_id=2, max_power_w=22_000, power_type="AC_3_PHASE")
    return online


@pytest.fixture
def pole(online: ChargingStation) -> Pole:
    return Pole(online)


@pytest.fixture
def charge(online: ChargingStation, tell: Callable[..., Any], card: Any) -> ChargingSession:
    teller = Teller2(online)
    tell(teller.event(TransactionStarted, 0, "71", 0, 1_000, evse=EvseRef(1, 1), token=IdToken("04A1B2C3")))
    return ChargingSession.objects.get()


def wished(station: ChargingStation, watts: int, **facts: Any) -> PowerLimit:
    return power_limits.wish(**{"station": station, "evse_id": 1, "limit_w": watts, "until": None, "by": None, **facts})


def limit() -> PowerLimit:
    return PowerLimit.objects.get()


def swept() -> None:
    power_limits.go_on(now=timezone.now())


def flows(watts: int, clock: time_machine.Traveller) -> None:
    """Two minutes later the car draws this much."""
    clock.shift(timedelta(minutes=2))
    ChargingSession.objects.update(power_w=watts, last_reading_at=timezone.now())


def test_a_limit_is_proved_by_the_station_s_own_schedule_and_remembered_for_its_make(pole: Pole) -> None:
    wished(pole.station, 11_040)
    pole.work()

    assert (limit().status, limit().given_w, limit().proved_at) == ("holds", 11_040, MORNING)
    assert [(one.purpose, one.kind, one.unit, one.limit) for one in pole.asked] == [(DEFAULT, "Relative", "A", 16)]
    habit = PowerHabit.objects.get()
    assert (habit.vendor, habit.model, habit.firmware, habit.pause) == ("Elettra", "Duo 22", "1.4.2", "")


def test_q73_lower_stack_levels_are_tried_and_the_working_one_is_remembered(pole: Pole) -> None:
    Variable.objects.create(
        station=pole.station, name="ChargeProfileMaxStackLevel", value="999", updated_at=timezone.now()
    )
    pole.takes = lambda profile: profile.stack_level == 0
    wished(pole.station, 7_000)
    pole.work()
    assert (limit().status, pole.asked[0].stack_level, pole.asked[-1].stack_level) == ("holds", 999, 0)

    pole.asked.clear()
    wished(pole.station, 6_000)
    pole.work()
    assert [one.stack_level for one in pole.asked] == [0]


def test_q74_a_station_that_knows_only_its_own_maximum(pole: Pole) -> None:
    pole.takes = lambda profile: profile.purpose == STATION
    wished(pole.station, 9_000)
    pole.work()
    assert limit().status == "holds"
    assert (pole.asked[-1].evse, pole.asked[-1].kind, pole.asked[-1].start) == (None, "Absolute", MORNING)


def test_q74_the_neighbours_of_an_evse_are_left_alone(two: ChargingStation, pole: Pole) -> None:
    pole.takes = lambda profile: profile.purpose == STATION
    wished(two, 9_000)
    pole.work()
    assert (limit().status, limit().ended_at) == ("refused", None)
    assert all(one.evse == EvseRef(1) for one in pole.asked)
    assert not Fault.objects.exists()  # it said so itself


def test_q75_accepted_and_not_applied_is_tried_otherwise(pole: Pole) -> None:
    pole.obeys = lambda profile: profile.unit == "W"
    wished(pole.station, 7_000)
    pole.work()
    assert (limit().status, pole.asked[-1].unit, pole.watts) == ("holds", "W", 7_000)


def test_q75_never_applied_becomes_a_problem_that_ends_with_the_limit(pole: Pole) -> None:
    pole.obeys = lambda profile: False
    wished(pole.station, 7_000)
    pole.work()
    assert limit().status == "ignored"
    fault = Fault.objects.get()
    assert (fault.kind, fault.evse_id, fault.closed_at) == ("limit", 1, None)

    power_limits.lift(limit=limit(), by=None)
    pole.work()
    fault.refresh_from_db()
    assert (limit().status, fault.closed_at) == ("ended", MORNING)


def test_q75_what_flows_is_believed_more_than_what_is_said(
    pole: Pole, charge: ChargingSession, clock: time_machine.Traveller
) -> None:
    pole.tells = False
    wished(pole.station, 7_000)
    pole.work()
    assert limit().status == "promised"

    flows(6_800, clock)
    swept()
    assert (limit().status, limit().proved_at) == ("holds", timezone.now())

    flows(11_000, clock)
    swept()
    pole.work()
    assert len(pole.asked) == 2
    assert pole.asked[0] != pole.asked[1]


def test_q76_what_cannot_pause_goes_on_with_six_amperes(pole: Pole) -> None:
    pole.takes = lambda profile: profile.limit >= 6
    wished(pole.station, 0)
    pole.work()
    assert (limit().status, limit().limit_w, limit().given_w) == ("holds", 0, 4_140)
    assert PowerHabit.objects.get().pause == "least"

    pole.asked.clear()
    wished(pole.station, 0)
    pole.work()
    assert [one.limit for one in pole.asked] == [6]  # nobody asks for nothing again


def test_q76_what_can_pause_does(pole: Pole) -> None:
    wished(pole.station, 0)
    pole.work()
    assert (limit().status, limit().given_w, PowerHabit.objects.get().pause) == ("holds", 0, "zero")


def test_q76_where_nothing_ends_the_charge_six_amperes_are_given_from_then_on(
    pole: Pole, charge: ChargingSession, clock: time_machine.Traveller
) -> None:
    wished(pole.station, 0)
    pole.work()
    clock.shift(timedelta(seconds=20))
    ChargingSession.objects.update(status="completed", stopped_at=timezone.now())
    clock.shift(timedelta(seconds=20))
    swept()
    pole.work()
    assert PowerHabit.objects.get().pause == "stops"
    assert limit().given_w == 4_140


def test_q77_absolute_is_refused_or_relative_or_the_transaction_s_number(pole: Pole, charge: ChargingSession) -> None:
    pole.takes = lambda profile: (profile.kind, profile.transaction_id) == ("Absolute", None)
    wished(pole.station, 7_000)
    pole.work()
    assert (limit().status, pole.asked[0].purpose, pole.asked[0].transaction_id) == ("holds", TX, "71")
    assert PowerHabit.objects.get().variant == limit().variant


def test_q78_the_unit_that_works_is_found_whatever_is_reported(pole: Pole) -> None:
    Variable.objects.create(
        station=pole.station, name="ChargingScheduleAllowedChargingRateUnit", value="Power", updated_at=timezone.now()
    )
    pole.takes = lambda profile: profile.unit == "A"
    wished(pole.station, 7_000)
    pole.work()
    assert (limit().status, pole.asked[0].unit, pole.asked[-1].unit) == ("holds", "W", "A")


def test_q79_after_a_boot_it_is_said_again(pole: Pole, clock: time_machine.Traveller) -> None:
    wished(pole.station, 7_000)
    pole.work()
    pole.profile = None
    clock.shift(timedelta(minutes=5))
    ChargingStation.objects.update(last_boot=timezone.now())
    clock.shift(timedelta(seconds=15))
    swept()
    pole.work()
    assert (limit().status, limit().accepted_at, pole.watts) == ("holds", timezone.now(), 6_900)
    swept()
    assert not Command.objects.filter(status="pending").exists()


def test_q80_what_is_not_cleared_is_overwritten(pole: Pole) -> None:
    pole.clears = False
    wished(pole.station, 7_000)
    pole.work()
    power_limits.lift(limit=limit(), by=None)
    pole.work()
    assert (limit().status, pole.watts) == ("ended", 31 * VOLTS)  # 22 kW
    assert pole.asked[-1].profile_id == pole.asked[0].profile_id


def test_q81_what_is_said_of_the_ability_is_not_asked(pole: Pole) -> None:
    ChargingStation.objects.update(ocpp_version="2.0.1")
    pole.station.refresh_from_db()
    Variable.objects.create(
        station=pole.station, component="SmartChargingCtrlr", name="Available", value="false", updated_at=timezone.now()
    )
    wished(pole.station, 7_000)
    pole.work()
    assert limit().status == "holds"


def test_a_station_without_smart_charging_is_not_asked_twenty_times(pole: Pole) -> None:
    wished(pole.station, 7_000)
    command = Command.objects.get()
    ref = StationRef(pole.station.pk, pole.station.operator_id, pole.station.identity)
    outcomes.settle(CommandSettled(ref, command.pk, "error", error_code="NotImplemented"))
    power_limits.answered(command_id=command.pk)
    power_limits.answered(command_id=command.pk)
    assert (limit().status, Command.objects.count()) == ("refused", 1)


def test_it_ends_by_itself_and_survives_a_lost_connection(pole: Pole, clock: time_machine.Traveller) -> None:
    until = MORNING + timedelta(hours=1)
    wished(pole.station, 7_000, until=until)
    outcomes.close({Command.objects.get().pk: pole.station.pk}, "The connection ended first.")
    swept()  # not told of the end of its command
    swept()
    pole.work()
    assert (limit().status, pole.asked[0].until) == ("holds", until)

    clock.shift(timedelta(hours=1))
    swept()
    pole.work()
    assert (limit().status, limit().ended_at, pole.profile) == ("ended", timezone.now(), None)


def test_another_wish_takes_the_place_of_the_first(pole: Pole) -> None:
    wished(pole.station, 7_000)
    pole.work()
    wished(pole.station, 4_600)
    pole.work()
    assert (limit().status, limit().limit_w, pole.watts) == ("holds", 4_600, 6 * VOLTS)
    assert pole.asked[0].profile_id == pole.asked[1].profile_id


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"limit_w": -1}, "limit"),
        ({"limit_w": 1_000_001}, "limit"),
        ({"evse_id": 7}, "place"),
        ({"until": MORNING - timedelta(seconds=1)}, "until"),
    ],
)
def test_what_makes_no_sense_is_named_and_nothing_is_asked(pole: Pole, facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as wrong:
        wished(pole.station, 7_000, **facts)
    assert list(wrong.value.fields) == [field]
    assert not PowerLimit.objects.exists()
    assert not Command.objects.exists()


def test_an_offline_station_takes_no_wish(station: ChargingStation) -> None:
    with pytest.raises(Conflict) as offline:
        power_limits.wish(station=station, evse_id=0, limit_w=7_000, until=None, by=None)
    assert offline.value.code == "station_offline"
    assert not PowerLimit.objects.exists()


def test_an_accountant_may_not_and_carla_may_not(pole: Pole, anna: User, carla: User) -> None:
    for somebody in (anna, carla):
        with pytest.raises(Forbidden):
            wished(pole.station, 7_000, by=somebody)
    assert not PowerLimit.objects.exists()
