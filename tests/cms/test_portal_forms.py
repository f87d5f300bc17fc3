"""What people type into the portal's own forms, as they write it."""

from typing import Any

import pytest

from cms.portal.forms import CardForm, GuestForm

BUYER = {"number": "IT00743110157", "billing_name": "Bellini Impianti S.r.l.", "recipient": "", "place": ""}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("Via Emilia Est 120, 41124 Modena MO", ("Via Emilia Est 120", "41124", "Modena", "MO")),
        ("via Emilia Est 120,41124 Modena (mo)", ("via Emilia Est 120", "41124", "Modena", "MO")),
        ("Piazza Roma 3/B, int. 2, 42121 Reggio nell’Emilia, RE", ("Piazza Roma 3/B, int. 2", "42121", "Reggio nell’Emilia", "RE")),
        ("Via Po 1\n45026 Lendinara Po", ("Via Po 1", "45026", "Lendinara Po", "")),
        ("10 Rue de Rivoli, 75001 Paris", ("10 Rue de Rivoli", "75001", "Paris", "")),
        ("1 High Street, SW1A 1AA London", ("1 High Street", "SW1A 1AA", "London", "")),
    ],
)  # fmt: skip
def test_an_address_in_one_line_is_taken_apart(typed: str, read: tuple[str, ...]) -> None:
    form = GuestForm({**BUYER, "place": typed})
    assert form.is_valid(), form.errors
    values = form.values()
    assert tuple(values[name] for name in ("address", "postal_code", "city", "province")) == read


@pytest.mark.parametrize("typed", ["", "Modena", "Via Emilia 120", "Via Emilia 120 41124", "," * 160, "a, " * 50])
def test_what_is_no_address_is_said(typed: str) -> None:
    assert "place" in GuestForm({**BUYER, "place": typed}).errors


@pytest.mark.parametrize(
    ("number", "vat", "code", "country"),
    [
        ("00743110157", "00743110157", "", "IT"),
        ("IT 0074 3110 157", "IT00743110157", "", "IT"),
        ("de 123456789", "DE123456789", "", "DE"),
        ("rssmra80a01h501u", "", "RSSMRA80A01H501U", "IT"),
    ],
)
def test_one_field_takes_a_company_s_number_or_a_person_s_code(number: str, vat: str, code: str, country: str) -> None:
    form = GuestForm({**BUYER, "number": number, "place": "Via Emilia Est 120, 41124 Modena MO"})
    assert form.is_valid()
    values = form.values()
    assert (values["vat_number"], values["fiscal_code"], values["country_code"]) == (vat, code, country)


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
