"""The picture of the readings behind a charge: runs, silences, breaks, and the energy that counts."""

from datetime import timedelta
from decimal import Decimal

import pytest

from cms import charts

from .test_draw import EVIL, NOON, ROME, english, shapes, words  # noqa: F401 - `english` is a fixture


def reading(minutes: int, wh: int) -> charts.Reading:
    at = NOON + timedelta(minutes=minutes)
    return charts.Reading(at, at + timedelta(seconds=2), Decimal(50_000 + wh), Decimal(wh))


START, END = charts.Mark(NOON, "Start", Decimal(0)), charts.Mark(NOON + timedelta(minutes=60), "End", Decimal(6_000))


def test_a_silence_is_hatched_and_never_bridged() -> None:
    readings = [reading(minute, 100 * minute) for minute in (*range(5, 25, 5), *range(45, 60, 5))]
    chart = charts.registers(readings, zone=ROME, total=Decimal(6_000), marks=[START, END])
    (gap,) = shapes(chart, "gap")
    assert (gap.get("x"), gap.get("width")) == ("33.33%", "41.67%")
    assert len(shapes(chart, "line")) == 2
    assert len(shapes(chart, "end")) == len(readings) + 2
    assert "6.00 kWh" in [said.replace("\u00a0", " ") for said in words(chart)]


def test_a_break_of_the_meter_is_marked_and_named() -> None:
    broken = charts.Mark(NOON + timedelta(minutes=20), EVIL)
    chart = charts.registers([reading(20, 2_000)], zone=ROME, total=Decimal(6_000), marks=[START, END], breaks=[broken])
    (mark,) = shapes(chart, "limit")
    assert mark.get("x1") == "33.33%"
    assert EVIL in words(chart)
    assert ("12:20:00", "", EVIL, "") in chart.rows


def test_the_table_says_what_the_meter_showed_by_both_clocks() -> None:
    chart = charts.registers([reading(10, 1_000)], zone=ROME, total=Decimal(6_000), marks=[START, END])
    assert chart.rows == [("12:10:00", "12:10:02", "51.000\u00a0kWh", "1.000")]


def test_thousands_of_readings_stay_a_small_picture() -> None:
    readings = [reading(minute, minute) for minute in range(6_000)]
    chart = charts.registers(readings, zone=ROME, total=Decimal(6_000))
    assert len(chart.svg) < 20_000
    assert len(chart.rows) < 30


def test_the_line_does_not_fall_to_a_corrected_end() -> None:
    end = charts.Mark(NOON + timedelta(minutes=60), "End", Decimal(4_000))
    chart = charts.registers([reading(30, 5_000)], zone=ROME, total=Decimal(4_000), marks=[START, end])
    (line,) = shapes(chart, "line")
    assert (line.get("d") or "").count("L") == 1
    assert [mark.get("cx") for mark in shapes(chart, "end")] == ["50.00%", "0.00%", "100.00%"]


def test_one_moment_is_no_picture() -> None:
    with pytest.raises(ValueError, match="two moments"):
        charts.registers([], zone=ROME, total=Decimal(0), marks=[START])
