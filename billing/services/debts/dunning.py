"""What is owed, and every step that was taken about it. `chasing` climbs the ladder; here is what a case may become.

A case belongs to one fee, charge or invoice. It opens with the first refusal; any payment closes it. While a person has put it on
hold, nothing is tried and nobody is stopped.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, Operator, User
from billing import signals
from billing.models import CDR, DunningCase, DunningPolicy, DunningStep, Invoice, Payment, SubscriptionFee
from billing.services.recurring import fees, states, subscriptions
from cms.core.errors import Conflict, Invalid

Actor = User | ApiKey
Status = DunningCase.Status

MOST_STEPS, MOST_DAYS = 8, 90
APART = timedelta(hours=12)  # where a server was away, missed rungs do not follow each other at once


# ---- what an operator decides ------------------------------------------------------------------------------------------


def policy(operator: Operator) -> DunningPolicy:
    """What was decided, or what holds where nobody decided."""
    return DunningPolicy.objects.filter(operator=operator).first() or DunningPolicy(operator=operator)


@transaction.atomic
def decide(*, operator: Operator, ladder: str, grace_days: int, end_after: bool, by: Actor) -> DunningPolicy:
    """`ladder`: days after the first refusal, like "1, 3, 7, 14". For cases that open from now on. Raises Forbidden, Invalid."""
    access.demand(by, "operator.edit", operator)
    wrong: dict[str, list[str]] = {}
    try:
        days = [int(part) for part in ladder.replace(" ", "").split(",")]
    except ValueError:
        days = []
    if not 1 <= len(days) <= MOST_STEPS or days != sorted(set(days)) or not 1 <= days[0] <= days[-1] <= MOST_DAYS:
        wrong["ladder"] = [_("Days in ascending order, like 1, 3, 7, 14; up to %(most)s.") % {"most": MOST_DAYS}]
    if not 0 <= grace_days <= MOST_DAYS:
        wrong["grace_days"] = [_("From 0 to %(most)s days.") % {"most": MOST_DAYS}]
    if wrong:
        raise Invalid(wrong)
    decided = {"ladder": ",".join(map(str, days)), "grace_days": grace_days, "end_after": end_after}
    row, _made = DunningPolicy.objects.update_or_create(operator=operator, defaults=decided)
    return row


# ---- opening and closing -----------------------------------------------------------------------------------------------


@transaction.atomic
def open_case(
    *,
    fee: SubscriptionFee | None = None,
    cdr: CDR | None = None,
    invoice: Invoice | None = None,
    payment: Payment | None = None,
    text: str = "",
) -> DunningCase:
    """The case of a fee, charge or invoice that could not be collected; one that was closed by a payment which came back opens
    again. A second time changes nothing."""
    now = timezone.now()
    about, facts = _about(fee, cdr, invoice)
    rules = policy(facts["operator"])
    dates = {"opened_at": now, "next_at": _rung(rules, now, 0), "grace_until": now + timedelta(days=rules.grace_days)}
    case, made = DunningCase.objects.select_for_update(of=("self",)).get_or_create(**about, defaults={**facts, **dates})
    if not made and case.status != Status.RECOVERED:
        return case
    if not made:
        for name, value in dates.items():
            setattr(case, name, value)
        case.status, case.step, case.closed_at = Status.OPEN, 0, None
        case.save()
    note(case, "opened", payment=payment, text=text)
    if fee is not None:
        states.fall_behind(subscription_id=fee.subscription_id)
    return case


@transaction.atomic
def recover(
    *,
    fee: SubscriptionFee | None = None,
    cdr: CDR | None = None,
    invoice: Invoice | None = None,
    payment: Payment | None = None,
) -> None:
    """It is paid. Where there is no case, or it is closed, nothing."""
    about, _facts = _about(fee, cdr, invoice)
    case = DunningCase.objects.select_for_update(of=("self",)).filter(**about, closed_at=None).first()
    if case is not None:
        _close(case, Status.RECOVERED, "recovered", payment=payment)


@transaction.atomic
def close(*, case: DunningCase, reason: str, by: Actor) -> DunningCase:
    """Nobody asks for it any more: written off. A subscription whose month was not paid ends. Raises Forbidden, Invalid."""
    row = _mine(case, by, reason)
    if row.closed_at is None:
        row.reason = reason.strip()[:200]
        if row.fee and not row.fee.paid_at:
            SubscriptionFee.objects.filter(pk=row.fee.pk, paid_at=None).update(dropped_at=timezone.now())
            subscriptions.end(subscription=row.fee.subscription, by=None, reason="not_paid")
        _close(row, Status.CLOSED, "closed", by=by, text=row.reason)
    return row


# ---- on hold -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def pause(*, case: DunningCase, reason: str, by: Actor) -> DunningCase:
    """Nothing is tried, nobody is stopped, until it is resumed. Raises Forbidden, Invalid without a reason, Conflict(case_closed)."""
    row = _open(_mine(case, by, reason))
    if row.status != Status.PAUSED:
        row.status, row.reason, row.stopped_at = Status.PAUSED, reason.strip()[:200], None
        row.save()
        note(row, "paused", by=by, text=row.reason)
    return row


@transaction.atomic
def resume(*, case: DunningCase, by: Actor) -> DunningCase:
    """Goes on where it was; a step that was due meanwhile is due now. Raises Forbidden, Conflict(case_closed)."""
    row = _open(_mine(case, by, "-"))
    if row.status == Status.PAUSED:
        row.status, row.reason = (Status.OPEN if row.next_at else Status.EXHAUSTED), ""
        row.save()
        note(row, "resumed", by=by)
    return row


# ---- the ladder's steps ------------------------------------------------------------------------------------------------


@transaction.atomic
def tried(*, case: DunningCase, payment: Payment | None, text: str) -> None:
    """A retry that was refused: the next one is due as the ladder says. At its end the case is exhausted, and with it the
    subscription where the operator wants that."""
    row = locked(case.pk)
    if row.closed_at or row.step != case.step:
        return
    rules = policy(row.operator)
    row.step += 1
    rung = _rung(rules, row.opened_at, row.step)
    row.next_at = rung and max(rung, timezone.now() + APART)
    note(row, "retry", payment=payment, text=text)
    if row.next_at is None:
        row.status = Status.EXHAUSTED
        note(row, "exhausted")
        if row.fee and rules.end_after:
            subscriptions.end(subscription=row.fee.subscription, by=None, reason="not_paid")
    row.save()


@transaction.atomic
def stop(*, case: DunningCase) -> None:
    """The grace is over: no new starts until it is paid."""
    row = locked(case.pk)
    if row.closed_at is None and row.stopped_at is None and row.status != Status.PAUSED:
        row.stopped_at = timezone.now()
        row.save()
        note(row, "stopped")


def due(limit: int = 500) -> list[int]:
    """Cases with a retry, or the end of their grace, that is due; and those whose debt was paid without anybody saying so."""
    now = timezone.now()
    running = DunningCase.objects.filter(closed_at=None).exclude(status=Status.PAUSED)
    rung = Q(status=Status.OPEN, next_at__lte=now)
    grace = Q(stopped_at=None, grace_until__lte=now)
    due_now = running.filter(rung | grace).order_by("pk").values_list("pk", flat=True)[:limit]
    return sorted({*due_now, *_paid_unseen().order_by("pk").values_list("pk", flat=True)[:limit]})


def _paid_unseen() -> QuerySet[DunningCase]:
    """By a wallet, at the desk, by a credit: what nobody announced to us, and nobody is owed any more."""
    charges = Q(cdr__isnull=False) & ~Q(cdr__in=CDR.objects.billable().filter(total_incl_vat__gt=0))
    captured = Payment.objects.filter(status=Payment.Status.CAPTURED)
    paid = Q(fee__paid_at__isnull=False) | charges
    paid |= Q(cdr__in=captured.filter(cdr__isnull=False).values("cdr"))
    paid |= Q(invoice__in=captured.filter(invoice__isnull=False).values("invoice"))
    return DunningCase.objects.filter(paid, closed_at=None)


def locked(pk: int) -> DunningCase:
    """Inside a transaction."""
    rows = DunningCase.objects.select_for_update(of=("self",))
    return rows.select_related(*_ALL).get(pk=pk)


def read(pk: int) -> DunningCase:
    return DunningCase.objects.select_related(*_ALL).get(pk=pk)


_ALL = (
    "operator", "driver__user", "company", "fee__subscription__driver__user", "fee__subscription__operator", "fee__version__plan",
    "cdr", "invoice",
)  # fmt: skip


def note(
    case: DunningCase, kind: str, *, payment: Payment | None = None, text: str = "", by: Actor | None = None
) -> DunningStep:
    """In the transaction of what happened; announced as `dunning_changed` on commit."""
    step = DunningStep.objects.create(
        case=case,
        at=timezone.now(),
        kind=kind,
        payment=payment,
        text=text[:300],
        by=by if isinstance(by, User) else None,
    )
    announce = partial(signals.dunning_changed.send_robust, sender=DunningCase, ids=[case.pk])
    transaction.on_commit(announce, robust=True)
    return step


def why(payment: Payment) -> str:
    """A word of `billing.payments.declines`; the provider's own sentence where it gave no word."""
    return payment.error_code or payment.error or "generic_decline"


# ---- rows --------------------------------------------------------------------------------------------------------------


def _about(
    fee: SubscriptionFee | None, cdr: CDR | None, invoice: Invoice | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the case is about, and the columns that follow from it."""
    if fee is not None:
        subscription = fee.subscription
        owed = {"operator": subscription.operator, "driver": subscription.driver, "amount": fees.due(fee)}
        return {"fee": fee}, {**owed, "currency": fee.currency}
    thing = cdr or invoice
    assert thing is not None
    owed = {"operator": thing.operator, "driver": thing.driver, "company": thing.company}
    about: dict[str, Any] = {"cdr": cdr} if cdr is not None else {"invoice": invoice}
    return about, {**owed, "amount": thing.total_incl_vat, "currency": thing.currency}


def _close(
    case: DunningCase,
    status: str,
    kind: str,
    *,
    payment: Payment | None = None,
    by: Actor | None = None,
    text: str = "",
) -> None:
    case.status, case.closed_at, case.next_at, case.stopped_at = status, timezone.now(), None, None
    case.save()
    note(case, kind, payment=payment, by=by, text=text)
    if case.fee and not _others(case).exists():
        states.catch_up(subscription_id=case.fee.subscription_id)


def _others(case: DunningCase) -> "QuerySet[DunningCase]":
    assert case.fee is not None
    rows = DunningCase.objects.filter(fee__subscription=case.fee.subscription_id, closed_at=None)
    return rows.exclude(pk=case.pk)


def _rung(rules: DunningPolicy, opened: datetime, step: int) -> datetime | None:
    """When the retry after `step` retries is due; None at the ladder's end."""
    days = [int(part) for part in rules.ladder.split(",")]
    return opened + timedelta(days=days[step]) if step < len(days) else None


def _mine(case: DunningCase, by: Actor, reason: str) -> DunningCase:
    access.demand(by, "dunning.edit", case)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why: it stays with the case.")]})
    return locked(case.pk)


def _open(case: DunningCase) -> DunningCase:
    if case.closed_at:
        raise Conflict(_("This case is closed."), code="case_closed", case=case.pk)
    return case
