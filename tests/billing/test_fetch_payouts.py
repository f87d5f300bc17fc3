"""What the provider's account says, copied once and matched with ours."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import time_machine
from django.utils import timezone

from accounts.models import User
from billing import tasks
from billing.models import CDR, Payment, Payout, PayoutItem
from billing.selectors import reconciliation
from billing.services.cards import payouts, refunds
from billing.services.debts import settling
from tests.billing.till import Till


def test_a_day_is_paid_out_the_morning_after_and_adds_up(rated: Callable[..., CDR], till: Till, anna: User) -> None:
    paid = settling.settle(cdr_id=rated().pk)
    assert paid is not None
    refunds.give(payment=paid, amount=Decimal("4.00"), reason="slow", by=anna)
    assert payouts.fetch() == 2
    assert [item.payout for item in PayoutItem.objects.all()] == [None, None]
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert payouts.fetch() == 2  # now they are in a payout
        assert payouts.fetch() == 0
    payout = Payout.objects.get()
    assert payout.amount == Decimal("6.58")  # 11.00 − 0.42 − 4.00
    items = {item.kind: item for item in payout.items.all()}
    assert (items["payment"].payment, items["payment"].fee) == (paid, Decimal("0.42"))
    assert (items["refund"].refund, items["refund"].gross) == (paid.refunds.get(), Decimal("-4.00"))
    assert {item.operator_id for item in items.values()} == {paid.operator_id}
    assert reconciliation.picture(anna, paid.operator).mismatches == []


def test_a_movement_of_nobody_is_matched_when_its_payment_appears(
    rated: Callable[..., CDR], till: Till, anna: User
) -> None:
    payment = settling.settle(cdr_id=rated().pk)
    assert payment is not None
    reference = payment.gateway_id
    Payment.objects.update(gateway_id="elsewhere", idempotency_key="other")
    payouts.fetch()
    (stray,) = reconciliation.picture(anna, payment.operator).mismatches
    assert (stray.reason, stray.theirs, stray.ours) == ("stray", Decimal("11.00"), None)
    Payment.objects.update(gateway_id=reference)
    tasks.payments.fetch_payouts()
    assert PayoutItem.objects.get().payment == payment
    assert reconciliation.picture(anna, payment.operator).mismatches == []


def test_amounts_that_differ_are_shown(rated: Callable[..., CDR], till: Till, anna: User) -> None:
    payment = settling.settle(cdr_id=rated().pk)
    assert payment is not None
    payouts.fetch()
    Payment.objects.update(captured=Decimal("10.00"))
    (wrong,) = reconciliation.picture(anna, payment.operator).mismatches
    assert (wrong.reason, wrong.difference) == ("amount", Decimal(1))
