"""Before a tariff is published somebody sees where it has no price, or two."""

from datetime import datetime

import pytest

from billing.tariffs import findings, parsing
from billing.tariffs.findings import Finding, Kind, Span
from billing.tariffs.model import KWH_MWH, Dimension, Restrictions

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
