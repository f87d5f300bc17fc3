"""Saved cards, a hold in flight, one that was forgotten, and what the provider paid out: so that every page about money lives."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F

from accounts.models import Driver, Operator
from billing.models import Payment, PaymentMethod, Payout, PayoutItem
from billing.payments import fake_books, fake_gateway, minor_units
from billing.services.cards import holds, methods
from sessions_app.models import ChargingSession

from . import cast

VISA, MASTERCARD = "4242424242424242", "5555555555554444"
HOLD = Decimal(40)
PAID_OUT_DAYS = 7
TOO_LITTLE = Decimal("0.20")  # a movement that is not what we know of it


def save(operator: Operator, now: datetime) -> None:
    """Before anything is paid."""
    for email, numbers in ((cast.DARIO.email, (VISA, MASTERCARD)), (cast.GIULIA.email, (VISA,))):
        driver = Driver.objects.filter(operator=operator, user__email=email).select_related("user").first()
        for number in numbers if driver else ():
            assert driver is not None
            method = methods.add(payer=driver, return_url="/payment/")
            fake_gateway.enter(method.setup_id, number, exp_month=8, exp_year=now.year + 3, cvc="123")
            methods.refresh(method=method)
    everybody(now)


def everybody(now: datetime) -> None:
    """An ordinary card each, so that what the simulated stations report is paid."""
    slugs = [company.slug for company in cast.COMPANIES]
    without = Driver.objects.filter(operator__slug__in=slugs, payment_methods=None, wallets=None)
    PaymentMethod.objects.bulk_create(
        PaymentMethod(
            operator_id=operator_id,
            driver_id=pk,
            gateway="fake",
            gateway_id=fake_books.reference("card", f"demo-{pk}"),
            status=PaymentMethod.Status.ACTIVE,
            is_default=True,
            brand="visa",
            last4="4242",
            exp_month=8,
            exp_year=now.year + 3,
        )
        for pk, operator_id in without.values_list("pk", "operator_id")
    )


def hold(operator: Operator, now: datetime) -> None:
    """Giulia charges just now, with the money held; an old hold belongs to a charge that somebody has to look at."""
    running = ChargingSession.objects.active().filter(driver__user__email=cast.GIULIA.email, operator=operator).first()
    waiting = ChargingSession.objects.ended().filter(operator=operator, driver__isnull=False).exclude(review="")
    card = PaymentMethod.objects.usable().filter(driver__user__email=cast.GIULIA.email).first()
    if running is not None and card is not None:
        _held(running, card, running.started_at)
    doubtful = waiting.filter(stopped_at__lt=now - timedelta(hours=26)).order_by("-stopped_at").first()
    if doubtful is not None:
        _held(doubtful, None, doubtful.started_at)


def pay_out(operator: Operator, now: datetime) -> None:
    """A payout a day, the morning after; one movement is not what it should be, and one is nobody's."""
    zone = ZoneInfo(operator.time_zone)
    first = (now - timedelta(days=PAID_OUT_DAYS)).astimezone(zone).date()
    since = datetime.combine(first, time(), zone)
    paid = Payment.objects.filter(operator=operator, gateway="fake", captured__gt=0, updated_at__gte=since)
    by_day: dict[date, list[Payment]] = defaultdict(list)
    for payment in paid.order_by("updated_at", "pk"):
        by_day[payment.updated_at.astimezone(zone).date()].append(payment)
    for day, payments in sorted(by_day.items()):
        items = [_item(payment) for payment in payments]
        if day == now.astimezone(zone).date():
            PayoutItem.objects.bulk_create(items)
            continue
        _pay_out(day, items, zone, odd=day == first + timedelta(days=PAID_OUT_DAYS - 2))


def _held(session: ChargingSession, card: PaymentMethod | None, at: datetime) -> None:
    payment = holds.place(
        operator=session.operator,
        amount=HOLD,
        currency="EUR",
        key=f"demo-hold-{session.pk}",
        purpose=Payment.Purpose.CHARGE,
        method=card,
        driver=session.driver,
        session=session,
        return_url="/payment/",
    )
    if card is None:
        fake_gateway.enter(payment.gateway_id, VISA, exp_month=8, exp_year=at.year + 3, cvc="123")
    Payment.objects.filter(pk=payment.pk).update(
        status=Payment.Status.AUTHORIZED, created_at=at, updated_at=at, expires_at=at + fake_gateway.HELD_FOR
    )
    payment.steps.update(created_at=at, updated_at=at)


def _item(payment: Payment) -> PayoutItem:
    fee = minor_units.rounded(payment.captured * fake_books.FEE_SHARE + fake_books.FEE_FIXED, payment.currency)
    return PayoutItem(
        operator_id=payment.operator_id,
        gateway="fake",
        gateway_id=f"fake_txn_{payment.gateway_id}",
        kind=PayoutItem.Kind.PAYMENT,
        source_id=payment.gateway_id,
        gross=payment.captured,
        fee=fee,
        net=payment.captured - fee,
        currency=payment.currency,
        booked_at=payment.updated_at,
        payment=payment,
    )


def _pay_out(day: date, items: list[PayoutItem], zone: ZoneInfo, *, odd: bool) -> None:
    if odd:
        items[0].gross -= TOO_LITTLE
        items[0].net -= TOO_LITTLE
        stray = _item(items[-1].payment)  # type: ignore[arg-type]  # all have one
        stray.payment, stray.source_id = None, "fake_pay_of_nobody"
        stray.gateway_id = f"fake_txn_nobody_{day:%Y%m%d}"
        items.append(stray)
    morning = datetime.combine(day + timedelta(days=1), time(6), zone)
    payout = Payout.objects.create(
        gateway="fake",
        gateway_id=f"fake_po_{day:%Y%m%d}_EUR_{items[0].operator_id}",
        amount=sum((item.net for item in items), Decimal(0)),
        currency="EUR",
        status="paid",
        paid_at=morning,
        arrives_on=day + timedelta(days=2),
    )
    for item in items:
        item.payout = payout
    PayoutItem.objects.bulk_create(items)
    PayoutItem.objects.filter(payout=payout).update(created_at=F("booked_at"), updated_at=morning)
