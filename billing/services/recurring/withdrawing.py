"""Leaving a plan within the days that the law gives: it ends at once, and what was paid goes back, less what was had of it.

Artt. 52–59 Codice del consumo (Directive 2011/83/EU art. 9–16): fourteen days after the day on which the contract was made at a
distance, for consumers; who wanted it to begin at once pays the share that was supplied (art. 57 c. 3). On the page since Directive
(EU) 2023/2673. What was supplied is the used share of what is included or, where nothing is included, of the month's days.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import months, pricing
from billing.models import Refund, Subscription, SubscriptionFee, SubscriptionPeriod
from billing.services.cards import refunds
from billing.services.invoicing import issuing
from billing.services.recurring import crediting, fees, states, usage
from billing.services.recurring.states import Actor, Status
from billing.tariffs import exact
from cms.core.errors import Conflict, Unavailable

DAYS = 14

_RUNS = (Status.ACTIVE, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Offer:
    """Until the end of `last_day` at the operator's: of the `paid` amount (with VAT) `had` is kept and `back` goes back."""

    last_day: date
    paid: Decimal
    had: Decimal

    @property
    def back(self) -> Decimal:
        return self.paid - self.had


def offer(subscription: Subscription) -> Offer | None:
    """None where nobody may withdraw any more, and for who buys as a business."""
    month = subscription.periods.order_by("start").first()
    if subscription.status not in _RUNS or month is None or subscription.started_at is None:
        return None
    began = subscription.started_at.astimezone(pricing.zone(subscription.operator.time_zone)).date()
    today, last_day = issuing.today_at(subscription.operator), began + timedelta(days=DAYS)
    if today > last_day or subscription.driver.vat_number:
        return None
    paid = sum((fees.due(fee) - fee.credited for fee in _paid(subscription)), Decimal(0))
    share = _had(month, usage.meters([month])[month.pk], today)
    return Offer(last_day, paid, exact.cents(Fraction(paid) * share, month.version.currency))


def withdraw(*, subscription: Subscription, expected: Decimal, by: Actor) -> list[Refund]:
    """For the `expected` amount that goes back, as it was shown. What charges have not been given yet they are not given any more: one
    that runs costs the ordinary price from here. Money that the provider does not take now it takes later. Outside a transaction.
    Raises Forbidden, Conflict(too_late, price_changed); a second time it is too late."""
    given = _withdrawn(subscription, expected, by)
    for refund in given:
        try:
            refunds.finish(refund)
        except Unavailable:  # the sweep of the payments goes on with it
            continue
    return given


@transaction.atomic
def _withdrawn(subscription: Subscription, expected: Decimal, by: Actor) -> list[Refund]:
    row = states.mine(subscription, by)
    month = (
        SubscriptionPeriod.objects.select_for_update(of=("self",)).filter(subscription=row).order_by("start").first()
    )
    told = offer(row)
    if told is None or month is None:
        raise Conflict(
            _("The days in which you could withdraw are over. You can cancel the plan at any time."), code="too_late"
        )
    if told.back != expected:
        raise Conflict(
            _("More of the plan has been used since. Please look at the amount again."),
            code="price_changed",
            back=told.back,
        )
    _freeze(month)
    states.end(row, by=by, kind="withdrawn", amount=str(told.back))
    return _given_back(row, told)


def _given_back(row: Subscription, told: Offer) -> list[Refund]:
    """The newest fee first, as far as it goes."""
    left, found = told.back, []
    for fee in _paid(row):
        amount = min(left, crediting.possible(fee))
        if amount > 0:
            found.append(crediting.opened(fee=fee, amount=amount, reason=_("Withdrawal within 14 days"), by=None))
            left -= amount
    return found


def _freeze(month: SubscriptionPeriod) -> None:
    """What was taken is all that it included."""
    meter = usage.meters([month])[month.pk]
    month.energy, month.seconds = max(meter.energy_used, Decimal(0)), max(meter.seconds_used, 0)
    month.save(update_fields=["energy", "seconds", "updated_at"])


def _paid(subscription: Subscription) -> list[SubscriptionFee]:
    rows = subscription.fees.filter(paid_at__isnull=False, dropped_at=None)
    return list(
        rows.select_related("subscription__operator", "version", "invoice", "payment", "period").order_by("-pk")
    )


def _had(month: SubscriptionPeriod, meter: usage.Meter, today: date) -> Fraction:
    used = [(meter.energy_used, meter.energy), (Decimal(meter.seconds_used), Decimal(meter.seconds))]
    shares = [Fraction(taken) / Fraction(of) for taken, of in used if of]
    if not shares:
        passed = months.days(month.start, min(today, month.end)) + (timezone.now() < month.ends_at)
        shares = [Fraction(passed, months.days(month.start, month.end))]
    return min(max(Fraction(0), *shares), Fraction(1))
