"""What plans include and codes take off: exact, in the order of consumption, never below zero, before the tariff's limits."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from billing.tariffs import engine, parsing, rounding, terms, trace
from billing.tariffs.breakdown import Breakdown
from billing.tariffs.model import Tariff
from billing.tariffs.periods import Period, State
from billing.tariffs.terms import Terms, Used
from tests.billing.strategies import CLOCK, ELAPSED, ROME, charges, halves, many, tariffs
from tests.factories.billing import element

NINE = datetime(2026, 6, 15, 7, tzinfo=UTC)  # 9:00 in Rome
GROSS = {"currency": "EUR", "tax_included": True}
PLAN = Terms(allowance_wh=Fraction(10_000), label="Casa", source="period:1")


def charged(tariff: Tariff, *granted: Terms, wh: int = 20_000, minutes: int = 60) -> Breakdown:
    told = [Period(NINE, NINE + timedelta(minutes=minutes), State.CHARGING, Decimal(wh))]
    return terms.apply(tariff, engine.price(tariff, told, ROME), granted)


def tariff(*elements: dict[str, Any], **limits: Any) -> Tariff:
    return parsing.tariff(list(elements), **GROSS, **limits)


def test_included_energy_is_given_back_at_the_price_it_would_have_cost() -> None:
    cost = charged(tariff(element("ENERGY", "0.50")), PLAN)
    (relief,) = cost.reliefs
    assert (relief.quantity, relief.amount, relief.label, relief.vat) == (10, -5, "Casa", 22)
    assert cost.incl_vat == 5
    assert terms.used(cost, PLAN) == Used(wh=Fraction(10_000))


def test_what_was_consumed_first_is_included_first() -> None:
    """0.40 until half past nine, 0.60 after: 10 kWh each; 15 are included."""
    early, late = element("ENERGY", "0.40", end_time="09:30"), element("ENERGY", "0.60")
    cost = charged(tariff(early, late), Terms(allowance_wh=Fraction(15_000), source="p"))
    assert [(r.quantity, r.amount) for r in cost.reliefs] == [(10, -4), (5, -3)]
    assert cost.incl_vat == 3


def test_what_step_size_added_is_included_last() -> None:
    cost = charged(
        tariff(element("ENERGY", "0.50", step=500)), Terms(allowance_wh=Fraction(30_000), source="p"), wh=20_100
    )
    assert terms.used(cost, Terms(source="p")) == Used(wh=Fraction(20_500))
    assert cost.incl_vat == 0


def test_minutes_are_those_of_charging() -> None:
    minutes = Terms(allowance_s=1800, source="p")
    cost = charged(tariff(element("TIME", "6"), element("FLAT", "1")), minutes)
    assert cost.incl_vat == 1 + 3
    assert terms.used(cost, minutes) == Used(seconds=Fraction(1800))


def test_no_more_is_given_back_than_a_capped_line_costs() -> None:
    capped = {"price_components": [{"type": "ENERGY", "price": Decimal("0.5"), "vat": 22, "max_amount": Decimal(3)}]}
    assert charged(tariff(capped), PLAN).incl_vat == 0


def test_a_percentage_comes_before_an_amount_and_nothing_goes_below_zero() -> None:
    ten_percent_and_two = Terms(discount_percent=Fraction(10), discount_amount=Fraction(2), source="c")
    assert charged(tariff(element("ENERGY", "0.50")), ten_percent_and_two).incl_vat == 7
    assert charged(tariff(element("ENERGY", "0.50")), Terms(discount_amount=Fraction(50), source="c")).incl_vat == 0


def test_an_amount_includes_vat_whatever_the_tariff_s_prices_do() -> None:
    net = parsing.tariff([element("ENERGY", "0.50")], tax_included=False)
    cost = charged(net, Terms(discount_amount=Fraction("6.1"), source="c"))
    assert (cost.excl_vat, cost.incl_vat) == (5, Fraction("6.1"))


def test_a_discount_is_shared_over_the_rates_of_vat() -> None:
    mixed = tariff(element("ENERGY", "0.50", vat=10), element("FLAT", "5", vat=22))
    cost = charged(mixed, Terms(discount_amount=Fraction(3), source="c"))
    assert [(r.vat, r.amount) for r in cost.reliefs] == [(22, -1), (10, -2)]


def test_the_minimum_price_holds_for_what_is_left() -> None:
    cost = charged(
        tariff(element("ENERGY", "0.50"), min_price=Decimal(1)), Terms(allowance_wh=Fraction(20_000), source="p")
    )
    assert (cost.incl_vat, cost.limit) == (1, "min")


def test_the_plan_comes_before_the_code_and_each_knows_what_it_gave() -> None:
    code = Terms(allowance_wh=Fraction(15_000), discount_percent=Fraction(50), label="WELCOME", source="redemption:2")
    cost = charged(tariff(element("ENERGY", "0.50")), PLAN, code)
    assert (terms.used(cost, PLAN).wh, terms.used(cost, code).wh, cost.incl_vat) == (10_000, 10_000, 0)


def test_the_text_of_a_record_gives_back_what_was_granted_and_taken() -> None:
    code = Terms(discount_percent=Fraction(100, 3), label="È tuo", source="redemption:2")
    cost = charged(tariff(element("ENERGY", "0.50")), PLAN, code)
    text = terms.dumps((PLAN, code), cost)
    assert terms.loads(text) == (PLAN, code)
    assert terms.uses(text) == [(PLAN, Used(wh=Fraction(10_000))), (code, Used(discount=Fraction(5, 3)))]
    assert (terms.dumps((), cost), terms.loads("")) == ("", ())


def test_reliefs_are_lines_of_the_receipt_and_survive_their_text() -> None:
    plain = tariff(element("ENERGY", "0.55"))
    cost = charged(plain, PLAN, Terms(discount_percent=Fraction(10), label="TEN", source="c"), wh=18_640)
    said = trace.of(plain, cost, rounding.settle(cost))
    assert [(line.kind, line.amount, line.label) for line in said.lines] == [
        ("priced", Decimal("10.25"), ""),
        ("included", Decimal("-5.50"), "Casa"),
        ("discount", Decimal("-0.48"), "TEN"),
        ("rounding", Decimal("0.01"), ""),
    ]
    assert said.incl_vat == Decimal("4.28")
    assert trace.loads(trace.dumps(said)) == said


def test_where_a_discount_takes_all_of_a_rate_rounding_takes_no_coin_more() -> None:
    """0.42 − 0.03 − 0.40 at one rate, 0.42 − 0.42 at the other: of nothing a coin less would remain."""
    both = [
        {"type": "ENERGY", "price": Decimal("0.467"), "step_size": 900},
        {"type": "FLAT", "price": Decimal("0.415"), "vat": 0},
    ]
    mixed = parsing.tariff([{"price_components": both}], tax_included=False)
    all_of_it = Terms(discount_amount=Fraction(1), source="a")
    settled = rounding.settle(charged(mixed, all_of_it, Terms(allowance_wh=Fraction(54), source="b"), wh=1))
    assert [(row.rate, row.taxable) for row in settled.vat_rows] == [(0, 0), (None, 0)]
    assert [(c.amount, c.vat) for c in settled.charges if c.kind == "rounding"] == [(Decimal("0.01"), None)]


grants = st.lists(
    st.builds(
        Terms,
        allowance_wh=st.integers(0, 60_000).map(Fraction),
        allowance_s=st.integers(0, 7200),
        discount_percent=st.integers(0, 100).map(Fraction),
        discount_amount=st.integers(0, 20).map(Fraction),
        source=st.sampled_from(["a", "b"]),
    ),
    max_size=2,
    unique_by=lambda one: one.source,
)


@many
@given(tariffs(), charges(), grants, st.fractions(min_value=0, max_value=1))
def test_how_a_charge_is_told_changes_no_relief(
    tariff: Tariff, periods: list[Period], granted: list[Terms], share: Fraction
) -> None:
    split = [half for period in periods for half in halves(period, share)]
    whole, parts = (terms.apply(tariff, engine.price(tariff, told, ROME), granted) for told in (periods, split))
    assert (whole.excl_vat, whole.incl_vat) == (parts.excl_vat, parts.incl_vat)
    assert [terms.used(whole, one) for one in granted] == [terms.used(parts, one) for one in granted]


@many
@given(tariffs(), charges(), grants)
def test_grants_never_make_a_charge_dearer_nor_negative(
    tariff: Tariff, periods: list[Period], granted: list[Terms]
) -> None:
    before = engine.price(tariff, periods, ROME)
    after = terms.apply(tariff, before, granted)
    assert 0 <= after.own_total <= before.own_total
    settled = rounding.settle(after)
    assert settled.incl_vat >= 0
    assert settled.incl_vat == after.total_incl_vat or not tariff.gross
    assert all(row.taxable >= 0 and row.vat >= 0 for row in settled.vat_rows)
    for one in granted:
        took = terms.used(after, one)
        assert (took.wh <= one.allowance_wh, took.seconds <= one.allowance_s) == (True, True)


@many
@given(tariffs(steps=(0,), kinds=(*CLOCK, *ELAPSED)), charges(powered=True), grants, st.integers(1, 50_000))
def test_more_energy_at_the_end_never_costs_less(
    tariff: Tariff, periods: list[Period], granted: list[Terms], more_wh: int
) -> None:
    last = periods[-1]
    fuller = [
        *periods[:-1],
        Period(last.start, last.end, last.state, last.energy_wh + more_wh, last.power_w, last.current_a),
    ]
    less, more = (terms.apply(tariff, engine.price(tariff, told, ROME), granted) for told in (periods, fuller))
    assert more.own_total >= less.own_total


# ---- holidays and currencies ---------------------------------------------------------------------------------------------


def test_holidays_have_their_own_price_from_midnight_to_midnight() -> None:
    """Ferragosto begins at 22:00 UTC of the 14th."""
    festive = tariff(element("ENERGY", "0.30", holidays="only"), element("ENERGY", "0.60"))
    ten = datetime(2026, 8, 14, 20, tzinfo=UTC)
    told = [Period(ten, ten + timedelta(hours=4), State.CHARGING, Decimal(40_000))]
    cost = engine.price(festive, told, ROME, holidays={datetime(2026, 8, 15).date()})
    assert [(line.element, line.quantity, line.amount) for line in cost.lines] == [(1, 20, 12), (0, 20, 6)]
    assert engine.price(festive, told, ROME).incl_vat == 24


def test_except_holidays_is_the_opposite() -> None:
    usual = tariff(element("PARKING_TIME", "6", holidays="except"))
    told = [Period(NINE, NINE + timedelta(hours=1), State.PARKING)]
    day = NINE.astimezone(ZoneInfo("Europe/Rome")).date()
    assert engine.price(usual, told, ROME).incl_vat == 6
    assert engine.price(usual, told, ROME, holidays={day}).incl_vat == 0


def test_yen_have_no_cents_and_dinars_have_three_decimals() -> None:
    for currency, total in (("JPY", Decimal(12)), ("KWD", Decimal("12.346"))):
        priced = parsing.tariff([element("ENERGY", "0.6172840")], currency=currency)
        said = rounding.settle(charged(priced))
        assert (said.incl_vat, said.vat + said.excl_vat) == (total, total)
