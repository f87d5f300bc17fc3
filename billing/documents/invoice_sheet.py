"""What stands on an invoice or a credit note, from its frozen rows alone: charges in the order of the document, a company's by cost
centre, fees with their days, how it was paid, and what tax law wants said."""

import json
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

from billing.models import CDR, FiscalSettings, Invoice, InvoiceLine
from billing.tariffs import exact, figures
from billing.tariffs.rounding import VatRow

from . import dates, fiscal_notes, lines, paid, parties, sheets, words
from .sheets import Sheet
from .words import Words


def invoice(document: Invoice) -> Sheet:
    language = document.language
    said, seller, buyer = words.of(language), parties.loads(document.seller), parties.loads(document.buyer)
    found = document.lines.select_related("cdr__session", "cdr__driver__user", "cdr__operator")
    positions = list(found.order_by("position"))
    rows = [
        VatRow(_rate(row["rate"]), Decimal(row["taxable"]), Decimal(row["vat"]))
        for row in json.loads(document.vat_summary)
    ]
    settings = FiscalSettings.objects.filter(operator=document.operator_id).first() or FiscalSettings()
    number = said["number"].format(number=document.number)
    came = paid.of_invoice(document)
    return {
        **sheets.frame(said, seller, language),
        "title": said[document.kind],
        "number": number,
        "running": f"{said[document.kind]} {number} · {parties.printed(buyer, language)['name']}",
        "carry": [said["carried"], said["carry"]],
        "subtitle": said["of"].format(date=dates.day(document.issued_on, language)),
        "reference": _reference(document, said),
        "buyer": {"label": said["buyer"], **parties.printed(buyer, language)},
        "groups": _groups(positions, document),
        "contents": "" if document.credits_id else _contents(positions, language),
        **sheets.sums(rows, document.total_incl_vat, document.tax_included, document.currency, language),
        "payment": [said["payment"], _settled(document, buyer, came)],
        "paid": paid.lines(came, document.currency, language),
        "bank": [said["iban"], _spaced(seller.get("iban", ""))],
        "regime": [said["tax_regime"], seller.get("tax_regime", "")],
        "notes": fiscal_notes.notes(document, positions, buyer, settings),
        **({} if any(line.cdr_id for line in positions) else {"rounding": ["", ""]}),
    }


def quantity_and_price(line: InvoiceLine, document: Invoice, language: str) -> tuple[str, str]:
    """ "10,229 kWh", "0,52 €/kWh", as printed; both empty where a line has no quantity."""
    shown = _as_shown(line)
    return lines.quantity_text(shown, language), lines.price_text(shown, document.currency, language)


# ---- the lines ------------------------------------------------------------------------------------------------------


def _groups(positions: Sequence[InvoiceLine], document: Invoice) -> list[Sheet]:
    """One per charge; a company's charges below the name and the sum of their cost centre."""
    if document.company_id is None:
        return _with_running_sums(_by_charge(positions, document), positions, document)
    found: list[Sheet] = []
    for centre, of_centre in groupby(positions, key=lambda line: line.cdr.cost_centre if line.cdr else None):
        inside = list(of_centre)
        groups = _by_charge(inside, document)
        if centre is not None:
            groups[0]["centre"] = _centre(centre, inside, document)
        found += groups
    return _with_running_sums(found, positions, document)


def _with_running_sums(groups: list[Sheet], positions: Sequence[InvoiceLine], document: Invoice) -> list[Sheet]:
    """Beside each row what the lines come to so far: pages carry it forward."""
    so_far, amounts = Decimal(0), iter(positions)
    for group in groups:
        for row in group["rows"]:
            so_far += next(amounts).amount
            row.append(figures.money(so_far, document.currency, document.language))
    return groups


def _centre(name: str, inside: Sequence[InvoiceLine], document: Invoice) -> list[str]:
    said = words.of(document.language)
    total = sum((line.amount for line in inside), Decimal(0))
    label = said["cost_centre"].format(name=name) if name else said["no_cost_centre"]
    return [label, figures.money(total, document.currency, document.language)]


def _by_charge(positions: Sequence[InvoiceLine], document: Invoice) -> list[Sheet]:
    return [_group(cdr, list(of_cdr), document) for cdr, of_cdr in groupby(positions, key=lambda line: line.cdr)]


def _group(cdr: CDR | None, of_cdr: Sequence[InvoiceLine], document: Invoice) -> Sheet:
    language = document.language
    rows = [_row(line, document) for line in of_cdr]
    if cdr is None:
        return {"rows": rows}
    said, snapshot = words.of(language), json.loads(cdr.snapshot)
    zone, meter = sheets.zone_of(snapshot, cdr), snapshot["meter"]
    register = said["meter_line"].format(
        start=sheets.meter_text(meter["start_wh"], language), end=sheets.meter_text(meter["stop_wh"], language)
    )
    under = [
        str(cdr.driver) if document.company_id and cdr.driver else "",
        sheets.place_of(snapshot),
        said["evse_line"].format(evse=snapshot["evse"]["uid"]) if snapshot["evse"]["uid"] else "",
        register,
    ]
    return {
        "head": f"{said['charge']} {dates.span(cdr.started_at, cdr.stopped_at, zone, language)}",
        "energy": "" if document.credits_id else figures.kwh(cdr.energy / 1000, language),
        "under": " · ".join(part for part in under if part),
        "rows": rows,
    }


def _row(line: InvoiceLine, document: Invoice) -> list[str]:
    several = len(json.loads(document.vat_summary)) > 1
    shown = _as_shown(line)
    text, _note, quantity, price, amount = sheets.row(shown, document.currency, document.language, rated=several)
    return [text, _days(line, document.language), quantity, price, amount]


def _days(line: InvoiceLine, language: str) -> str:
    """The days that a fee is for."""
    if line.since is None or line.until is None:
        return ""
    return f"{dates.day(line.since, language)} – {dates.day(line.until, language)}"


def _as_shown(line: InvoiceLine) -> lines.Shown:
    quantity = Fraction(line.quantity)
    rate = None if line.vat_rate is None else Fraction(line.vat_rate)
    return lines.Shown(line.text, quantity, line.unit, Fraction(line.unit_price), line.amount, rate, quantity)


# ---- around them ----------------------------------------------------------------------------------------------------


def _contents(positions: Sequence[InvoiceLine], language: str) -> str:
    charges = {line.cdr_id: line.cdr.energy for line in positions if line.cdr}
    if not charges:
        return ""
    said = words.of(language)
    energy = figures.kwh(sum(charges.values(), Decimal(0)) / 1000, language)
    return said["contents_one" if len(charges) == 1 else "contents"].format(count=len(charges), energy=energy)


def _reference(document: Invoice, said: Words) -> str:
    first = document.credits
    if first is None:
        return ""
    told = said["credits"].format(number=first.number, date=dates.day(first.issued_on, document.language))
    return f"{told} · {document.reason}" if document.reason else told


def _settled(document: Invoice, buyer: dict[str, Any], came: Sequence[paid.Came]) -> str:
    """Nothing to pay, paid, or what is left and until when."""
    said, language = words.of(document.language), document.language
    owed = fiscal_notes.due(document, buyer)
    if not owed:
        return said["free"]
    if document.kind == Invoice.Kind.CREDIT_NOTE:
        return ""
    rest = owed - paid.total(came)
    if rest <= 0:  # how it was paid stands below
        return "" if came else said["settled"]
    amount = figures.money(rest, document.currency, language)
    if rest == owed and document.due_on in (None, document.issued_on):
        return said["unpaid_amount"].format(amount=amount)
    on = dates.day(document.due_on or document.issued_on, language)
    return said["due"].format(amount=amount, date=on)


def _rate(text: str | None) -> Fraction | None:
    return None if text is None else exact.number_of(text)


def _spaced(iban: str) -> str:
    return " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))
