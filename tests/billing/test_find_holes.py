"""Before a tariff is published somebody sees where it has no price, or two."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.tariffs import findings, parsing
from billing.tariffs.findings import Finding, Kind, Span
from billing.tariffs.model import DAY_S, KWH_MWH, Dimension, Restrictions
from tests.billing.strategies import CLOCK, CONSUMED, ELAPSED, Json, many, restrictions
from tests.billing.test_price_properties import holds

MONDAY = datetime(2026, 11, 16)


def energy(price: float, **restrictions: object) -> dict[str, object]:
    element: dict[str, object] = {"price_components": [{"type": "ENERGY", "price": price}]}
    return element | ({"restrictions": restrictions} if restrictions else {})


def found(*elements: dict[str, object]) -> list[Finding]:
    return findings.of(parsing.tariff(list(elements)), Dimension.ENERGY, MONDAY)


def test_one_price_at_all_hours_is_in_order() -> None:
    assert found(energy(0.55)) == []


def test_a_fallback_behind_the_others_is_in_order() -> None:
    assert found(energy(0.49, start_time="22:00", end_time="07:00"), energy(0.59)) == []


def test_an_hour_without_a_price_is_a_hole() -> None:
    holes = found(energy(0.49, day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SUNDAY"]),
                  energy(0.59, start_time="06:00"))  # fmt: skip
    assert holes[0] == Finding(Kind.HOLE, Dimension.ENERGY, (Span(5, 0, 6 * 3600),))


def test_two_prices_for_one_hour_are_told_with_the_winner_first() -> None:
    sunday, evening = energy(0.49, day_of_week=["SUNDAY"]), energy(0.69, start_time="17:00", end_time="20:00")
    assert found(sunday, evening, energy(0.59)) == [
        Finding(Kind.OVERLAP, Dimension.ENERGY, (Span(6, 17 * 3600, 20 * 3600),), (0, 1))
    ]


def test_the_same_price_twice_is_no_overlap() -> None:
    night, sunday = energy(0.49, start_time="22:00", end_time="07:00"), energy(0.49, day_of_week=["SUNDAY"])
    assert found(night, sunday, energy(0.59)) == []


def test_a_price_behind_one_that_always_applies_never_does() -> None:
    assert [(f.kind, f.elements) for f in found(energy(0.59), energy(0.49))] == [(Kind.NEVER, (1,))]


def test_a_season_of_another_week_is_not_said_to_be_dead() -> None:
    assert found(energy(0.39, start_date="2027-07-01", end_date="2027-09-01"), energy(0.59)) == []


def test_a_price_of_holidays_is_not_said_to_be_dead() -> None:
    assert found(energy(0.39, holidays="only"), energy(0.59)) == []


def test_holidays_without_a_price_are_a_case() -> None:
    assert found(energy(0.59, holidays="except")) == [
        Finding(Kind.CASE, Dimension.ENERGY, (), case=Restrictions(holidays=True))
    ]


def test_a_power_that_nothing_prices_is_a_case() -> None:
    assert found(energy(0.2, max_power=16), energy(0.35, max_power=32)) == [
        Finding(Kind.CASE, Dimension.ENERGY, (), case=Restrictions(min_power=32_000))  # type: ignore[arg-type]
    ]


def test_the_energy_before_the_first_price_is_a_case() -> None:
    assert found(energy(0.5, min_kwh=10)) == [
        Finding(Kind.CASE, Dimension.ENERGY, (), case=Restrictions(max_energy=10 * KWH_MWH))  # type: ignore[arg-type]
    ]


@pytest.mark.parametrize("count", [3, 30])
def test_many_limits_are_looked_at_in_time(count: int) -> None:
    tiers = [energy(n / 100, min_kwh=n, max_power=n, min_duration=n) for n in range(1, count)]
    assert found(*tiers, energy(0.9)) == []


def test_a_dimension_without_a_price_is_not_asked_about() -> None:
    assert findings.of(parsing.tariff([energy(0.5)]), Dimension.TIME, MONDAY) == []


def test_what_else_contradicts_itself_is_found_beside_the_energy() -> None:
    parking = [
        {"price_components": [{"type": "PARKING_TIME", "price": price}], "restrictions": {"start_time": start}}
        for price, start in ((6, "08:00"), (3, "07:00"))
    ]
    tariff = parsing.tariff([energy(0.55), *parking])
    assert findings.of(tariff, Dimension.ENERGY, MONDAY) == []
    every = tuple(Span(day, 8 * 3600, DAY_S) for day in range(7))
    assert findings.besides(tariff, Dimension.ENERGY, MONDAY) == [
        Finding(Kind.OVERLAP, Dimension.PARKING_TIME, every, (1, 2))
    ]


# ---- any tariff ----------------------------------------------------------------------------------------------------------

instants = st.tuples(st.integers(0, 6), st.integers(0, 86_399))


def naive(elements: list[Json], now: Json) -> list[int]:
    return [index for index, element in enumerate(elements) if holds(element["restrictions"], now, frozenset())]


@many
@given(st.lists(restrictions([*CLOCK[:2], *ELAPSED[2:], *CONSUMED]), min_size=1, max_size=4), instants, st.data())
def test_every_charge_without_a_price_is_told_and_no_other(
    limits: list[Json], instant: tuple[int, int], data: st.DataObject
) -> None:
    """Whatever the hour, the power, the current and the energy."""
    prices = data.draw(st.lists(st.integers(1, 3), min_size=len(limits), max_size=len(limits)))
    elements = [
        {"price_components": [{"type": "ENERGY", "price": price}], "restrictions": one}
        for price, one in zip(prices, limits, strict=True)
    ]
    day, second = instant
    values = st.sampled_from([0, 1, 20, 41, 70]) | st.integers(0, 70)
    now = {name: data.draw(values) for name in ("kwh", "power", "current")} | {
        "local": MONDAY + timedelta(days=day, seconds=second), "duration": 0, "parking_duration": None,
    }  # fmt: skip
    told = findings.of(parsing.tariff(elements), Dimension.ENERGY, MONDAY)
    unpriced = any(one.kind in (Kind.HOLE, Kind.CASE) and covers(one, instant, now) for one in told)
    applying = naive(elements, now)
    assert unpriced is not bool(applying)
    dead = {one.elements[0] for one in told if one.kind is Kind.NEVER}
    assert not applying or applying[0] not in dead


def covers(finding: Finding, instant: tuple[int, int], now: Json) -> bool:
    day, second = instant
    case = finding.case
    at_the_time = not finding.spans or any(s.day == day and s.start_s <= second < s.end_s for s in finding.spans)
    limits = (
        (case.min_energy, now["kwh"] * KWH_MWH, case.max_energy),
        (case.min_power, now["power"] * 1000, case.max_power),
        (case.min_current, now["current"], case.max_current),
    )
    return at_the_time and all(
        (not low or value >= low) and (high is None or value < high) for low, value, high in limits
    )
