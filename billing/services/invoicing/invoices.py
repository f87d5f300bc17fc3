"""Issuing invoices. Frozen once issued; what was wrong is credited (`credit_notes`), never edited."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Company, Driver, Operator
from billing import pricing
from billing.documents import lines, numbering, parties, positions, words
from billing.documents.positions import Position
from billing.models import CDR, Invoice, InvoicedCdr
from billing.services.invoicing import credit_notes, fiscal, issuing
from billing.services.invoicing.issuing import Actor, today_at
from billing.tariffs import exact, trace
from cms.core.errors import Conflict, Invalid

__all__ = ["Actor", "Position", "credit_note", "issue", "issue_positions", "today_at", "vat_rows"]

IMMEDIATE = timedelta(days=12)  # art. 21 c. 4 DPR 633/1972: a later invoice of a delivery is a deferred one

Buyer = Driver | Company

credit_note = credit_notes.give
vat_rows = issuing.vat_rows


@transaction.atomic
def issue(
    *, cdrs: Sequence[CDR], by: Actor, series: str = "", language: str | None = None, guest: Driver | None = None
) -> Invoice:
    """One invoice for charges of one driver, or of one company. Asking twice for the same charges gives the same invoice.
    `guest`: who charged without an account, a Driver that is no row (`drivers.guest`).

    Raises Forbidden; Invalid where the charges do not go together; Conflict with code legal_entity_missing,
    billing_data_missing (facts: missing), cdr_held, cdr_credited or cdr_invoiced.
    """
    locked = _locked(cdrs)
    buyer, operator = _parties(locked, guest)
    issuing.demand(by, operator, buyer if isinstance(buyer, Driver) else None)
    if before := _already(locked):
        return before
    _check_parties(operator, buyer)
    _check_charges(locked)
    said_in = (language or operator.language)[:5]
    document = _write(
        [entry for cdr in locked for entry in _of_charge(cdr, said_in)],
        operator=operator,
        buyer=buyer,
        series=series,
        language=said_in,
        currency=locked[0].currency,
        tax_included=locked[0].tax_included,
        deferred=_deferred(locked, operator),
        source=None,
    )
    _claim(document, locked)
    return document


def issue_positions(
    *,
    operator: Operator,
    buyer: Buyer,
    positions: Sequence[Position],
    currency: str,
    tax_included: bool,
    source: str,
    by: Actor,
    language: str | None = None,
) -> Invoice:
    """An invoice of anything, e.g. a plan's fee. `source` names what for: asked for twice it is made once.

    Raises as `issue`; charges among the positions are claimed as there.
    """
    issuing.demand(by, operator)
    if before := Invoice.objects.filter(operator=operator, source=source).first():
        return before
    if not positions:
        raise Invalid({"positions": [_("There is nothing to invoice.")]})
    try:
        with transaction.atomic():
            charges = _locked([entry.cdr for entry in positions if entry.cdr], some=False)
            _check_parties(operator, buyer)
            _check_charges(charges)
            document = _write(
                positions,
                operator=operator,
                buyer=buyer,
                series="",
                language=(language or operator.language)[:5],
                currency=currency,
                tax_included=tax_included,
                deferred=bool(charges) and _deferred(charges, operator),
                source=source,
            )
            _claim(document, charges)
            return document
    except IntegrityError:  # somebody was quicker; the number went back with the transaction
        return Invoice.objects.get(operator=operator, source=source)


# ---- may it be issued? ----------------------------------------------------------------------------------------------


def _locked(cdrs: Sequence[CDR], *, some: bool = True) -> list[CDR]:
    """In the order of the charges (a company's by cost centre), locked in the order of their keys."""
    found = CDR.objects.select_for_update(of=("self",)).filter(pk__in=[cdr.pk for cdr in cdrs]).order_by("pk")
    rows = list(found.select_related("operator", "driver__user", "company", "tariff_version", "session"))
    if some and not rows:
        raise Invalid({"cdrs": [_("There is nothing to invoice.")]})
    return sorted(rows, key=lambda cdr: (cdr.cost_centre if cdr.company_id else "", cdr.started_at, cdr.pk))


def _parties(cdrs: Sequence[CDR], guest: Driver | None) -> tuple[Buyer, Operator]:
    first = cdrs[0]
    if any(cdr.company_id != first.company_id for cdr in cdrs):
        raise Invalid({"cdrs": [_("All charges of an invoice must be paid by the same company.")]})
    buyer: Buyer | None = first.company or first.driver or guest
    if buyer is None or (not first.company and any(cdr.driver_id != first.driver_id for cdr in cdrs)):
        raise Invalid({"cdrs": [_("All charges of an invoice must be of one driver.")]})
    if len({(cdr.operator_id, cdr.currency, cdr.tax_included) for cdr in cdrs}) > 1:
        raise Invalid(
            {"cdrs": [_("Charges in different currencies or with different VAT terms need invoices of their own.")]}
        )
    return buyer, first.operator


def _already(cdrs: Sequence[CDR]) -> Invoice | None:
    """The invoice that consists of exactly these charges."""
    wanted = {cdr.pk for cdr in cdrs}
    invoice = Invoice.objects.filter(claims__cdr=cdrs[0]).first()
    if invoice and set(invoice.claims.values_list("cdr_id", flat=True)) == wanted:
        return invoice
    return None


def _check_parties(operator: Operator, buyer: Buyer) -> None:
    if not operator.has_legal_entity:
        raise Conflict(
            _("The operator’s legal data are needed before the first invoice."),
            code="legal_entity_missing",
            operator=operator.slug,
        )
    if missing := parties.missing(parties.buyer(buyer)):
        raise Conflict(
            _("The customer’s name, address and VAT number or fiscal code are needed."),
            code="billing_data_missing",
            missing=missing,
        )


def _check_charges(cdrs: Sequence[CDR]) -> None:
    ids = [cdr.pk for cdr in cdrs]
    for code, sentence, good in (
        ("cdr_credited", _("This charge has been credited."), CDR.objects.standing()),
        ("cdr_held", _("This charge is on hold until somebody has looked at it."), CDR.objects.billable()),
        ("cdr_invoiced", _("This charge is on an invoice already."), CDR.objects.uninvoiced()),
    ):
        if good.filter(pk__in=ids).count() != len(ids):
            raise Conflict(sentence, code=code)


def _deferred(cdrs: Sequence[CDR], operator: Operator) -> bool:
    """Several deliveries of a month together, or one that is longer ago than an immediate invoice allows."""
    zone = pricing.zone(operator.time_zone)
    oldest = min(cdr.stopped_at for cdr in cdrs).astimezone(zone).date()
    return len(cdrs) > 1 or today_at(operator) - oldest > IMMEDIATE


# ---- writing --------------------------------------------------------------------------------------------------------


def _of_charge(cdr: CDR, language: str) -> list[Position]:
    tariff = pricing.parsed(cdr.tariff_version) if cdr.tariff_version else None
    return [
        Position(
            text=line.text,
            quantity=exact.rounded(line.quantity, 6),
            unit=line.unit,
            unit_price=exact.rounded(line.unit_price, 6),
            amount=line.amount,
            vat_rate=line.vat,
            cdr=cdr,
        )
        for line in lines.shown(trace.loads(cdr.trace), tariff, language)
    ]


def _write(
    given: Sequence[Position],
    *,
    operator: Operator,
    buyer: Buyer,
    series: str,
    language: str,
    currency: str,
    tax_included: bool,
    deferred: bool,
    source: str | None,
) -> Invoice:
    settings = fiscal.settings_of(operator)
    numbered = numbering.take(operator_id=operator.pk, series=series or settings.series, today=today_at(operator))
    treated = positions.treat(
        given,
        tax_included=tax_included,
        treatment=buyer.vat_treatment,
        no_vat=settings.no_vat_natura,
        currency=currency,
    )
    duty = positions.stamp_duty(treated.positions, currency) if fiscal.italian(operator) else Decimal(0)
    stamped = [positions.stamp_line(words.of(language)["stamp_duty"])] if duty and settings.charge_stamp_duty else []
    entries = [*treated.positions, *stamped]
    if len(entries) > issuing.MOST_LINES:
        raise Conflict(
            _("At most %(most)s lines fit into one e-invoice.") % {"most": issuing.MOST_LINES}, code="too_many_lines"
        )
    company = buyer if isinstance(buyer, Company) else None
    return issuing.write(
        numbered,
        entries,
        issuing.sums(entries, gross=treated.tax_included, currency=currency),
        operator=operator,
        driver=buyer if isinstance(buyer, Driver) and buyer.pk else None,
        company=company,
        source=source,
        fiscal_type=Invoice.FiscalType.DEFERRED if deferred else Invoice.FiscalType.INVOICE,
        stamp_duty=duty,
        language=language,
        currency=currency,
        tax_included=treated.tax_included,
        seller=parties.dumps(parties.seller(operator)),
        buyer=parties.dumps(parties.buyer(buyer)),
        due_on=numbered.on + timedelta(days=company.payment_days if company else 0),
    )


def _claim(document: Invoice, cdrs: Sequence[CDR]) -> None:
    try:
        with transaction.atomic():
            InvoicedCdr.objects.bulk_create(InvoicedCdr(cdr=cdr, invoice=document) for cdr in cdrs)
    except IntegrityError as raced:
        raise Conflict(_("This charge is on an invoice already."), code="cdr_invoiced") from raced
