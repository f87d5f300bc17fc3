"""What tax law wants said on a document: why there is no VAT, who pays it instead, the stamp duty, what the paper is."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import FiscalSettings, Invoice, InvoiceLine
from billing.tariffs import figures

from . import dates, positions, words

LAWS = {
    "N1": "Escluso art. 15 DPR 633/1972",
    "N2.1": "Non soggetta artt. 7-7septies DPR 633/1972",
    "N3.5": "Non imponibile art. 8 c. 1 lett. c DPR 633/1972",
    "N4": "Esente art. 10 DPR 633/1972",
    "N6.8": "Inversione contabile art. 17 c. 6 lett. d-quater DPR 633/1972",
}
INTENT = "N3.5"
SPLIT_LAW = "Scissione dei pagamenti art. 17-ter DPR 633/1972"


def law(natura: str, settings: FiscalSettings) -> str:
    """RiferimentoNormativo, Italian in every language."""
    own = settings.no_vat_law if natura == settings.no_vat_natura else ""
    return own or LAWS.get(natura) or natura


def is_split(buyer: Any) -> bool:
    return bool(buyer.get("vat_treatment") == positions.SPLIT)


def due(document: Invoice, buyer: Any) -> Decimal:
    """What the buyer owes the seller."""
    return document.total_excl_vat if is_split(buyer) else document.total_incl_vat


def notes(document: Invoice, lines: Sequence[InvoiceLine], buyer: Any, settings: FiscalSettings) -> list[str]:
    said, language = words.of(document.language), document.language
    naturas = dict.fromkeys(line.natura for line in lines if line.natura)
    found = [said["without_vat"].format(natura=natura, law=law(natura, settings)) for natura in naturas]
    if INTENT in naturas and buyer.get("intent_protocol") and buyer.get("intent_on"):
        on = dates.day(date.fromisoformat(buyer["intent_on"]), language)
        found.append(said["intent"].format(protocol=buyer["intent_protocol"], date=on))
    if is_split(buyer):
        amount = figures.money(due(document, buyer), document.currency, language)
        found.append(said["split"].format(law=SPLIT_LAW, amount=amount))
    if document.stamp_duty:
        found.append(said["stamped"].format(amount=figures.money(document.stamp_duty, document.currency, language)))
    if document.operator.country_code == "IT":
        drawer = buyer.get("country_code") == "IT" and not buyer.get("sdi_code")
        found.append(f"{said['courtesy']} {said['tax_drawer']}" if drawer else said["courtesy"])
    return found
