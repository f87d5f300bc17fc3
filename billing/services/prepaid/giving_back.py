"""What is left of a driver's own money, back to the cards that it came from: for who stops charging here. Vouchers and corrections are
no money that could be paid out."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Driver, User
from billing.models import Payment, Refund
from billing.models.payment import PaymentQuerySet
from billing.services.cards import refunds
from billing.services.prepaid import wallets
from cms.core.errors import Conflict, Invalid, Unavailable

NOTHING = Decimal(0)


def most(driver: Driver) -> Decimal:
    """What can go back: no more than is there, and than came from cards and did not go back yet."""
    came = sum((refunds.possible(payment) for payment in _top_ups(driver)), NOTHING)
    return min(wallets.balance(driver=driver), came)


def give(*, driver: Driver, amount: Decimal, reason: str, key: str, by: User) -> list[Refund]:
    """`amount` of it, from the newest top-up backwards. `key` names the form: sent twice it is done once. What the provider does not
    take now it takes later. Outside a transaction. Raises Forbidden, Invalid by field, Conflict(wallet_too_low)."""
    given = _opened(driver, amount, reason.strip(), f"wallet-back-{key}-", by)
    for refund in given:
        try:
            refunds.finish(refund)
        except Unavailable:  # the sweep of the payments goes on with it
            continue
    return given


@transaction.atomic
def _opened(driver: Driver, amount: Decimal, reason: str, key: str, by: User) -> list[Refund]:
    wallets.locked(driver=driver)
    if before := list(Refund.objects.filter(idempotency_key__startswith=key)):
        return before
    if not reason:
        raise Invalid({"reason": [_("Say why: the reason is kept with the refund.")]})
    if amount <= 0:
        raise Invalid({"amount": [_("Give back more than nothing.")]})
    if amount > most(driver):
        raise Conflict(_("There is less than that in the wallet that came from cards."), code="wallet_too_low")
    left, found = amount, []
    for payment in _top_ups(driver):
        if left == amount:
            refunds.demand(payment=payment, amount=amount, by=by)
        part = min(left, refunds.possible(payment))
        if part > 0:
            found.append(refunds.opened(payment=payment, amount=part, reason=reason, by=by, key=f"{key}{payment.pk}"))
            left -= part
    return found


def _top_ups(driver: Driver) -> PaymentQuerySet:
    mine = Payment.objects.filter(driver=driver, purpose=Payment.Purpose.TOP_UP, status=Payment.Status.CAPTURED)
    return mine.order_by("-pk")
