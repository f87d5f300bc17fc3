"""A buyer in two lines, as people write them."""

import pytest

from cms.portal import dictation


def vat(number: str, country: str) -> dict[str, str]:
    return {"vat_number": number, "fiscal_code": "", "country_code": country}


def code(number: str) -> dict[str, str]:
    return {"vat_number": "", "fiscal_code": number, "country_code": "IT"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("00743110157", vat("00743110157", "IT")),
        ("IT 0074311 0157", vat("IT00743110157", "IT")),
        ("P.IVA 00743110157", vat("00743110157", "IT")),
        ("p. iva: IT 00743110157", vat("IT00743110157", "IT")),
        ("Partita IVA: 007.431.101-57", vat("00743110157", "IT")),
        ("rssmra85t10a562s", code("RSSMRA85T10A562S")),
        ("C.F. RSSMRA85T10A562S", code("RSSMRA85T10A562S")),
        ("cod. fiscale RSSMRA85T10A562S", code("RSSMRA85T10A562S")),
        ("CFRXXX85T10A562S", code("CFRXXX85T10A562S")),
        ("80016350821", code("80016350821")),
        ("DE 136 695 976", vat("DE136695976", "DE")),
        ("USt-IdNr. DE136695976", vat("DE136695976", "DE")),
        ("VAT no. FR40303265045", vat("FR40303265045", "FR")),
        ("CHE-107.787.577 IVA", vat("CHE107787577", "CH")),
        ("EL094014201", vat("EL094014201", "GR")),
        ("de", vat("", "DE")),
        ("IT", vat("IT", "IT")),
    ],
)
def test_a_number_says_what_it_is_and_where_from(typed: str, meant: dict[str, str]) -> None:
    assert dictation.number(typed) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Via Emilia Est 120, 41124 Modena MO", ("Via Emilia Est 120", "41124", "Modena", "MO")),
        ("Via Emilia Est 120 41124 Modena (mo)", ("Via Emilia Est 120", "41124", "Modena", "MO")),
        ("via emilia est 120, 41124, modena, mo", ("via emilia est 120", "41124", "modena", "MO")),
        ("Via Emilia Est, 120 - 41124 Modena (MO)", ("Via Emilia Est, 120", "41124", "Modena", "MO")),
        ("Via Roma 1, 39100 Bolzano/Bozen BZ, Italia", ("Via Roma 1", "39100", "Bolzano/Bozen", "BZ")),
        ("Piazza S. Marco 1, 30124 Venezia", ("Piazza S. Marco 1", "30124", "Venezia", "")),
        (
            "Piazza Roma 3/B, int. 2, 42121 Reggio nell’Emilia, RE",
            ("Piazza Roma 3/B, int. 2", "42121", "Reggio nell’Emilia", "RE"),
        ),
        ("Via Po 1\n45026 Lendinara Po", ("Via Po 1", "45026", "Lendinara Po", "")),
        ("Hauptstraße 5; D-10115 Berlin", ("Hauptstraße 5", "10115", "Berlin", "")),
        ("10 Downing Street, SW1A 2AA London", ("10 Downing Street", "SW1A 2AA", "London", "")),
    ],
)
def test_an_address_is_told_apart(typed: str, meant: tuple[str, ...]) -> None:
    assert dictation.place(typed) == dict(zip(("address", "postal_code", "city", "province"), meant, strict=True))


@pytest.mark.parametrize("typed", ["Via Emilia Est 120, Modena", "41124", "x, 1 x", ", ,", "Modena MO"])
def test_what_is_no_address_is_none(typed: str) -> None:
    assert dictation.place(typed) is None
