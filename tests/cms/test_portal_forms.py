"""What people type into the portal's own forms, as they write it."""

from typing import Any

import pytest

from cms.portal.forms import CardForm, GuestForm

BUYER = {"number": "IT00743110157", "billing_name": "Bellini Impianti S.r.l.", "recipient": "", "place": ""}


@pytest.mark.parametrize("typed", ["", "Modena", "Via Emilia 120", "Via Emilia 120 41124", "," * 160, "a, " * 50])
def test_what_is_no_address_is_said(typed: str) -> None:
    assert "place" in GuestForm({**BUYER, "place": typed}).errors


def test_in_italy_the_province_is_part_of_the_address() -> None:
    place = "Via Emilia Est 120, 41124 Modena"
    assert "place" in GuestForm({**BUYER, "place": place}).errors
    assert GuestForm({**BUYER, "place": f"{place} MO"}).is_valid()
    assert GuestForm({**BUYER, "number": "DE136695976", "place": "Hauptstraße 5, 10115 Berlin"}).is_valid()


@pytest.mark.parametrize(
    ("typed", "read"), [("12/30", (12, 30)), (" 1 / 2030", (1, 2030)), ("0830", (8, 30)), ("8-30", (8, 30))]
)
def test_an_expiry_is_read_as_people_write_it(typed: str, read: Any) -> None:
    form = CardForm({"number": "4242424242424242", "expiry": typed, "cvc": "123"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["expiry"] == read


@pytest.mark.parametrize("typed", ["", "soon", "12/3", "1/2/3"])
def test_what_is_no_expiry_is_said(typed: str) -> None:
    assert "expiry" in CardForm({"number": "4242424242424242", "expiry": typed, "cvc": "123"}).errors
