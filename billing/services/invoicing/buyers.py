"""What the operator's accountant knows better about a customer than the customer: tax treatment, a right postal code, an SDI code.

The driver's own profile writes the data at every operator; here they change at one, for its invoices only.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import access, identity
from accounts.models import Company, Driver
from accounts.models.billing_data import BillingData
from accounts.services import drivers
from billing.documents import parties
from billing.models import GuestBuyer, Invoice
from billing.services.invoicing.issuing import Actor
from cms.core.errors import Conflict, Invalid
from cms.core.models import checked

EDITABLE = (*drivers.BILLING, "vat_treatment", "intent_protocol")
PROTOCOL = r"([0-9]{17}-[0-9]{6})?"
Buyer = Driver | Company
Treatment = BillingData.VatTreatment


@transaction.atomic
def update(*, buyer: Buyer, values: Mapping[str, Any], by: Actor) -> Buyer:
    """Names in `values`: see EDITABLE, and `intent_on` (a date or None). Raises Forbidden, and Invalid by field; then nothing is changed."""
    if by is not None:
        access.demand(by, "invoice.issue", buyer)
    row = type(buyer)._default_manager.select_for_update(of=("self",)).get(pk=buyer.pk)
    cleaned, wrong = identity.clean({name: str(values[name]) for name in EDITABLE if name in values})
    if "intent_protocol" in cleaned:
        cleaned["intent_protocol"] = re.sub(r"\s", "", cleaned["intent_protocol"]).replace("/", "-")
    changed: dict[str, Any] = {**cleaned, **{name: values[name] for name in ("intent_on",) if name in values}}
    for name, value in changed.items():
        setattr(row, name, value)
    wrong = _treatment(row) | _model(row, cleaned) | wrong
    if wrong:
        raise Invalid(wrong)
    row.save(update_fields=[*changed, "updated_at"])
    return row


def of_guest(invoice: Invoice) -> dict[str, Any]:
    """The buyer without an account as corrected, or as printed."""
    corrected = GuestBuyer.objects.filter(invoice=invoice).values_list("data", flat=True).first()
    return parties.loads(corrected or invoice.buyer)


def correct_guest(*, invoice: Invoice, values: Mapping[str, str], by: Actor) -> dict[str, Any]:
    """For the next e-invoice of it; the document stays what it was. Names in `values`: accounts.services.drivers.BILLING. Raises
    Forbidden, Invalid by field, Conflict(not_a_guest) where the customer has data of its own."""
    if by is not None:
        access.demand(by, "invoice.issue", invoice)
    if invoice.driver_id or invoice.company_id:
        raise Conflict(_("This customer has data of its own: correct them there."), code="not_a_guest")
    known = parties.buyer(drivers.guest(operator=invoice.operator, values=values))
    kept = {
        name: parties.loads(invoice.buyer).get(name, "") for name in ("vat_treatment", "intent_protocol", "intent_on")
    }
    GuestBuyer.objects.update_or_create(invoice=invoice, defaults={"data": parties.dumps({**known, **kept})})
    return known | kept


def _treatment(row: Buyer) -> dict[str, list[str]]:
    """What a treatment takes for granted about its customer."""
    if row.vat_treatment == Treatment.SPLIT and len(row.sdi_code) != 6:
        return {
            "vat_treatment": [_("Split payment is for public bodies: their office code (SDI code) has 6 characters.")]
        }
    if row.vat_treatment in (Treatment.ENERGY_RESELLER, Treatment.LETTER_OF_INTENT) and not row.vat_number:
        return {"vat_treatment": [_("This is for customers with a VAT number.")]}
    if not re.fullmatch(PROTOCOL, row.intent_protocol):
        return {"intent_protocol": [_("17 digits, a hyphen and 6 digits, like 08060120341234567-000001.")]}
    if row.vat_treatment == Treatment.LETTER_OF_INTENT and not (row.intent_protocol and row.intent_on):
        return {"intent_protocol": [_("Invoices must quote the protocol of the letter of intent and its date.")]}
    if row.vat_treatment == Treatment.ABROAD and row.country_code == "IT":
        return {"vat_treatment": [_("This is for customers outside Italy.")]}
    return {}


def _model(row: Buyer, cleaned: Mapping[str, str]) -> dict[str, list[str]]:
    try:
        checked(row)
    except Invalid as invalid:
        return {name: said for name, said in invalid.fields.items() if name in cleaned}
    return {}
