"""What the SdI lets pass and an auditor does not: sums of the whole document, the stamp duty, the letter of intent."""

from collections.abc import Iterator
from decimal import Decimal

from .body import Body
from .finding import INTENT, TO_SPLIT, Finding

STAMPED = frozenset(
    {"N1", "N2.1", "N2.2", "N3.5", "N3.6", "N4"}
)  # the naturas that owe the bollo; reverse charge does not
STAMP_ABOVE = Decimal("77.47")

TOTAL, PAYMENTS, STAMP = "TOTALE", "PAGAMENTI", "BOLLO"


def total(body: Body) -> Iterator[Finding]:
    """What is owed is what the rates come to, and nobody is asked for more."""
    document, rows = body.general.document, body.goods.summaries
    whole = sum((row.taxable + row.vat for row in rows), Decimal(0)) + (document.rounding or 0)
    if document.total is not None and document.total != whole:
        yield Finding(TOTAL, "DatiGeneraliDocumento/ImportoTotaleDocumento", str(document.total))
    owed = whole - sum((row.vat for row in rows if row.collectability == TO_SPLIT), Decimal(0))
    asked = sum((part.amount for payment in body.payments for part in payment.details), Decimal(0))
    if asked > max(owed, Decimal(0)):
        yield Finding(PAYMENTS, "DatiPagamento/ImportoPagamento", str(asked))


def stamp_duty(body: Body) -> Iterator[Finding]:
    """On more than 77.47 € without VAT; not counting what is advanced for the customer, the duty itself."""
    document = body.general.document
    untaxed = sum((row.taxable for row in body.goods.summaries if row.natura in STAMPED - {"N1"}), Decimal(0))
    if document.currency == "EUR" and untaxed > STAMP_ABOVE and document.stamp_duty is None:
        yield Finding(STAMP, "DatiGeneraliDocumento/DatiBollo", str(untaxed))


def letter_of_intent(body: Body) -> Iterator[Finding]:
    """Each line in its name quotes it (provvedimento 293390/2021)."""
    for line in body.goods.lines:
        if line.natura == "N3.5" and not any(fact.kind == INTENT and fact.text and fact.on for fact in line.facts):
            yield Finding(INTENT, "CessionarioCommittente/INTENTO")
            return
