"""The editor's forms: what is typed becomes OCPI, and OCPI what one may type over."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from django.utils.datastructures import MultiValueDict

from billing.forms import editor
from billing.forms.editor import Editor
from billing.forms.starts import STARTS
from billing.models import TariffVersion
from billing.services.prices import tariffs
from billing.tariffs import parsing

EVERYTHING: list[dict[str, Any]] = [
    {
        "price_components": [
            {"type": "ENERGY", "price": Decimal("0.69"), "step_size": 100, "vat": Decimal(22), "max_amount": Decimal(50)},
            {"type": "TIME", "price": Decimal("1.0"), "step_size": 900, "vat": Decimal(10)},
            {"type": "PARKING_TIME", "price": Decimal(6), "step_size": 60, "vat": Decimal(22), "max_amount": Decimal(12)},
            {"type": "FLAT", "price": Decimal("0.5"), "step_size": 1},
        ],
        "restrictions": {
            "start_time": "17:00", "end_time": "24:00", "min_kwh": Decimal("1.5"), "max_kwh": Decimal(40),
            "min_power": Decimal(11), "max_power": Decimal(50), "min_current": Decimal(6), "max_current": Decimal(32),
            "min_duration": 90, "max_duration": 7200, "min_parking_duration": 900, "max_parking_duration": 3600,
            "day_of_week": ["MONDAY", "SUNDAY"], "start_date": "2026-06-01", "end_date": "2026-09-01", "holidays": "except",
        },
    },
    {"price_components": [{"type": "FLAT", "price": Decimal(2), "step_size": 1}], "restrictions": {"reservation": "RESERVATION"}},
]  # fmt: skip


def version(elements: Any, **terms: Any) -> TariffVersion:
    return TariffVersion(elements=tariffs.dumps(elements), **terms)


def full(**typed: str | list[str]) -> Editor:
    """An element 0 with these fields, checked."""
    head = {"name": ["City"], "currency": ["EUR"], "mode": ["full"], "rows": ["0"]}
    fields = {f"e0-{name}": value if isinstance(value, list) else [value] for name, value in typed.items()}
    return Editor({**head, **fields}, checked=True)


def components(one: Editor) -> Any:
    assert one.is_valid(), one.problems()
    return one.element_forms[0].element()["price_components"]


def whole(elements: Any) -> Any:
    """What the engine reads; the order within one element means nothing."""
    return [(e.restrictions, set(e.components)) for e in parsing.tariff(elements).elements]


@pytest.mark.parametrize("language", ["it", "en"])
def test_every_restriction_and_component_comes_back_as_it_was(language: str) -> None:
    with translation.override(language):
        opened = Editor.of(version(EVERYTHING, min_price=Decimal(1), max_price=Decimal(9)), "City")
        again = Editor(opened.typed, checked=True)
    assert again.is_valid(), again.problems()
    assert again.mode == editor.FULL
    assert whole(again.terms()["elements"]) == whole(EVERYTHING)
    assert (again.terms()["min_price"], again.terms()["max_price"]) == (Decimal(1), Decimal(9))


@pytest.mark.parametrize("typed", ["0,55", "0.55", " 0,55 "])
def test_a_price_is_typed_with_a_comma_or_a_point(typed: str) -> None:
    assert components(full(energy_price=typed)) == [{"type": "ENERGY", "price": Decimal("0.55"), "step_size": 1}]


@pytest.mark.parametrize(
    ("field", "typed", "member", "value"),
    [
        ("start_time", "7", "start_time", "07:00"),
        ("start_time", "07.30", "start_time", "07:30"),
        ("end_time", "2200", "end_time", "22:00"),
        ("end_time", "24:00", "end_time", "24:00"),
        ("last_date", "2026-08-31", "end_date", "2026-09-01"),
        ("min_parking", "15", "min_parking_duration", 900),
        ("max_duration", "1:30", "max_duration", 90),
        ("max_kwh", "40,5", "max_kwh", Decimal("40.5")),
        ("reservation", "RESERVATION_EXPIRES", "reservation", "RESERVATION_EXPIRES"),
    ],
)
def test_a_restriction_is_typed_as_people_say_it(field: str, typed: str, member: str, value: Any) -> None:
    one = full(flat_price="1", **{field: typed})
    assert one.is_valid(), one.problems()
    assert one.element_forms[0].element()["restrictions"] == {member: value}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"energy_price": "-1"}, "e0-energy_price"),
        ({"energy_price": "abc"}, "e0-energy_price"),
        ({}, "e0-energy_price"),
        ({"energy_price": "1", "energy_vat": "101"}, "e0-energy_vat"),
        ({"energy_price": "1", "start_time": "25:00"}, "e0-start_time"),
        ({"energy_price": "1", "min_kwh": "5", "max_kwh": "5"}, "e0-max_kwh"),
        ({"energy_price": "1", "start_date": "2026-09-01", "last_date": "2026-08-01"}, "e0-last_date"),
        ({"energy_price": "1", "min_parking": "soon"}, "e0-min_parking"),
        ({"energy_price": "1", "reservation": "RESERVATION"}, "e0-energy_price"),
        ({"energy_price": "1", "days": ["FUNDAY"]}, "e0-days"),
        ({"energy_price": "9999999999999"}, "e0-energy_price"),
        ({"energy_price": "1e-400"}, "e0-energy_price"),
        ({"energy_price": "1", "last_date": "9999-12-31"}, "e0-last_date"),
        ({"energy_price": "1", "start_date": "0001-01-01"}, "e0-start_date"),
        ({"parking_price": "1", "parking_step": "-5"}, "e0-parking_step"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(fields: dict[str, Any], field: str) -> None:
    one = full(**fields)
    assert one.version() is None
    assert {f"{form.prefix}-{name}" for form in one.element_forms for name in form.errors} == {field}
    assert next(target for target, _label, _text in one.problems()).startswith(f"id_{field}")


def test_elements_go_up_and_down_and_away() -> None:
    three = Editor({"mode": ["full"], "rows": ["0", "1", "2"]})
    assert three.after("up-2").rows == ["0", "2", "1"]
    assert three.after("down-0").rows == ["1", "0", "2"]
    assert three.after("up-0").rows == three.after("beer").rows == three.after("drop-9").rows == ["0", "1", "2"]
    assert three.after("drop-1").rows == ["0", "2"]
    assert three.after("drop-1").after("add").rows == ["0", "2", "3"]
    assert Editor({"mode": ["full"], "rows": ["0", "\u00b2", "9" * 400]}).after("add").rows == ["0", "1"]


def test_the_simple_tariff_becomes_elements_and_back() -> None:
    simple = Editor.begun(STARTS["slow"], currency="EUR")
    detailed = simple.after("full")
    assert (detailed.mode, len(detailed.element_forms), detailed.can_be_simple()) == ("full", 2, True)
    assert detailed.after("simple").typed == simple.typed


def test_what_is_not_simple_stays_in_full() -> None:
    night = Editor.begun(STARTS["night"], currency="EUR")
    assert (night.mode, night.can_be_simple(), night.after("simple").mode) == ("full", False, "full")


def test_ocpi_elements_are_read_into_the_fields_exactly() -> None:
    pasted = '[{"price_components":[{"type":"ENERGY","price":0.1234567890123456789}]}]'
    read = Editor({"mode": ["full"], "name": ["City"], "currency": ["eur"], "ocpi": [pasted]}).after("read")
    with translation.override("en"):
        again = Editor(read.typed, checked=True)
    assert components(again) == [{"type": "ENERGY", "price": Decimal("0.1234567890123456789"), "step_size": 0}]


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("{not json", "This is not JSON: line 1, column 2."),
        ("7", "elements: A list with at least one entry is expected."),
        ('[{"price_components":[{"type":"BEER","price":1}]}]', "0.price_components.0.type: This is not one of the possible values."),
        ('[{"price_components":[{"type":"ENERGY","price":1}]}' + ',{"price_components":[{"type":"ENERGY","price":1}]}' * 100 + "]", "At most 100 elements are possible."),
        ('[{"price_components":[{"type":"ENERGY","price":1}]}]', ""),
        ("  ", ""),
    ],
)  # fmt: skip
def test_why_pasted_elements_cannot_be_read_is_said_and_the_text_stays(pasted: str, said: str) -> None:
    one = Editor({"mode": ["full"], "ocpi": [pasted]})
    assert (one.ocpi_error, one.ocpi) == (said, pasted)


@pytest.mark.parametrize("pasted", ["", "{not json", "[]", "7", '[{"price_components":[{"type":"BEER","price":1}]}]', "[" * 9999, '[{"price_components":[{"type":"ENERGY","price":NaN}]}]'])  # fmt: skip
def test_what_is_no_tariff_changes_nothing(pasted: str) -> None:
    before = Editor({"mode": ["full"], "rows": ["0"], "e0-energy_price": ["1"], "ocpi": [pasted]})
    assert before.after("read").typed == before.typed


def test_a_tariff_without_elements_says_so() -> None:
    assert [text for _id, _label, text in _checked({"mode": ["full"], "name": ["x"], "currency": ["EUR"]}).problems()] == [
        "A tariff needs at least one element."
    ]  # fmt: skip


def test_a_floor_above_the_cap_is_said_beside_the_cap() -> None:
    typed = {"name": ["x"], "currency": ["EUR"], "energy": ["1"], "min_price": ["5"], "max_price": ["1"]}
    assert [target for target, _label, _text in _checked(typed).problems()] == ["id_max_price"]


def test_a_draft_keeps_what_was_typed_and_nothing_of_the_page() -> None:
    posted = MultiValueDict({"name": ["Ci\x00ty"], "e0-energy_price": ["0,"], "sim-kwh": ["20"], "csrfmiddlewaretoken": ["x"], "do": ["add"]})  # fmt: skip
    assert editor.kept(posted) == {"name": ["City"], "e0-energy_price": ["0,"]}


def _checked(typed: dict[str, list[str]]) -> Editor:
    one = Editor(typed, checked=True)
    assert one.version() is None
    return one
