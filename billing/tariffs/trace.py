"""Why each line of a charge costs what it costs: what a CDR keeps for ever, and what screens, API and documents read.

Numbers are texts, decimal where one exists and "a/b" otherwise, so the text is exact and the same for the same charge:
`manage.py rerate --verify` compares it letter by letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import orjson

from . import exact, figures, words
from .breakdown import Breakdown, Earlier, Line, Relief
from .model import Dimension, Tariff
from .rounding import Charge, Kind, Rate, Settlement, VatRow


@dataclass(frozen=True, slots=True)
class TraceLine:
    """`amount` in cents as charged, in the tariff's terms; `exact` before rounding. `quantity` and `unit_price` in `unit`
    (kWh, h, 1; empty for discounts, limits and rounding), `measured` before step_size. `element` counts from 0. `label` names the
    plan or the code of a relief; what a plan includes has a unit and a quantity, and no dimension. `why`: English."""

    kind: Kind
    amount: Decimal
    vat: Rate
    exact: Fraction
    dimension: Dimension | None = None
    element: int | None = None
    unit: str = ""
    quantity: Fraction = Fraction(0)
    measured: Fraction = Fraction(0)
    unit_price: Fraction = Fraction(0)
    start: datetime | None = None
    end: datetime | None = None
    parts: tuple[tuple[datetime, datetime, Fraction], ...] = ()
    why: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    currency: str
    gross: bool
    lines: tuple[TraceLine, ...]
    vat_rows: tuple[VatRow, ...]
    excl_vat: Decimal
    vat: Decimal
    incl_vat: Decimal


def of(tariff: Tariff, breakdown: Breakdown, settlement: Settlement) -> Trace:
    return Trace(
        breakdown.currency,
        breakdown.gross,
        tuple(_traced(tariff, charge, breakdown) for charge in settlement.charges),
        settlement.vat_rows,
        settlement.excl_vat,
        settlement.vat,
        settlement.incl_vat,
    )


def negated(trace: Trace) -> Trace:
    """Of a credit CDR: the same lines, taken back."""
    return replace(
        trace,
        lines=tuple(replace(line, amount=-line.amount, exact=-line.exact) for line in trace.lines),
        vat_rows=tuple(VatRow(row.rate, -row.taxable, -row.vat) for row in trace.vat_rows),
        excl_vat=-trace.excl_vat,
        vat=-trace.vat,
        incl_vat=-trace.incl_vat,
    )


def _traced(tariff: Tariff, charge: Charge, breakdown: Breakdown) -> TraceLine:
    line = charge.line
    if charge.relief is not None:
        return _relieved(charge, charge.relief)
    if line is None:
        why = _REASONS[charge.kind] + _of_the_visit(charge.kind, breakdown)
        return TraceLine(charge.kind, charge.amount, charge.vat, Fraction(charge.amount), why=why)
    return TraceLine(
        charge.kind,
        charge.amount,
        charge.vat,
        line.amount,
        line.dimension,
        line.element,
        line.dimension.unit,
        line.quantity,
        line.measured,
        line.unit_price,
        line.start,
        line.end,
        tuple((part.start, part.end, part.quantity) for part in line.parts),
        _why(tariff, line, breakdown.earlier),
    )


def _relieved(charge: Charge, relief: Relief) -> TraceLine:
    return TraceLine(
        charge.kind,
        charge.amount,
        charge.vat,
        relief.amount,
        unit=relief.dimension.unit if relief.dimension else "",
        quantity=relief.quantity,
        unit_price=relief.unit_price,
        why=_REASONS[charge.kind],
        label=relief.label,
    )


_REASONS = {
    Kind.INCLUDED: "Included in the plan: given back at the price that it would have cost.",
    Kind.DISCOUNT: "Taken off what is left at this VAT rate.",
    Kind.MIN_PRICE: "The tariff's minimum price was not reached.",
    Kind.MAX_PRICE: "The tariff's maximum price was exceeded.",
    Kind.PAID_BEFORE: "An earlier charge of the visit had paid more than was due, to reach the minimum price.",
    Kind.ROUNDING: "The exact total, rounded once, and the sum of the rounded lines differ by this.",
}


def _of_the_visit(kind: Kind, breakdown: Breakdown) -> str:
    if kind is Kind.ROUNDING or not breakdown.earlier.charges:
        return ""
    own = 1 if breakdown.gross else 0
    due, charged = (exact.text(amounts[own]) for amounts in (breakdown.earlier.due, breakdown.earlier.charged))
    return f" It holds for the whole visit: {due} was due before, {charged} charged."


def _why(tariff: Tariff, line: Line, earlier: Earlier) -> str:
    restrictions = words.restrictions(tariff.elements[line.element].restrictions, "en") or "always"
    said = [f"Element {line.element + 1} is the first that prices {line.dimension} ({restrictions})."]
    if line.quantity != line.measured:
        said.append(f"{_amount(line, line.measured)} measured, rounded up by step_size {line.component.step_size}.")
    if line.capped:
        said.append("Capped at the element's maximum amount.")
        if before := earlier.capped.get((line.dimension, line.element)):
            said.append(f"{exact.text(before)} of it was charged before in this visit.")
    return " ".join(said)


def _amount(line: Line, quantity: Fraction) -> str:
    if line.dimension.unit == "h":
        return figures.duration(quantity * 3600)
    return f"{exact.text(quantity)} {line.dimension.unit}"


# ---- text ----------------------------------------------------------------------------------------------------------


def dumps(trace: Trace) -> str:
    return orjson.dumps(as_json(trace)).decode()


def loads(text: str) -> Trace:
    given = orjson.loads(text)
    return Trace(
        given["currency"],
        given["tax_included"],
        tuple(_line_of(line) for line in given["lines"]),
        tuple(VatRow(_rate_of(row["rate"]), Decimal(row["taxable"]), Decimal(row["vat"])) for row in given["vat"]),
        *(Decimal(given[name]) for name in ("total_excl_vat", "total_vat", "total_incl_vat")),
    )


def as_json(trace: Trace) -> dict[str, Any]:
    return {
        "currency": trace.currency,
        "tax_included": trace.gross,
        "lines": [line_json(line) for line in trace.lines],
        "vat": [vat_json(row) for row in trace.vat_rows],
        "total_excl_vat": str(trace.excl_vat),
        "total_vat": str(trace.vat),
        "total_incl_vat": str(trace.incl_vat),
    }


def vat_json(row: VatRow) -> dict[str, Any]:
    return {"rate": _rate_text(row.rate), "taxable": str(row.taxable), "vat": str(row.vat)}


def line_json(line: TraceLine) -> dict[str, Any]:
    common = {
        "kind": line.kind.value,
        "amount": str(line.amount),
        "exact": exact.text(line.exact),
        "vat": _rate_text(line.vat),
    }
    if line.dimension is None:
        return {**common, **_relief_json(line), "why": line.why}
    return {
        **common,
        "dimension": line.dimension.value,
        "tariff_element": line.element,
        "quantity": exact.text(line.quantity),
        "measured": exact.text(line.measured),
        "unit": line.unit,
        "unit_price": exact.text(line.unit_price),
        "from": iso(line.start),
        "to": iso(line.end),
        "parts": [[iso(start), iso(end), exact.text(quantity)] for start, end, quantity in line.parts],
        "why": line.why,
    }


def _relief_json(line: TraceLine) -> dict[str, Any]:
    """Nothing for limits and rounding."""
    if line.kind not in (Kind.INCLUDED, Kind.DISCOUNT):
        return {}
    if not line.unit:
        return {"label": line.label}
    counted = {"quantity": exact.text(line.quantity), "unit": line.unit, "unit_price": exact.text(line.unit_price)}
    return {"label": line.label, **counted}


def _line_of(given: Mapping[str, Any]) -> TraceLine:
    kind, amount, vat = Kind(given["kind"]), Decimal(given["amount"]), _rate_of(given["vat"])
    if "dimension" not in given:
        return TraceLine(
            kind,
            amount,
            vat,
            exact.number_of(given["exact"]),
            unit=given.get("unit", ""),
            quantity=exact.number_of(given.get("quantity", "0")),
            unit_price=exact.number_of(given.get("unit_price", "0")),
            why=given["why"],
            label=given.get("label", ""),
        )
    return TraceLine(
        kind,
        amount,
        vat,
        exact.number_of(given["exact"]),
        Dimension(given["dimension"]),
        given["tariff_element"],
        given["unit"],
        exact.number_of(given["quantity"]),
        exact.number_of(given["measured"]),
        exact.number_of(given["unit_price"]),
        moment(given["from"]),
        moment(given["to"]),
        tuple((moment(start), moment(end), exact.number_of(quantity)) for start, end, quantity in given["parts"]),
        given["why"],
    )


def _rate_text(rate: Rate) -> str | None:
    return None if rate is None else exact.text(rate)


def _rate_of(text: str | None) -> Rate:
    return None if text is None else exact.number_of(text)


@lru_cache(maxsize=1024)
def iso(at: datetime | None) -> str:
    """UTC with Z, milliseconds unless the time is finer or whole, as the API writes times; empty for None."""
    if at is None:
        return ""
    fine = at.microsecond % 1000 or not at.microsecond
    return at.astimezone(UTC).isoformat(timespec="auto" if fine else "milliseconds").removesuffix("+00:00") + "Z"


def moment(text: str) -> datetime:
    """The inverse of `iso`."""
    return datetime.fromisoformat(text)
