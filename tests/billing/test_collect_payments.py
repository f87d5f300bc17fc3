"""A charge is paid once, whoever asks how often, and given back once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import Driver, User
from billing.models import CDR, Payment, PaymentMethod, PaymentStep, Refund
from billing.payments import fake_gateway, gateway
from billing.payments.gateway import Order, State
from billing.services.cards import holds, payment_steps, payments, refunds
from billing.services.charges import rating
from billing.services.debts import settling
from cms.core.errors import Conflict, Forbidden, Invalid, Unavailable
from sessions_app.models import ChargingSession
from tests.billing.till import Till
from tests.factories.billing import PaymentMethodFactory

Rated = Callable[..., CDR]


def settled(cdr: CDR, **how: Any) -> Payment:
    payment = settling.settle(cdr_id=cdr.pk, **how)
    assert payment is not None
    return payment


def test_a_charge_is_collected_at_once(rated: Rated, till: Till, card: PaymentMethod) -> None:
    cdr = rated()
    payment = settled(cdr)
    assert (payment.status, payment.amount, payment.captured) == ("captured", Decimal("11.00"), Decimal("11.00"))
    assert (payment.currency, payment.method, payment.driver) == ("EUR", card, cdr.driver)
    assert payment.gateway_id.startswith("fake_pay_")
    assert till.moved == {f"cdr-{cdr.uid}": Decimal("11.00")}


def test_collecting_twice_is_boring(rated: Rated, till: Till) -> None:
    cdr = rated()
    assert settled(cdr) == settled(cdr)
    assert (Payment.objects.count(), PaymentStep.objects.count(), len(till.asked)) == (1, 1, 1)


def test_two_at_once_make_one_payment_and_one_announcement(
    rated: Rated, till: Till, django_capture_on_commit_callbacks: Any
) -> None:
    cdr = rated()
    till.before_answer = lambda: settled(cdr)
    with django_capture_on_commit_callbacks() as announced:
        payment = settled(cdr)
    assert (payment.status, payment.captured) == ("captured", Decimal("11.00"))
    assert till.moved == {f"cdr-{cdr.uid}": Decimal("11.00")}
    assert len(announced) == 1


def test_what_was_interrupted_goes_on_with_the_same_key(rated: Rated, till: Till) -> None:
    cdr = rated()
    till.away = True
    with pytest.raises(Unavailable):
        settled(cdr)
    assert Payment.objects.get().status == "pending"
    till.away = False
    with time_machine.travel(timezone.now() + timedelta(minutes=5)):
        assert settling.due() == [cdr.pk]
        assert settled(cdr).status == "captured"
        assert settling.due() == []
    assert len(set(till.asked)) == 1


def test_a_key_that_the_provider_has_forgotten_is_not_used_before_asking(
    rated: Rated, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    cdr = rated()

    def dies() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(payment_steps, "_settle", lambda *_: dies())
    with pytest.raises(KeyboardInterrupt):
        settled(cdr)
    monkeypatch.undo()
    monkeypatch.setattr(gateway, "of", lambda name: till)
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        assert settled(cdr).status == "captured"
    assert till.asked == [f"place cdr-{cdr.uid}"]  # the second time it was only asked what became of it


def test_a_refused_card_says_why_and_is_left_to_the_ladder(rated: Rated, till: Till) -> None:
    till.declines = "insufficient_funds"
    cdr, now = rated(), timezone.now()
    payment = settled(cdr)
    assert (payment.status, payment.error_code) == ("failed", "insufficient_funds")
    assert payment.error == "There is not enough money on the card for this amount."
    for days in (0, 1, 4, 90):
        with time_machine.travel(now + timedelta(days=days, minutes=1)):
            assert settling.due() == []
            assert settled(cdr) == payment
    assert (till.moved, Payment.objects.count()) == ({}, 1)


def test_another_card_pays_what_the_first_refused(rated: Rated, till: Till, dario: Driver, card: PaymentMethod) -> None:
    till.declines = "expired_card"
    cdr = rated()
    settled(cdr)
    till.declines = ""
    PaymentMethod.objects.update(is_default=False)
    other = PaymentMethodFactory(driver=dario, last4="1111")
    assert settling.of_driver(dario.pk) == [cdr.pk]
    payment = settled(cdr)
    assert (payment.status, payment.method) == ("captured", other)
    assert till.balance == Decimal("11.00")


def test_collect_now_tries_the_same_card_again(rated: Rated, till: Till) -> None:
    till.declines = "generic_decline"
    cdr = rated()
    settled(cdr)
    till.declines = ""
    assert settled(cdr).status == "failed"
    assert settled(cdr, again=True).status == "captured"
    assert till.balance == Decimal("11.00")


def test_a_hold_that_ran_out_is_known_to_be_gone_and_the_card_is_charged(
    rated: Rated, till: Till, card: PaymentMethod
) -> None:
    cdr = rated()
    facts = {"operator": cdr.operator, "driver": cdr.driver, "method": card, "session": cdr.session}
    hold = holds.place(amount=Decimal(40), currency="EUR", key="hold", purpose="charge", **facts)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        for _ in range(2):
            settled(cdr)
    hold.refresh_from_db()
    assert (hold.status, hold.captured) == ("released", 0)
    assert (till.moved, settling.open_amount(cdr)) == ({f"cdr-{cdr.uid}-2": Decimal("11.00")}, 0)


def test_without_a_card_it_stays_open(rated: Rated, till: Till) -> None:
    PaymentMethod.objects.all().delete() if not Payment.objects.exists() else None
    cdr = rated()
    PaymentMethod.objects.all().delete()
    assert settling.settle(cdr_id=cdr.pk) is None
    assert (settling.due(), till.asked) == ([], [])
    assert list(CDR.objects.unpaid()) == [cdr]


@pytest.mark.parametrize(
    "facts", [{"energy": Decimal(0)}, {"driver": None}, {"estimated": True, "review": "estimated"}]
)
def test_what_is_free_nobodys_or_on_hold_is_not_collected(rated: Rated, till: Till, facts: dict[str, Any]) -> None:
    assert settling.settle(cdr_id=rated(**facts).pk) is None
    assert settling.due() == []
    assert not Payment.objects.exists()


def test_what_was_declined_is_not_given_back(rated: Rated, till: Till, anna: User) -> None:
    till.declines = "expired_card"
    cdr = rated()
    settled(cdr)
    rating.credit(cdr=cdr, by=anna)
    assert settling.to_give_back() == []
    settling.give_back(cdr_id=cdr.pk)
    assert (Payment.objects.get().status, till.moved) == ("failed", {})


def test_a_credited_charge_is_given_back_once(rated: Rated, till: Till, anna: User) -> None:
    cdr = rated()
    settled(cdr)
    settling.give_back(cdr_id=cdr.pk)
    assert till.balance == Decimal("11.00")
    rating.credit(cdr=cdr, by=anna)
    assert settling.to_give_back() == [cdr.pk]
    for _ in range(2):
        settling.give_back(cdr_id=cdr.pk)
    payment = Payment.objects.get()
    assert (payment.status, payment.refunded, till.balance) == ("refunded", Decimal("11.00"), 0)
    assert settling.to_give_back() == []


@pytest.mark.parametrize(("energy", "total"), [(22_000, "12.10"), (18_000, "9.90")])
def test_a_charge_that_is_priced_anew_moves_only_the_difference(
    rated: Rated, till: Till, energy: int, total: str
) -> None:
    cdr = rated()
    settled(cdr)
    ChargingSession.objects.update(energy=Decimal(energy))
    again = rating.rate(session_id=cdr.session_id)
    assert again is not None
    for _ in range(2):
        for pk in settling.due():
            settling.settle(cdr_id=pk)
    assert till.balance == again.total_incl_vat == Decimal(total)
    assert sorted(till.moved.values())[0] == Decimal(total) - 11 or len(till.moved) == 2
    assert settling.open_amount(again) == 0
    assert (settling.due(), settling.to_give_back()) == ([], [])


# ---- refunds --------------------------------------------------------------------------------------------------------


def test_a_part_is_given_back_and_then_the_rest(rated: Rated, till: Till, anna: User) -> None:
    payment = settled(rated())
    refund = refunds.give(payment=payment, amount=Decimal("4.00"), reason="slow", by=anna)
    assert (refund.status, payment.status, payment.refunded) == ("done", "captured", Decimal("4.00"))
    with pytest.raises(Invalid):
        refunds.give(payment=payment, amount=Decimal("7.01"), reason="more", by=anna)
    assert till.balance == Decimal("7.00")
    refunds.give(payment=payment, amount=Decimal("7.00"), reason="all", by=anna)
    assert (payment.status, till.balance) == ("refunded", 0)


def test_the_same_form_sent_twice_gives_back_once(rated: Rated, till: Till, anna: User) -> None:
    payment = settled(rated())
    for _ in range(2):
        refunds.give(payment=payment, amount=Decimal("4.00"), reason="slow", by=anna, key="form-1")
    assert (till.balance, Refund.objects.count()) == (Decimal("7.00"), 1)


@pytest.mark.parametrize("amount", ["0", "-1", "0.001"])
def test_nothing_cannot_be_given_back(rated: Rated, till: Till, anna: User, amount: str) -> None:
    payment = settled(rated())
    with pytest.raises(Invalid) as wrong:
        refunds.give(payment=payment, amount=Decimal(amount), reason="x", by=anna)
    assert list(wrong.value.fields) == ["amount"]
    assert (Refund.objects.count(), till.balance) == (0, Decimal("11.00"))


def test_support_gives_back_up_to_a_limit_and_a_stranger_nothing(
    rated: Rated, till: Till, tom: User, carla: User
) -> None:
    payment = settled(rated(energy=Decimal(200_000)))
    refunds.give(payment=payment, amount=Decimal("30"), reason="late", by=tom)
    for person, amount in ((tom, "20.01"), (carla, "1")):
        with pytest.raises(Forbidden):
            refunds.give(payment=payment, amount=Decimal(amount), reason="late", by=person)
    assert till.balance == Decimal("80.00")


def test_a_refund_that_was_interrupted_goes_on(rated: Rated, till: Till, anna: User) -> None:
    payment = settled(rated())
    till.away = True
    with pytest.raises(Unavailable):
        refunds.give(payment=payment, amount=Decimal("4"), reason="slow", by=anna)
    assert refunds.possible(payment) == Decimal("7.00")
    till.away = False
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        for step in payment_steps.waiting(before=timedelta(seconds=30)):
            payment_steps.run(step)
    payment.refresh_from_db()
    assert (payment.refunded, till.balance, Refund.objects.get().status) == (Decimal("4.00"), Decimal("7.00"), "done")


def test_only_what_was_collected_can_be_given_back(rated: Rated, till: Till, anna: User) -> None:
    till.declines = "expired_card"
    payment = settled(rated())
    with pytest.raises(Conflict) as refused:
        refunds.give(payment=payment, amount=Decimal(1), reason="x", by=anna)
    assert (refused.value.code, Refund.objects.count()) == ("payment_state", 0)


# ---- the fake provider ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_fake_provider_keeps_its_promise() -> None:
    fake = fake_gateway.FakeGateway()
    order = Order(Decimal(1), "EUR", method="fake_card_1")
    assert fake.place(order, key="a") == fake.place(order, key="a")
    assert fake.place(order, key="a").reference != fake.place(order, key="b").reference
    assert fake.place(order, key="a").state == State.CAPTURED


@pytest.mark.django_db
def test_a_payment_of_an_earlier_version_gets_its_step(rated: Rated, till: Till, card: PaymentMethod) -> None:
    cdr = rated()
    Payment.objects.create(
        operator=cdr.operator,
        driver=cdr.driver,
        cdr=cdr,
        method=card,
        amount=cdr.total_incl_vat,
        currency="EUR",
        gateway="fake",
        idempotency_key=f"cdr-{cdr.uid}",
    )
    assert payments.adopt() == 1
    assert settled(cdr).status == "captured"
    assert till.moved == {f"cdr-{cdr.uid}": Decimal("11.00")}
