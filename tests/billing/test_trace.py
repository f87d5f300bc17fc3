"""What a CDR keeps of its computation can be read back without loss and says why."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from billing.tariffs import engine, parsing, rounding, trace
from billing.tariffs.periods import Period, State

START = datetime(2025, 11, 3, 15, 10, tzinfo=UTC)
ELEMENTS = [
    {"price_components": [{"type": "ENERGY", "price": Decimal("0.69"), "vat": 22, "step_size": 1}], "restrictions": {"start_time": "17:00", "end_time": "20:00"}},
    {"price_components": [{"type": "ENERGY", "price": Decimal("0.59"), "vat": 22, "step_size": 1}]},
    {"price_components": [{"type": "PARKING_TIME", "price": 6, "vat": 22, "step_size": 300, "max_amount": 2}], "restrictions": {"min_parking_duration": 900}},
]  # fmt: skip


def traced() -> trace.Trace:
    tariff = parsing.tariff(ELEMENTS)
    full = START + timedelta(hours=2)
    periods = [
        Period(START, full, State.CHARGING, Decimal(22_000)),
        Period(full, full + timedelta(minutes=37), State.PARKING),
    ]
    breakdown = engine.price(tariff, periods, ZoneInfo("Europe/Rome"))
    return trace.of(tariff, breakdown, rounding.settle(breakdown))


def test_each_line_says_why() -> None:
    assert [line.why for line in traced().lines[:3]] == [
        "Element 2 is the first that prices ENERGY (always).",
        "Element 1 is the first that prices ENERGY (17:00–20:00).",
        "Element 3 is the first that prices PARKING_TIME (after 15\u00a0min). 22\u00a0min measured, rounded up by step_size 300. "
        "Capped at the element's maximum amount.",
    ]
    assert [str(line.amount) for line in traced().lines] == ["5.41", "8.86", "2.00", "-0.01"]
    assert traced().lines[3].why == "The exact total, rounded once, and the sum of the rounded lines differ by this."


def test_the_text_is_read_back_without_loss() -> None:
    once = traced()
    text = trace.dumps(once)
    assert trace.loads(text) == once
    assert trace.dumps(trace.loads(text)) == text


def test_a_credit_takes_back_every_line() -> None:
    back = trace.negated(traced())
    assert [str(line.amount) for line in back.lines] == ["-5.41", "-8.86", "-2.00", "0.01"]
    assert back.incl_vat == -traced().incl_vat == Decimal("-16.26")
