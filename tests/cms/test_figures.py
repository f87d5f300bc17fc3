"""Numbers on screens and receipts, in both languages."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import formats, translation

from cms.templatetags import figures


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("it", ["1.234,50\u00a0€", "−0,05\u00a0€", "11,42\u00a0kWh", "12,35\u00a0MWh", "11,0\u00a0kW", "150\u00a0kW"]),
        ("en", ["€1,234.50", "−€0.05", "11.42\u00a0kWh", "12.35\u00a0MWh", "11.0\u00a0kW", "150\u00a0kW"]),
    ],
)
def test_amounts_follow_the_language(language: str, shown: list[str]) -> None:
    with translation.override(language):
        assert [
            figures.money(Decimal("1234.5")),
            figures.money(Decimal("-0.049999")),
            figures.kwh(Decimal("11420")),
            figures.kwh(Decimal("12345678")),
            figures.kw(11_000),
            figures.kw(150_000),
        ] == shown


@pytest.mark.parametrize(
    ("metres", "shown"),
    [(3, "10\u00a0m"), (347, "350\u00a0m"), (1440, "1,4\u00a0km"), (2000, "2\u00a0km"), (27_400, "27\u00a0km")],
)
def test_distances_are_as_exact_as_useful(metres: int, shown: str) -> None:
    with translation.override("it"):
        assert figures.distance(metres) == shown


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(seconds=40), "40\u00a0s"),
        (1500, "25\u00a0min"),
        (3900, "1\u00a0h\u00a005\u00a0min"),
        (-5, "0\u00a0s"),
        (None, "–"),
    ],
)
def test_durations_in_words(span: timedelta | int | None, shown: str) -> None:
    assert figures.duration(span) == shown


def test_missing_is_a_dash_and_never_zero() -> None:
    assert {figures.kwh(None), figures.kw(None), figures.money(None), figures.kw_rated(None)} == {"–"}


@pytest.mark.parametrize(("watts", "shown"), [(22_000, "22\u00a0kW"), (7_400, "7,4\u00a0kW")])
def test_rated_power_has_decimals_only_where_needed(watts: int, shown: str) -> None:
    with translation.override("it"):
        assert figures.kw_rated(watts) == shown


@pytest.mark.parametrize(("language", "shown"), [("it", "3 nov 2025, 09:05"), ("en", "3 Nov 2025, 09:05")])
def test_dates_are_short_and_on_24_hours(language: str, shown: str) -> None:
    with translation.override(language):
        assert formats.date_format(datetime(2025, 11, 3, 9, 5, tzinfo=UTC), "DATETIME_FORMAT") == shown
