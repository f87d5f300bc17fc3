"""Starts of drivers with an account whose operator wants the money held first (BillingPolicy.payment_to_start).

The hold is placed, approved where the bank asks, and only then the station; what does not begin is let go. The hold itself is the
memory of it: a hold for a charge without a start is a tap that did not get that far. Never inside a transaction.
"""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import CompanyMember, Driver, User
from accounts.services import tokens
from billing import pricing
from billing.models import BillingPolicy, Payment, PaymentMethod
from billing.models.payment import PaymentQuerySet
from billing.services.cards import holds, payments, sockets, up_front
from billing.services.month_end import policies
from billing.services.prepaid import wallets
from cms.core.errors import Conflict, DomainError
from sessions_app.models import StartRequest
from sessions_app.services import starts
from stations.models import EVSE, Command

logger = logging.getLogger(__name__)

APPROVED_WITHIN = timedelta(minutes=15)
_FAILED = (Command.Status.REJECTED, Command.Status.ERROR, Command.Status.TIMEOUT)
_OPEN = (Payment.Status.PENDING, Payment.Status.ACTION_NEEDED, Payment.Status.AUTHORIZED)


def amount_for(*, user: User, evse: EVSE, at: datetime) -> Decimal:
    """What is to be held before this person starts here; 0 where nothing is: the operator wants none, a company pays, the wallet
    holds enough, or the charge is free."""
    operator, wanted = evse.station.operator, BillingPolicy.PaymentToStart
    policy = policies.of(operator)
    if policy.payment_to_start == wanted.NONE:
        return Decimal(0)
    driver = Driver.objects.filter(user=user, operator=operator).first()
    if driver is not None and CompanyMember.objects.filter(driver=driver, left_at=None).exists():
        return Decimal(0)
    in_wallet = wallets.balance(driver=driver) if driver is not None else Decimal(0)
    if policy.payment_to_start == wanted.CARD_OR_WALLET and in_wallet >= policy.hold_amount:
        return Decimal(0)
    place = pricing.place_of(evse)
    version = pricing.tariffs_for([place], at=at, who=pricing.whos_of(user))[place]
    return policy.hold_amount if up_front.costs_something(version) else Decimal(0)


def of(*, driver: Driver, evse: EVSE, key: str) -> Payment | None:
    """The hold of that tap."""
    return Payment.objects.filter(idempotency_key=_key(driver, evse, key)).select_related("operator").first()


def hold(
    *, driver: Driver, evse: EVSE, amount: Decimal, method: PaymentMethod | None, key: str, return_url: str
) -> Payment:
    """Authorized, action_needed (the bank, or a card to be given) or failed. `key` names the driver's tap: a second one finds the
    first. Raises Conflict station_offline, evse_busy before anybody is asked for money; Unavailable."""
    if not evse.station.online:
        raise Conflict(_("The station is not connected."), code="station_offline")
    if sockets.taken(evse):
        raise Conflict(_("Somebody else is charging here."), code="evse_busy")
    return holds.place(
        operator=driver.operator,
        amount=amount,
        currency=driver.operator.currency,
        key=_key(driver, evse, key),
        purpose=Payment.Purpose.CHARGE,
        method=method,
        driver=driver,
        return_url=return_url,
    )


def start(*, payment: Payment, evse: EVSE, by: User) -> StartRequest:
    """The start that the hold is for: asked for once. Where the station cannot be asked the hold is let go at once. Raises Conflict
    not_held, and what `starts.remote` raises; Unavailable."""
    try:
        with transaction.atomic():
            row = (
                Payment.objects.select_for_update(of=("self",), no_key=True)
                .select_related("start_request")
                .get(pk=payment.pk)
            )
            if row.start_request is not None:
                return row.start_request
            if row.status != Payment.Status.AUTHORIZED or row.driver is None:
                raise Conflict(_("The card is not held yet."), code="not_held")
            EVSE.objects.select_for_update(no_key=True).get(pk=evse.pk)
            if sockets.taken(evse):
                raise Conflict(_("Somebody else is charging here."), code="evse_busy")
            token = tokens.issue_app_token(driver=row.driver)
            begun = starts.remote(evse=evse, token=token, by=by, driver=row.driver)
            holds.attach(payment=row, start_request=begun)
            return begun
    except DomainError as refused:
        if refused.code != "not_held":
            _let_go(payment)
        raise


def answered(command_id: int) -> list[int]:
    """Holds for a start that a station has just said no to."""
    refused = _idle().filter(start_request__command=command_id, start_request__command__status__in=_FAILED)
    return list(refused.filter(start_request__session=None).values_list("pk", flat=True))


def due(limit: int = 500) -> list[int]:
    """The sweep: holds whose start was refused or never asked for."""
    late = timezone.now() - APPROVED_WITHIN
    given_up = (StartRequest.Status.REFUSED, StartRequest.Status.EXPIRED)
    no = Q(start_request__status__in=given_up) | Q(start_request__command__status__in=_FAILED)
    failed = Q(no, start_request__session=None)
    left = Q(start_request=None, idempotency_key__startswith="start-", created_at__lt=late)
    return list(_idle().filter(failed | left).order_by("pk").values_list("pk", flat=True)[:limit])


def let_go(*, payment_id: int) -> None:
    """Raises Unavailable."""
    payment = payments.refresh(payment=Payment.objects.get(pk=payment_id))
    _let_go(payment)


def _idle() -> PaymentQuerySet:
    """Held for a start, and nothing has begun."""
    return Payment.objects.filter(purpose=Payment.Purpose.CHARGE, later=True, status__in=_OPEN, session=None, cdr=None)


def _let_go(payment: Payment) -> None:
    try:
        holds.release(payment=payment)
    except Conflict as busy:
        logger.info("hold is not released yet payment=%s: %s", payment.pk, busy.code)


def _key(driver: Driver, evse: EVSE, key: str) -> str:
    return f"start-{driver.pk}-{evse.pk}-{key}"
