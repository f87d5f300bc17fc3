"""Cents, as the rule that is printed on every receipt makes them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing.tariffs import engine, parsing, rounding
from billing.tariffs.periods import Period, State
from billing.tariffs.rounding import Kind, Settlement

ROME = ZoneInfo("Europe/Rome")
START = datetime(2026, 6, 15, 8, tzinfo=UTC)


def settled(elements: list[dict[str, Any]], wh: int, parked_min: int = 0, **terms: Any) -> Settlement:
    hour = START + timedelta(hours=1)
    periods = [
        Period(START, hour, State.CHARGING, Decimal(wh)),
        Period(hour, hour + timedelta(minutes=parked_min), State.PARKING),
    ]
    return rounding.settle(engine.price(parsing.tariff(elements, **terms), periods, ROME))


def component(kind: str, price: str, vat: int | None = 22) -> dict[str, Any]:
    return {"type": kind, "price": Decimal(price), "vat": vat, "step_size": 1}


def amounts(settlement: Settlement) -> list[tuple[str, str]]:
    return [(charge.kind.value, str(charge.amount)) for charge in settlement.charges]


def vat(settlement: Settlement) -> list[tuple[Any, str, str]]:
    return [(row.rate, str(row.taxable), str(row.vat)) for row in settlement.vat_rows]


def test_a_price_that_includes_vat_is_paid_as_it_was_shown() -> None:
    settlement = settled([{"price_components": [component("ENERGY", "0.55")]}], 18_640)
    assert amounts(settlement) == [("priced", "10.25")]
    assert vat(settlement) == [(22, "8.40", "1.85")]
    assert settlement.incl_vat == Decimal("10.25")


def test_a_net_price_gets_its_vat_on_the_rounded_sum() -> None:
    settlement = settled([{"price_components": [component("ENERGY", "0.4836")]}], 33_337, tax_included=False)
    assert amounts(settlement) == [("priced", "16.12")]
    assert vat(settlement) == [(22, "16.12", "3.55")]
    assert settlement.incl_vat == Decimal("19.67")


def test_the_cent_between_the_lines_and_the_total_is_a_line() -> None:
    # 33.337 kWh × 0.4836 = 16.1217732 and 12 min × 4.92/h = 0.984: together 17.1057732
    settlement = settled(
        [{"price_components": [component("ENERGY", "0.4836"), component("PARKING_TIME", "4.92")]}],
        33_337,
        12,
        tax_included=False,
    )
    assert amounts(settlement) == [("priced", "16.12"), ("priced", "0.98"), ("rounding", "0.01")]
    assert vat(settlement) == [(22, "17.11", "3.76")]
    assert settlement.incl_vat == Decimal("20.87")


def test_half_a_cent_goes_up() -> None:
    assert settled([{"price_components": [component("ENERGY", "0.25")]}], 20_500).charges[0].amount == Decimal("5.13")


def test_two_rates_are_summed_apart_and_no_vat_stands_last() -> None:
    elements = [
        {
            "price_components": [
                component("FLAT", "1.00", None),
                component("ENERGY", "0.50", 10),
                component("PARKING_TIME", "6"),
            ]
        }
    ]
    assert vat(settled(elements, 10_000, 10)) == [(22, "0.82", "0.18"), (10, "4.55", "0.45"), (None, "1.00", "0.00")]


def test_a_minimum_price_is_a_line_of_its_own() -> None:
    settlement = settled([{"price_components": [component("ENERGY", "0.55")]}], 1_000, min_price=Decimal(2))
    assert amounts(settlement) == [("priced", "0.55"), ("min_price", "1.45")]
    assert vat(settlement) == [(22, "1.64", "0.36")]


def test_a_minimum_price_without_any_energy_takes_the_rate_of_the_energy() -> None:
    settlement = settled([{"price_components": [component("ENERGY", "0.55")]}], 0, min_price=Decimal(2))
    assert amounts(settlement) == [("min_price", "2.00")]
    assert vat(settlement) == [(22, "1.64", "0.36")]


def test_a_cap_takes_from_each_rate_its_share() -> None:
    elements = [{"price_components": [component("FLAT", "3.00", 10), component("ENERGY", "0.70")]}]
    settlement = settled(elements, 10_000, max_price=Decimal(5))
    assert amounts(settlement) == [
        ("priced", "3.00"),
        ("priced", "7.00"),
        ("max_price", "-3.50"),
        ("max_price", "-1.50"),
    ]
    assert settlement.incl_vat == Decimal("5.00")


def test_a_free_charge_has_a_line_of_zero() -> None:
    settlement = settled([{"price_components": [component("FLAT", "0")]}], 10_000)
    assert amounts(settlement) == [("priced", "0.00")]
    assert (settlement.excl_vat, settlement.vat, settlement.incl_vat) == (0, 0, 0)
    assert Kind.ROUNDING not in {charge.kind for charge in settlement.charges}
