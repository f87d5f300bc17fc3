"""Charging without an account: the price is shown, the card is held, the station is asked, and what did not begin costs nothing.

`pursue` takes a charge one step on from wherever it stands. The payer's own browser calls it, and so do the announcements of the
provider and of the station and the sweep: whoever comes second finds nothing left to do, and who is killed is followed by the
next one.
"""

import json
import logging
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Driver, Token
from accounts.services import tokens
from billing.models import AdhocCharge, Payment
from billing.services.cards import holds, sockets, up_front
from cms.core.errors import Conflict, DomainError
from sessions_app.models import ChargingSession, StartRequest
from sessions_app.services import starts
from stations.models import EVSE, Command
from stations.services import dynamic_codes

logger = logging.getLogger(__name__)

PAYS_WITHIN = timedelta(minutes=15)  # a bank's second step takes its time; then nobody is coming back
SAME_TAP = timedelta(minutes=10)
TOKEN_LIVES = timedelta(hours=48)  # longer than any charge, shorter than any memory of it
OPENED_LATELY, MOST_OPENED = timedelta(minutes=10), 300  # by all; the portal limits each
EVIDENCE_LIMIT = 20_000

# why nothing began
GAVE_UP, DECLINED, OFFLINE, REFUSED = "gave_up", "declined", "offline", "refused"
NO_CAR, UNANSWERED, BUSY, PRICE_CHANGED, CODE_USED = "no_car", "unanswered", "busy", "price_changed", "code_used"

_DECLINED = frozenset({Payment.Status.FAILED, Payment.Status.RELEASED})
HELD = frozenset({Payment.Status.AUTHORIZED, Payment.Status.ACTION_NEEDED, Payment.Status.PENDING})
FAILED = frozenset({Command.Status.REJECTED, Command.Status.ERROR, Command.Status.TIMEOUT})


def begin(
    *,
    evse: EVSE,
    language: str,
    shown: Mapping[str, Any],
    known: Iterable[str] = (),
    interval: int | None = None,
    driver: Driver | None = None,
    secret: str = "",
) -> AdhocCharge:
    """Somebody taps on "pay and start". `shown` is the price as they saw it; `known` the secrets that their phone has, `secret` the
    one that was made with the page they tap on: a second tap finds the first, however fast. `interval` is that of the changing
    code they scanned, if the station has one.

    Raises Conflict station_offline, evse_busy, code_used, too_many.
    """
    now = timezone.now()
    again = opened(evse, [*known, secret], now)
    if again is not None:
        return again
    sockets.demand_free(evse)
    lately = AdhocCharge.objects.filter(evse=evse, created_at__gt=now - OPENED_LATELY, start=None)
    if lately.count() >= MOST_OPENED:
        raise Conflict(_("Too many tries at this socket. Wait some minutes."), code="too_many")
    operator, version = evse.station.operator, up_front.version_for(evse, at=now)
    said = json.dumps({"at": now.isoformat(), "language": language, **shown}, ensure_ascii=False)[:EVIDENCE_LIMIT]
    used = not secret or AdhocCharge.objects.filter(public_token=secret).exists()
    try:
        with transaction.atomic():
            charge = AdhocCharge.objects.create(
                operator=operator,
                station=evse.station,
                evse=evse,
                public_token=new_secret() if used else secret,
                hold=up_front.hold_under(version, operator),
                currency=version.currency if version else operator.currency,
                tariff_version=version,
                shown=said,
                language=language[:5],
                driver=driver,
            )
            if interval is not None and not dynamic_codes.spend(evse=evse, interval=interval):
                raise Conflict(_("This code has been used. Scan the one on the screen again."), code=CODE_USED)
    except IntegrityError:  # the same tap, a moment earlier
        return AdhocCharge.objects.get(public_token=secret)
    return charge


def new_secret() -> str:
    """128 random bits, fit for an address."""
    return secrets.token_urlsafe(16)


def pay(*, charge: AdhocCharge, return_url: str) -> Payment:
    """The hold of this try: asked for, or found. A card that was declined may be followed by another one.

    Raises Conflict adhoc_over, Unavailable.
    """
    with transaction.atomic():
        charge = (
            AdhocCharge.objects.select_for_update(of=("self",))
            .select_related("payment", "evse__station__operator")
            .get(pk=charge.pk)
        )
        if charge.status != AdhocCharge.Status.PAYING:
            raise Conflict(_("This charge has begun, or was given up."), code="adhoc_over")
        if charge.payment is not None and charge.payment.status not in _DECLINED:
            return charge.payment
        if charge.payment is not None:
            charge.attempt += 1
            charge.save(update_fields=["attempt", "updated_at"])
    payment = holds.place(
        operator=charge.operator,
        amount=charge.hold,
        currency=charge.currency,
        key=_key(charge),
        purpose=Payment.Purpose.ADHOC,
        return_url=return_url,
    )
    AdhocCharge.objects.filter(pk=charge.pk, attempt=charge.attempt).update(payment=payment, updated_at=timezone.now())
    return payment


def pursue(*, charge_id: int) -> AdhocCharge:
    """One step on, if there is one to take. Idempotent; raises Unavailable where the provider has to be asked and is away."""
    charge = _get(charge_id)
    _adopt(charge)
    if charge.status == AdhocCharge.Status.PAYING:
        _while_paying(charge)
    elif charge.status == AdhocCharge.Status.STARTED:
        _while_starting(charge)
    charge = _get(charge_id)
    if charge.status == AdhocCharge.Status.DROPPED:
        _give_back(charge)
        charge = _get(charge_id)
    return charge


def give_up(*, charge: AdhocCharge) -> None:
    """The payer went back before anything began."""
    if _drop(charge, GAVE_UP):
        pursue(charge_id=charge.pk)


# ---- before the start ------------------------------------------------------------------------------------------------------


def opened(evse: EVSE, known: Iterable[str], now: datetime) -> AdhocCharge | None:
    """What somebody with these secrets has begun at this socket just now."""
    mine = AdhocCharge.objects.under_way().filter(evse=evse, public_token__in=list(known))
    fresh = (
        Q(status=AdhocCharge.Status.PAYING, created_at__gt=now - SAME_TAP)
        | Q(status=AdhocCharge.Status.STARTED, start__status=StartRequest.Status.WAITING)
        | Q(status=AdhocCharge.Status.STARTED, start__session__status=ChargingSession.Status.ACTIVE)
    )
    return mine.filter(fresh).select_related("operator").order_by("-pk").first()


def _while_paying(charge: AdhocCharge) -> None:
    payment = charge.payment
    if not charge.hold or (payment is not None and payment.status == Payment.Status.AUTHORIZED):
        _start(charge)
    elif charge.created_at < timezone.now() - PAYS_WITHIN:
        _drop(charge, DECLINED if payment is not None and payment.status == Payment.Status.FAILED else GAVE_UP)


def _start(charge: AdhocCharge) -> None:
    """Token, start request and our own row in one transaction: there is never a start that nobody knows the payer of."""
    try:
        with transaction.atomic():
            locked = (
                AdhocCharge.objects.select_for_update(of=("self",))
                .select_related("evse__station__operator")
                .get(pk=charge.pk)
            )
            if locked.status != AdhocCharge.Status.PAYING:
                return
            EVSE.objects.select_for_update(no_key=True).get(pk=locked.evse_id)  # of two payers one starts
            sockets.demand_free(locked.evse)
            if not locked.hold and up_front.costs_something(up_front.version_for(locked.evse, at=timezone.now())):
                raise Conflict(_("The price has changed."), code=PRICE_CHANGED)
            _ask(locked)
    except DomainError as refused:
        _drop(charge, _REASON_OF.get(refused.code, REFUSED))


_REASON_OF = {"station_offline": OFFLINE, "evse_busy": BUSY, PRICE_CHANGED: PRICE_CHANGED}


def _ask(charge: AdhocCharge) -> None:
    token = tokens.issue_for_one_charge(
        operator=charge.operator, expires_at=timezone.now() + TOKEN_LIVES, direct=charge.station.ocpp_version == "2.1"
    )
    begun = starts.remote(evse=charge.evse, token=token, by=None, driver=None)
    charge.token, charge.start, charge.status = token, begun, AdhocCharge.Status.STARTED
    charge.save(update_fields=["token", "start", "status", "updated_at"])
    if charge.payment is not None:
        holds.attach(payment=charge.payment, start_request=begun)


# ---- after it ----------------------------------------------------------------------------------------------------------------


def _while_starting(charge: AdhocCharge) -> None:
    start = charge.start
    assert start is not None
    if start.status == StartRequest.Status.WAITING and start.command.status in FAILED:
        starts.expire(now=timezone.now())  # the answer is here: nobody waits for the sweep
        start.refresh_from_db()
    if start.session is not None:
        if charge.payment is not None and charge.payment.session_id is None:
            holds.attach(payment=charge.payment, session=start.session)
    elif start.status == StartRequest.Status.REFUSED:
        _drop(charge, UNANSWERED if start.command.status == Command.Status.TIMEOUT else REFUSED)
    elif start.status == StartRequest.Status.EXPIRED:
        _drop(charge, NO_CAR if start.command.status == Command.Status.ACCEPTED else UNANSWERED)


def _drop(charge: AdhocCharge, reason: str) -> bool:
    """Its token dies with it: a station that starts all the same is told no."""
    with transaction.atomic():
        dropped = AdhocCharge.objects.filter(pk=charge.pk, status=charge.status).update(
            status=AdhocCharge.Status.DROPPED, reason=reason, updated_at=timezone.now()
        )
        if dropped and charge.token_id:
            Token.objects.filter(pk=charge.token_id).update(expires_at=timezone.now(), updated_at=timezone.now())
    if dropped:
        logger.info("charge without an account dropped adhoc=%s reason=%s", charge.pk, reason)
    return bool(dropped)


def _give_back(charge: AdhocCharge) -> None:
    """Whatever is held for it, at once. What the bank has not answered yet is let go when it has: the sweep comes by."""
    if charge.payment is None or charge.payment.status not in HELD:
        return
    try:
        holds.release(payment=charge.payment)
    except Conflict as busy:
        logger.info("hold is not released yet adhoc=%s payment=%s: %s", charge.pk, charge.payment_id, busy.code)


def _adopt(charge: AdhocCharge) -> None:
    """The hold of a process that was killed before it could note which one it had asked for."""
    if charge.payment is None and charge.hold:
        charge.payment = Payment.objects.filter(idempotency_key=_key(charge)).first()
        if charge.payment is not None:
            AdhocCharge.objects.filter(pk=charge.pk, payment=None).update(payment=charge.payment)


def _key(charge: AdhocCharge) -> str:
    return f"adhoc-{charge.public_token}-{charge.attempt}"


def _get(pk: int) -> AdhocCharge:
    wanted = AdhocCharge.objects.select_related(
        "payment", "start__command", "start__session", "evse__station__operator", "operator", "station"
    )
    return wanted.get(pk=pk)
