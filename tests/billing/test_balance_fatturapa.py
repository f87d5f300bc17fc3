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
from billing.documents import einvoice, en16931_sums, positions
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
    _holds_by_en_16931(whole.bodies[0])


def _holds_by_en_16931(only: body.Body) -> None:
    """The rules of the schematron that are arithmetic (it itself is not run here: it wants an XSLT 2 processor)."""
    sums = en16931_sums.of(only)
    lines = [(line, en16931_sums.cents(line.total)) for line in only.goods.lines]
    assert sums.lines == sum((amount for _line, amount in lines), D(0))  # BR-CO-10
    assert sums.allowed == -sum((row.between for row in sums.rates if row.between < 0), D(0))  # BR-CO-11
    assert sums.charged == sum((row.between for row in sums.rates if row.between > 0), D(0))  # BR-CO-12
    assert sums.taxable == sums.lines - sums.allowed + sums.charged  # BR-CO-13
    assert sums.vat == sum((row.vat for row in only.goods.summaries), D(0))  # BR-CO-14
    assert sums.whole == sums.taxable + sums.vat == only.general.document.total  # BR-CO-15
    assert sums.due == sums.whole - sums.paid  # BR-CO-16
    assert len({(row.rate, row.category) for row in sums.rates}) == len(sums.rates) > 0  # BR-CO-18, BR-E-01, BR-AE-01
    for row in sums.rates:
        assert abs(row.vat - (row.taxable * row.rate / 100)) <= D("0.011")  # BR-CO-17, to the cent
        ours = [a for line, a in lines if (line.rate, en16931_sums.category(line.natura)) == (row.rate, row.category)]
        assert row.taxable == sum(ours, D(0)) + row.between  # BR-S-08, BR-E-08, BR-AE-08
        assert bool(row.reason) == (row.category != en16931_sums.STANDARD)  # BR-S-10, BR-E-10, BR-AE-10
    amounts = (
        sums.lines,
        sums.allowed,
        sums.charged,
        sums.taxable,
        sums.vat,
        sums.paid,
        *(row.between for row in sums.rates),
    )
    assert all(amount == en16931_sums.cents(amount) for amount in amounts)  # BR-DEC-09 to BR-DEC-20
