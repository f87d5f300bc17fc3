"""Issuing numbered documents. Frozen once issued; what was wrong is credited, never edited."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Driver, Operator, User
from billing import pricing, signals
from billing.documents import lines, numbering, parties
from billing.models import CDR, Invoice, InvoicedCdr, InvoiceLine
from billing.tariffs import exact, rounding, trace
from cms.core.errors import Conflict, Invalid

Actor = User | ApiKey | None
"""None: the system itself (the nightly run)."""


@transaction.atomic
def issue(*, cdrs: Sequence[CDR], by: Actor, series: str = "", language: str | None = None) -> Invoice:
    """One invoice for charges of one driver. Asking twice for the same charges gives the same invoice.

    Raises Forbidden; Invalid where the charges do not go together; Conflict with code legal_entity_missing,
    billing_data_missing (facts: missing), cdr_held, cdr_credited or cdr_invoiced.
    """
    locked = _locked(cdrs)
    driver, operator = _parties(locked)
    _demand(by, operator, driver)
    if before := _already(locked):
        return before
    _check(locked, operator, driver)
    first = locked[0]
    numbered = numbering.take(operator_id=operator.pk, series=series, today=today_at(operator))
    said_in = (language or operator.language)[:5]
    positions = [entry for cdr in locked for entry in _positions(cdr, said_in)]
    rows = rounding.vat_rows(
        ((entry["vat_rate"], entry["amount"]) for entry in positions), gross=first.tax_included, currency=first.currency
    )
    document = _write(
        numbered,
        operator=operator,
        driver=driver,
        language=said_in,
        currency=first.currency,
        tax_included=first.tax_included,
        seller=parties.dumps(parties.seller(operator)),
        buyer=parties.dumps(parties.buyer(driver)),
        rows=rows,
        due_on=numbered.on,
    )
    _write_lines(document, positions)
    _claim(document, locked)
    _announce(document)
    return document


@transaction.atomic
def credit_note(*, invoice: Invoice, by: Actor) -> Invoice:
    """Takes a whole invoice back: a document of its own number and negative amounts. Its charges may be invoiced again.

    Raises Forbidden, Invalid for a credit note, Conflict(invoice_credited).
    """
    if by is not None:
        access.demand(by, "invoice.issue", invoice)
    locked = Invoice.objects.select_for_update(of=("self",)).select_related("operator").get(pk=invoice.pk)
    if locked.kind != Invoice.Kind.INVOICE:
        raise Invalid({"invoice": [_("A credit note cannot be credited.")]})
    if locked.credit_notes.exists():
        raise Conflict(_("This invoice has been credited already."), code="invoice_credited", invoice=locked.pk)
    numbered = numbering.take(operator_id=locked.operator_id, series=locked.series, today=today_at(locked.operator))
    document = _write(
        numbered,
        kind=Invoice.Kind.CREDIT_NOTE,
        credits=locked,
        operator=locked.operator,
        driver=locked.driver,
        language=locked.language,
        currency=locked.currency,
        tax_included=locked.tax_included,
        seller=locked.seller,
        buyer=locked.buyer,
        rows=[rounding.VatRow(row.rate, -row.taxable, -row.vat) for row in vat_rows(locked)],
        due_on=None,
    )
    _write_lines(document, [_negative(line) for line in locked.lines.order_by("position")])
    InvoicedCdr.objects.filter(invoice=locked).delete()
    _announce(document)
    return document


def today_at(operator: Operator) -> date:
    return timezone.now().astimezone(pricing.zone(operator.time_zone)).date()


def vat_rows(document: Invoice) -> list[rounding.VatRow]:
    given = json.loads(document.vat_summary)
    return [
        rounding.VatRow(
            None if row["rate"] is None else exact.number_of(row["rate"]), Decimal(row["taxable"]), Decimal(row["vat"])
        )
        for row in given
    ]


# ---- may it be issued? ----------------------------------------------------------------------------------------------


def _locked(cdrs: Sequence[CDR]) -> list[CDR]:
    """In the order of the charges, locked in the order of their keys."""
    found = CDR.objects.select_for_update(of=("self",)).filter(pk__in=[cdr.pk for cdr in cdrs]).order_by("pk")
    rows = list(found.select_related("operator", "driver__user", "tariff_version", "session"))
    if not rows:
        raise Invalid({"cdrs": [_("There is nothing to invoice.")]})
    return sorted(rows, key=lambda cdr: (cdr.started_at, cdr.pk))


def _parties(cdrs: Sequence[CDR]) -> tuple[Driver, Operator]:
    driver = cdrs[0].driver
    if driver is None or any(cdr.driver_id != driver.pk for cdr in cdrs):
        raise Invalid({"cdrs": [_("All charges of an invoice must be of one driver.")]})
    if len({(cdr.operator_id, cdr.currency, cdr.tax_included) for cdr in cdrs}) > 1:
        raise Invalid(
            {"cdrs": [_("Charges in different currencies or with different VAT terms need invoices of their own.")]}
        )
    return driver, cdrs[0].operator


def _demand(by: Actor, operator: Operator, driver: Driver) -> None:
    """The driver asks for an own invoice, the system or somebody with the right for anybody's."""
    if by is not None and not (isinstance(by, User) and by.pk == driver.user_id):
        access.demand(by, "invoice.issue", operator)


def _already(cdrs: Sequence[CDR]) -> Invoice | None:
    """The invoice that consists of exactly these charges."""
    wanted = {cdr.pk for cdr in cdrs}
    invoice = Invoice.objects.filter(claims__cdr=cdrs[0]).first()
    if invoice and set(invoice.claims.values_list("cdr_id", flat=True)) == wanted:
        return invoice
    return None


def _check(cdrs: Sequence[CDR], operator: Operator, driver: Driver) -> None:
    if not operator.has_legal_entity:
        raise Conflict(
            _("The operator’s legal data are needed before the first invoice."),
            code="legal_entity_missing",
            operator=operator.slug,
        )
    if missing := parties.missing(parties.buyer(driver)):
        raise Conflict(
            _("The customer’s name, address and VAT number or fiscal code are needed."),
            code="billing_data_missing",
            missing=missing,
        )
    ids = [cdr.pk for cdr in cdrs]
    for code, sentence, good in (
        ("cdr_credited", _("This charge has been credited."), CDR.objects.standing()),
        ("cdr_held", _("This charge is on hold until somebody has looked at it."), CDR.objects.billable()),
        ("cdr_invoiced", _("This charge is on an invoice already."), CDR.objects.uninvoiced()),
    ):
        if good.filter(pk__in=ids).count() != len(ids):
            raise Conflict(sentence, code=code)


# ---- writing --------------------------------------------------------------------------------------------------------


def _positions(cdr: CDR, language: str) -> list[dict[str, Any]]:
    tariff = pricing.parsed(cdr.tariff_version) if cdr.tariff_version else None
    return [
        {
            "cdr": cdr,
            "text": line.text,
            "quantity": exact.rounded(line.quantity, 6),
            "unit": line.unit,
            "unit_price": exact.rounded(line.unit_price, 6),
            "amount": line.amount,
            "vat_rate": line.vat,
        }
        for line in lines.shown(trace.loads(cdr.trace), tariff, language)
    ]


def _negative(line: InvoiceLine) -> dict[str, Any]:
    return {
        "cdr": line.cdr,
        "text": line.text,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit_price": line.unit_price,
        "amount": -line.amount,
        "vat_rate": line.vat_rate,
    }


def _write(numbered: numbering.Numbered, *, rows: Sequence[rounding.VatRow], **facts: Any) -> Invoice:
    excl, vat = sum((row.taxable for row in rows), Decimal(0)), sum((row.vat for row in rows), Decimal(0))
    return Invoice.objects.create(
        series=numbered.series,
        year=numbered.year,
        sequence=numbered.sequence,
        number=numbered.number,
        issued_on=numbered.on,
        vat_summary=json.dumps([trace.vat_json(row) for row in rows]),
        total_excl_vat=excl,
        total_vat=vat,
        total_incl_vat=excl + vat,
        **facts,
    )


def _write_lines(document: Invoice, positions: Sequence[dict[str, Any]]) -> None:
    InvoiceLine.objects.bulk_create(
        InvoiceLine(invoice=document, position=place, **{**entry, "vat_rate": _percent(entry["vat_rate"])})
        for place, entry in enumerate(positions, start=1)
    )


def _percent(rate: Any) -> Decimal | None:
    return None if rate is None else exact.rounded(exact.number(rate), 2)


def _claim(document: Invoice, cdrs: Sequence[CDR]) -> None:
    try:
        InvoicedCdr.objects.bulk_create(InvoicedCdr(cdr=cdr, invoice=document) for cdr in cdrs)
    except IntegrityError as raced:
        raise Conflict(_("This charge is on an invoice already."), code="cdr_invoiced") from raced


def _announce(document: Invoice) -> None:
    transaction.on_commit(partial(signals.invoice_issued.send_robust, sender=Invoice, ids=[document.pk]), robust=True)
