"""Holds of sessions that run: placed for a card at the charger, where the operator wants the money first, and watched, so that no
session costs more than is held for it (docs/decisions/0022). Never inside a transaction."""

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from billing import pricing
from billing.models import BillingPolicy, Payment, PaymentStep
from billing.payments import declines, foresight, gateway, minor_units
from billing.services.cards import holds, methods, up_front
from billing.services.fleets import companies
from billing.services.prepaid import wallets
from billing.tariffs import rounding
from cms.core.errors import Conflict
from sessions_app.models import ChargingSession
from sessions_app.services import stops

logger = logging.getLogger(__name__)

Status, Wanted = Payment.Status, BillingPolicy.PaymentToStart

NEWEST = timedelta(minutes=20)  # a session that began earlier was let begin
STOPS_WITHIN = timedelta(seconds=120)  # from the thought to the last watt
STALE_AT_MOST = timedelta(minutes=15)  # a reading that is older says nothing any more
ASKED_AGAIN = timedelta(minutes=3)  # a station that has not stopped yet
RAISED_TO = 3  # times the operator's hold
EXPIRES_SOON = timedelta(hours=1)


def place(*, session_ids: Iterable[int]) -> list[Payment]:
    """Off session, for those that need one. Refused, or without a card: the station is asked to stop, and the driver reads why.
    Twice is boring. Raises Unavailable (the sweep goes on)."""
    return [_placed(session, policy) for session, policy in _needing(session_ids)]


def due(limit: int = 200) -> list[int]:
    """Sessions that have just begun at operators who want the money first, and have no hold."""
    strict = BillingPolicy.objects.exclude(payment_to_start=Wanted.NONE).values("operator")
    fresh = ChargingSession.objects.active().filter(
        operator__in=strict, driver__isnull=False, started_received_at__gte=timezone.now() - NEWEST
    )
    return list(_unheld(fresh).order_by("pk").values_list("pk", flat=True)[:limit])


def watch(*, limit: int = 1000) -> int:
    """Stops, or raises the hold of, each session that would cost more than is held by the time it can be stopped. One price
    calculation for all. Returns how many were raised or asked to stop."""
    held = _running_holds()[:limit]
    costs = pricing.running_costs([session for _payment, session, _limit in held])
    acted = 0
    for payment, session, most in held:
        spent = rounding.settle(costs[session.pk]).incl_vat if session.pk in costs else Decimal(0)
        if spent + _ahead(session, spent) > most or _expires(payment):
            acted += _too_much(payment, session)
    return acted


def stop_refused() -> int:
    """Sessions that run on though nobody pays for them: asked once more."""
    asked_before = timezone.now() - ASKED_AGAIN
    again = Payment.objects.filter(
        later=True,
        status=Status.FAILED,
        session__status=ChargingSession.Status.ACTIVE,
        stop_asked_at__lte=asked_before,
    ).select_related("session__station")
    return sum(_stop(payment, payment.session) for payment in again[:200] if payment.session is not None)


# ---- placing ---------------------------------------------------------------------------------------------------------


def _needing(session_ids: Iterable[int]) -> list[tuple[ChargingSession, BillingPolicy]]:
    wanted = ChargingSession.objects.active().filter(
        pk__in=list(session_ids), driver__isnull=False, authorization="Accepted"
    )
    sessions = list(_unheld(wanted).select_related("driver__user", "operator", "station", "location"))
    found = BillingPolicy.objects.filter(operator__in={session.operator_id for session in sessions})
    policies = {policy.operator_id: policy for policy in found.exclude(payment_to_start=Wanted.NONE)}
    strict = [session for session in sessions if session.operator_id in policies]
    paid_for = companies.payers(strict)
    return [
        (session, policies[session.operator_id])
        for session in strict
        if session.pk not in paid_for and _costs(session) and not _in_wallet(session, policies[session.operator_id])
    ]


def _unheld(sessions: QuerySet[ChargingSession]) -> QuerySet[ChargingSession]:
    """Neither a hold of their own nor one of the start that they came from."""
    held = Payment.objects.filter(later=True)
    mine = Q(pk__in=held.filter(session__isnull=False).values("session"))
    of_start = Q(pk__in=held.filter(start_request__session__isnull=False).values("start_request__session"))
    return sessions.exclude(mine | of_start)


def _costs(session: ChargingSession) -> bool:
    return up_front.costs_something(pricing.version_of(session))


def _in_wallet(session: ChargingSession, policy: BillingPolicy) -> bool:
    if policy.payment_to_start != Wanted.CARD_OR_WALLET or session.driver is None:
        return False
    return wallets.balance(driver=session.driver) >= policy.hold_amount


def _placed(session: ChargingSession, policy: BillingPolicy) -> Payment:
    assert session.driver is not None
    method = methods.default_of(session.driver)
    facts: dict[str, Any] = {
        "operator": session.operator,
        "amount": policy.hold_amount,
        "currency": session.operator.currency,
        "purpose": Payment.Purpose.CHARGE,
        "driver": session.driver,
        "session": session,
    }
    key = f"session-{session.pk}"
    payment = holds.place(key=key, method=method, **facts) if method else _without_card(key, **facts)
    if payment.status in (Status.FAILED, Status.RELEASED):
        _stop(payment, session)
    return payment


def _without_card(key: str, **facts: object) -> Payment:
    """Remembered like a refusal: the driver and the operator read why the charge was stopped."""
    said = {"error_code": "no_method", "error": declines.sentence("no_method"), "status": Status.FAILED}
    payment, _new = Payment.objects.get_or_create(
        idempotency_key=key, defaults={**facts, **said, "gateway": gateway.current().name, "later": True}
    )
    return payment


# ---- watching --------------------------------------------------------------------------------------------------------


def _running_holds() -> Sequence[tuple[Payment, ChargingSession, Decimal]]:
    """Each running session with the payment that is held for it, and how much."""
    active = ChargingSession.Status.ACTIVE
    running = Q(session__status=active) | Q(start_request__session__status=active)
    again = Q(stop_asked_at=None) | Q(stop_asked_at__lte=timezone.now() - ASKED_AGAIN)
    found = (
        Payment.objects.holds()
        .filter(running, again)
        .select_related(
            "method",
            *(
                f"{path}__{name}"
                for path in ("session", "start_request__session")
                for name in ("station", "location", "operator")
            ),
        )
    )
    rows = []
    for payment in found.order_by("pk"):
        session = payment.session or (payment.start_request and payment.start_request.session)
        if session is not None:
            rows.append((payment, session, payment.amount))
    return rows


def _ahead(session: ChargingSession, spent: Decimal) -> Decimal:
    now = timezone.now()
    unheard = now - (session.last_reading_at or session.started_at)
    within = STOPS_WITHIN + min(max(unheard, timedelta(0)), STALE_AT_MOST)
    lasted = now - session.started_at
    return foresight.ahead(
        cost=spent, energy_wh=session.energy, power_w=session.power_w or 0, lasted=lasted, within=within
    )


def _expires(payment: Payment) -> bool:
    return payment.expires_at is not None and payment.expires_at <= timezone.now() + EXPIRES_SOON


def _too_much(payment: Payment, session: ChargingSession) -> bool:
    if not _expires(payment) and _raised(payment):
        return True
    return _stop(payment, session)


def _raised(payment: Payment) -> bool:
    """By the operator's hold once more, where the provider can, the bank agrees and there is an end to it."""
    if not gateway.of(payment.gateway).can_increment or payment.stop_asked_at is not None:
        return False
    policy = BillingPolicy.objects.filter(operator=payment.operator_id).first() or BillingPolicy()
    before, whole = payment.amount, payment.amount + policy.hold_amount
    refused = payment.steps.filter(kind=PaymentStep.Kind.INCREMENT, status=PaymentStep.Status.FAILED).exists()
    if refused or whole > minor_units.rounded(policy.hold_amount * RAISED_TO, payment.currency):
        return False
    return holds.increment(payment=payment, amount=whole).amount > before


def _stop(payment: Payment, session: ChargingSession) -> bool:
    """The station is asked; only it ends the session. Of two that try, one asks."""
    mine = Payment.objects.filter(pk=payment.pk).filter(
        Q(stop_asked_at=None) | Q(stop_asked_at__lte=timezone.now() - ASKED_AGAIN)
    )
    if not mine.update(stop_asked_at=timezone.now(), session=session):
        return False
    try:
        stops.remote(session=session, by=None)
    except Conflict as refused:
        logger.info("session is not stopped session=%s payment=%s: %s", session.pk, payment.pk, refused.code)
    return True
