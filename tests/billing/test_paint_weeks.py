"""What a price is at any hour of the week, and how the tariff page shows it."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from billing.models import TariffVersion
from billing.services.prices import tariffs
from billing.tariffs import parsing, week
from billing.views import prices
from tests.factories.billing import component, element

ROME = ZoneInfo("Europe/Rome")
MONDAY = datetime(2026, 6, 15)
NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
NIGHT_AND_DAY = [
    element("ENERGY", "0.49", start_time="22:00", end_time="07:00"),
    element("ENERGY", "0.49", day_of_week=["SUNDAY"]),
    element("ENERGY", "0.59"),
]


def bands(elements: list[dict[str, Any]]) -> list[week.Band]:
    return week.bands(parsing.tariff(elements), MONDAY)


def test_one_price_is_one_band_a_day() -> None:
    found = bands([element("ENERGY", "0.55")])
    assert [(b.day, b.start_s, b.end_s, b.price) for b in found] == [
        (day, 0, 86_400, Fraction("0.55")) for day in range(7)
    ]


def test_a_night_goes_over_midnight_and_a_sunday_is_whole() -> None:
    found = bands(NIGHT_AND_DAY)
    monday = [(b.start_s // 3600, b.end_s // 3600, b.price) for b in found if b.day == 0]
    night, day = Fraction("0.49"), Fraction("0.59")
    assert monday == [(0, 7, night), (7, 22, day), (22, 24, night)]
    assert [(b.start_s, b.end_s, b.price) for b in found if b.day == 6] == [(0, 86_400, night)]


def test_every_second_of_the_week_is_in_exactly_one_band() -> None:
    found = bands([element("ENERGY", "0.49", start_time="17:15", end_time="20:45", day_of_week=["FRIDAY"])])
    assert sum(b.end_s - b.start_s for b in found) == 7 * 86_400
    assert [(b.start_s, b.end_s) for b in found if b.price is not None] == [(62_100, 74_700)]


def test_a_tariff_by_time_shows_the_time() -> None:
    tariff = parsing.tariff([element("TIME", "6"), element("FLAT", "1")])
    assert week.dimension(tariff) == "TIME"
    assert week.dimension(parsing.tariff([element("FLAT", "1")])) is None


def version(elements: list[dict[str, Any]], **terms: Any) -> TariffVersion:
    return TariffVersion(number=1, elements=tariffs.dumps(elements), valid_from=NOON, **terms)


@pytest.mark.parametrize(
    ("elements", "answer"),
    [
        ([element("ENERGY", "0.55")], "The same price at every hour."),
        (NIGHT_AND_DAY, "No hole and no overlap: all 168 hours have one price."),
        ([element("ENERGY", "0.55", start_time="06:00")], "A hole: 42 of 168 hours have no price and are free of charge."),
    ],
)  # fmt: skip
def test_the_grid_says_whether_there_is_a_hole(elements: list[dict[str, Any]], answer: str) -> None:
    with translation.override("en"):
        painted = prices.painted(version(elements), "en", NOON, ROME)
    assert painted
    assert painted.answer == answer
    assert painted.unit == "€/kWh, VAT included"


@pytest.mark.parametrize(
    ("elements", "note"),
    [
        (
            [
                element("ENERGY", "0.49", day_of_week=["SATURDAY"], start_time="06:00"),
                element("ENERGY", "0.59", day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SUNDAY"]),
            ],
            "Saturday 00:00–06:00: energy has no price, it is free.",
        ),
        (
            [element("ENERGY", "0.49", day_of_week=["SUNDAY"]), element("ENERGY", "0.69", start_time="17:00"), element("ENERGY", "0.59")],
            "Sunday 17:00–24:00: element 1 (€0.49/kWh) wins over element 2 (€0.69/kWh).",
        ),
        (
            [element("ENERGY", "0.49", start_time="06:00", end_time="22:00", day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "SUNDAY"]),
             element("ENERGY", "0.59", day_of_week=["THURSDAY", "FRIDAY", "SATURDAY"])],
            "Monday–Wednesday, Sunday 00:00–06:00, 22:00–24:00: energy has no price, it is free.",
        ),
        ([element("ENERGY", "0.2", max_power=32)], "From 32 kW: energy has no price, it is free."),
        ([element("ENERGY", "0.59"), element("ENERGY", "0.49")], "Element 2 never applies: one before it always wins."),
    ],
)  # fmt: skip
def test_holes_and_overlaps_are_said_in_words(elements: list[dict[str, Any]], note: str) -> None:
    painted = prices.painted(version(elements), "en", NOON, ROME)
    assert painted
    assert [one.text.replace("\u00a0", " ") for one in painted.notes] == [note]


def test_an_overlap_is_painted_over_the_band_that_wins() -> None:
    sunday, evening = element("ENERGY", "0.49", day_of_week=["SUNDAY"]), element("ENERGY", "0.69", start_time="17:00")
    painted = prices.painted(version([sunday, evening, element("ENERGY", "0.59")]), "en", NOON, ROME)
    assert painted
    assert painted.chart.svg.count('class="twice"') == 2
    assert painted.answer == "No hole; where two prices ask for one hour, the first element wins."


def test_the_hour_of_now_is_outlined_in_local_time() -> None:
    with translation.override("it"):
        painted = prices.painted(version(NIGHT_AND_DAY), "it", NOON, ROME)
    assert painted
    assert painted.chart.svg.count(" here") == 2  # one drawing for wide screens, one for phones
    assert ">0,59<" in painted.chart.svg


def test_prices_stand_beside_those_of_the_version_before() -> None:
    now, before = version([element("ENERGY", "0.55")]), version([element("ENERGY", "0.52")])
    assert prices.rows(now, before, "en") == [prices.Row("", "Energy", "€0.55/kWh", "", "€0.52/kWh")]
    assert prices.rows(now, None, "en")[0].before == ""


@pytest.mark.parametrize(
    ("elements", "met"),
    [
        ([element("ENERGY", "0.79"), element("PARKING_TIME", "12", min_parking_duration=600)], True),
        ([{"price_components": [component("ENERGY", "0.79"), component("FLAT", "1")]}], False),
        ([element("TIME", "6")], False),
    ],
)
def test_fast_points_know_energy_and_staying_only(elements: list[dict[str, Any]], met: bool) -> None:
    assert (prices.objections(version(elements)) == []) is met
