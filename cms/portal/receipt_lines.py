"""The lines of a receipt on a screen and in a mail: the document's own, set for a narrow column."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from billing import pricing
from billing.documents import lines
from billing.documents.lines import Shown
from billing.models import CDR
from billing.tariffs import figures, trace


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """`hint`: `18,64 kWh × 0,59 €/kWh`."""

    label: str
    hint: str
    amount: Decimal


def of(cdr: CDR) -> list[ReceiptLine]:
    language = get_language() or "en"
    tariff = pricing.parsed(cdr.tariff_version) if cdr.tariff_version else None
    shown = lines.shown(trace.loads(cdr.trace), tariff, language)
    return [ReceiptLine(line.text, _hint(line, cdr.currency, language), line.amount) for line in shown]


def vat_words(cdr: CDR) -> str:
    """`taxable 10,00 €, VAT 22 % 2,20 €`, one clause per rate; "" where no VAT applies."""
    told, language = trace.loads(cdr.trace), get_language() or "en"
    clauses = [
        _("taxable %(taxable)s, VAT %(rate)s %(vat)s")
        % {
            "taxable": figures.money(row.taxable, told.currency, language),
            "rate": figures.percent(row.rate, language),
            "vat": figures.money(row.vat, told.currency, language),
        }
        for row in told.vat_rows
        if row.rate is not None
    ]
    return "; ".join(clauses)


def _hint(line: Shown, currency: str, language: str) -> str:
    if line.unit in {"", "1"}:
        return ""
    return f"{lines.quantity_text(line, language)} × {lines.price_text(line, currency, language)}"
