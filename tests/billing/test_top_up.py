"""From a card into the wallet and back: the wallet follows what became of the payment, in any order and however often."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import Driver, Operator, User
from billing.models import Payment, PaymentMethod, WalletEntry, WalletPolicy
from billing.services.cards import refunds
from billing.services.prepaid import giving_back, top_ups, wallet_upkeep, wallets
from billing.tasks import wallets as tasks
from cms.core.errors import Conflict, Forbidden, Invalid
from tests.factories import DriverFactory
from tests.factories.billing import CDRFactory

TWENTY = Decimal(20)


@pytest.fixture(autouse=True)
def policy(operator: Operator) -> WalletPolicy:
    return WalletPolicy.objects.create(operator=operator, enabled=True)


@pytest.fixture
def card(dario: Driver) -> PaymentMethod:
    """A card that the fake provider always charges."""
    return PaymentMethod.objects.create(
        operator=dario.operator,
        driver=dario,
        gateway="fake",
        gateway_id="fake_pm_visa",
        status="active",
        is_default=True,
        brand="visa",
        last4="4242",
    )


def low() -> list[str]:
    """Mails about a wallet that runs low; each top-up has one of its own."""
    return [letter.subject for letter in mail.outbox if "restano" in letter.subject]


def captured(driver: Driver, amount: Decimal = TWENTY, **facts: Any) -> Payment:
    made: Payment = Payment.objects.create(
        operator=driver.operator,
        driver=driver,
        purpose="top_up",
        amount=amount,
        captured=amount,
        currency="EUR",
        gateway="fake",
        gateway_id="pi_1",
        status="captured",
        idempotency_key=f"k{Payment.objects.count()}",
        **facts,
    )
    return made


def amounts(driver: Driver) -> list[Decimal]:
    return list(WalletEntry.objects.filter(wallet__driver=driver).order_by("pk").values_list("amount", flat=True))


def test_money_is_in_the_wallet_once_it_was_captured(dario: Driver) -> None:
    payment = captured(dario)
    Payment.objects.filter(pk=payment.pk).update(captured=0, status="pending")
    assert top_ups.follow(payment_id=payment.pk) is None
    Payment.objects.filter(pk=payment.pk).update(captured=TWENTY, status="captured")
    assert top_ups.due() == [payment.pk]
    for _ in range(3):
        tasks.follow_top_ups([payment.pk])
    assert amounts(dario) == [TWENTY]
    assert WalletEntry.objects.get().payment == payment


def test_a_top_up_asks_the_card_once(dario: Driver, card: PaymentMethod) -> None:
    for _ in range(2):
        payment = top_ups.start(driver=dario, amount=TWENTY, key="form-1", method=card)
    assert (payment.status, payment.captured, payment.purpose) == ("captured", TWENTY, "top_up")
    assert amounts(dario) == [TWENTY]
    assert Payment.objects.count() == 1


def test_a_top_up_is_refused_before_anybody_asks_the_card(
    dario: Driver, card: PaymentMethod, policy: WalletPolicy
) -> None:
    for wrong in ("9.99", "500.01", "-1"):
        with pytest.raises(Invalid) as refused:
            top_ups.start(driver=dario, amount=Decimal(wrong), key="a", method=card)
        assert set(refused.value.fields) == {"amount"}
    WalletPolicy.objects.filter(pk=policy.pk).update(enabled=False)
    with pytest.raises(Conflict) as off:
        top_ups.start(driver=dario, amount=TWENTY, key="a", method=card)
    assert off.value.code == "wallets_off"
    assert not Payment.objects.exists()


def test_what_went_back_or_was_disputed_leaves_the_wallet_as_far_as_it_is_there(dario: Driver) -> None:
    payment = captured(dario)
    top_ups.follow(payment_id=payment.pk)
    Payment.objects.filter(pk=payment.pk).update(refunded=5)
    top_ups.follow(payment_id=payment.pk)
    assert amounts(dario) == [20, -5]

    wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal(12)))
    Payment.objects.filter(pk=payment.pk).update(status="disputed")
    for _ in range(2):
        top_ups.follow(payment_id=payment.pk)
    assert amounts(dario) == [20, -5, -12, -3], "what has been spent is not there any more"

    Payment.objects.filter(pk=payment.pk).update(status="captured")
    top_ups.follow(payment_id=payment.pk)
    assert wallets.balance(driver=dario) == 3


def test_a_refund_gives_back_no_more_than_is_left(dario: Driver, card: PaymentMethod, anna: User) -> None:
    payment = top_ups.start(driver=dario, amount=TWENTY, key="form-1", method=card)
    wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal(12)))
    with pytest.raises(Conflict) as refused:
        refunds.give(payment=payment, amount=Decimal("8.01"), reason="Moves abroad", by=anna)
    assert (refused.value.code, refused.value.facts) == ("wallet_too_low", {"balance": Decimal(8)})
    assert wallets.balance(driver=dario) == 8

    refunds.give(payment=payment, amount=Decimal(8), reason="Moves abroad", by=anna)
    tasks.keep_wallets()
    payment.refresh_from_db()
    assert (payment.refunded, wallets.balance(driver=dario)) == (8, 0)
    assert amounts(dario) == [20, -12, -8]


def test_a_refund_that_the_bank_refuses_comes_back_into_the_wallet(dario: Driver, card: PaymentMethod) -> None:
    payment = top_ups.start(driver=dario, amount=TWENTY, key="form-1", method=card)
    refund = payment.refunds.create(operator=dario.operator, amount=5, idempotency_key="r")
    top_ups.take_back(payment=payment, amount=Decimal(5))
    assert top_ups.follow(payment_id=payment.pk) is None
    refund.status = "failed"
    refund.save()
    top_ups.follow(payment_id=payment.pk)
    assert amounts(dario) == [20, -5, 5]


def test_a_wallet_tops_itself_up_once_for_each_state_it_is_in(dario: Driver, card: PaymentMethod) -> None:
    wallet = top_ups.set_automatic(driver=dario, below=Decimal(10), amount=TWENTY)
    top_ups.start(driver=dario, amount=TWENTY, key="form-1", method=card)
    wallet_upkeep.moved(wallet_id=wallet.pk)
    assert amounts(dario) == [20]

    wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal(12)))
    for _ in range(3):
        wallet_upkeep.moved(wallet_id=wallet.pk)
    assert amounts(dario) == [20, -12, 20]
    assert not low()


def test_the_sweep_finds_wallets_that_fell_long_ago_and_those_that_changed_just_now(
    dario: Driver, card: PaymentMethod
) -> None:
    wallet = top_ups.set_automatic(driver=dario, below=Decimal(10), amount=TWENTY)
    top_ups.follow(payment_id=captured(dario, Decimal(9)).pk)
    other = wallets.of(driver=DriverFactory(operator=dario.operator))
    wallets.credit(driver=other.driver, amount=TWENTY, kind=WalletEntry.Kind.VOUCHER, key="v")
    assert wallet_upkeep.due() == [wallet.pk, other.pk]
    WalletEntry.objects.update(created_at=timezone.now() - timedelta(days=40))
    assert wallet_upkeep.due() == [wallet.pk]
    wallet_upkeep.moved(wallet_id=wallet.pk)
    WalletEntry.objects.update(created_at=timezone.now() - timedelta(days=40))
    assert (wallets.balance(driver=dario), wallet_upkeep.due()) == (29, [])


def test_a_wish_that_cannot_be_kept_is_refused(dario: Driver) -> None:
    with pytest.raises(Conflict) as refused:
        top_ups.set_automatic(driver=dario, below=Decimal(10), amount=TWENTY)
    assert refused.value.code == "no_card"
    for below, amount, field in (
        (None, TWENTY, "below"),
        (Decimal(10), None, "amount"),
        (Decimal(490), TWENTY, "amount"),
    ):
        with pytest.raises(Invalid) as wrong:
            top_ups.set_automatic(driver=dario, below=below, amount=amount)
        assert set(wrong.value.fields) == {field}
    assert wallets.of(driver=dario).automatic_below is None


def test_who_runs_low_hears_of_it_once(dario: Driver) -> None:
    top_ups.follow(payment_id=captured(dario).pk)
    wallet = wallets.of(driver=dario)
    wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal("15.50")))
    for _ in range(2):
        wallet_upkeep.moved(wallet_id=wallet.pk)
    assert low() == ["Nel borsellino restano 4,50\xa0€"]
    wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal(1)))
    wallet_upkeep.moved(wallet_id=wallet.pk)
    assert len(low()) == 1, "it was low already"


def test_money_that_comes_in_pays_what_is_open(
    dario: Driver, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    cdr = CDRFactory(driver=dario, incl=Decimal(12))
    with django_capture_on_commit_callbacks(execute=True):
        top_ups.follow(payment_id=captured(dario).pk)
    assert amounts(dario) == [20, -12]
    assert cdr.payments.get().gateway == "wallet"


def test_an_owner_decides_about_wallets(operator: Operator, olga: User, tom: User) -> None:
    terms = {
        "smallest_top_up": TWENTY,
        "largest_balance": Decimal(100),
        "low_at": Decimal(2),
        "vat_note": " art. 6-ter ",
    }
    made = top_ups.decide(operator=operator, enabled=False, by=olga, **terms)
    assert (made.enabled, made.smallest_top_up, made.vat_note) == (False, TWENTY, "art. 6-ter")
    with pytest.raises(Forbidden):
        top_ups.decide(operator=operator, enabled=True, by=tom, **terms)
    with pytest.raises(Invalid) as wrong:
        top_ups.decide(
            operator=operator, enabled=True, by=olga, **{**terms, "largest_balance": Decimal(1), "low_at": Decimal(-1)}
        )
    assert set(wrong.value.fields) == {"largest_balance", "low_at"}
    assert not WalletPolicy.objects.get().enabled


# ---- the rest, back ----------------------------------------------------------------------------------------------------


def test_the_rest_goes_back_to_the_cards_it_came_from_newest_first(
    dario: Driver, card: PaymentMethod, anna: User
) -> None:
    first, second = (
        top_ups.start(driver=dario, amount=Decimal(amount), key=key, method=card)
        for amount, key in ((30, "a"), (20, "b"))
    )
    wallets.credit(driver=dario, amount=Decimal(5), kind="voucher", key="voucher:1")
    wallets.correct(driver=dario, amount=Decimal(-10), reason="Spent", key="c", by=anna)
    assert giving_back.most(dario) == 45
    for _ in range(2):  # the same form twice
        giving_back.give(driver=dario, amount=Decimal(45), reason="Moves abroad", key="k", by=anna)
    assert wallets.balance(driver=dario) == 0
    refunded = [Payment.objects.get(pk=payment.pk).refunded for payment in (first, second)]
    assert refunded == [Decimal(25), Decimal(20)]
    with pytest.raises(Conflict):
        giving_back.give(driver=dario, amount=Decimal("0.01"), reason="More", key="l", by=anna)


def test_vouchers_are_not_paid_out_and_support_gives_back_within_its_limit(
    dario: Driver, card: PaymentMethod, tom: User
) -> None:
    wallets.credit(driver=dario, amount=Decimal(80), kind="voucher", key="voucher:1")
    assert giving_back.most(dario) == 0
    top_ups.start(driver=dario, amount=Decimal(100), key="a", method=card)
    with pytest.raises(Forbidden):
        giving_back.give(driver=dario, amount=Decimal("50.01"), reason="Moves", key="k", by=tom)
    assert wallets.balance(driver=dario) == 180
    giving_back.give(driver=dario, amount=Decimal(50), reason="Moves", key="k", by=tom)
    assert wallets.balance(driver=dario) == 130


def test_a_fraction_of_a_yen_is_no_top_up(dario: Driver, card: PaymentMethod) -> None:
    Operator.objects.filter(pk=dario.operator_id).update(currency="JPY")
    dario.refresh_from_db()
    WalletPolicy.objects.update(smallest_top_up=10)
    with pytest.raises(Invalid):
        top_ups.start(driver=dario, amount=Decimal("1000.50"), key="a", method=card)
    assert not Payment.objects.exists()
    assert top_ups.start(driver=dario, amount=Decimal(400), key="a", method=card).captured == 400


def test_each_top_up_has_a_mail_with_what_the_operator_says_of_the_vat(dario: Driver, card: PaymentMethod) -> None:
    WalletPolicy.objects.update(vat_note="Buono multiuso")
    top_ups.start(driver=dario, amount=Decimal(30), key="a", method=card)
    for _ in range(2):
        tasks.keep_wallets()
    (letter,) = mail.outbox
    assert letter.to == [dario.user.email]
    assert "Buono multiuso" in letter.body
    assert "30,00" in letter.body
