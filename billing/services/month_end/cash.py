"""What came in and went back, written down once: the journal books these rows, so that a payment that changes later (a refund that
the bank sends back, a capture in the provider's own pages) moves the month in which it changed, and none that is closed.

A payment says what was captured and refunded of it in all; what is not written down yet is the difference. Whoever asks, and however
often: nothing is booked twice.
"""

from datetime import UTC, datetime, time
from decimal import Decimal

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Operator
from billing.models import CashEntry, Payment, PaymentStep
from billing.models.payment import PaymentQuerySet
from billing.payments import gateway
from cms.core.fields import MoneyField

CHUNK = 500
_STEPS = {
    CashEntry.Kind.CAME: (PaymentStep.Kind.CHARGE, PaymentStep.Kind.CAPTURE),
    CashEntry.Kind.WENT: (PaymentStep.Kind.REFUND,),
}


def book(*, operator: Operator) -> int:
    """Every night, and before a journal is written. Returns how many entries are new."""
    retold = not CashEntry.objects.filter(operator=operator).exists()
    written, after = 0, 0
    while keys := list(_unbooked(operator).filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        written += _book(operator, keys, retold)
        after = keys[-1]
    return written


def _unbooked(operator: Operator) -> PaymentQuerySet:
    """With `came` and `went`: what is written down of each so far. Prepaid balances have entries of their own."""
    mine = Payment.objects.filter(operator=operator).exclude(gateway=gateway.WALLET)
    known = mine.annotate(came=_booked(CashEntry.Kind.CAME), went=_booked(CashEntry.Kind.WENT))
    return known.filter(~Q(came=F("captured")) | ~Q(went=F("refunded")))


def _booked(kind: str) -> Coalesce:
    entries = CashEntry.objects.filter(payment=OuterRef("pk"), kind=kind).order_by().values("payment")
    whole = Subquery(entries.annotate(whole=Sum("amount")).values("whole"), output_field=MoneyField())
    return Coalesce(whole, Value(0, output_field=MoneyField()), output_field=MoneyField())


@transaction.atomic
def _book(operator: Operator, keys: list[int], retold: bool) -> int:
    """The payments are locked first, and counted again: of two that book at once one finds nothing. `retold`: the first time ever,
    what is told was known when it happened."""
    list(Payment.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    now, entries = timezone.now(), []
    for payment in _unbooked(operator).filter(pk__in=keys).prefetch_related("steps", "cash_entries"):
        for kind, whole, known in (
            (CashEntry.Kind.CAME, payment.captured, payment.came),
            (CashEntry.Kind.WENT, payment.refunded, payment.went),
        ):
            if amount := whole - known:
                at = _at(payment, kind, amount)
                booked_at = at if retold else now
                entries.append(
                    CashEntry(operator=operator, payment=payment, kind=kind, amount=amount, at=at, booked_at=booked_at)
                )
    CashEntry.objects.bulk_create(entries)
    return len(entries)


def _at(payment: Payment, kind: str, amount: Decimal) -> datetime:
    """When our own step did it, where there is one that is not booked yet; else when the payment was changed. A transfer came on
    the day that the bank says."""
    if payment.valued_on is not None and kind == CashEntry.Kind.CAME:
        return datetime.combine(payment.valued_on, time(12), UTC)
    if not payment.steps.all() and kind == CashEntry.Kind.CAME:
        return payment.created_at  # of the time before steps were kept
    known = max((entry.at for entry in payment.cash_entries.all() if entry.kind == kind), default=None)
    done = [
        step.updated_at
        for step in payment.steps.all()
        if step.kind in _STEPS[CashEntry.Kind(kind)] and step.status == PaymentStep.Status.DONE
    ]
    last = max(done, default=None)
    if amount > 0 and last is not None and (known is None or last > known):
        return last
    return payment.updated_at
