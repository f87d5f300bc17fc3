"""The order in which a limit is said to a station, without any station."""

from decimal import Decimal
from typing import Any

import pytest

from sessions_app.smart_charging import answers, variants
from sessions_app.smart_charging.variants import DEFAULT, MOST, STATION, TX, Facts, Variant

IDLE = Facts(version="1.6", dc=False, phases=3, evse=1, alone=False, transaction="")
BUSY = IDLE._replace(transaction="12")
ALONE = BUSY._replace(alone=True)


def purposes(facts: Facts) -> list[str]:
    return list(dict.fromkeys(one.purpose for one in variants.variants(facts)))


def test_q74_a_running_charge_then_the_connector_then_the_station() -> None:
    assert purposes(ALONE) == [TX, DEFAULT, STATION]
    first = [(one.purpose, one.whole) for one in variants.variants(ALONE)[:4]]
    assert first == [(TX, False), (DEFAULT, False), (DEFAULT, True), (STATION, True)]


def test_one_of_several_evses_is_never_limited_by_limiting_its_neighbours() -> None:
    assert purposes(BUSY) == [TX, DEFAULT]
    assert not any(one.whole for one in variants.variants(BUSY))
    assert purposes(BUSY._replace(evse=0, transaction="")) == [STATION]
    assert purposes(ALONE._replace(evse=0, transaction="")) == [STATION, DEFAULT]


@pytest.mark.parametrize(
    ("reported", "levels"), [(8, [8, 1, 0]), (999, [999, 1, 0]), (0, [0, 1]), (None, [0, 1]), (1, [1, 0])]
)
def test_q73_the_reported_stack_level_first_then_down(reported: int | None, levels: list[int]) -> None:
    found = [one.level for one in variants.variants(IDLE._replace(max_level=reported))]
    assert list(dict.fromkeys(found)) == (levels if reported else sorted(levels))


def test_q78_amperes_for_ac_watts_for_dc_and_the_unreported_unit_last() -> None:
    assert variants.variants(IDLE)[0].unit == "A"
    assert variants.variants(IDLE._replace(dc=True))[0].unit == "W"
    assert variants.variants(IDLE._replace(units=("W",)))[0].unit == "W"
    assert {one.unit for one in variants.variants(IDLE._replace(units=("W",)))} == {"A", "W"}


def test_q77_the_other_kind_and_a_nameless_transaction_are_tried() -> None:
    found = variants.variants(BUSY)
    assert found[0] == Variant(TX, False, "Relative", "A", 0, True)
    assert Variant(TX, False, "Absolute", "A", 0, True) in found
    assert Variant(TX, False, "Relative", "A", 0, False) in found
    assert all(one.named for one in variants.variants(BUSY._replace(version="2.0.1")))


def test_what_differs_in_one_thing_comes_before_what_differs_in_two() -> None:
    found = variants.variants(ALONE._replace(max_level=8))
    assert len(found) == len(set(found)) == MOST
    assert [one.purpose for one in found[:4]] == [TX, DEFAULT, DEFAULT, STATION]


def test_what_a_model_is_known_to_take_comes_first_and_nothing_comes_twice() -> None:
    known = Variant(DEFAULT, False, "Absolute", "W", 1)
    assert variants.variants(IDLE, known)[0] == known
    tried: list[Variant] = []
    while one := variants.following(IDLE, tried, known):
        tried.append(one)
    assert sorted(tried) == sorted(variants.variants(IDLE, known))


def test_a_variant_survives_its_row() -> None:
    one = Variant(STATION, True, "Absolute", "W", 3)
    assert variants.loads(variants.dumps(one)) == one


def test_a_limit_is_never_rounded_up() -> None:
    assert variants.amount(11_000, unit="A", phases=3) == 15
    assert variants.amount(11_000, unit="W", phases=3) == 11_000
    assert variants.least_w(3) == 4_140


@pytest.mark.parametrize(
    ("answer", "watts"),
    [
        ({"chargingSchedule": {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"limit": 7000.0}]}}, 7000),
        ({"schedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"limit": 16}]}}, 11_040),
        ({"schedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"limit": 16, "numberPhases": 1}]}}, 3_680),
        ({"schedule": {"chargingSchedulePeriod": [{"limit": 22000}, {"startPeriod": 1, "limit": 7000}]}}, 7000),
        ({"schedule": {"chargingSchedulePeriod": [{"limit": 7000}, {"startPeriod": 60, "limit": 22000}]}}, 7000),
        ({"status": "Rejected"}, None),
        ({"schedule": []}, None),
        ({"schedule": {"chargingSchedulePeriod": []}}, None),
        ({"schedule": {"chargingSchedulePeriod": [{"limit": "much"}]}}, None),
        ({"schedule": {"chargingSchedulePeriod": [{"limit": "NaN"}]}}, None),
    ],
)
def test_q75_what_a_composite_schedule_says_at_once(answer: dict[str, Any], watts: int | None) -> None:
    assert answers.limit_w(answer, phases=3) == (None if watts is None else Decimal(watts))
