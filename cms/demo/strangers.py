"""People without an account: charges paid by card behind the QR code, one that nobody's car came for, one that a bank refused."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Operator
from accounts.services import tokens
from billing import pricing
from billing.models import CDR, AdhocCharge, Payment, PaymentStep
from billing.models.cdr import CDRQuerySet
from billing.payments import declines, fake_books, fake_gateway
from billing.services.cards import adhoc
from sessions_app.models import ChargingSession, StartRequest
from stations.models import EVSE, Command

ONCE = "QR-DEMO{:013d}"
HOLD = Decimal(40)
SHOWN = "0,55 €/kWh, IVA inclusa; sosta 0,10 €/min (al massimo 12,00 €) dopo 15 min"
FAKE = fake_gateway.FakeGateway.name


def cards(operator: Operator, places: int) -> list[str]:
    """One for each place: in the demo it stands for all the strangers that come there."""
    made = [ONCE.format(number) for number in range(places)]
    for uid in made:
        tokens.create(operator=operator, id_tag=uid, by=None, type="Central", label="QR")
    return made


def create(operator: Operator, now: datetime) -> None:
    """Before the charges are rated: their price is the one without an account."""
    for session in _sessions(operator):
        evse = EVSE.objects.filter(station=session.station_id, evse_id=session.evse_id or 0).first()
        if evse is not None:
            _charge(operator, session, evse)
    free = EVSE.objects.filter(station__operator=operator).select_related("station").order_by("pk")
    _dropped(free[3], now - timedelta(hours=5), adhoc.DECLINED)
    _dropped(free[5], now - timedelta(hours=29), adhoc.NO_CAR)


def tell(cdrs: CDRQuerySet) -> None:
    """After the rating: what was held, what of it was taken, and what the provider was asked."""
    _take(cdrs)
    _steps()


def _take(cdrs: CDRQuerySet) -> None:
    mine = AdhocCharge.objects.filter(start__session__isnull=False, payment=None).select_related("start__session")
    costs = {cdr.session_id: cdr for cdr in cdrs.filter(session__in=mine.values("start__session"))}
    for charge in mine:
        assert charge.start is not None
        cdr = costs.get(charge.start.session_id or 0)
        if cdr is not None:
            charge.payment = _payment(charge, cdr)
            charge.save(update_fields=["payment"])


def _sessions(operator: Operator) -> Iterator[ChargingSession]:
    own = ChargingSession.objects.filter(operator=operator, id_tag__startswith="QR-DEMO")
    return own.select_related("station").order_by("pk").iterator()


def _charge(operator: Operator, session: ChargingSession, evse: EVSE) -> None:
    asked = session.started_at - timedelta(seconds=20)
    command = Command.objects.create(
        station=session.station,
        ocpp_version=session.ocpp_version,
        kind="RequestStart",
        action="RemoteStartTransaction" if session.ocpp_version == "1.6" else "RequestStartTransaction",
        status=Command.Status.ACCEPTED,
        created_at=asked,
    )
    start = StartRequest.objects.create(
        operator=operator,
        station=session.station,
        evse_id=evse.evse_id,
        token=session.token,
        command=command,
        session=session,
        status=StartRequest.Status.STARTED,
        public_token=f"demo-start-{session.pk}",
        expires_at=asked + timedelta(minutes=2),
    )
    StartRequest.objects.filter(pk=start.pk).update(created_at=asked)
    charge = _row(operator, evse, asked - timedelta(seconds=70), f"demo-{session.pk}")
    charge.start, charge.status = start, AdhocCharge.Status.STARTED
    charge.save(update_fields=["start", "status"])


def _row(operator: Operator, evse: EVSE, at: datetime, secret: str) -> AdhocCharge:
    shown = {"at": at.isoformat(), "language": "it", "sentence": SHOWN}
    place = pricing.place_of(evse)
    version = pricing.tariffs_for([place], at=at, who={operator.pk: pricing.AD_HOC})[place]
    charge = AdhocCharge.objects.create(
        operator=operator,
        station=evse.station,
        evse=evse,
        public_token=secret,
        hold=HOLD,
        currency="EUR",
        tariff_version=version,
        shown=json.dumps(shown, ensure_ascii=False),
    )
    AdhocCharge.objects.filter(pk=charge.pk).update(created_at=at, updated_at=at)
    return charge


def _dropped(evse: EVSE, at: datetime, reason: str) -> None:
    charge = _row(evse.station.operator, evse, at, f"demo-{reason}")
    declined = reason == adhoc.DECLINED
    said = {"error_code": "insufficient_funds", "error": declines.sentence("insufficient_funds")} if declined else {}
    payment = _held(charge, Payment.Status.FAILED if declined else Payment.Status.RELEASED, **said)
    Payment.objects.filter(pk=payment.pk).update(created_at=at, updated_at=at + timedelta(minutes=3))
    AdhocCharge.objects.filter(pk=charge.pk).update(
        status=AdhocCharge.Status.DROPPED, reason=reason, payment=payment, updated_at=at + timedelta(minutes=3)
    )


def _payment(charge: AdhocCharge, cdr: CDR) -> Payment:
    """Nothing was used: all of it is free again."""
    assert charge.start is not None
    taken = cdr.total_incl_vat > 0
    payment = _held(
        charge,
        Payment.Status.CAPTURED if taken else Payment.Status.RELEASED,
        captured=min(cdr.total_incl_vat, HOLD),
        cdr=cdr if taken else None,
        session_id=cdr.session_id,
        start_request=charge.start,
    )
    Payment.objects.filter(pk=payment.pk).update(
        created_at=cdr.started_at - timedelta(seconds=30), updated_at=cdr.stopped_at + timedelta(minutes=1)
    )
    return payment


def _held(charge: AdhocCharge, status: str, **facts: object) -> Payment:
    key = f"adhoc-{charge.public_token}-1"
    return Payment.objects.create(
        operator=charge.operator,
        purpose=Payment.Purpose.ADHOC,
        later=True,
        amount=HOLD,
        currency="EUR",
        gateway=FAKE,
        gateway_id=fake_books.reference("intent", key),
        idempotency_key=key,
        status=status,
        **facts,
    )


def _steps() -> None:
    kind, done, failed = PaymentStep.Kind, PaymentStep.Status.DONE, PaymentStep.Status.FAILED
    after = {Payment.Status.CAPTURED: kind.CAPTURE, Payment.Status.RELEASED: kind.RELEASE}
    steps = []
    for payment in Payment.objects.filter(purpose=Payment.Purpose.ADHOC, steps=None).order_by("pk"):
        refused = payment.status == Payment.Status.FAILED
        key, state = payment.idempotency_key, failed if refused else done
        asked = PaymentStep(payment=payment, kind=kind.AUTHORIZE, key=key, amount=payment.amount, status=state)
        asked.error, asked.error_code = payment.error, payment.error_code
        steps.append((asked, payment.created_at))
        if (then := after.get(Payment.Status(payment.status))) is not None:
            ended = PaymentStep(payment=payment, kind=then, key=f"{key}-{then}", amount=payment.captured, status=done)
            steps.append((ended, payment.updated_at))
    PaymentStep.objects.bulk_create([step for step, _at in steps])
    for step, at in steps:
        step.created_at = step.updated_at = at
    PaymentStep.objects.bulk_update([step for step, _at in steps], ["created_at", "updated_at"], batch_size=200)
