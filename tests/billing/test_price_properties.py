"""What must hold for every tariff and every charge, whatever they look like."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from billing.tariffs import engine, exact, members, parsing, rounding, trace, visits
from billing.tariffs.breakdown import ALONE, Breakdown
from billing.tariffs.model import Dimension, Tariff
from billing.tariffs.periods import Period, State
from tests.billing import strategies as draw
from tests.billing.strategies import CLOCK, ELAPSED, Json, Told, halves, many

shares = st.fractions(min_value=0, max_value=1)
Holidays = frozenset[date]


@many
@given(draw.tariffs(), draw.charges(), draw.zones, draw.holidays, shares, shares, st.booleans())
def test_how_a_charge_is_told_changes_nothing(
    tariff: Tariff,
    periods: list[Period],
    zone: ZoneInfo,
    holidays: Holidays,
    one: Fraction,
    two: Fraction,
    expired: bool,
) -> None:
    """Not by a fraction of a cent: the engine has no rounding of its own."""
    parts = [quarter for period in periods for half in halves(period, one) for quarter in halves(half, two)]
    whole, split = (
        engine.price(tariff, told, zone, holidays=holidays, reservation_expired=expired) for told in (periods, parts)
    )
    assert (split.excl_vat, split.incl_vat, split.limit) == (whole.excl_vat, whole.incl_vat, whole.limit)
    assert [figures(line) for line in split.lines] == [figures(line) for line in whole.lines]
    assert rounding.settle(split).vat_rows == rounding.settle(whole).vat_rows


def figures(line: object) -> tuple:
    return tuple(getattr(line, name) for name in ("dimension", "element", "quantity", "measured", "amount"))


@many
@given(draw.tariffs(steps=(0,)), draw.charges(), draw.zones, draw.holidays, st.data())
def test_a_visit_cut_in_charges_costs_what_it_would_have_cost_uncut(
    tariff: Tariff, periods: list[Period], zone: ZoneInfo, holidays: Holidays, data: st.DataObject
) -> None:
    """Quirk 48: start fee, caps, minimum and maximum price hold for all of them together. (A step rounds each charge.)"""
    told = [half for period in periods for half in halves(period, data.draw(shares)) if half.end > half.start]
    begins = sum(period.state is State.RESERVATION for period in told)  # a reservation is the first charge's
    one, two = sorted(data.draw(st.integers(begins + 1, len(told))) for _ in range(2))
    cuts = [told[:one], told[one:two], told[two:]]
    charged, costs, before = Fraction(0), {}, []
    for number, part in enumerate(part for part in cuts if part):
        earlier = visits.earlier(costs, before, version=1, tariff=tariff) if costs else ALONE
        cost = engine.price(tariff, part, zone, earlier=earlier, holidays=holidays)
        charged += cost.own_total
        costs[number], before = visits.cost(1, cost), [*before, *part]
    assert charged == engine.price(tariff, told, zone, holidays=holidays).own_total


@many
@given(
    draw.tariffs(steps=(0,), kinds=(*CLOCK, *ELAPSED)),
    draw.charges(powered=True),
    draw.zones,
    draw.holidays,
    st.integers(0, 3),
    st.integers(1, 50_000),
)
def test_more_energy_never_costs_less(
    tariff: Tariff, periods: list[Period], zone: ZoneInfo, holidays: Holidays, which: int, more_wh: int
) -> None:
    """Where no element ends at some kWh, and there are no steps: energy that costs nothing could use such an element up for
    what follows, or fill a step that would have been paid. Where prices depend on power it is the measured one."""
    charging = [place for place, period in enumerate(periods) if period.state is not State.RESERVATION]
    place = charging[which % len(charging)]
    p = periods[place]
    fuller = [*periods]
    fuller[place] = Period(p.start, p.end, p.state, p.energy_wh + more_wh, p.power_w, p.current_a)
    before, after = (engine.price(tariff, told, zone, holidays=holidays) for told in (periods, fuller))
    assert after.own_total >= before.own_total
    less, more = (rounding.settle(told) for told in (before, after))
    # VAT on top of net prices may fall: below a minimum price more of what is taxed less is there
    assert more.incl_vat >= less.incl_vat if tariff.gross else more.excl_vat >= less.excl_vat


@many
@given(st.lists(st.tuples(st.integers(1, 20), draw.prices), min_size=1, max_size=4), st.data())
def test_more_energy_never_costs_less_by_tiers_and_steps(tiers: list[tuple[int, Decimal]], data: st.DataObject) -> None:
    """Prices by kWh alone, whatever each next tier costs; the steps are those of all of them."""
    step, elements, low = data.draw(st.sampled_from([0, 1])), [], 0
    for width, price in tiers:
        limits = {"min_kwh": low, "max_kwh": low + width}
        elements.append(
            {"price_components": [{"type": "ENERGY", "price": price, "step_size": step}], "restrictions": limits}
        )
        low += width
    tariff, (less, more) = parsing.tariff(elements), sorted(data.draw(st.tuples(*[st.integers(0, 90_000)] * 2)))
    start = datetime(2026, 6, 12, tzinfo=UTC)
    cheap, dear = (
        engine.price(tariff, [Period(start, start + timedelta(hours=1), energy_wh=Decimal(wh))], draw.ROME)
        for wh in (less, more)
    )
    assert dear.own_total >= cheap.own_total


@many
@given(draw.tariffs(), draw.charges(), draw.zones, draw.holidays)
def test_nothing_is_negative_and_everything_is_counted(
    tariff: Tariff, periods: list[Period], zone: ZoneInfo, holidays: Holidays
) -> None:
    breakdown = engine.price(tariff, periods, zone, holidays=holidays)
    assert all(line.amount >= 0 and line.quantity >= line.measured >= 0 for line in breakdown.lines)
    assert breakdown.own_total >= 0
    told = [p for p in periods if p.state is not State.RESERVATION]
    assert breakdown.energy_wh == sum(exact.number(p.energy_wh) for p in told)
    assert breakdown.energy_wh == sum(s.energy_wh for s in breakdown.stretches)
    microseconds = sum((p.end - p.start) // timedelta(microseconds=1) for p in told)
    assert (breakdown.charging_s + breakdown.parking_s) * 1_000_000 == microseconds


@many
@given(draw.tariffs(), draw.charges(), draw.zones, draw.holidays)
def test_a_settlement_adds_up_to_the_smallest_coin(
    tariff: Tariff, periods: list[Period], zone: ZoneInfo, holidays: Holidays
) -> None:
    breakdown = engine.price(tariff, periods, zone, holidays=holidays)
    settlement, coin = rounding.settle(breakdown), Decimal(1).scaleb(-exact.exponent(tariff.currency))
    charged = sum((c.amount for c in settlement.charges), Decimal(0))
    assert charged == exact.cents(breakdown.own_total, tariff.currency)
    assert charged == (settlement.incl_vat if breakdown.gross else settlement.excl_vat)
    assert settlement.excl_vat + settlement.vat == settlement.incl_vat
    assert settlement.incl_vat == sum((row.total for row in settlement.vat_rows), Decimal(0))
    assert all(row.taxable >= 0 and row.vat >= 0 for row in settlement.vat_rows)
    assert all(c.amount == c.amount.quantize(coin) for c in settlement.charges)
    drift = sum(abs(c.amount) for c in settlement.charges if c.kind is rounding.Kind.ROUNDING)
    assert drift <= coin * len(breakdown.lines)
    said = trace.of(tariff, breakdown, settlement)
    assert trace.loads(trace.dumps(said)) == said


# ---- the same question asked naively ---------------------------------------------------------------------------------


@many
@given(draw.told_tariffs(), draw.charges(reserved=False), draw.zones, draw.holidays, st.data())
def test_at_any_instant_the_first_element_that_holds_prices(
    told: Told, periods: list[Period], zone: ZoneInfo, holidays: Holidays, data: st.DataObject
) -> None:
    breakdown = engine.price(told.tariff, periods, zone, holidays=holidays)
    energies = list(accumulate((exact.number(p.energy_wh) for p in periods), initial=Fraction(0)))
    place = data.draw(st.integers(0, len(periods) - 1))
    period, share = periods[place], data.draw(st.fractions(Fraction(1, 1000), Fraction(999, 1000)))
    at = period.start + (period.end - period.start) * float(share)
    share = Fraction(
        (at - period.start) // timedelta(microseconds=1), (period.end - period.start) // timedelta(microseconds=1)
    )
    now = {
        "local": at.astimezone(zone),
        "kwh": (energies[place] + exact.number(period.energy_wh) * share) / 1000,
        "duration": seconds(at - periods[0].start),
        "parking_duration": parked(periods, place, at),
        "power": power(period) / 1000,
        "current": period.current_a,
    }
    timed = "PARKING_TIME" if period.state is State.PARKING else "TIME"
    for kind in ("ENERGY", timed) if period.energy_wh else (timed,):
        expected = first(told.elements, kind, now, holidays)
        assert pricing(breakdown, Dimension(kind), at) in (expected, "at an edge"), (kind, now)


def seconds(span: timedelta) -> Fraction:
    return Fraction(span // timedelta(microseconds=1), 1_000_000)


def parked(periods: list[Period], place: int, at: datetime) -> Fraction | None:
    if periods[place].state is not State.PARKING:
        return None
    while place and periods[place - 1].state is State.PARKING:
        place -= 1
    return seconds(at - periods[place].start)


def power(period: Period) -> Fraction:
    if period.power_w is not None:
        return Fraction(period.power_w)
    return exact.number(period.energy_wh) * 3600 / seconds(period.end - period.start)


def first(elements: list[Json], kind: str, now: Json, holidays: Holidays) -> int | None:
    for index, element in enumerate(elements):
        limits = element["restrictions"]
        priced = "reservation" not in limits and any(c["type"] == kind for c in element["price_components"])
        if priced and holds(limits, now, holidays):
            return index
    return None


def holds(limits: Json, now: Json, holidays: Holidays) -> bool:
    local = now["local"]
    clock, today = f"{local:%H:%M}", f"{local:%Y-%m-%d}"
    start, end = limits.get("start_time", "00:00"), limits.get("end_time", "24:00").replace("00:00", "24:00")
    on_time = start <= clock < end if start < end else clock >= start or clock < end
    right_day = members.DAYS[local.weekday()] in limits.get("day_of_week", members.DAYS)
    season = limits.get("start_date", "") <= today < limits.get("end_date", "9")
    feast = (local.date() in holidays) is (limits["holidays"] == "only") if "holidays" in limits else True
    return on_time and right_day and season and feast and all(within(limits, name, now[name]) for name in QUANTITIES)


QUANTITIES = ("kwh", "duration", "parking_duration", "power", "current")


def within(limits: Json, name: str, value: Fraction | None) -> bool:
    low, high = limits.get(f"min_{name}"), limits.get(f"max_{name}")
    if low is None and high is None:
        return True
    return value is not None and (low is None or value >= low) and (high is None or value < high)


def pricing(breakdown: Breakdown, dimension: Dimension, at: datetime) -> int | str | None:
    """The element whose stretch holds the moment."""
    for line in breakdown.lines:
        for part in line.parts if line.dimension is dimension else ():
            if abs(part.start - at) <= EDGE or abs(part.end - at) <= EDGE:
                return "at an edge"
            if part.start < at < part.end:
                return line.element
    return None


EDGE = timedelta(microseconds=2)
