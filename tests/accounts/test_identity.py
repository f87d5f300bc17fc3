"""Numbers as people paste them."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts import identity


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    ("rule", "typed", "stored"),
    [
        (identity.vat_number, "00743110157", "IT00743110157"),
        (identity.vat_number, " it 00743.110-157 ", "IT00743110157"),
        (identity.vat_number, "de 136 695 976", "DE136695976"),
        (identity.vat_number, "CHE-107.787.577", "CHE107787577"),
        (identity.vat_number, "GB 980 7806 84", "GB980780684"),
        (identity.vat_number, "", ""),
        (identity.fiscal_code, "rss mra 85t10 a562s", "RSSMRA85T10A562S"),
        (identity.fiscal_code, "00743110157", "00743110157"),
        (identity.iban, "it60 x054 2811 1010 0000 0123 456", "IT60X0542811101000000123456"),
        (identity.iban, "  ", ""),
        (identity.sdi_code, "m5uxcr1", "M5UXCR1"),
        (identity.sdi_code, "uf1234", "UF1234"),
        (identity.province, "bo", "BO"),
        (identity.postal_code, " 40128 ", "40128"),
        (identity.postal_code, "sw1a 1aa", "SW1A 1AA"),
        (identity.country_code, "it", "IT"),
        (identity.phone, "+39  051 123456", "+39 051 123456"),
    ],
)
def test_a_right_number_is_cleaned(rule, typed: str, stored: str) -> None:
    assert rule(typed) == stored


@pytest.mark.parametrize(
    ("rule", "typed", "said"),
    [
        (identity.vat_number, "0074311015", "It has 11 digits; here there are 10."),
        (identity.vat_number, "00743110158", "This number does not exist: one digit is wrong."),
        (identity.vat_number, "IT0074311015X", "This number does not exist: one digit is wrong."),
        (identity.vat_number, "DE136695977", "This number does not exist: one character is wrong."),
        (identity.vat_number, "CHE107787578", "This number does not exist: one character is wrong."),
        (identity.vat_number, "X1", "A VAT number starts with two letters of the country: IT, DE, FR …"),
        (identity.vat_number, "È12345", "A VAT number starts with two letters of the country: IT, DE, FR …"),
        (identity.fiscal_code, "RSSMRA85T10A562X", "This code does not exist: one character is wrong."),
        (identity.iban, "IT60X0542811101000000123457", "This IBAN does not exist: one character is wrong or missing."),
        (identity.sdi_code, "M5UX", "An SDI code has 7 characters, 6 for public bodies."),
        (identity.province, "Bologna", "Two letters, like BO."),
        (identity.postal_code, "4", "A postal code has at most 10 letters and digits; in Italy 5 digits."),
        (identity.country_code, "", "Two letters, like IT."),
        (identity.phone, "call me", "A phone number: digits, spaces and a leading +."),
    ],
)
def test_a_wrong_number_is_refused_with_the_reason(rule, typed: str, said: str) -> None:
    with pytest.raises(ValueError) as refused:
        rule(typed)
    assert str(refused.value) == said


@pytest.mark.parametrize("typed", ["4112", "411244", "4112A"])
def test_an_italian_postal_code_has_five_digits(typed: str) -> None:
    cleaned, wrong = identity.clean({"postal_code": typed, "country_code": "it"})
    assert (cleaned, wrong) == ({"country_code": "IT"}, {"postal_code": ["In Italy a postal code has five digits."]})
    assert identity.clean({"postal_code": "10115", "country_code": "DE"})[1] == {}
    assert identity.clean({"postal_code": "", "country_code": "IT"})[1] == {}


@given(st.sampled_from(sorted(identity.RULES)), st.text(max_size=40))
def test_whatever_is_typed_is_cleaned_or_refused(name: str, typed: str) -> None:
    cleaned, wrong = identity.clean({name: typed})
    assert (name in cleaned) != (name in wrong)
    if name in cleaned:
        assert identity.clean(cleaned) == (cleaned, {})
