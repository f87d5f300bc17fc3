"""Whatever the lines are, the SdI's arithmetic holds: no database, many documents."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Operator
from billing.documents import einvoice, positions
from billing.documents.fatturapa import body, checks, write
from billing.documents.positions import Position
from billing.models import FiscalSettings, Invoice, InvoiceLine
from billing.services.invoicing import issuing
from billing.tariffs import exact, trace
from tests.billing.test_write_fatturapa import invoice as envelope

D = Decimal
TODAY = date(2026, 7, 1)
SETTINGS = FiscalSettings(operator=Operator())

millionths = st.integers(1, 10**9).map(lambda units: D(units).scaleb(-6))
rates = st.sampled_from([D(22), D(10), D(4), None])


@st.composite
def priced(draw: Any) -> Position:
    """A quantity at a price, rounded to the cent as `tariffs.rounding` does; a few of them taken off again."""
    quantity, price = draw(millionths), draw(st.integers(1, 3_000_000).map(lambda units: D(units).scaleb(-6)))
    unit, sign = draw(st.sampled_from(["kWh", "min", "1", ""])), draw(st.sampled_from([1, 1, 1, -1]))
    amount = exact.cents(Fraction(quantity) * Fraction(price), "EUR") * sign
    return Position("Energia – “notte”", quantity * sign, unit, price, amount, draw(rates))


def document(
    entries: Sequence[Position], *, gross: bool, treatment: str, credit: bool
) -> tuple[Invoice, list[InvoiceLine]]:
    treated = positions.treat(entries, tax_included=gross, treatment=treatment, no_vat="N2.2", currency="EUR")
    found = [replace(entry, amount=-entry.amount) if credit else entry for entry in treated.positions]
    rows = issuing.sums(found, gross=treated.tax_included, currency="EUR")
    total = sum((row.total for row in rows), D(0))
    written = Invoice(
        kind="credit_note" if credit else "invoice", fiscal_type="TD04" if credit else "TD01", issued_on=TODAY, number="1/2026",
        currency="EUR", tax_included=treated.tax_included, vat_summary=json.dumps([trace.vat_json(row) for row in rows]),
        total_incl_vat=total, total_excl_vat=total, stamp_duty=positions.stamp_duty(treated.positions, "EUR"),
    )  # fmt: skip
    lines = [
        InvoiceLine(
            position=place, text=entry.text, quantity=entry.quantity, unit=entry.unit, unit_price=entry.unit_price,
            amount=entry.amount, vat_rate=None if entry.rate is None else exact.rounded(entry.rate, 2), natura=entry.natura,
        )
        for place, entry in enumerate(found, start=1)
    ]  # fmt: skip
    return written, lines


@settings(max_examples=40)
@given(
    st.lists(priced(), min_size=1, max_size=12),
    st.booleans(),
    st.sampled_from(["", "split", "N6.8", "N4"]),
    st.booleans(),
)
def test_nothing_is_found_against_any_document(
    entries: list[Position], gross: bool, treatment: str, credit: bool
) -> None:
    written = einvoice._Written(
        *document(entries, gross=gross, treatment=treatment, credit=credit), SETTINGS, split=treatment == "split"
    )
    whole = replace(
        envelope(),
        bodies=(
            body.Body(
                general=written.general(), goods=body.Goods(lines=written.lines(), summaries=written.summaries())
            ),
        ),
    )
    assert checks.of(write.xml(whole), today=TODAY) == []
    for row in written.summaries():  # not within a euro: exactly
        lines = [line.total for line in written.lines() if (line.rate, line.natura) == (row.rate, row.natura)]
        assert sum(lines, D(0)) + (row.rounding or 0) == row.taxable
