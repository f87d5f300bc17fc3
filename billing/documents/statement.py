"""The statement of a site's host as a page, in the frame of the other documents."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing.models import HostStatement
from billing.tariffs import exact, figures

from . import parties, words
from . import pdf as pages
from .sheets import Sheet

_IT = {
    "title": "Rendiconto",
    "operator": "Rete",
    "host": "Gestore del sito",
    "months": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "month": "Mese",
    "site": "Sito",
    "sessions": "Ricariche",
    "energy": "Energia",
    "revenue_net": "Ricavi netti",
    "correction": "Rettifiche di {month}",
    "revenue": "Ricavi, IVA esclusa",
    "revenue_note": "{n} ricariche",
    "refunds": "Rimborsi e storni",
    "fees": "Costi dei pagamenti trattenuti",
    "energy_cost": "Costo dell’energia trattenuto",
    "share": "Quota sui ricavi",
    "per_kwh": "Quota sull’energia",
    "fixed": "Quota fissa del mese",
    "total": "Spetta al gestore, IVA esclusa",
    "total_due": "A carico del gestore, IVA esclusa",
    "terms": "importi senza IVA",
    "pay": "IBAN {iban}",
    "how": (
        "Come nasce",
        "Ogni ricarica conta una volta sola, nel primo rendiconto dopo la sua fine. Ciò che arriva o si corregge più "
        "tardi è una riga del rendiconto seguente, con gli accordi del suo mese. Ogni riga è arrotondata al centesimo.",
    ),
    "note": "Gli importi tra parentesi spiegano il calcolo.",
}
_EN = {
    "title": "Statement",
    "operator": "Network",
    "host": "Site host",
    "months": "January February March April May June July August September October November December",
    "month": "Month",
    "site": "Site",
    "sessions": "Charges",
    "energy": "Energy",
    "revenue_net": "Net revenue",
    "correction": "Corrections to {month}",
    "revenue": "Revenue without VAT",
    "revenue_note": "{n} charges",
    "refunds": "Refunds and credits",
    "fees": "Payment costs kept back",
    "energy_cost": "Energy cost kept back",
    "share": "Share of the revenue",
    "per_kwh": "Share of the energy",
    "fixed": "Fixed amount of the month",
    "total": "Due to the host, without VAT",
    "total_due": "Due from the host, without VAT",
    "terms": "amounts without VAT",
    "pay": "IBAN {iban}",
    "how": (
        "How it comes about",
        "Each charge counts once, in the first statement after it ended. What comes in or is corrected later is a "
        "line of the next statement, by the terms of its month. Every line is rounded to the cent.",
    ),
    "note": "Amounts in brackets explain the sum.",
}


def of(language: str) -> dict[str, Any]:
    return _IT if language.startswith("it") else _EN


def pdf(row: HostStatement) -> bytes:
    return pages.render(sheet(row), row.created_at)


def stem(row: HostStatement) -> str:
    return f"{of(row.language)['title'].lower()}-{row.month:%Y-%m}-{row.number.replace('/', '-')}"


def total(row: HostStatement) -> str:
    return figures.money(row.total, row.currency, row.language)


def sheet(row: HostStatement) -> Sheet:
    said, general, host = of(row.language), words.of(row.language), json.loads(row.host)
    language = row.language
    seller = parties.seller(row.operator)
    contacts = " · ".join(seller[name] for name in ("support_phone", "support_email") if seller.get(name))
    return {
        "language": language,
        "brand": seller["name"],
        "title": said["title"],
        "number": general["number"].format(number=row.number),
        "subtitle": month_name(row.month, language),
        "seller": {"label": said["operator"], **parties.printed(seller, language)},
        "buyer": {"label": said["host"], "name": host["name"], "lines": _host_lines(host, general)},
        "facts": [
            [said["site"], f"{host['location']}, {host['location_address']}"],
            [said["sessions"], str(row.sessions)],
            [said["energy"], figures.kwh(exact.number(row.energy) / 1000, language)],
            [said["revenue_net"], figures.money(row.revenue, row.currency, language)],
        ],
        "columns": [general[name] for name in ("description", "quantity", "price", "amount")],
        "groups": list(_groups(row, said)),
        "contents": said["note"],
        "terms": said["terms"],
        "vat_columns": [],
        "vat_rows": [],
        "total": [said["total" if row.total >= 0 else "total_due"], figures.money(row.total, row.currency, language)],
        "payment": ["", said["pay"].format(iban=host["iban"]) if host.get("iban") else ""],
        "notes": [],
        "rounding": list(said["how"]),
        "help": f"{general['help']}: {contacts}" if contacts else "",
        "page": general["page"],
    }


def month_name(month: date, language: str) -> str:
    return f"{of(language)['months'].split()[month.month - 1]} {month.year}"


def lines(row: HostStatement) -> list[dict[str, Any]]:
    """As they were frozen, with their words in the statement's language."""
    said = of(row.language)
    return [{**line, "text": said[line["kind"]]} for line in json.loads(row.lines)]


def _host_lines(host: dict[str, Any], general: dict[str, str]) -> list[str]:
    ids = [f"{general[name]} {host[name]}" for name in ("vat_number", "fiscal_code") if host.get(name)]
    return [line for line in (host.get("address", ""), *ids) if line]


def _groups(row: HostStatement, said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The month first, then what corrects the months before it."""
    own = f"{row.month:%Y-%m}"
    found = json.loads(row.lines)
    yield {"rows": [_row(line, row, said) for line in found if line["month"] == own]}
    for month in sorted({line["month"] for line in found} - {own}):
        name = month_name(date.fromisoformat(f"{month}-01"), row.language)
        rows = [_row(line, row, said) for line in found if line["month"] == month]
        yield {"head": said["correction"].format(month=name), "energy": "", "under": "", "rows": rows}


def _row(line: dict[str, Any], row: HostStatement, said: dict[str, Any]) -> Sequence[str]:
    language, currency = row.language, row.currency
    amount = figures.money(Decimal(line["amount"]), currency, language)
    quantity, price = _quantity(line, currency, language), _price(line, currency, language)
    note = said["revenue_note"].format(n=line["quantity"]) if line["kind"] == "revenue" else ""
    return [said[line["kind"]], note, quantity, price, amount if line["counts"] else f"({amount})"]


def _quantity(line: dict[str, Any], currency: str, language: str) -> str:
    if line["unit"] == "kWh":
        return figures.kwh(Decimal(line["quantity"]), language, 3)
    if line["unit"] == currency:
        return figures.money(Decimal(line["quantity"]), currency, language)
    return ""


def _price(line: dict[str, Any], currency: str, language: str) -> str:
    if not line["unit_price"]:
        return ""
    value = Fraction(line["unit_price"])
    if line["unit"] == currency:
        return figures.percent(value, language)
    return figures.price(value, currency, language)
