"""Who pays a charge: its company with the monthly invoice, then the hold of its session, the wallet, the default card; what is left
stays open, and its case says when it is tried again (`dunning`). Never inside a transaction.

A charge that was priced anew is one debt: what was paid for its earlier record counts for the new one, and only the difference
moves.
"""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, Sum
from django.utils import timezone

from billing.models import CDR, Payment, PaymentMethod, PaymentStep
from billing.models.payment import PaymentQuerySet, kept_for
from billing.payments import gateway, minor_units
from billing.services.cards import holds, methods, payment_steps, payments, refunds
from billing.services.prepaid import wallets

Status = Payment.Status

NOTHING = Decimal(0)
ABANDONED = timedelta(minutes=30)  # a page that was left open must not keep the debt from being paid


def settle(*, cdr_id: int, again: bool = False) -> Payment | None:
    """Goes on with whatever is to do for a standing, billable charge; called twice, the second finds nothing. `again` tries a
    refused card at once. Returns what it was paid by, or the newest attempt; None where there is nothing to pay or nobody to
    ask. Raises Unavailable (the sweep goes on)."""
    cdr = CDR.objects.billable().select_related("session", "driver__user", "operator").filter(pk=cdr_id).first()
    if cdr is None:
        return None
    _take_over(cdr)
    for payment in cdr.payments.filter(status__in=(Status.PENDING, Status.ACTION_NEEDED)):
        _finish(payment)
    hold = hold_of(cdr)
    if cdr.company_id is not None or cdr.total_incl_vat <= 0:
        if hold is not None:
            holds.release(payment=hold)
    elif hold is not None:
        _from_hold(cdr, hold)
    _give_back_excess(cdr)
    if cdr.company_id is None and open_amount(cdr) > 0 and not _from_wallet(cdr):
        _from_card(cdr, again)
    return cdr.payments.order_by("pk").last() if open_amount(cdr) > 0 else cdr.payment


def give_back(*, cdr_id: int) -> None:
    """What was paid for a charge that has been taken back, and that no other record stands for. Raises Unavailable."""
    cdr = CDR.objects.filter(pk=cdr_id, credited_by__isnull=False).first()
    if cdr is None or CDR.objects.standing().filter(session=cdr.session_id).exists():
        return
    for payment in cdr.payments.filter(status=Status.CAPTURED):
        if payment.gateway == gateway.WALLET:
            _wallet_back(payment)
        elif refunds.possible(payment) > 0:
            key = f"refund-{payment.idempotency_key}-all"
            refunds.give(payment=payment, amount=refunds.possible(payment), reason="credited", by=None, key=key)


def open_amount(cdr: CDR) -> Decimal:
    """What is still owed, in the currency's smallest unit at the finest; negative where too much was paid."""
    kept = Payment.objects.filter(cdr=cdr).aggregate(came=Sum("captured"), went=Sum("refunded"))
    return minor_units.rounded(cdr.total_incl_vat, cdr.currency) - (
        (kept["came"] or NOTHING) - (kept["went"] or NOTHING)
    )


def hold_of(cdr: CDR) -> Payment | None:
    """What is blocked for its session."""
    mine = Q(session=cdr.session_id) | Q(start_request__session=cdr.session_id)
    return Payment.objects.holds().filter(mine).order_by("pk").first()


def due(limit: int = 500) -> list[int]:
    """Charges that somebody could pay and nobody has been asked for; interrupted ones; and sessions that have ended with their
    hold still there."""
    card = PaymentMethod.objects.usable().filter(driver=OuterRef("driver"), is_default=True)
    unpaid = CDR.objects.unpaid().annotate(card=Exists(card))
    waiting = unpaid.filter(Q(card=True) | Q(driver__wallets__isnull=False)).order_by("pk").values_list("pk", flat=True)
    now = timezone.now()
    open_ones = Payment.objects.filter(cdr__isnull=False)
    silent = Q(status=Status.PENDING, updated_at__lte=now - payments.ANSWERED_WITHIN)
    left = Q(status=Status.ACTION_NEEDED, created_at__lte=now - ABANDONED)
    interrupted = open_ones.filter(silent | left)
    held = CDR.objects.billable().filter(
        Q(session__payments__status=Status.AUTHORIZED) | Q(session__start_requests__payments__status=Status.AUTHORIZED)
    )
    found = [
        *waiting[:limit],
        *interrupted.values_list("cdr_id", flat=True)[:limit],
        *held.values_list("pk", flat=True)[:limit],
        *_credited()
        .filter(cdr__session__cdrs__in=CDR.objects.billable())
        .values_list("cdr__session__cdrs", flat=True)[:limit],
    ]
    return sorted({pk for pk in found if pk is not None})


def to_give_back(limit: int = 500) -> list[int]:
    """Credited charges whose money is still here."""
    return list(_credited().order_by("cdr").values_list("cdr", flat=True)[:limit])


def of_driver(driver_id: int, limit: int = 200) -> list[int]:
    """What a driver owes: for the moment when a new card is saved or the wallet is filled."""
    owed = CDR.objects.billable().filter(driver=driver_id, company=None, total_incl_vat__gt=0)
    left = owed.annotate(came=kept_for(gross=True)).filter(came__lt=F("total_incl_vat"))
    asked = Payment.objects.filter(cdr=OuterRef("pk"), status__in=(Status.PENDING, Status.ACTION_NEEDED))
    return list(left.filter(~Exists(asked)).order_by("pk").values_list("pk", flat=True)[:limit])


# ---- each way to pay --------------------------------------------------------------------------------------------------


def _from_hold(cdr: CDR, hold: Payment) -> None:
    wanted = min(open_amount(cdr), hold.amount)
    if wanted > 0:
        captured = holds.capture(payment=hold, amount=wanted, cdr=cdr)
        if captured.status == Status.AUTHORIZED:  # refused: it may have run out
            payments.refresh(payment=captured)
    else:
        holds.release(payment=hold)


def _from_wallet(cdr: CDR) -> bool:
    """Whole or not at all, and our own books say so in the same transaction."""
    if cdr.driver_id is None or cdr.payments.filter(captured__gt=0).exclude(gateway=gateway.WALLET).exists():
        return False
    with transaction.atomic():
        CDR.objects.select_for_update(no_key=True).get(pk=cdr.pk)
        if cdr.payments.filter(status__in=(Status.PENDING, Status.ACTION_NEEDED)).exists() or not wallets.pay(cdr=cdr):
            return False
        total = cdr.total_incl_vat
        Payment.objects.get_or_create(
            idempotency_key=f"cdr-{cdr.uid}-wallet",
            defaults={
                "operator_id": cdr.operator_id,
                "driver_id": cdr.driver_id,
                "cdr": cdr,
                "amount": total,
                "captured": total,
                "currency": cdr.currency,
                "gateway": gateway.WALLET,
                "status": Status.CAPTURED,
            },
        )
    return True


def _from_card(cdr: CDR, again: bool) -> None:
    payment = _opened(cdr, again)
    if payment is not None:
        payment_steps.finish(payment)


def _opened(cdr: CDR, again: bool) -> Payment | None:
    """The next attempt, committed, under the charge's lock: two at once make one. None where there is nobody to ask now."""
    with transaction.atomic():
        CDR.objects.select_for_update(no_key=True).get(pk=cdr.pk)
        last = cdr.payments.exclude(gateway=gateway.WALLET).order_by("pk").last()
        if last is not None and last.status in (Status.PENDING, Status.ACTION_NEEDED):
            return None
        owed = open_amount(cdr)
        method = methods.default_of(cdr.driver) if cdr.driver else None
        if owed <= 0 or method is None or not _may_try(last, method, again):
            return None
        number = cdr.payments.count()
        return payments.opened(
            PaymentStep.Kind.CHARGE,
            f"cdr-{cdr.uid}" + (f"-{number + 1}" if number else ""),
            amount=owed,
            currency=cdr.currency,
            operator=cdr.operator,
            purpose=Payment.Purpose.CHARGE,
            method=method,
            driver=cdr.driver,
            cdr=cdr,
            session=cdr.session,
        )


def _may_try(last: Payment | None, method: PaymentMethod, again: bool) -> bool:
    """A card that said no is asked again by `chasing` and by people, never by itself."""
    return again or last is None or last.status != Status.FAILED or last.method_id != method.pk


def _finish(payment: Payment) -> None:
    """An attempt that is under way. One that waits for a customer who has left is given up."""
    payment = payments.refresh(payment=payment)
    if payment.status == Status.ACTION_NEEDED and payment.created_at < timezone.now() - ABANDONED:
        holds.release(payment=payment)


# ---- money that belongs elsewhere ---------------------------------------------------------------------------------------


def _take_over(cdr: CDR) -> None:
    """What was paid for earlier records of the same session. A wallet gets its money back first, and pays anew."""
    earlier = Payment.objects.filter(cdr__session=cdr.session_id, cdr__credited_by__isnull=False)
    for payment in earlier.filter(status=Status.CAPTURED, gateway=gateway.WALLET):
        _wallet_back(payment)
    earlier.filter(status=Status.CAPTURED).exclude(gateway=gateway.WALLET).update(cdr=cdr, updated_at=timezone.now())


def _wallet_back(payment: Payment) -> None:
    assert payment.cdr is not None
    with transaction.atomic():
        if wallets.give_back(cdr=payment.cdr):
            Payment.objects.filter(pk=payment.pk, status=Status.CAPTURED).update(
                status=Status.REFUNDED, refunded=F("captured"), updated_at=timezone.now()
            )


def _give_back_excess(cdr: CDR) -> None:
    """The charge became cheaper."""
    excess = -open_amount(cdr)
    for payment in cdr.payments.filter(status=Status.CAPTURED).exclude(gateway=gateway.WALLET).order_by("-pk"):
        pending = payment.refunds.filter(status="pending").first()
        if pending is not None:
            payment_steps.finish(payment)
            return
        back = min(excess, refunds.possible(payment))
        if back > 0:
            key = f"refund-{payment.idempotency_key}-{cdr.uid}"
            refunds.give(payment=payment, amount=back, reason="credited", by=None, key=key)
            excess -= back


def _credited() -> PaymentQuerySet:
    return Payment.objects.paid().filter(status=Status.CAPTURED, cdr__credited_by__isnull=False)
