"""An issued document as EN 16931 (Cross Industry Invoice), and as Factur-X: the PDF with that file inside, for customers abroad.

An extra: `requirements-einvoice.txt` brings drafthorse and factur-x, imported only here and only when asked. The content is taken
from the FatturaPA of the same document, so that both say the same; EN 16931 wants lines of two decimals, and what they leave of a
rate is an allowance or a charge of the document.
"""

from collections.abc import Mapping
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

from django.utils.translation import gettext as _

from cms.core.errors import Unavailable

from . import en16931_sums
from .einvoice_header import NO_POSTAL_CODE, PLACEHOLDERS
from .fatturapa import body, header

PROFILE, SCHEMA = "urn:cen.eu:en16931:2017", "FACTUR-X_EN16931"
INVOICE, CREDIT_NOTE = "380", "381"

_UNITS: Mapping[str | None, str] = {"kWh": "KWH", "h": "HUR", "min": "MIN"}
_MEANS = {"MP05": "30", "MP08": "48"}  # UNCL 4461: credit transfer, card
_OTHER_MEANS = "1"


def available() -> bool:
    return all(find_spec(name) for name in ("drafthorse", "facturx"))


def demand() -> None:
    """Raises Unavailable(einvoice_extra_missing) where the extra is not installed."""
    if not available():
        raise Unavailable(
            _("Factur-X needs the packages of requirements-einvoice.txt on the server."), code="einvoice_extra_missing"
        )


def hybrid(pdf: bytes, xml: bytes) -> bytes:
    """The PDF/A-3 with the XML attached as Factur-X wants it. Raises Unavailable."""
    demand()
    from facturx import generate_from_binary

    whole: bytes = generate_from_binary(pdf, xml, flavor="factur-x", level="en16931", check_xsd=True)
    return whole


def cii(invoice: body.Invoice) -> bytes:
    """Of a file with one document. Valid by the XSD of the profile, which drafthorse checks. Raises Unavailable."""
    demand()
    from drafthorse.models.document import Document

    [only] = invoice.bodies
    general, document = only.general.document, Document()
    document.context.guideline_parameter.id = PROFILE
    document.header.id = general.number
    document.header.type_code = CREDIT_NOTE if general.kind == "TD04" else INVOICE
    document.header.issue_date_time = general.on
    for reason in general.reasons:
        _add_note(document, reason)
    _party(document.trade.agreement.seller, invoice.header.seller.identity, invoice.header.seller.address)
    _party(document.trade.agreement.buyer, invoice.header.buyer.identity, invoice.header.buyer.address)
    for line in only.goods.lines:
        document.trade.items.add(_line(line))
    document.trade.delivery.event.occurrence = max(
        [line.until for line in only.goods.lines if line.until] or [general.on]
    )
    _settle(document.trade.settlement, only)
    whole: bytes = document.serialize(schema=SCHEMA)
    return whole


def _add_note(document: Any, reason: str) -> None:
    from drafthorse.models.note import IncludedNote

    note = IncludedNote()
    note.content = reason
    document.header.notes.add(note)


def _party(party: Any, identity: header.SellerIdentity | header.BuyerIdentity, address: header.Address) -> None:
    name = identity.name
    party.name = name.company or f"{name.first} {name.last}"
    party.address.line_one = address.street
    if address.postal_code != NO_POSTAL_CODE:  # abroad it stands before the town
        party.address.postcode = address.postal_code
    party.address.city_name = address.town
    party.address.country_id = address.country
    if identity.vat and identity.vat.number not in PLACEHOLDERS:
        _register(party, "VA", f"{identity.vat.country}{identity.vat.number}")
    if not identity.fiscal_code:
        return
    if isinstance(identity, header.SellerIdentity):
        _register(party, "FC", identity.fiscal_code)
    else:
        party.id = identity.fiscal_code  # a buyer's registrations are for VAT only


def _register(party: Any, scheme: str, number: str) -> None:
    from drafthorse.models.party import TaxRegistration

    registration = TaxRegistration()
    registration.id = (scheme, number)
    party.tax_registrations.add(registration)


# ---- the lines ------------------------------------------------------------------------------------------------------


def _line(line: body.Line) -> Any:
    """EN 16931 knows no negative price: the quantity is negative instead."""
    from drafthorse.models.tradelines import LineItem

    item, amount = LineItem(), en16931_sums.cents(line.total)
    quantity = Decimal(1) if line.quantity is None else line.quantity
    item.document.line_id = str(line.number)
    item.product.name = line.text
    item.agreement.net.amount = abs(line.unit_price)
    item.delivery.billed_quantity = (-quantity if line.unit_price < 0 else quantity, _UNITS.get(line.unit, "C62"))
    if line.since and line.until:
        item.settlement.period.start = line.since
        item.settlement.period.end = line.until
    item.settlement.trade_tax.type_code = "VAT"
    item.settlement.trade_tax.category_code = en16931_sums.category(line.natura)
    item.settlement.trade_tax.rate_applicable_percent = line.rate
    item.settlement.monetary_summation.total_amount = amount
    return item


# ---- the sums -------------------------------------------------------------------------------------------------------


def _settle(settlement: Any, only: body.Body) -> None:
    settlement.currency_code = only.general.document.currency
    sums = en16931_sums.of(only)
    for row in sums.rates:
        if row.between:
            settlement.allowance_charge.add(_rounding(row))
        settlement.trade_tax.add(_tax(row))
    _pay(settlement, only, sums)
    for first in only.general.invoices:
        settlement.invoice_referenced_document.issuer_assigned_id = first.number
        if first.on:
            settlement.invoice_referenced_document.issue_date_time = first.on
    _sum(settlement.monetary_summation, only.general.document.currency, sums)


def _rounding(row: en16931_sums.Rate) -> Any:
    from drafthorse.models.accounting import CategoryTradeTax, TradeAllowanceCharge

    part, tax = TradeAllowanceCharge(), CategoryTradeTax()
    part.indicator = row.between > 0
    part.actual_amount = abs(row.between)
    part.reason = "Rounding"
    tax.type_code = "VAT"
    tax.category_code = row.category
    tax.rate_applicable_percent = row.rate
    part.trade_tax.add(tax)
    return part


def _tax(row: en16931_sums.Rate) -> Any:
    from drafthorse.models.accounting import ApplicableTradeTax

    tax = ApplicableTradeTax()
    tax.calculated_amount = row.vat
    tax.basis_amount = row.taxable
    tax.type_code = "VAT"
    tax.category_code = row.category
    tax.rate_applicable_percent = row.rate
    if row.reason:
        tax.exemption_reason = row.reason
    return tax


def _pay(settlement: Any, only: body.Body, sums: en16931_sums.Sums) -> None:
    """All means of a document are of one kind (CII-SR-467): how the rest is paid, or how the whole was."""
    from drafthorse.models.payment import PaymentMeans, PaymentTerms

    details = [detail for payment in only.payments for detail in payment.details]
    wanted = next((detail for detail in details if detail.iban and sums.due > 0), None) or next(iter(details), None)
    if wanted is None:
        return
    means = PaymentMeans()
    means.type_code = _MEANS.get(wanted.means, _OTHER_MEANS)
    if wanted.iban:
        means.payee_account.iban = wanted.iban
    settlement.payment_means.add(means)
    due = next((detail.due_on for detail in details if detail.due_on), None)
    if due:
        terms = PaymentTerms()
        terms.due = due
        settlement.terms.add(terms)


def _sum(written: Any, currency: str, sums: en16931_sums.Sums) -> None:
    written.line_total = sums.lines
    written.charge_total = sums.charged
    written.allowance_total = sums.allowed
    written.tax_basis_total = sums.taxable
    written.tax_total = (sums.vat, currency)
    written.grand_total = sums.whole
    written.prepaid_total = sums.paid
    written.due_amount = sums.due
