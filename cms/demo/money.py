"""What the past cost, and who has paid: the live rating code over all of it, then what would have followed at the time."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Subquery

from accounts.models import Company, Operator, SentMail
from billing.models import CDR, Invoice, Payment, PaymentMethod
from billing.models.cdr import CDRQuerySet
from billing.payments import declines, fake_books, fake_gateway
from billing.services.charges import rating
from billing.services.invoicing import closing
from sessions_app.models import ChargingSession

from . import cast, purses, strangers

SETTLED = timedelta(minutes=1)
FAKE = fake_gateway.FakeGateway.name
REFUSAL = "insufficient_funds"
REFUSED_AGO = 150  # so many payments ago a bank said no
FRESH = timedelta(hours=3)  # receipts of the last hours are still to be mailed, so that the demo has mails


def settle(start: datetime, now: datetime) -> None:
    """CDRs, payments, receipts and monthly invoices of everything that has ended."""
    operators = Operator.objects.filter(slug__in=[company.slug for company in cast.COMPANIES])
    ended = ChargingSession.objects.ended().filter(operator__in=operators)
    rating.rate_many(ended.order_by("pk").values_list("pk", flat=True))
    cdrs = CDR.objects.filter(operator__in=operators)
    cdrs.update(created_at=F("stopped_at") + SETTLED)
    purses.tell(cdrs, now)
    strangers.tell(cdrs)
    _pay(cdrs)
    _mailed(cdrs.filter(stopped_at__lt=now - FRESH))
    for operator in operators:
        _invoice(operator, start, now)


def _pay(cdrs: CDRQuerySet) -> None:
    """At once and in full, as the fake provider does; its references are the ones it would give for these keys."""
    cards = {method.driver_id: method for method in PaymentMethod.objects.usable()}
    payments = []
    for cdr in cdrs.unpaid().only("uid", "operator_id", "driver_id", "session_id", "total_incl_vat", "currency"):
        key = f"cdr-{cdr.uid}"
        payments.append(
            Payment(
                operator_id=cdr.operator_id,
                driver_id=cdr.driver_id,
                cdr=cdr,
                amount=cdr.total_incl_vat,
                currency=cdr.currency,
                captured=cdr.total_incl_vat,
                method=cards.get(cdr.driver_id),
                session_id=cdr.session_id,
                gateway=FAKE,
                gateway_id=fake_books.reference("intent", key),
                idempotency_key=key,
                status=Payment.Status.CAPTURED,
            )
        )
    for payment in payments[-REFUSED_AGO : -REFUSED_AGO + 1]:
        payment.status, payment.gateway_id, payment.captured = Payment.Status.FAILED, "", Decimal(0)
        payment.error_code, payment.error = REFUSAL, declines.sentence(REFUSAL)
    Payment.objects.bulk_create(payments, batch_size=500)
    then = CDR.objects.filter(pk=OuterRef("cdr")).values("created_at")
    Payment.objects.filter(cdr__in=cdrs).update(created_at=Subquery(then), updated_at=Subquery(then))


def _mailed(cdrs: CDRQuerySet) -> None:
    """The receipts of then were read long ago; the sweep for missing mails must not send them now."""
    billed = cdrs.billable().filter(driver__isnull=False).exclude(total_incl_vat=0, energy=0)
    SentMail.objects.bulk_create(
        (
            SentMail(key=f"receipt:{pk}", recipient=recipient, claimed_at=at, sent_at=at)
            for pk, recipient, at in billed.values_list("pk", "driver__user__email", "created_at").iterator()
        ),
        batch_size=500,
    )


def _invoice(operator: Operator, start: datetime, now: datetime) -> None:
    """A run for each month that is over, dated on its first day where the number's year allows it."""
    for first in _firsts(start, now, ZoneInfo(operator.time_zone)):
        known = list(Invoice.objects.filter(operator=operator).values_list("pk", flat=True))
        closing.monthly(operator=operator, until=first)
        new = Invoice._base_manager.filter(operator=operator, year=first.year).exclude(pk__in=known)  # no real book
        new.update(issued_on=first, due_on=first, created_at=datetime.combine(first, time(2, 30), ZoneInfo("UTC")))
        for company in Company.objects.filter(operator=operator):
            new.filter(company=company).update(due_on=first + timedelta(days=company.payment_days))


def _firsts(start: datetime, now: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The first day of each month after `start` up to `now`."""
    day = start.astimezone(zone).date().replace(day=1)
    while (day := (day + timedelta(days=32)).replace(day=1)) <= now.astimezone(zone).date():
        yield day
