"""Taking invoices back, whole or in part: a document of its own number, negative amounts, referring to the first.

A line is credited by quantity (or whole, where it has none), as often as there is something left of it. What becomes of the
charges is the clerk's choice, and only for charges of which nothing is left on the invoice: `again` gives them back to be billed
with the right data, on request or by the next monthly run; otherwise they are credited for good, and what was paid for them goes
back. A charge that keeps a part of its lines stays invoiced.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts import access
from billing.documents import numbering, positions
from billing.documents.positions import Position
from billing.models import CDR, Invoice, InvoicedCdr, InvoiceLine
from billing.services.charges import rating
from billing.services.invoicing import issuing
from billing.services.invoicing.issuing import Actor
from billing.tariffs import exact, rounding
from cms.core.errors import Conflict, Invalid

Chosen = Mapping[int, Decimal | None]
"""Quantities by primary key of the line; None: what is left of it."""


@dataclass(frozen=True, slots=True)
class Left:
    """What of a line has not been credited yet."""

    line: InvoiceLine
    quantity: Decimal
    amount: Decimal


@transaction.atomic
def give(*, invoice: Invoice, by: Actor, lines: Chosen | None = None, again: bool = True, reason: str = "") -> Invoice:
    """A credit note of the chosen `lines`, or of all that is left.

    Raises Forbidden; Invalid for a credit note, for nothing, or for more than there is (field `lines`); Conflict(invoice_credited).
    """
    if by is not None:
        access.demand(by, "invoice.issue", invoice)
    locked = Invoice.objects.select_for_update(of=("self",)).select_related("operator").get(pk=invoice.pk)
    if locked.kind != Invoice.Kind.INVOICE:
        raise Invalid({"invoice": [_("A credit note cannot be credited.")]})
    rest = left(locked)
    if not rest:
        raise Conflict(_("This invoice has been credited already."), code="invoice_credited", invoice=locked.pk)
    taken = [_position(entry, None) for entry in rest] if lines is None else _chosen(rest, lines, locked.currency)
    numbered = numbering.take(
        operator_id=locked.operator_id, series=locked.series, today=issuing.today_at(locked.operator)
    )
    document = issuing.write(
        numbered,
        taken,
        _rows(locked, taken, is_last=_is_last(rest, taken)),
        kind=Invoice.Kind.CREDIT_NOTE,
        fiscal_type=Invoice.FiscalType.CREDIT_NOTE,
        credits=locked,
        reason=reason.strip()[:200],
        operator=locked.operator,
        driver=locked.driver,
        company=locked.company,
        language=locked.language,
        currency=locked.currency,
        tax_included=locked.tax_included,
        seller=locked.seller,
        buyer=locked.buyer,
        stamp_duty=positions.stamp_duty(taken, locked.currency) if locked.stamp_duty else Decimal(0),
        due_on=None,
    )
    _let_go(locked, again=again, by=by)
    return document


def left(invoice: Invoice) -> list[Left]:
    """Of each line what can still be credited, in the order of the document; lines of which nothing is left are not there."""
    taken = InvoiceLine.objects.filter(credits__invoice=invoice).values_list("credits")
    sums = {line: (quantity, amount) for line, quantity, amount in taken.annotate(Sum("quantity"), Sum("amount"))}
    found = []
    for line in invoice.lines.select_related("cdr").order_by("position"):
        quantity, amount = sums.get(line.pk, (Decimal(0), Decimal(0)))
        rest = Left(line, line.quantity - quantity, line.amount + amount)
        if line.pk not in sums or rest.quantity:
            found.append(rest)
    return found


def countable(line: InvoiceLine) -> bool:
    """May a part of it be credited? Limits and roundings come as a whole."""
    return bool(line.unit) and line.quantity > 0


# ---- what is taken back ---------------------------------------------------------------------------------------------


def _chosen(rest: Sequence[Left], lines: Chosen, currency: str) -> list[Position]:
    by_line = {entry.line.pk: entry for entry in rest}
    if not lines:
        raise Invalid({"lines": [_("Choose at least one line.")]})
    if set(lines) - set(by_line):
        raise Invalid({"lines": [_("Nothing is left of one of these lines.")]})
    return [_position(by_line[pk], _part(by_line[pk], lines[pk]), currency) for pk in by_line if pk in lines]


def _part(entry: Left, wanted: Decimal | None) -> Decimal | None:
    """None: all that is left."""
    if wanted is None or wanted == entry.quantity:
        return None
    if not countable(entry.line) or not 0 < wanted < entry.quantity:
        raise Invalid(
            {
                "lines": [
                    _("Of “%(line)s” there are %(left)s left.")
                    % {"line": entry.line.text, "left": entry.quantity.normalize()}
                ]
            }
        )
    return wanted


def _position(entry: Left, part: Decimal | None, currency: str = "") -> Position:
    line = entry.line
    amount = entry.amount
    if part is not None:
        share = Fraction(line.amount) * Fraction(part) / Fraction(line.quantity)
        amount = min(exact.cents(share, currency), entry.amount)
    return Position(
        text=line.text,
        quantity=entry.quantity if part is None else part,
        unit=line.unit,
        unit_price=line.unit_price,
        amount=-amount,
        vat_rate=line.vat_rate,
        cdr=line.cdr,
        natura=line.natura,
        since=line.since,
        until=line.until,
        credits=line,
    )


def _is_last(rest: Sequence[Left], taken: Sequence[Position]) -> bool:
    """Does this note leave nothing of the invoice?"""
    given = {entry.credits.pk: entry.quantity for entry in taken if entry.credits}
    return all(given.get(entry.line.pk) == entry.quantity for entry in rest)


def _rows(invoice: Invoice, taken: Sequence[Position], *, is_last: bool) -> list[rounding.VatRow]:
    """The last note takes what the others left of each rate, so that an invoice and its notes are nothing to the cent."""
    if not is_last:
        return list(issuing.sums(taken, gross=invoice.tax_included, currency=invoice.currency))
    notes = invoice.credit_notes.all()
    open_rows: dict[rounding.Rate, tuple[Decimal, Decimal]] = {}
    for document in (invoice, *notes):
        for row in issuing.vat_rows(document):
            taxable, vat = open_rows.get(row.rate, (Decimal(0), Decimal(0)))
            open_rows[row.rate] = (taxable + row.taxable, vat + row.vat)
    return [rounding.VatRow(rate, -taxable, -vat) for rate, (taxable, vat) in open_rows.items()]


# ---- the charges ----------------------------------------------------------------------------------------------------


def _let_go(invoice: Invoice, *, again: bool, by: Actor) -> None:
    """The claims on charges of which nothing is left."""
    kept = {entry.line.cdr_id for entry in left(invoice)}
    gone = InvoicedCdr.objects.filter(invoice=invoice).exclude(cdr__in=kept - {None})
    cdrs = list(CDR.objects.filter(invoiced__in=gone))
    gone.delete()
    if not again:
        for cdr in cdrs:
            rating.credit(cdr=cdr, by=by)
