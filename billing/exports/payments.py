"""Payments as a list: one line per attempt, what came in, what went back, and the provider's names for it."""

from collections.abc import Iterator, Mapping

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator
from billing.models import Payment
from billing.selectors import months
from cms.core.csv_dialect import Cell

from . import asking, charges, paging
from .kinds import Ask, Column, Format, Kind, Params

COLUMNS = (
    Column("payment", _("Payment"), Format.WHOLE),
    Column("created_at", _("Asked on"), Format.INSTANT),
    Column("purpose", _("What for"), width=22),
    Column("status", _("State"), width=16),
    Column("customer", _("Customer")),
    Column("method", _("Paid with"), width=18),
    Column("charge", _("Charge"), Format.WHOLE),
    Column("invoice", _("Invoice"), width=14),
    Column("currency", _("Currency"), width=9),
    Column("amount", _("Amount"), Format.MONEY),
    Column("captured", _("Came in"), Format.MONEY, summed=True),
    Column("refunded", _("Went back"), Format.MONEY, summed=True),
    Column("kept", _("Kept"), Format.MONEY, summed=True),
    Column("gateway", _("Provider"), width=12),
    Column("gateway_id", _("Provider’s id"), width=30),
    Column("error", _("Refused because"), width=24),
)


def clean(operator: Operator, given: Mapping[str, str]) -> Params:
    when = asking.days(operator, given)
    status = asking.choice(given, "status", list(Payment.Status.values))
    return {**when, **status, **asking.choice(given, "purpose", list(Payment.Purpose.values))}


def found(ask: Ask) -> QuerySet[Payment]:
    if "month" in ask.params:
        start, end = months.bounds(ask.operator, asking.month_of(ask.params))
    else:
        start, end = asking.instants(ask)
    listed = Payment.objects.filter(operator=ask.operator, created_at__gte=start, created_at__lt=end)
    return listed.filter(**{name: ask.params[name] for name in ("status", "purpose") if name in ask.params})


def rows(ask: Ask) -> Iterator[list[Cell]]:
    listed = found(ask).select_related("driver__user", "company", "method", "cdr", "invoice")
    for payment in paging.by_key(listed):
        yield [
            payment.pk,
            payment.created_at,
            payment.get_purpose_display(),
            payment.get_status_display(),
            str(payment.company or payment.driver or ""),
            str(payment.method or ""),
            payment.cdr.session_id if payment.cdr else payment.session_id,
            charges.number(payment.invoice, ask.language) if payment.invoice else "",
            payment.currency,
            payment.amount,
            payment.captured,
            payment.refunded,
            payment.kept,
            payment.gateway,
            payment.gateway_id,
            payment.error_code,
        ]


KIND = Kind(
    name="payments",
    title=_("Payments"),
    permission="payment.view",
    clean=clean,
    stem=lambda ask: asking.stem("payments", ask),
    columns=COLUMNS,
    rows=rows,
    count=lambda ask: found(ask).count(),
    says=asking.says,
)
