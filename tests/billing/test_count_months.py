"""Days of plans and parts of fees: nothing lost, nothing counted twice."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import months
from billing.months import Stretch

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
ANCHORS = st.integers(1, 31)
FEES = st.decimals("0", "999.99", places=2)


@pytest.mark.parametrize(
    ("day", "anchor", "renewal"),
    [
        (date(2026, 1, 31), 31, date(2026, 2, 28)),
        (date(2026, 2, 28), 31, date(2026, 3, 31)),
        (date(2028, 1, 31), 31, date(2028, 2, 29)),
        (date(2028, 2, 29), 30, date(2028, 3, 30)),
        (date(2026, 12, 15), 15, date(2027, 1, 15)),
        (date(2026, 4, 10), 31, date(2026, 4, 30)),
        (date(2026, 4, 30), 31, date(2026, 5, 31)),
    ],
)
def test_a_plan_renews_on_its_day_of_the_month_or_the_last_one(day: date, anchor: int, renewal: date) -> None:
    assert months.renewal_after(day, anchor) == renewal


@given(DAYS, ANCHORS)
def test_months_follow_each_other_without_a_hole_and_keep_their_day(day: date, anchor: int) -> None:
    for _month in range(14):
        following = months.renewal_after(day, anchor)
        assert 1 <= months.days(day, following) <= 31
        assert following.day == anchor or (following + timedelta(days=1)).day == 1
        day = following


@given(DAYS, ANCHORS)
def test_twelve_months_are_a_year(day: date, anchor: int) -> None:
    start = end = months.renewal_after(day, anchor)
    for _month in range(12):
        end = months.renewal_after(end, anchor)
    assert (end.year, end.month) == (start.year + 1, start.month)


@given(DAYS, st.integers(0, 48))
def test_so_many_months_later_is_the_same_day_or_the_last_one(day: date, count: int) -> None:
    later = months.months_after(day, count)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    ("day", "at"),
    [
        (date(2026, 3, 29), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (date(2026, 3, 30), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (date(2026, 10, 26), datetime(2026, 10, 25, 23, tzinfo=UTC)),
    ],
)
def test_a_day_begins_at_midnight_of_the_operators_zone(day: date, at: datetime) -> None:
    assert months.midnight(day, ZoneInfo("Europe/Rome")) == at


def test_the_difference_to_a_larger_plan_counts_for_the_days_that_are_left() -> None:
    month = [Stretch(date(2026, 6, 1), Decimal("10.00")), Stretch(date(2026, 6, 21), Decimal("25.00"))]
    assert months.cost(month, date(2026, 7, 1)) == Fraction(15)
    assert months.to_ask(month, date(2026, 7, 1), Decimal("10.00"), 2) == Decimal("5.00")


def test_a_change_on_the_first_day_costs_the_whole_difference() -> None:
    month = [Stretch(date(2026, 2, 1), Decimal("9.90")), Stretch(date(2026, 2, 1), Decimal("29.90"))]
    assert months.to_ask(month, date(2026, 3, 1), Decimal("9.90"), 2) == Decimal("20.00")


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Stretch], date]:
    """A month in which somebody goes to larger and larger plans."""
    start = draw(DAYS)
    end = months.renewal_after(start, draw(ANCHORS))
    offsets = draw(st.lists(st.integers(0, months.days(start, end) - 1), max_size=6).map(sorted))
    fees = draw(st.lists(FEES, min_size=len(offsets) + 1, max_size=len(offsets) + 1).map(sorted))
    since = [start, *(start + timedelta(days=offset) for offset in offsets)]
    return [Stretch(day, fee) for day, fee in zip(since, fees, strict=True)], end


@given(changes(), st.sampled_from([0, 2, 3]))
def test_what_is_asked_for_in_a_month_adds_up_to_its_exact_fee(
    month: tuple[list[Stretch], date], exponent: int
) -> None:
    stretches, end = month
    asked = Decimal(0)
    for count in range(1, len(stretches) + 1):
        asked += months.to_ask(stretches[:count], end, asked, exponent)
    exact = months.cost(stretches, end)
    assert abs(Fraction(asked) - exact) <= Fraction(1, 2 * 10**exponent)


@given(changes())
def test_every_day_of_a_month_is_paid_once(month: tuple[list[Stretch], date]) -> None:
    stretches, end = month
    fees, day, total = [], stretches[0].since, months.days(stretches[0].since, end)
    while day < end:
        fees.append(next(s.fee for s in reversed(stretches) if s.since <= day))
        day += timedelta(days=1)
    assert months.cost(stretches, end) == sum(map(Fraction, fees), Fraction(0)) / total


@given(FEES, st.integers(1, 31), st.data())
def test_the_parts_of_a_fee_are_the_fee_up_to_a_cent(fee: Decimal, of: int, data: st.DataObject) -> None:
    left = data.draw(st.integers(0, of))
    parts = months.share(fee, left, of, 2) + months.share(fee, of - left, of, 2)
    assert abs(parts - fee) <= Decimal("0.01")
