"""Energy and money on their way into integers: half a unit goes up, nothing else is lost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms.core import energy, money

stored = st.integers(-(2**53), 2**53)


@pytest.mark.parametrize(
    ("wh", "mwh"), [("0.0004", 0), ("0.0005", 1), ("0.0015", 2), ("-0.0005", -1), ("26008.333", 26_008_333)]
)
def test_energy_is_kept_in_milliwatt_hours(wh: str, mwh: int) -> None:
    assert energy.to_mwh(Decimal(wh)) == mwh


@pytest.mark.parametrize(("wh", "shown"), [("0.4", 0), ("0.5", 1), ("1.5", 2), ("2.5", 3)])
def test_energy_is_shown_in_whole_watt_hours(wh: str, shown: int) -> None:
    assert energy.whole_wh(Decimal(wh)) == shown


@pytest.mark.parametrize(
    ("amount", "micros"), [("0.0000004", 0), ("0.0000005", 1), ("0.0000025", 3), ("-0.0000005", -1), ("11", 11_000_000)]
)
def test_money_is_kept_in_millionths(amount: str, micros: int) -> None:
    assert money.to_micros(Decimal(amount)) == micros


@given(stored)
def test_what_is_stored_comes_back(integer: int) -> None:
    assert energy.to_mwh(energy.from_mwh(integer)) == integer
    assert money.to_micros(money.from_micros(integer)) == integer


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_currencies_have_the_digits_of_iso_4217(currency: str, digits: int) -> None:
    assert money.exponent(currency) == digits
