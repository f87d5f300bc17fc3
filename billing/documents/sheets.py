"""What stands on a page, as texts: the template only places them."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from billing import pricing
from billing.models import CDR, Invoice, InvoiceLine, Payment
from billing.tariffs import exact, figures, trace
from billing.tariffs.rounding import VatRow

from . import dates, lines, parties, seal, words
from .words import Words

Sheet = dict[str, Any]


def receipt(cdr: CDR, language: str) -> Sheet:
    """Of one CDR; a credit CDR makes a receipt of what was taken back."""
    said, snapshot = words.of(language), json.loads(cdr.snapshot)
    zone = _zone(snapshot, cdr)
    cost = trace.loads(cdr.trace)
    seller = parties.seller(cdr.operator)
    rows = [_row(line, cost.currency, language) for line in _shown(cdr, cost, language)]
    return {
        **_frame(said, seller, language),
        "title": said["credit_receipt" if cdr.credits_id else "receipt"],
        "subtitle": dates.day(cdr.stopped_at.astimezone(zone).date(), language),
        "headline": _headline(cdr, snapshot, zone, language),
        "facts": _facts(cdr, snapshot, zone, language),
        "groups": [{"rows": rows}],
        **_sums(cost.vat_rows, cost.incl_vat, cost.gross, cost.currency, language),
        "payment": [said["payment"], _paid(cdr, zone, language)],
        "notes": _notes(cdr, said),
        **_sealed(cdr, said),
    }


def invoice(document: Invoice) -> Sheet:
    """An invoice or a credit note, from its frozen rows alone."""
    language = document.language
    said, seller, buyer = words.of(language), parties.loads(document.seller), parties.loads(document.buyer)
    positions = list(document.lines.select_related("cdr__session").order_by("position"))
    rows = [
        VatRow(_rate(row["rate"]), Decimal(row["taxable"]), Decimal(row["vat"]))
        for row in json.loads(document.vat_summary)
    ]
    number = said["number"].format(number=document.number)
    return {
        **_frame(said, seller, language),
        "title": said[document.kind],
        "number": number,
        "subtitle": said["of"].format(date=dates.day(document.issued_on, language)),
        "reference": _reference(document, said),
        "buyer": {"label": said["buyer"], **parties.printed(buyer, language)},
        "groups": [_group(cdr, of_cdr, document, language) for cdr, of_cdr in _by_cdr(positions)],
        "contents": _contents(positions, language),
        **_sums(rows, document.total_incl_vat, document.tax_included, document.currency, language),
        "payment": [said["payment"], _settled(document, language)],
        "bank": [said["iban"], _spaced(seller.get("iban", ""))],
        "regime": [said["tax_regime"], seller.get("tax_regime", "")],
        "notes": [],
    }


# ---- shared ---------------------------------------------------------------------------------------------------------


def _frame(said: Words, seller: dict[str, Any], language: str) -> Sheet:
    contacts = " · ".join(seller[name] for name in ("support_phone", "support_email") if seller.get(name))
    return {
        "language": language,
        "brand": seller["name"],
        "seller": {"label": said["seller"], **parties.printed(seller, language)},
        "columns": [said[name] for name in ("description", "quantity", "price", "amount")],
        "help": f"{said['help']}: {contacts}" if contacts else "",
        "page": said["page"],
    }


def _sums(rows: Iterable[VatRow], total: Decimal, gross: bool, currency: str, language: str) -> Sheet:
    said = words.of(language)
    money = lambda amount: figures.money(amount, currency, language)  # noqa: E731
    return {
        "terms": said["gross" if gross else "net"],
        "vat_columns": [said[name] for name in ("vat_rate", "taxable", "vat", "total")],
        "vat_rows": [
            [
                said["no_vat"] if row.rate is None else figures.percent(row.rate, language),
                *map(money, (row.taxable, row.vat, row.total)),
            ]
            for row in rows
        ],
        "total": [said["total_vat_in"], money(total)],
        "rounding": [said["how_rounded"], said["rounding_gross" if gross else "rounding_net"]],
    }


def _row(line: lines.Shown, currency: str, language: str) -> list[str]:
    """Description, note, quantity, price, amount."""
    note = ""
    if line.rounded_up:
        measured = lines.quantity_text(lines.as_measured(line), language)
        note = words.of(language)["measured"].format(measured=measured)
    return [
        line.text,
        note,
        lines.quantity_text(line, language),
        lines.price_text(line, currency, language),
        figures.money(line.amount, currency, language),
    ]


def _shown(cdr: CDR, cost: trace.Trace, language: str) -> Sequence[lines.Shown]:
    tariff = pricing.parsed(cdr.tariff_version) if cdr.tariff_version else None
    return lines.shown(cost, tariff, language)


def _zone(snapshot: dict[str, Any], cdr: CDR) -> ZoneInfo:
    place = snapshot["location"]
    return pricing.zone(place["time_zone"] if place else cdr.operator.time_zone)


def _place(snapshot: dict[str, Any]) -> str:
    place = snapshot["location"]
    return ", ".join(part for part in (place["name"], place["address"], place["city"]) if part) if place else ""


# ---- the receipt ----------------------------------------------------------------------------------------------------


def _headline(cdr: CDR, snapshot: dict[str, Any], zone: ZoneInfo, language: str) -> Sheet:
    seconds = cdr.charging_seconds + cdr.parking_seconds
    return {
        "amount": figures.money(cdr.total_incl_vat, cdr.currency, language),
        "energy": figures.kwh(cdr.energy / 1000, language),
        "duration": figures.duration(seconds - seconds % 60 if seconds >= 60 else seconds),
        "when": dates.span(cdr.started_at, cdr.stopped_at, zone, language),
        "where": _place(snapshot),
    }


def _facts(cdr: CDR, snapshot: dict[str, Any], zone: ZoneInfo, language: str) -> list[list[str]]:
    said = words.of(language)
    parked = figures.duration(cdr.parking_seconds) if cdr.parking_seconds else ""
    facts = [
        ("evse", snapshot["evse"]["uid"]),
        ("station", snapshot["station"]["name"] or snapshot["station"]["identity"]),
        ("start", dates.moment(cdr.started_at, zone, language)),
        ("end", dates.moment(cdr.stopped_at, zone, language)),
        ("meter_start", _meter(snapshot["meter"]["start_wh"], language)),
        ("meter_end", _meter(snapshot["meter"]["stop_wh"], language)),
        ("energy", figures.kwh(cdr.energy / 1000, language, places=3)),
        ("parking", parked),
        ("token", _masked(snapshot["token"]["uid"])),
        ("transaction", snapshot["transaction_id"]),
    ]
    return [[said[name], value] for name, value in facts if value]


def _meter(wh: str | None, language: str) -> str:
    return figures.kwh(Decimal(wh) / 1000, language, places=3) if wh is not None else "–"


def _masked(uid: str) -> str:
    return f"…{uid[-4:]}" if uid else ""


def _notes(cdr: CDR, said: Words) -> list[str]:
    flags = cdr.flags.split(",")
    notes = [said["not_an_invoice"]]
    if "estimated" in flags:
        notes.insert(0, said["estimated"])
    if cdr.held:
        notes.insert(0, said["held"])
    return notes


def _sealed(cdr: CDR, said: Words) -> Sheet:
    """Where the meter's own signatures can be looked at."""
    address = seal.address(cdr.session_id)
    return {"seal": {"text": said["signed"], "address": address, "qr": seal.qr(address)}} if address else {}


def _paid(cdr: CDR, zone: ZoneInfo, language: str) -> str:
    said = words.of(language)
    if cdr.credits_id is None and not cdr.total_incl_vat:
        return said["free"]
    return _payment_state(getattr(cdr, "payment", None), zone, language)


def _payment_state(payment: Payment | None, zone: ZoneInfo, language: str) -> str:
    said = words.of(language)
    word = _STATES.get(payment.status) if payment else None
    if payment is None or word is None:
        return said["unpaid"]
    return said[word].format(date=dates.day(payment.updated_at.astimezone(zone).date(), language))


_STATES = {Payment.Status.CAPTURED.value: "paid", Payment.Status.REFUNDED.value: "refunded"}


# ---- the invoice ----------------------------------------------------------------------------------------------------


def _by_cdr(positions: Sequence[InvoiceLine]) -> list[tuple[CDR | None, list[InvoiceLine]]]:
    groups: list[tuple[CDR | None, list[InvoiceLine]]] = []
    for line in positions:
        if not groups or groups[-1][0] != line.cdr:
            groups.append((line.cdr, []))
        groups[-1][1].append(line)
    return groups


def _group(cdr: CDR | None, of_cdr: Sequence[InvoiceLine], document: Invoice, language: str) -> Sheet:
    rows = [_invoiced(line, document, language) for line in of_cdr]
    if cdr is None:
        return {"rows": rows}
    said, snapshot = words.of(language), json.loads(cdr.snapshot)
    zone, meter = _zone(snapshot, cdr), snapshot["meter"]
    register = said["meter_line"].format(
        start=_meter(meter["start_wh"], language), end=_meter(meter["stop_wh"], language)
    )
    under = [
        _place(snapshot),
        said["evse_line"].format(evse=snapshot["evse"]["uid"]) if snapshot["evse"]["uid"] else "",
        register,
    ]
    return {
        "head": f"{said['charge']} {dates.span(cdr.started_at, cdr.stopped_at, zone, language)}",
        "energy": figures.kwh(cdr.energy / 1000, language),
        "under": " · ".join(part for part in under if part),
        "rows": rows,
    }


def _invoiced(line: InvoiceLine, document: Invoice, language: str) -> list[str]:
    return _row(_as_shown(line), document.currency, language)


def quantity_and_price(line: InvoiceLine, document: Invoice, language: str) -> tuple[str, str]:
    """ "10,229 kWh", "0,52 €/kWh", as printed; both empty where a line has no quantity."""
    shown = _as_shown(line)
    return lines.quantity_text(shown, language), lines.price_text(shown, document.currency, language)


def _as_shown(line: InvoiceLine) -> lines.Shown:
    quantity = Fraction(line.quantity)
    return lines.Shown(line.text, quantity, line.unit, Fraction(line.unit_price), line.amount, None, quantity)


def _contents(positions: Sequence[InvoiceLine], language: str) -> str:
    charges = {line.cdr_id: line.cdr.energy for line in positions if line.cdr}
    said = words.of(language)
    energy = figures.kwh(sum(charges.values(), Decimal(0)) / 1000, language)
    return said["contents_one" if len(charges) == 1 else "contents"].format(count=len(charges), energy=energy)


def _reference(document: Invoice, said: Words) -> str:
    first = document.credits
    if first is None:
        return ""
    return said["credits"].format(number=first.number, date=dates.day(first.issued_on, document.language))


def _settled(document: Invoice, language: str) -> str:
    """Once the last of the invoice's charges is collected, the day of it."""
    said = words.of(language)
    payments = list(Payment.objects.filter(cdr__invoice_lines__invoice=document).distinct().order_by("updated_at"))
    if not document.total_incl_vat:
        return said["free"]
    if document.kind == Invoice.Kind.CREDIT_NOTE or not payments:
        return said["unpaid"] if document.kind == Invoice.Kind.INVOICE else ""
    if any(payment.status != Payment.Status.CAPTURED for payment in payments):
        return said["unpaid"]
    return _payment_state(payments[-1], pricing.zone(document.operator.time_zone), language)


def _rate(text: str | None) -> Fraction | None:
    return None if text is None else exact.number_of(text)


def _spaced(iban: str) -> str:
    return " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))
