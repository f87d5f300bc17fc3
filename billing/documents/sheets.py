"""What stands on a page, as texts: the template only places them."""

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from billing import pricing
from billing.models import CDR, InvoicedCdr, Payment
from billing.tariffs import exact, figures, trace
from billing.tariffs.rounding import VatRow

from . import dates, lines, paid, parties, seal, words
from .words import Words

Sheet = dict[str, Any]


def receipt(cdr: CDR, language: str) -> Sheet:
    """Of one CDR; a credit CDR makes a receipt of what was taken back."""
    said, snapshot = words.of(language), json.loads(cdr.snapshot)
    zone = zone_of(snapshot, cdr)
    cost = trace.loads(cdr.trace)
    seller = parties.seller(cdr.operator)
    several = len(cost.vat_rows) > 1
    rows = [row(line, cost.currency, language, rated=several) for line in _shown(cdr, cost, language)]
    return {
        **frame(said, seller, language),
        "title": said["credit_receipt" if cdr.credits_id else "receipt"],
        "subtitle": dates.day(cdr.stopped_at.astimezone(zone).date(), language),
        "headline": _headline(cdr, snapshot, zone, language),
        "facts": _facts(cdr, snapshot, zone, language),
        "groups": [{"rows": rows}],
        **sums(cost.vat_rows, cost.incl_vat, cost.gross, cost.currency, language),
        "payment": [said["payment"], _paid(cdr, zone, language)],
        "paid": paid.lines(paid.of_charge(cdr), cdr.currency, language),
        "notes": _notes(cdr, said, language),
        **_sealed(cdr, said),
    }


# ---- shared ---------------------------------------------------------------------------------------------------------


def frame(said: Words, seller: dict[str, Any], language: str) -> Sheet:
    contacts = " · ".join(seller[name] for name in ("support_phone", "support_email") if seller.get(name))
    return {
        "language": language,
        "brand": seller["name"],
        "seller": {"label": said["seller"], **parties.printed(seller, language)},
        "columns": [said[name] for name in ("description", "quantity", "price", "amount")],
        "help": f"{said['help']}: {contacts}" if contacts else "",
        "page": said["page"],
    }


def sums(rows: Iterable[VatRow], total: Decimal, gross: bool, currency: str, language: str) -> Sheet:
    said = words.of(language)
    money = lambda amount: figures.money(amount, currency, language)  # noqa: E731
    rows = list(rows)
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
        "total": [said["total_vat_in" if any(row.rate for row in rows) else "total"], money(total)],
        "rounding": [said["how_rounded"], _rule(rows, gross, currency, said)],
    }


def _rule(rows: Sequence[VatRow], gross: bool, currency: str, said: Words) -> str:
    coin = said.get(f"coin_{exact.exponent(currency)}", said["coin"])
    rule = said["rounding_gross" if gross else "rounding_net"].format(coin=coin)
    return f"{rule} {said['shared']}" if len(rows) > 1 else rule


def row(line: lines.Shown, currency: str, language: str, *, rated: bool = False) -> list[str]:
    """Description, note, quantity, price, amount; `rated` says the line's VAT rate, where a document has several."""
    note = ""
    if line.rounded_up:
        measured = lines.quantity_text(lines.as_measured(line), language)
        note = words.of(language)["measured"].format(measured=measured)
    return [
        f"{line.text} · {_rate(line, language)}" if rated else line.text,
        note,
        lines.quantity_text(line, language),
        lines.price_text(line, currency, language),
        figures.money(line.amount, currency, language),
    ]


def _rate(line: lines.Shown, language: str) -> str:
    said = words.of(language)
    return said["at_no_rate"] if line.vat is None else said["at_rate"].format(rate=figures.percent(line.vat, language))


def _shown(cdr: CDR, cost: trace.Trace, language: str) -> Sequence[lines.Shown]:
    tariff = pricing.parsed(cdr.tariff_version) if cdr.tariff_version else None
    return lines.shown(cost, tariff, language)


def zone_of(snapshot: dict[str, Any], cdr: CDR) -> ZoneInfo:
    place = snapshot["location"]
    return pricing.zone(place["time_zone"] if place else cdr.operator.time_zone)


def place_of(snapshot: dict[str, Any]) -> str:
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
        "where": place_of(snapshot),
    }


def _facts(cdr: CDR, snapshot: dict[str, Any], zone: ZoneInfo, language: str) -> list[list[str]]:
    said = words.of(language)
    parked = figures.duration(cdr.parking_seconds) if cdr.parking_seconds else ""
    facts = [
        ("evse", snapshot["evse"]["uid"]),
        ("station", snapshot["station"]["name"] or snapshot["station"]["identity"]),
        ("start", dates.moment(cdr.started_at, zone, language)),
        ("end", dates.moment(cdr.stopped_at, zone, language)),
        ("meter_start", meter_text(snapshot["meter"]["start_wh"], language)),
        ("meter_end", meter_text(snapshot["meter"]["stop_wh"], language)),
        ("energy", figures.kwh(cdr.energy / 1000, language, places=3)),
        ("parking", parked),
        ("token", _masked(snapshot["token"]["uid"])),
        ("transaction", snapshot["transaction_id"]),
    ]
    return [[said[name], value] for name, value in facts if value]


def meter_text(wh: str | None, language: str) -> str:
    return figures.kwh(Decimal(wh) / 1000, language, places=3) if wh is not None else "–"


def _masked(uid: str) -> str:
    return f"…{uid[-4:]}" if uid else ""


def _notes(cdr: CDR, said: Words, language: str) -> list[str]:
    flags = cdr.flags.split(",")
    notes = [_invoice(cdr, said, language)]
    if "estimated" in flags:
        notes.insert(0, said["estimated"])
    if cdr.held:
        notes.insert(0, said["held"])
    return notes


def _invoice(cdr: CDR, said: Words, language: str) -> str:
    claim = InvoicedCdr.objects.filter(cdr=cdr).select_related("invoice").first()
    if claim is None:
        return said["not_an_invoice"]
    return said["on_invoice"].format(number=claim.invoice.number, date=dates.day(claim.invoice.issued_on, language))


def _sealed(cdr: CDR, said: Words) -> Sheet:
    """Where the meter's own signatures can be looked at."""
    address = seal.address(cdr.session_id)
    return {"seal": {"text": said["signed"], "address": address, "qr": seal.qr(address)}} if address else {}


def _paid(cdr: CDR, zone: ZoneInfo, language: str) -> str:
    said = words.of(language)
    if cdr.credits_id is None and not cdr.total_incl_vat:
        return said["free"]
    payment = cdr.payment
    came = paid.of_charge(cdr)
    if came and sum(part.amount for part in came) < cdr.total_incl_vat:
        return said["unpaid"]  # a part of it at most: the rest is still open
    return _payment_state(payment, zone, language)


def _payment_state(payment: Payment | None, zone: ZoneInfo, language: str) -> str:
    said = words.of(language)
    word = _STATES.get(payment.status) if payment else None
    if payment is None or word is None:
        return said["unpaid"]
    return said[word].format(date=dates.day(payment.updated_at.astimezone(zone).date(), language))


_STATES = {Payment.Status.CAPTURED.value: "paid", Payment.Status.REFUNDED.value: "refunded"}
