"""What is owed, and every step that was taken about it. `ladder` says when, `chasing` climbs it; here is what a case may become.

A case belongs to one fee, charge or invoice, or to the automatic top-up of a wallet. It opens with the first refusal, or when an
invoice is overdue; what pays it closes it. While a person has put it on hold, nothing is tried and nobody is stopped.
"""

from decimal import Decimal
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import access
from accounts.models import ApiKey, User
from billing import signals
from billing.models import (
    CDR,
    DunningCase,
    DunningPolicy,
    DunningStep,
    Invoice,
    Payment,
    Subscription,
    SubscriptionFee,
    Wallet,
    WalletEntry,
)
from billing.services.debts import claims, ladder
from billing.services.recurring import states, subscriptions
from cms.core.errors import Conflict, Invalid

Actor = User | ApiKey
Status = DunningCase.Status

Thing = SubscriptionFee | CDR | Invoice | Wallet


# ---- opening and closing -----------------------------------------------------------------------------------------------


@transaction.atomic
def open_case(about: Thing, *, payment: Payment | None = None, text: str = "") -> DunningCase:
    """The case of what could not be collected; one that was closed by a payment which came back opens again. A second time
    changes nothing."""
    facts = _facts(about)
    dates = ladder.dates(ladder.policy(facts["operator"]))
    rows = DunningCase.objects.select_for_update(of=("self",))
    case, made = rows.get_or_create(**_key(about), defaults={**facts, **dates, "amount": Decimal(0)})
    if not made and not _opens_again(case, payment):
        return case
    for name, value in dates.items():
        setattr(case, name, value)
    case.status, case.step, case.closed_at, case.amount = Status.OPEN, 0, None, claims.owed(case)
    case.save()
    note(case, "opened", payment=payment, text=text)
    if case.fee is not None:
        states.fall_behind(subscription_id=case.fee.subscription_id)
    return case


@transaction.atomic
def recover(about: Thing, *, payment: Payment | None = None) -> None:
    """It is paid. Where there is no case, or it is closed, nothing."""
    case = DunningCase.objects.select_for_update(of=("self",)).filter(**_key(about), closed_at=None).first()
    if case is not None:
        _close(case, Status.RECOVERED, "recovered", payment=payment)


@transaction.atomic
def look(*, case: DunningCase, payment: Payment | None = None) -> bool:
    """Is it settled? Then it is closed; where a part came in, the case says so."""
    row = locked(case.pk)
    if row.closed_at is not None:
        return True
    left = claims.owed(row)
    if left <= 0:
        _close(row, Status.RECOVERED, "recovered", payment=payment or claims.paid_by(row))
        return True
    if left != row.amount:
        came, row.amount = left < row.amount, left
        row.save(update_fields=["amount", "updated_at"])
        if came and payment is not None:
            note(row, "partly", payment=payment, text=f"{payment.captured}")
    return False


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
    """A rung on which the debt was refused again, or its debtor reminded because nobody could be asked: the next one is due as the
    ladder says. At its end the case is exhausted, and with it the subscription where the operator wants that."""
    row = locked(case.pk)
    if row.closed_at or row.step != case.step:
        return
    rules = ladder.policy(row.operator)
    row.step += 1
    row.next_at = ladder.after(rules, row.opened_at, row.step)
    note(row, "retry" if payment else "reminded", payment=payment, text=text)
    if row.next_at is None:
        row.status = Status.EXHAUSTED
        note(row, "exhausted")
        if row.fee and rules.end_after:
            subscriptions.end(subscription=row.fee.subscription, by=None, reason="not_paid")
    row.save()


@transaction.atomic
def stop(*, case: DunningCase) -> None:
    """The grace is over: no new starts until it is paid. Of a company's people only where the operator wants that; nobody for
    a wallet, whose driver owes nothing."""
    row = locked(case.pk)
    if row.stopped_at is None and DunningCase.objects.filter(_stops(), pk=row.pk).exists():
        row.stopped_at = timezone.now()
        row.save()
        note(row, "stopped")


def due(limit: int = 500) -> list[int]:
    """Cases with a rung, or the end of their grace, that is due; and those whose debt was paid without anybody saying so."""
    rung = Q(status=Status.OPEN, closed_at=None, next_at__lte=timezone.now())
    due_now = DunningCase.objects.filter(rung | _stops()).order_by("pk").values_list("pk", flat=True)[:limit]
    return sorted({*due_now, *_paid_unseen().order_by("pk").values_list("pk", flat=True)[:limit]})


def _stops() -> Q:
    """Cases whose debtor is to be stopped now."""
    strict = DunningPolicy.objects.filter(stop_companies=True).values("operator")
    over = Q(stopped_at=None, closed_at=None, wallet=None, grace_until__lte=timezone.now())
    return over & ~Q(status=Status.PAUSED) & (Q(company=None) | Q(operator__in=strict))


def _paid_unseen() -> QuerySet[DunningCase]:
    """By a wallet, at the desk, by a credit: what nobody announced to us, and nobody is owed any more (`look` says whether)."""
    charges = Q(cdr__isnull=False) & ~Q(cdr__in=CDR.objects.billable().filter(total_incl_vat__gt=0))
    captured = Payment.objects.filter(status=Payment.Status.CAPTURED)
    paid = Q(fee__paid_at__isnull=False) | charges
    paid |= Q(cdr__in=captured.filter(cdr__isnull=False).values("cdr"))
    paid |= Q(invoice__in=captured.filter(invoice__isnull=False).values("invoice"))
    paid |= Q(invoice__in=Invoice.objects.filter(credits__isnull=False).values("credits"))
    paid |= Q(
        wallet__in=WalletEntry.objects.filter(amount__gt=0, created_at__gte=OuterRef("opened_at")).values("wallet")
    )
    paid |= Q(wallet__isnull=False, wallet__automatic_below=None)
    return DunningCase.objects.filter(paid, closed_at=None)


def locked(pk: int) -> DunningCase:
    """Inside a transaction."""
    rows = DunningCase.objects.select_for_update(of=("self",))
    return rows.select_related(*_ALL).get(pk=pk)


def read(pk: int) -> DunningCase:
    return DunningCase.objects.select_related(*_ALL).get(pk=pk)


_ALL = (
    "operator", "driver__user", "company", "fee__subscription__driver__user", "fee__subscription__operator", "fee__version__plan",
    "cdr", "invoice", "wallet__driver__user",
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


def _key(about: Thing) -> dict[str, Any]:
    columns = {SubscriptionFee: "fee", CDR: "cdr", Invoice: "invoice", Wallet: "wallet"}
    return {columns[type(about)]: about}


def _facts(about: Thing) -> dict[str, Any]:
    """Who owes it, and in what currency."""
    debtor = about.subscription if isinstance(about, SubscriptionFee) else about
    company = None if isinstance(debtor, Subscription | Wallet) else debtor.company
    return {"operator": debtor.operator, "driver": debtor.driver, "company": company, "currency": about.currency}


def _opens_again(case: DunningCase, payment: Payment | None) -> bool:
    """What was paid and came back. Of a wallet it is another top-up each time."""
    if case.wallet_id is None:
        return case.status == Status.RECOVERED
    return case.closed_at is not None and payment is not None and payment.created_at > case.closed_at


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


def _mine(case: DunningCase, by: Actor, reason: str) -> DunningCase:
    access.demand(by, "dunning.edit", case)
    if not reason.strip():
        raise Invalid({"reason": [_("Say why: it stays with the case.")]})
    return locked(case.pk)


def _open(case: DunningCase) -> DunningCase:
    if case.closed_at:
        raise Conflict(_("This case is closed."), code="case_closed", case=case.pk)
    return case
