"""Payments as an accountant looks for them."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Operator, User
from billing.models import AdhocCharge, Payment, PaymentAct, PaymentMethod, PaymentStep, Refund, WebhookEvent
from billing.models.payment import PaymentQuerySet
from billing.payments import declines, gateway

STALE_HOLD = timedelta(hours=24)  # banks let holds go after a week; a charge is over long before
NOTHING = Decimal(0)
_AMOUNT = re.compile(r"\d+(?:[.,]\d{1,2})?")

VIEWS: dict[str, tuple[Promise, Q]] = {
    "held": (_("Held"), Q(status=Payment.Status.AUTHORIZED)),
    "captured": (_("Collected"), Q(status=Payment.Status.CAPTURED)),
    "released": (_("Released"), Q(status=Payment.Status.RELEASED)),
    "refunded": (_("Given back"), Q(refunded__gt=0)),
    "disputed": (_("Disputed"), Q(status=Payment.Status.DISPUTED)),
    "failed": (_("Refused"), Q(status=Payment.Status.FAILED)),
    "open": (_("Under way"), Q(status__in=(Payment.Status.PENDING, Payment.Status.ACTION_NEEDED))),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """`since` and `until`: the month that was asked for."""

    text: str = ""
    view: str = ""
    purpose: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """In the operator's currency. `stale`: holds older than a day, and what they block."""

    held: Decimal
    captured: Decimal
    refunded: Decimal
    disputed: Decimal
    failed: int
    stale: int
    stale_amount: Decimal


def found(user: User, operator: Operator, wish: Wish) -> PaymentQuerySet:
    """Newest first."""
    rows = Payment.objects.visible_to(user).filter(operator=operator).filter(_text(wish.text))
    if wish.purpose:
        rows = rows.filter(purpose=wish.purpose)
    if wish.since is not None:
        rows = rows.filter(created_at__gte=wish.since)
    if wish.until is not None:
        rows = rows.filter(created_at__lt=wish.until)
    return rows.order_by("-pk")


def shown(rows: PaymentQuerySet, wish: Wish) -> PaymentQuerySet:
    chosen = rows.filter(VIEWS[wish.view][1]) if wish.view in VIEWS else rows
    return chosen.select_related("driver__user", "company", "method", "cdr", "invoice", "session__location")


def facets(rows: PaymentQuerySet) -> list[tuple[str, Promise, int]]:
    counts = rows.order_by().aggregate(**{name: Count("pk", filter=which) for name, (_word, which) in VIEWS.items()})
    return [(name, word, counts[name]) for name, (word, _which) in VIEWS.items()]


def stale_before() -> datetime:
    return timezone.now() - STALE_HOLD


def totals(rows: PaymentQuerySet, currency: str) -> Totals:
    held = Q(status=Payment.Status.AUTHORIZED)
    stale = held & Q(created_at__lt=stale_before())
    disputed = Q(status=Payment.Status.DISPUTED)
    own = rows.filter(currency=currency).order_by()
    sums = own.aggregate(
        sum_held=Sum("amount", filter=held),
        sum_captured=Sum("captured"),
        sum_refunded=Sum("refunded"),
        sum_disputed=Sum("captured", filter=disputed),
        sum_stale=Sum("amount", filter=stale),
        failed=Count("pk", filter=Q(status=Payment.Status.FAILED)),
        stale=Count("pk", filter=stale),
    )
    return Totals(
        held=sums["sum_held"] or NOTHING,
        captured=sums["sum_captured"] or NOTHING,
        refunded=sums["sum_refunded"] or NOTHING,
        disputed=sums["sum_disputed"] or NOTHING,
        failed=sums["failed"],
        stale=sums["stale"],
        stale_amount=sums["sum_stale"] or NOTHING,
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a payment's story: what we asked for, what a person did, what the provider told."""

    at: datetime
    what: str
    amount: Decimal | None
    by: str
    why: str
    kind: str  # done, failed, now, "" (of `.steps`)


def story(payment: Payment) -> list[Moment]:
    """In order of time."""
    steps = [] if payment.gateway == gateway.BANK else _steps(payment)  # nobody was asked: who entered it is told
    moments = [*steps, *_acts(payment), *_told(payment)]
    return sorted(moments, key=lambda moment: moment.at)


def _steps(payment: Payment) -> list[Moment]:
    kinds = {PaymentStep.Status.DONE: "done", PaymentStep.Status.FAILED: "failed", PaymentStep.Status.PENDING: "now"}
    return [
        Moment(
            step.created_at,
            str(step.get_kind_display()),
            step.amount or None,
            "",
            declines.said(step.error_code, step.error),
            kinds[PaymentStep.Status(step.status)],
        )
        for step in payment.steps.all()
    ]


def _acts(payment: Payment) -> list[Moment]:
    acts = PaymentAct.objects.filter(payment=payment).select_related("by")
    return [Moment(act.at, str(act.get_verb_display()), act.amount, str(act.by or ""), act.reason, "") for act in acts]


def _told(payment: Payment) -> list[Moment]:
    return [
        Moment(event.received_at, event.kind, None, payment.gateway, event.error, "") for event in webhooks(payment)
    ]


def webhooks(payment: Payment) -> list[WebhookEvent]:
    """What the provider told about it."""
    if not payment.gateway_id:
        return []
    return list(WebhookEvent.objects.filter(gateway=payment.gateway, object_id=payment.gateway_id).order_by("pk"))


def refunds_of(payment: Payment) -> list[Refund]:
    return list(payment.refunds.select_related("by").order_by("pk"))


def remembered(operator: Operator, text: str, most: int) -> list[Payment]:
    """What somebody on the phone knows of a payment: the last four digits of the card, or where the receipt was mailed to."""
    if len(text) == 4 and text.isascii() and text.isdecimal():
        saved = PaymentMethod.objects.filter(operator=operator, last4=text)
        wanted = Q(card_last4=text) | Q(method__in=saved.values("pk"))
    elif "@" in text:
        charges = AdhocCharge.objects.filter(operator=operator, email__iexact=text)
        wanted = Q(pk__in=charges.values("payment"))
    else:
        return []
    found = Payment.objects.filter(wanted, operator=operator).select_related("method", "session__location")
    return list(found.order_by("-pk")[:most])


def _text(text: str) -> Q:
    """A provider's id, a number of a charge, an invoice's number, a person, four digits of a card, an amount."""
    if not text:
        return Q()
    wanted = (
        Q(gateway_id__icontains=text)
        | Q(idempotency_key__icontains=text)
        | Q(driver__user__email__icontains=text)
        | Q(driver__billing_name__icontains=text)
        | Q(company__name__icontains=text)
        | Q(invoice__number=text)
        | Q(method__last4=text)
        | Q(card_last4=text)
    )
    if text.isascii() and text.isdecimal() and len(text) < 19:
        wanted |= Q(session=int(text)) | Q(pk=int(text))
    if _AMOUNT.fullmatch(text):
        try:
            amount = Decimal(text.replace(",", "."))
        except InvalidOperation:
            return wanted
        wanted |= Q(amount=amount) | Q(captured=amount)
    return wanted
