"""Everything that is wrong in a tariff is said at once, with its place."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from billing.tariffs import parsing
from billing.tariffs.model import Dimension

ENERGY = {"type": "ENERGY", "price": 0.5, "vat": 22, "step_size": 1}


def wrong(elements: Any, **terms: Any) -> list[tuple[str, str]]:
    with pytest.raises(parsing.Wrong) as refused:
        parsing.tariff(elements, **terms)
    return refused.value.errors


def restricted(**restrictions: Any) -> list[dict[str, Any]]:
    return [{"price_components": [ENERGY], "restrictions": restrictions}]


@pytest.mark.parametrize(
    ("elements", "path", "sentence"),
    [
        (None, "elements", parsing.NOT_A_LIST),
        ([], "elements", parsing.NOT_A_LIST),
        ({"a": 1}, "elements", parsing.NOT_A_LIST),
        (["x"], "0", parsing.NOT_AN_OBJECT),
        ([{}], "0.price_components", parsing.NOT_A_LIST),
        ([{"price_components": ["x"]}], "0.price_components.0", parsing.NOT_AN_OBJECT),
        ([{"price_components": [{"price": 1}]}], "0.price_components.0.type", parsing.MISSING),
        ([{"price_components": [{"type": "ENERGY"}]}], "0.price_components.0.price", parsing.MISSING),
        ([{"price_components": [{**ENERGY, "type": "POWER"}]}], "0.price_components.0.type", parsing.NOT_A_CHOICE),
        ([{"price_components": [{**ENERGY, "type": ["ENERGY"]}]}], "0.price_components.0.type", parsing.NOT_A_CHOICE),
        ([{"price_components": [{**ENERGY, "price": -1}]}], "0.price_components.0.price", parsing.NEGATIVE),
        ([{"price_components": [{**ENERGY, "price": "dear"}]}], "0.price_components.0.price", parsing.NOT_A_NUMBER),
        ([{"price_components": [{**ENERGY, "price": True}]}], "0.price_components.0.price", parsing.NOT_A_NUMBER),
        ([{"price_components": [{**ENERGY, "price": float("nan")}]}], "0.price_components.0.price", parsing.NOT_A_NUMBER),
        ([{"price_components": [{**ENERGY, "price": 10**12}]}], "0.price_components.0.price", parsing.TOO_LARGE),
        ([{"price_components": [{**ENERGY, "vat": 101}]}], "0.price_components.0.vat", parsing.PERCENT),
        ([{"price_components": [{**ENERGY, "step_size": 0.5}]}], "0.price_components.0.step_size", parsing.NOT_WHOLE),
        ([{"price_components": [{**ENERGY, "colour": 1}]}], "0.price_components.0.colour", parsing.UNKNOWN),
        ([{"price_components": [ENERGY], "restriction": {}}], "0.restriction", parsing.UNKNOWN),
        ([{"price_components": [ENERGY, ENERGY]}], "0.price_components.1.type", parsing.TWICE),
        ([{"price_components": [{"type": "FLAT", "price": 1, "max_amount": 1}]}], "0.price_components.0.max_amount", parsing.NO_STEP_FOR_FLAT),
        (restricted(start_time="9:00"), "0.restrictions.start_time", parsing.NOT_A_TIME),
        (restricted(end_time="25:00"), "0.restrictions.end_time", parsing.NOT_A_TIME),
        (restricted(start_date="2026-02-30"), "0.restrictions.start_date", parsing.NOT_A_DATE),
        (restricted(start_date="20260201"), "0.restrictions.start_date", parsing.NOT_A_DATE),
        (restricted(end_date=5), "0.restrictions.end_date", parsing.NOT_A_DATE),
        (restricted(day_of_week=["monday"]), "0.restrictions.day_of_week", parsing.NOT_A_CHOICE),
        (restricted(day_of_week="MONDAY"), "0.restrictions.day_of_week", parsing.NOT_A_LIST),
        (restricted(holidays="always"), "0.restrictions.holidays", parsing.NOT_A_CHOICE),
        (restricted(holidays=["only"]), "0.restrictions.holidays", parsing.NOT_A_CHOICE),
        (restricted(min_kwh=10, max_kwh=10), "0.restrictions.max_kwh", parsing.EMPTY_RANGE),
        (restricted(min_duration="soon"), "0.restrictions.min_duration", parsing.NOT_A_NUMBER),
        (restricted(max_pwoer=5), "0.restrictions.max_pwoer", parsing.UNKNOWN),
        (restricted(reservation="RESERVATION"), "0.price_components.0.type", parsing.RESERVATION_DIMENSION),
    ],
)  # fmt: skip
def test_a_wrong_tariff_is_told_where(elements: Any, path: str, sentence: str) -> None:
    assert wrong(elements) == [(path, sentence)]


def test_all_mistakes_are_told_together() -> None:
    elements = [{"price_components": [{**ENERGY, "price": -1}]}, {"price_components": [{**ENERGY, "vat": "x"}]}]
    assert [path for path, _ in wrong(elements)] == ["0.price_components.0.price", "1.price_components.0.vat"]


def test_limits_must_leave_room() -> None:
    elements = [{"price_components": [ENERGY]}]
    assert wrong(elements, min_price=Decimal(5), max_price=Decimal(4)) == [("max_price", parsing.CAP_BELOW_FLOOR)]
    assert wrong(elements, min_price=Decimal(-1)) == [("min_price", parsing.NEGATIVE)]


def test_numbers_are_taken_as_written() -> None:
    text = '[{"price_components": [{"type": "ENERGY", "price": 0.1, "vat": 22.0, "step_size": 1}]}]'
    (element,) = parsing.tariff(parsing.loads(text)).elements
    assert element.components[0].price == Fraction(1, 10)
    assert element.components[0].vat == 22


def test_a_partner_may_send_members_we_do_not_know() -> None:
    tariff = parsing.ocpi(
        {"currency": "EUR", "elements": [{"price_components": [{**ENERGY, "new": 1}], "restrictions": {"new": 1}}]}
    )
    assert tariff.rules[Dimension.ENERGY][0][1].price == Fraction(1, 2)


def test_a_partner_without_elements_is_refused() -> None:
    with pytest.raises(parsing.Wrong):
        parsing.ocpi({"currency": "EUR"})


@pytest.mark.parametrize("sentence", parsing.SENTENCES)
def test_every_sentence_can_be_translated_as_a_whole(sentence: str) -> None:
    assert sentence.endswith(".")
    assert "{" not in sentence
