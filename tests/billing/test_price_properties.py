"""What must hold for every tariff and every charge, whatever they look like."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.tariffs import engine, exact, parsing, rounding
from billing.tariffs.model import Tariff
from billing.tariffs.periods import Period, State

ROME = ZoneInfo("Europe/Rome")
prices = st.decimals(min_value=0, max_value=20, places=3)
rates = st.sampled_from([None, 0, 4, 10, 22])
hours = st.integers(0, 23).map(lambda hour: f"{hour:02}:00")
# Around both clock changes of 2026, and an ordinary week.
starts = st.sampled_from(
    [datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC), datetime(2026, 6, 12, tzinfo=UTC)]
)


def clock_restrictions() -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries(
        {},
        optional={
            "start_time": hours,
            "end_time": hours,
            "day_of_week": st.lists(st.sampled_from(parsing.DAYS), unique=True, min_size=1),
            "min_duration": st.integers(0, 7200),
        },
    )


STEPS = (0, 1, 60, 900)


def component(kind: str, steps: Sequence[int]) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries(
        {"type": st.just(kind), "price": prices, "vat": rates, "step_size": st.sampled_from(steps)}
    )


@st.composite
def tariffs(draw: st.DrawFn, *, steps: Sequence[int] = STEPS, limited: bool = True) -> Tariff:
    """`limited`: some elements end at a number of kWh."""
    kinds = draw(st.lists(st.sampled_from(["ENERGY", "TIME", "PARKING_TIME", "FLAT"]), min_size=1, max_size=5))
    elements = []
    for kind in kinds:
        restrictions = draw(clock_restrictions())
        if kind == "ENERGY" and limited and draw(st.booleans()):
            restrictions["max_kwh"] = draw(st.integers(1, 30))
        if kind == "PARKING_TIME" and draw(st.booleans()):
            restrictions["min_parking_duration"] = draw(st.integers(0, 3600))
        elements.append({"price_components": [draw(component(kind, steps))], "restrictions": restrictions})
    floor, room = draw(st.none() | prices), draw(st.none() | prices)
    cap = None if room is None else (floor or 0) + room
    return parsing.tariff(elements, tax_included=draw(st.booleans()), min_price=floor, max_price=cap)


@st.composite
def charges(draw: st.DrawFn) -> list[Period]:
    at, periods = draw(starts), []
    for _ in range(draw(st.integers(1, 4))):
        at += timedelta(minutes=draw(st.integers(0, 90)))
        end = at + timedelta(seconds=draw(st.integers(1, 20_000)))
        state = draw(st.sampled_from([State.CHARGING, State.PARKING]))
        energy = draw(st.integers(0, 60_000_000)) if state is State.CHARGING else 0
        periods.append(Period(at, end, state, Decimal(energy).scaleb(-3)))
        at = end
    return periods


def halves(period: Period, share: Fraction) -> list[Period]:
    """The same stretch told in two messages."""
    microseconds = (period.end - period.start) // timedelta(microseconds=1)
    cut = period.start + timedelta(microseconds=int(microseconds * share))
    part = Fraction((cut - period.start) // timedelta(microseconds=1), microseconds)
    energy = exact.number(period.energy_wh)
    first = Period(period.start, cut, period.state, energy * part, period.power_w)
    return [first, Period(cut, period.end, period.state, energy * (1 - part), period.power_w)]


@settings(max_examples=80, deadline=None)
@given(tariffs(), charges(), st.fractions(min_value=0, max_value=1))
def test_how_a_charge_is_told_changes_nothing(tariff: Tariff, periods: list[Period], share: Fraction) -> None:
    whole = engine.price(tariff, periods, ROME)
    split = engine.price(tariff, [half for period in periods for half in halves(period, share)], ROME)
    assert (split.excl_vat, split.incl_vat) == (whole.excl_vat, whole.incl_vat)
    assert rounding.settle(split).incl_vat == rounding.settle(whole).incl_vat


@settings(max_examples=80, deadline=None)
@given(tariffs(steps=(0,), limited=False), charges(), st.integers(0, 3), st.integers(1, 50_000))
def test_more_energy_never_costs_less(tariff: Tariff, periods: list[Period], which: int, more_wh: int) -> None:
    """Where no element ends at some kWh, and there are no steps: energy that costs nothing could use such an element up for
    what follows, or fill a step that would have been paid."""
    before = engine.price(tariff, periods, ROME)
    place = which % len(periods)
    fuller = [*periods]
    p = periods[place]
    fuller[place] = Period(p.start, p.end, p.state, p.energy_wh + more_wh)
    assert engine.price(tariff, fuller, ROME).own_total >= before.own_total


@settings(max_examples=80, deadline=None)
@given(tariffs(), charges())
def test_nothing_is_negative_and_everything_is_counted(tariff: Tariff, periods: list[Period]) -> None:
    breakdown = engine.price(tariff, periods, ROME)
    assert all(line.amount >= 0 and line.quantity >= line.measured >= 0 for line in breakdown.lines)
    assert breakdown.energy_wh == sum(exact.number(p.energy_wh) for p in periods)
    assert breakdown.energy_wh == sum(s.energy_wh for s in breakdown.stretches)
    seconds = sum((p.end - p.start) // timedelta(seconds=1) for p in periods)
    assert breakdown.charging_s + breakdown.parking_s == seconds


@settings(max_examples=100, deadline=None)
@given(tariffs(), charges())
def test_a_settlement_adds_up_to_the_cent(tariff: Tariff, periods: list[Period]) -> None:
    breakdown = engine.price(tariff, periods, ROME)
    settlement = rounding.settle(breakdown)
    charged = sum((c.amount for c in settlement.charges), Decimal(0))
    assert charged == exact.cents(breakdown.own_total, "EUR")
    assert charged == (settlement.incl_vat if breakdown.gross else settlement.excl_vat)
    assert settlement.excl_vat + settlement.vat == settlement.incl_vat
    assert settlement.incl_vat == sum((row.total for row in settlement.vat_rows), Decimal(0))
    drift = sum(abs(c.amount) for c in settlement.charges if c.kind is rounding.Kind.ROUNDING)
    assert drift <= Decimal("0.01") * len(breakdown.lines)
