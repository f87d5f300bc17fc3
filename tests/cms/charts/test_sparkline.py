"""A line the size of a word: gaps stay gaps, and its words say what it shows."""

from datetime import date

from cms.charts.sparkline import sparkline

TODAY = date(2026, 6, 15)


def test_it_ends_today_and_says_first_most_and_now() -> None:
    drawn = sparkline([(date(2026, 6, 13), 2), (date(2026, 6, 14), 5), (TODAY, 3)], days=30)
    assert 'aria-label="The last 30 days: 2 at first, 5 at most, 3 today."' in drawn
    assert drawn.count("<path") == 1
    assert 'cx="115.0"' in drawn


def test_a_missing_day_is_a_gap() -> None:
    drawn = sparkline([(date(2026, 6, 10), 2), (date(2026, 6, 11), 2), (TODAY, 0)])
    assert drawn.count("<path") == 2


def test_the_first_day_has_nothing_to_compare_with() -> None:
    assert "Today 4; earlier days were not kept." in sparkline([(TODAY, 4)])
    assert sparkline([]) == ""
