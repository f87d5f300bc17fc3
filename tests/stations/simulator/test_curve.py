"""Batteries and limits, without a wire."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.simulator import battery, limits

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def test_a_dc_car_tapers_and_an_ac_car_does_not() -> None:
    car = battery.Car(soc=0.3, ac_w=11_000, dc_w=100_000)
    assert (car.accepts_w(dc=True), car.accepts_w(dc=False)) == (100_000, 11_000)
    car.soc = 0.8
    assert (car.accepts_w(dc=True), car.accepts_w(dc=False)) == (pytest.approx(42_000), 11_000)


@given(st.floats(0, 1), st.floats(0, 500_000))
def test_a_battery_never_takes_more_than_fits(soc: float, wh: float) -> None:
    car = battery.Car(soc=soc, target=0.9, capacity_wh=50_000)
    taken = car.take(wh)
    assert 0 <= taken <= wh
    assert car.soc <= max(soc, 0.9) + 1e-9


def test_a_car_is_known_by_what_it_draws() -> None:
    assert battery.seen(soc=0.6, power_w=72_000, dc=True).accepts_w(dc=True) == pytest.approx(72_000)
    assert battery.seen(soc=0.6, power_w=21_800, dc=False).accepts_w(dc=False) == 21_800
    assert battery.seen(soc=0.8, power_w=0, dc=False).full


def profile(**changes: object) -> limits.Profile:
    given = {
        "id": 1, "connector": 0, "stack_level": 0, "purpose": "TxDefaultProfile", "kind": "Absolute",
        "periods": ((0, 10_000.0),), "start": NOON,
    }  # fmt: skip
    return limits.Profile(**{**given, **changes})  # type: ignore[arg-type]


def limit(*profiles: limits.Profile, at: datetime = NOON) -> float | None:
    installed = limits.Installed()
    for each in profiles:
        installed.take(each)
    return installed.limit_w(connector=1, at=at, began=NOON)


def test_no_profile_is_no_limit() -> None:
    assert limit() is None


def test_the_higher_level_wins_as_long_as_it_lasts() -> None:
    high = profile(id=2, stack_level=5, periods=((0, 4000.0),), duration=600)
    assert limit(profile(), high) == 4000
    assert limit(profile(), high, at=NOON + timedelta(seconds=600)) == 10_000


def test_the_transactions_profile_overrules_the_default_and_the_stations_maximum_caps_both() -> None:
    own = profile(id=2, purpose="TxProfile", connector=1, periods=((0, 22_000.0),))
    cap = profile(id=3, purpose="ChargePointMaxProfile", periods=((0, 16_000.0),))
    assert limit(profile(), own) == 22_000
    assert limit(profile(), own, cap) == 16_000


def test_a_daily_profile_comes_back_tomorrow() -> None:
    night = profile(kind="Recurring", recurrence="Daily", periods=((0, 3000.0),), duration=3600)
    assert limit(night, at=NOON + timedelta(days=3, minutes=59)) == 3000
    assert limit(night, at=NOON + timedelta(days=3, minutes=61)) is None


def test_amperes_are_per_phase() -> None:
    wire = {
        "charging_profile_id": 1, "stack_level": 0, "charging_profile_purpose": "TxDefaultProfile",
        "charging_profile_kind": "Relative",
        "charging_schedule": {
            "charging_rate_unit": "A", "charging_schedule_period": [{"start_period": 0, "limit": 16}],
        },
    }  # fmt: skip
    assert limits.read(wire, connector=0).periods == ((0, 16 * 230 * 3),)
    wire["charging_schedule"]["charging_schedule_period"][0]["number_phases"] = 1
    assert limits.read(wire, connector=0).periods == ((0, 16 * 230),)
