"""Any tariff and any charge: what hypothesis draws for the property tests of the engine."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from billing.tariffs import exact, members, parsing
from billing.tariffs.model import Tariff
from billing.tariffs.periods import Period, State

# A night with many examples (and --timeout 0) finds more. A busy machine is no reason to fail.
many = settings(
    max_examples=int(os.environ.get("PROPERTY_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

ROME = ZoneInfo("Europe/Rome")
# Half an hour of summer time, a quarter of an hour beside the others, clocks that change at midnight, none at all.
zones = st.sampled_from(
    [ROME, *map(ZoneInfo, ("Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "Africa/Cairo", "UTC"))]
)
# Before the clock changes of Italy, Lord Howe and Cairo, a leap day, a year's end, an ordinary week.
starts = st.sampled_from(
    [datetime(*when, tzinfo=UTC) for when in (
        (2026, 3, 28, 20), (2026, 10, 24, 20), (2026, 4, 4, 12), (2026, 4, 23, 18), (2028, 2, 28, 22), (2026, 12, 31, 18), (2026, 6, 12, 0),
    )]
)  # fmt: skip
prices = st.decimals(min_value=0, max_value=20, places=3)
rates = st.sampled_from([None, 0, 4, 10, 22, Decimal("8.1")])
currencies = st.sampled_from(["EUR", "EUR", "JPY", "KWD"])
clock_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 0, 15, 59]))
days = st.dates(date(2026, 3, 27), date(2026, 3, 31)) | st.dates(date(2026, 10, 23), date(2026, 10, 27))
STEPS = (0, 1, 60, 900)

Json = dict[str, Any]


class Told(NamedTuple):
    """A tariff as its JSON and as the engine reads it."""

    elements: list[Json]
    tariff: Tariff


def ranges(low: str, high: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """A minimum, a maximum, or both in their order."""
    both = st.lists(values, min_size=2, max_size=2, unique=True).map(sorted)
    return st.one_of(
        values.map(lambda value: {low: value}),
        values.map(lambda value: {high: value}),
        both.map(lambda pair: {low: pair[0], high: pair[1]}),
    )


CLOCK = [
    st.fixed_dictionaries({}, optional={"start_time": clock_times, "end_time": clock_times}),
    st.fixed_dictionaries({"day_of_week": st.lists(st.sampled_from(members.DAYS), unique=True, min_size=1)}),
    ranges("start_date", "end_date", days.map(str)),
    st.sampled_from(members.HOLIDAYS).map(lambda which: {"holidays": which}),
]
ELAPSED = [
    ranges("min_duration", "max_duration", st.integers(0, 15_000)),
    ranges("min_parking_duration", "max_parking_duration", st.integers(0, 5_000)),
    ranges("min_current", "max_current", st.integers(0, 64)),
    ranges("min_power", "max_power", st.decimals(0, 60, places=1)),
]
CONSUMED = [ranges("min_kwh", "max_kwh", st.decimals(0, 40, places=1))]


@st.composite
def restrictions(draw: st.DrawFn, kinds: Sequence[st.SearchStrategy[Json]]) -> Json:
    """Up to three kinds together; often none, or nothing would ever cost anything."""
    chosen = draw(st.lists(st.sampled_from(range(len(kinds))), unique=True, max_size=3)) if kinds else []
    return {name: value for place in chosen for name, value in draw(kinds[place]).items()}


@st.composite
def components(draw: st.DrawFn, kinds: Sequence[str], steps: Sequence[int]) -> list[Json]:
    found = []
    for kind in draw(st.lists(st.sampled_from(kinds), unique=True, min_size=1, max_size=3)):
        one = {"type": kind, "price": draw(prices), "vat": draw(rates), "step_size": draw(st.sampled_from(steps))}
        if kind != "FLAT" and draw(st.integers(0, 3)) == 3:
            one["max_amount"] = draw(prices)
        found.append(one)
    return found


@st.composite
def told_tariffs(
    draw: st.DrawFn,
    *,
    steps: Sequence[int] = STEPS,
    kinds: Sequence[st.SearchStrategy[Json]] = (*CLOCK, *ELAPSED, *CONSUMED),
    capped: bool = True,
) -> Told:
    """One to five elements with any restrictions and up to three components each, some of a reservation; perhaps a minimum and a
    maximum price; prices with VAT or without, in currencies of two, no and three decimals."""
    elements = []
    for _ in range(draw(st.integers(1, 5))):
        limits = draw(restrictions(kinds))
        priced = ("ENERGY", "TIME", "PARKING_TIME", "FLAT")
        if draw(st.integers(0, 4)) == 4:
            limits["reservation"] = draw(st.sampled_from(["RESERVATION", "RESERVATION_EXPIRES"]))
            priced = ("TIME", "FLAT")
        given = draw(components(priced, steps))
        if not capped:
            given = [{name: value for name, value in one.items() if name != "max_amount"} for one in given]
        elements.append({"price_components": given, "restrictions": limits})
    floor, room = draw(st.none() | prices), draw(st.none() | prices)
    cap = None if room is None else (floor or 0) + room
    return Told(
        elements,
        parsing.tariff(
            elements, tax_included=draw(st.booleans()), currency=draw(currencies), min_price=floor, max_price=cap
        ),
    )


def tariffs(**wanted: Any) -> st.SearchStrategy[Tariff]:
    return told_tariffs(**wanted).map(lambda told: told.tariff)


@st.composite
def charges(draw: st.DrawFn, *, powered: bool = False, reserved: bool = True) -> list[Period]:
    """Charging and parking with pauses between, perhaps after a reservation. `powered`: with the power that somebody measured."""
    at, periods = draw(starts) + timedelta(seconds=draw(st.integers(0, 12_000))), []
    if reserved and draw(st.integers(0, 2)) == 2:
        start, at = at, at + timedelta(seconds=draw(st.integers(0, 7_000)))
        periods.append(Period(start, at, State.RESERVATION))
    for _ in range(draw(st.integers(1, 4))):
        at += timedelta(seconds=draw(st.sampled_from([0, 0, 1, 900])))
        end = at + timedelta(
            microseconds=draw(st.integers(1, 20_000) | st.just(20)) * draw(st.sampled_from([1_000_000, 999_999]))
        )
        state = draw(st.sampled_from([State.CHARGING, State.CHARGING, State.PARKING]))
        energy = draw(st.integers(0, 60_000_000)) if state is State.CHARGING else 0
        power = draw(st.integers(0, 60_000)) if powered else draw(st.none() | st.integers(0, 60_000))
        current = draw(st.none() | st.decimals(0, 70, places=1))
        periods.append(Period(at, end, state, Decimal(energy).scaleb(-3), power, current))
        at = end
    return periods


holidays = st.sets(days, max_size=3).map(frozenset)


def halves(period: Period, share: Fraction) -> list[Period]:
    """The same stretch told in two messages."""
    microseconds = (period.end - period.start) // timedelta(microseconds=1)
    if not microseconds:
        return [period]
    cut = period.start + timedelta(microseconds=int(microseconds * share))
    part = Fraction((cut - period.start) // timedelta(microseconds=1), microseconds)
    energy = exact.number(period.energy_wh)
    facts = (period.power_w, period.current_a)
    first = Period(period.start, cut, period.state, energy * part, *facts)
    return [first, Period(cut, period.end, period.state, energy * (1 - part), *facts)]
