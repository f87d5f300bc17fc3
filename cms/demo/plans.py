"""Who has a plan in the demo: months that were paid when they began, Dario near the end of his, one who has not paid."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from accounts.models import Driver, Operator
from billing import months
from billing.models import (
    DunningCase,
    DunningStep,
    Payment,
    PaymentMethod,
    PlanVersion,
    Subscription,
    SubscriptionEvent,
    SubscriptionFee,
    SubscriptionPeriod,
)
from billing.payments import declines, fake_books, fake_gateway
from billing.services.prices import assigning, tariffs
from billing.services.recurring import plans
from billing.services.recurring.plans import Terms
from sessions_app.models import ChargingSession

from . import cast, prices

VAT = Decimal(22)
OFFERED = (("Adriatica 40", "17.90", 40), ("Adriatica 120", "47.90", 120), ("Adriatica 400", "149.00", 400))
AFTER = "0.45"
BEFORE = timedelta(days=60)  # plans are older than their subscribers
USED = Decimal("0.82")  # of Dario's month
SHARES = tuple(map(Decimal, ("0.3", "0.55", "0.7", "0.12", "0.9", "1.1", "0.45")))  # of the others', in turn
SUBSCRIBERS = 16
OWED_SINCE = timedelta(days=5)
REFUSAL = "insufficient_funds"


def create(operator: Operator, start: datetime, now: datetime) -> None:
    """Before the charges are rated: what is included counts in their prices."""
    versions = [_offer(operator, name, fee, kwh, start) for name, fee, kwh in OFFERED]
    _price_after(operator, versions, start)
    drivers = list(Driver.objects.filter(operator=operator).select_related("user").order_by("pk")[:SUBSCRIBERS])
    zone = ZoneInfo(operator.time_zone)
    today = now.astimezone(zone).date()
    for place, driver in enumerate(drivers):
        dario = driver.user.email == cast.DARIO.email
        version, first = _fitting(
            driver, versions if dario else versions[:2], USED if dario else SHARES[place % 7], today
        )
        owes = place == SUBSCRIBERS - 1
        if owes:
            first = months.months_after((now - OWED_SINCE).astimezone(zone).date(), -1)
        first = months.months_after(first, -(place % 3))
        _subscribe(driver, version, first, now, zone, owes=owes, leaves=place == 4, left=place in (7, 11))


def _offer(operator: Operator, name: str, fee: str, kwh: int, start: datetime) -> PlanVersion:
    terms = Terms(Decimal(fee), VAT, included_energy=Decimal(kwh * 1000))
    version = plans.create(operator=operator, name=name, terms=terms, by=None).versions.get()
    PlanVersion.objects.filter(pk=version.pk).update(valid_from=start - BEFORE)
    return version


def _price_after(operator: Operator, versions: Sequence[PlanVersion], start: datetime) -> None:
    since = start - BEFORE
    tariff = tariffs.create(
        operator=operator,
        name="Abbonati",
        elements=prices.elements(AFTER, "6.00", 15, "12.00"),
        valid_from=since,
        by=None,
    ).tariff
    for version in versions:
        assigning.assign(tariff=tariff, operator=operator, plan=version.plan, valid_from=since, by=None)


def _fitting(driver: Driver, versions: Sequence[PlanVersion], share: Decimal, today: date) -> tuple[PlanVersion, date]:
    """The plan and the first day by which the charges of the month that runs come nearest to `share` of it."""
    zone = ZoneInfo(driver.operator.time_zone)
    charges = ChargingSession.objects.ended().filter(driver=driver, operator=driver.operator)
    energies = [(at.astimezone(zone).date(), wh) for at, wh in charges.values_list("started_at", "energy")]
    best: tuple[Decimal, int, int] | None = None
    for ago in range(1, 28):
        used = sum((wh for day, wh in energies if day >= today - timedelta(days=ago)), Decimal(0))
        for place, version in enumerate(versions):
            found = (abs(used / version.included_energy - share), place, ago)
            best = found if best is None else min(best, found)
    assert best is not None
    return versions[best[1]], months.months_after(today - timedelta(days=best[2]), -1)


def _subscribe(
    driver: Driver,
    version: PlanVersion,
    first: date,
    now: datetime,
    zone: ZoneInfo,
    *,
    owes: bool,
    leaves: bool,
    left: bool,
) -> None:
    began = months.midnight(first, zone) + timedelta(hours=9)
    row = Subscription.objects.create(
        operator=driver.operator,
        driver=driver,
        version=version,
        status=Subscription.Status.ACTIVE,
        anchor_day=first.day,
        started_at=began,
    )
    Subscription.objects.filter(pk=row.pk).update(created_at=began)
    spans = list(_spans(first, now.astimezone(zone).date()))[: 1 if left else None]
    for place, (start, end) in enumerate(spans):
        month = SubscriptionPeriod.objects.create(
            subscription=row,
            version=version,
            start=start,
            end=end,
            begins_at=began if place == 0 else months.midnight(start, zone),
            ends_at=months.midnight(end, zone),
            energy=version.included_energy,
        )
        fee = _fee(row, month, "renewal" if place else "first", paid=not (owes and place == len(spans) - 1))
        _note(row, "renewed" if place else "started", month.begins_at, version, amount=str(fee.amount), until=str(end))
        row.period_start, row.period_end = start, end
        if not fee.paid_at:
            row.status = Subscription.Status.PAST_DUE
            _owe(row, fee, month.begins_at)
    if left:
        row.status, row.ended_at, row.cancel_on = Subscription.Status.ENDED, month.ends_at, month.end
        _note(row, "ended", month.ends_at, version)
    elif leaves:
        row.status, row.cancel_on = Subscription.Status.CANCELLED, row.period_end
        _note(row, "cancelled", now - timedelta(days=3), version, on=str(row.period_end))
    row.save()


def _spans(first: date, today: date) -> Iterator[tuple[date, date]]:
    start = first
    while start <= today:
        end = months.renewal_after(start, first.day)
        yield start, end
        start = end


def _fee(row: Subscription, month: SubscriptionPeriod, kind: str, *, paid: bool) -> SubscriptionFee:
    days = months.days(month.start, month.end)
    fee = SubscriptionFee.objects.create(
        subscription=row,
        period=month,
        version=month.version,
        kind=kind,
        since=month.begins_at,
        days=days,
        of_days=days,
        amount=month.version.monthly_fee,
        currency=month.version.currency,
        paid_at=month.begins_at if paid else None,
    )
    name = "auto-0" if kind == "renewal" else "hand-1"
    fee.payment = _payment(row, f"fee-{fee.uid}-{name}", fee, month.begins_at, paid=paid)
    fee.save()
    SubscriptionFee.objects.filter(pk=fee.pk).update(created_at=month.begins_at, updated_at=month.begins_at)
    return fee


def _payment(row: Subscription, key: str, fee: SubscriptionFee, at: datetime, *, paid: bool) -> Payment:
    payment = Payment.objects.create(
        operator=row.operator,
        driver=row.driver,
        method=PaymentMethod.objects.usable().filter(driver=row.driver).first(),
        purpose=Payment.Purpose.SUBSCRIPTION,
        amount=fee.amount,
        captured=fee.amount if paid else Decimal(0),
        currency=fee.currency,
        gateway=fake_gateway.FakeGateway.name,
        gateway_id=fake_books.reference("intent", key) if paid else "",
        idempotency_key=key,
        status=Payment.Status.CAPTURED if paid else Payment.Status.FAILED,
        error_code="" if paid else REFUSAL,
        error="" if paid else declines.sentence(REFUSAL),
    )
    Payment.objects.filter(pk=payment.pk).update(created_at=at, updated_at=at)
    return payment


def _owe(row: Subscription, fee: SubscriptionFee, at: datetime) -> None:
    """Refused on the day, and twice since."""
    case = DunningCase.objects.create(
        operator=row.operator,
        driver=row.driver,
        fee=fee,
        amount=fee.amount,
        currency=fee.currency,
        opened_at=at,
        step=2,
        next_at=at + timedelta(days=7),
        grace_until=at + timedelta(days=7),
    )
    DunningStep.objects.create(case=case, at=at, kind="opened", payment=fee.payment, text=REFUSAL)
    for step, days in enumerate((1, 3), start=1):
        then = at + timedelta(days=days)
        tried = _payment(row, f"fee-{fee.uid}-auto-{at:%Y%m%d}-{step}", fee, then, paid=False)
        DunningStep.objects.create(case=case, at=then, kind="retry", payment=tried, text=REFUSAL)


def _note(row: Subscription, kind: str, at: datetime, version: PlanVersion, **facts: str) -> None:
    told = json.dumps({"version": version.pk, **facts})
    SubscriptionEvent.objects.create(subscription=row, at=at, kind=kind, facts=told)
