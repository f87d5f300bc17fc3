"""What a driver reads before plugging in, in the order of AFIR art. 5(4)."""

from datetime import datetime
from typing import Any

from django.utils import translation

from billing.tariffs import parsing
from cms.portal import price_card
from cms.portal.price_card import PriceCard

NB = "\u00a0"
NOON = datetime(2025, 11, 3, 12, 0)
RUSH = datetime(2025, 11, 3, 18, 0)
ENERGY = {"price_components": [{"type": "ENERGY", "price": 0.59, "vat": 22}]}
EVENING = {
    "price_components": [{"type": "ENERGY", "price": 0.69, "vat": 22}],
    "restrictions": {"start_time": "17:00", "end_time": "20:00"},
}
STAYING = {
    "price_components": [{"type": "PARKING_TIME", "price": 6, "vat": 22}],
    "restrictions": {"min_parking_duration": 900},
}
FEE = {"price_components": [{"type": "FLAT", "price": 0.5, "vat": 22}]}
BY_THE_MINUTE = {"price_components": [{"type": "TIME", "price": 3, "vat": 22}]}


def card(*elements: Any, at: datetime = NOON, language: str = "it", **tariff: Any) -> PriceCard:
    with translation.override(language):
        return price_card.of(parsing.tariff(list(elements), **tariff), local=at, power_w=22_000)


def test_the_price_of_a_kwh_now_comes_first_with_an_example() -> None:
    shown = card(ENERGY)
    assert (shown.amount, shown.unit, shown.example) == (f"0,59{NB}€", "kWh", f"11,80{NB}€")
    assert shown.lines == []
    assert shown.sentence == "0,59\u00a0€/kWh, IVA inclusa"


def test_english_puts_the_sign_first() -> None:
    assert card(ENERGY, language="en").amount == "€0.59"


def test_the_price_of_the_hour_leads_and_the_other_follows() -> None:
    noon, rush = card(EVENING, ENERGY), card(EVENING, ENERGY, at=RUSH)
    assert (noon.amount, [(line.label, line.value) for line in noon.lines]) == (
        f"0,59{NB}€",
        [("17:00–20:00", f"0,69{NB}€/kWh")],
    )
    assert (noon.when, rush.when) == ("", "17:00–20:00")
    assert (rush.amount, [line.value for line in rush.lines]) == (f"0,69{NB}€", [f"0,59{NB}€/kWh"])


def test_what_may_be_added_is_listed_per_minute_then_per_charge_then_the_minimum() -> None:
    shown = card(FEE, STAYING, BY_THE_MINUTE, ENERGY, min_price=2, language="en")
    assert [(line.label, line.value, line.hint) for line in shown.lines] == [
        ("While charging", "€0.05/min", ""),
        ("When the charge has ended", "€0.10/min", f"after 15{NB}min"),
        ("Once per charge", "€0.50", ""),
        ("At least, per charge", "€2.00", ""),
    ]


def test_net_prices_are_shown_with_vat() -> None:
    shown = card({"price_components": [{"type": "ENERGY", "price": 0.5, "vat": 22}]}, tax_included=False, min_price=1)
    assert shown.amount == f"0,61{NB}€"
    assert shown.lines[-1].value == f"1,22{NB}€"


def test_a_tariff_that_costs_nothing_says_free() -> None:
    shown = card({"price_components": [{"type": "ENERGY", "price": 0}]})
    assert (shown.free, shown.lines) == (True, [])


def test_without_a_tariff_there_is_no_amount() -> None:
    assert price_card.of(None, local=NOON, power_w=None) is price_card.NONE


def test_a_price_by_time_alone_leads_per_minute() -> None:
    shown = card(BY_THE_MINUTE)
    assert (shown.amount, shown.unit, shown.example) == (f"0,05{NB}€", "min", "")


def test_a_narrow_column_gets_the_number_and_its_unit_apart() -> None:
    assert card(ENERGY).big_and_small == ("0,59", "€/kWh")
    assert card(ENERGY, language="en").big_and_small == ("€0.59", "/kWh")
    assert price_card.NONE.big_and_small == ("–", "")
