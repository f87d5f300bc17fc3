"""Electronic invoices: made from issued documents, checked before they are kept, sent again when refused (handed over by `batches`).

A file is written once and its name never used again. What our own checks find keeps a document out of the queue: nothing is made
that the Sistema di Interscambio would only send back. A refused invoice counts as never issued: while it is, its credit note is for
the seller's own books alone and has no file (circolare 13/E of 2018).
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from billing.documents import einvoice, einvoice_header, en16931, paid, parties, pdf, sdi_words
from billing.documents.fatturapa import body, checks, names, write
from billing.documents.sdi_words import Problem
from billing.models import EInvoice, FileSequence, Invoice
from billing.selectors import einvoices as selectors
from billing.services.invoicing import buyers, fiscal, issuing
from billing.services.invoicing.issuing import Actor
from cms.core.errors import Conflict

logger = logging.getLogger(__name__)

CHUNK = 200
YOUNG = timedelta(days=30)
_DRAFT = 1  # stands for the number of a file that is only tried


class Incomplete(Conflict):
    """Raised before anything is kept; `facts["problems"]` says what is missing and where."""

    code = "einvoice_incomplete"


@transaction.atomic
def make(*, invoice: Invoice) -> EInvoice:
    """The file of a document, made now if it is not there. Raises Incomplete; Conflict(einvoice_not_needed) outside Italy."""
    Invoice.objects.select_for_update(of=("self",)).get(pk=invoice.pk)  # two that make it wait for each other
    if before := EInvoice.objects.filter(invoice=invoice).order_by("-attempt").first():
        return before
    _demand_need(invoice)
    return _keep(invoice, _parties(invoice, as_frozen=True), attempt=1)


def _demand_need(invoice: Invoice) -> None:
    if not fiscal.italian(invoice.operator):
        raise Conflict(_("E-invoices are for sellers in Italy."), code="einvoice_not_needed")
    if selectors.is_internal(invoice):
        raise Conflict(
            _("Its invoice was refused, which counts as never issued: this note stays in your own books."),
            code="einvoice_not_needed",
        )


def last_file(invoice: Invoice) -> EInvoice:
    """Raises Incomplete; Conflict(einvoice_not_needed) outside Italy, einvoice_not_made where it will be made within the hour."""
    if file := invoice.einvoices.order_by("-attempt").first():
        return file
    _demand_need(invoice)
    if told := problems(invoice):
        raise Incomplete(" ".join(problem.text for problem in told), problems=told)
    raise Conflict(_("It is made within the hour."), code="einvoice_not_made")


@transaction.atomic
def send_again(*, invoice: Invoice, by: Actor) -> EInvoice:
    """A refused file anew, under a new name, with the same number and date of the document and today's data of both parties.

    Raises Forbidden, Incomplete, Conflict einvoice_not_refused, invoice_credited.
    """
    if by is not None:
        access.demand(by, "invoice.issue", invoice)
    last = EInvoice.objects.select_for_update().filter(invoice=invoice).order_by("-attempt").first()
    if last is None or last.state != EInvoice.State.REFUSED:
        raise Conflict(_("Only a refused e-invoice is sent again."), code="einvoice_not_refused")
    if selectors.is_taken_back(invoice):
        raise Conflict(
            _("It has been credited: nothing of it is left to be sent."), code="invoice_credited", invoice=invoice.pk
        )
    return _keep(invoice, _parties(invoice, as_frozen=False), attempt=last.attempt + 1)


def problems(invoice: Invoice, *, as_frozen: bool = True) -> list[Problem]:
    """What keeps a document from being sent, in words; nothing is kept. Empty for a good one."""
    found = checks.of(
        write.xml(_document(invoice, _parties(invoice, as_frozen=as_frozen), _DRAFT)), today=_today(invoice)
    )
    return [sdi_words.problem(finding) for finding in found]


def missing(*, after: int = 0, limit: int = CHUNK) -> list[int]:
    """Young documents of sellers in Italy without a file, by primary key. What is older was sent by other means, or waits for a
    person: nothing from before this house made e-invoices goes out by itself."""
    young = timezone.now() - YOUNG
    bare = Invoice.objects.filter(operator__country_code="IT", einvoices=None, created_at__gte=young, pk__gt=after)
    return list(selectors.for_the_sdi(bare).order_by("pk").values_list("pk", flat=True)[:limit])


def make_many(ids: Sequence[int]) -> int:
    """Each in a transaction of its own; what is incomplete waits for a person. Returns how many were made."""
    made = 0
    for invoice in Invoice.objects.filter(pk__in=ids, einvoices=None).select_related("operator").order_by("pk"):
        try:
            make(invoice=invoice)
            made += 1
        except Conflict as waits:
            logger.info("no e-invoice yet invoice=%s code=%s", invoice.pk, waits.code)
    return made


def factur_x(invoice: Invoice) -> bytes:
    """The PDF of a document with its EN 16931 file inside. Raises Unavailable where the extra is not installed."""
    en16931.demand()
    return en16931.hybrid(
        pdf.invoice(invoice), en16931.cii(_document(invoice, _parties(invoice, as_frozen=True), _DRAFT))
    )


# ---- one file -------------------------------------------------------------------------------------------------------

_Both = tuple[Mapping[str, Any], Mapping[str, Any]]


def _parties(invoice: Invoice, *, as_frozen: bool) -> _Both:
    """As printed; what was empty then may have been filled in since. After a refusal the data of today, whole."""
    seller, buyer = parties.loads(invoice.seller), parties.loads(invoice.buyer)
    payer = invoice.company or invoice.driver
    now = (parties.seller(invoice.operator), parties.buyer(payer) if payer else buyers.of_guest(invoice))
    if not as_frozen:
        return now[0], {**now[1], "vat_treatment": buyer.get("vat_treatment", "")}
    return _filled(seller, now[0]), _filled(buyer, now[1])


def _filled(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """VAT numbers and names are what they were: an invoice does not get another customer."""
    return {**frozen, **{name: now.get(name, "") for name in _DELIVERY if not frozen.get(name)}}


_DELIVERY = (
    "postal_code", "province", "sdi_code", "pec", "address", "city", "fiscal_code", "intent_protocol", "intent_on", "register",
)  # fmt: skip


def _keep(invoice: Invoice, both: _Both, *, attempt: int) -> EInvoice:
    """The number of a file that turns out incomplete goes back with the transaction."""
    settings = fiscal.settings_of(invoice.operator)
    with transaction.atomic():
        name = _next_name(einvoice_header.transmitter(both[0], settings))
        xml = write.xml(_document(invoice, both, name.count))
        found = checks.of(xml, today=_today(invoice))
        if found:
            told = [sdi_words.problem(finding) for finding in found]
            raise Incomplete(" ".join(problem.text for problem in told), problems=told)
        return EInvoice.objects.create(
            operator_id=invoice.operator_id,
            invoice=invoice,
            attempt=attempt,
            file_name=str(name),
            xml=xml,
            sha256=hashlib.sha256(xml).hexdigest(),
            state_at=timezone.now(),
        )


def _next_name(transmitter: str) -> names.FileName:
    counter, _new = FileSequence.objects.get_or_create(transmitter=transmitter)
    row = FileSequence.objects.select_for_update().get(pk=counter.pk)
    if row.last >= names.MOST:
        raise Conflict(_("No file names are left for %(id)s.") % {"id": transmitter}, code="no_file_names")
    row.last += 1
    row.save(update_fields=["last"])
    return names.FileName(transmitter, row.last)


def _document(invoice: Invoice, both: _Both, count: int) -> body.Invoice:
    settings = fiscal.settings_of(invoice.operator)
    seller, buyer = both
    return einvoice.of(
        invoice,
        name=names.FileName(einvoice_header.transmitter(seller, settings), count),
        settings=settings,
        seller=seller,
        buyer=buyer,
        paid=_paid(invoice),
    )


def _paid(invoice: Invoice) -> einvoice.Paid:
    """What has come in for its charges, or for itself, by means; never more than it is worth."""
    rest, parts = invoice.total_incl_vat, []
    for came in paid.of_invoice(invoice):
        taken = min(came.amount - came.back, rest)
        rest -= taken
        parts.append((_MEANS[came.means], taken))
    return einvoice.Paid(tuple(part for part in parts if part[1] > 0))


_MEANS = {"by_wallet": einvoice.WITHHELD, "by_card": einvoice.CARD, "by_transfer": einvoice.BANK}


def _today(invoice: Invoice) -> date:
    return issuing.today_at(invoice.operator)
