"""A charge is paid once, whoever asks how often, and given back once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from billing.models import CDR, Payment, TariffVersion
from billing.payments import fake_gateway, gateway
from billing.payments.gateway import Outcome
from billing.services import payments, rating
from cms.core.errors import Unavailable
from sessions_app.models import ChargingSession

Ended = Callable[..., ChargingSession]


@pytest.fixture
def rated(price: Callable[..., TariffVersion], ended: Ended) -> Callable[..., CDR]:
    price()

    def make(**facts: Any) -> CDR:
        cdr = rating.rate(session_id=ended(**facts).pk)
        assert cdr is not None
        return cdr

    return make


class Till(fake_gateway.FakeGateway):
    """Counts what moved, by key, as a provider's own books would."""

    moved: dict[str, Decimal]
    away = False
    declines = ""

    def collect(self, *, amount: Decimal, currency: str, customer: str, key: str) -> Outcome:
        if self.away:
            raise Unavailable("the provider does not answer")
        if self.declines:
            return Outcome("", self.declines)
        self.moved[key] = amount
        return super().collect(amount=amount, currency=currency, customer=customer, key=key)

    def refund(self, *, gateway_id: str, amount: Decimal, currency: str, key: str) -> Outcome:
        self.moved[key] = -amount
        return super().refund(gateway_id=gateway_id, amount=amount, currency=currency, key=key)


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Till:
    one = Till()
    one.moved = {}
    monkeypatch.setattr(gateway, "current", lambda: one)
    return one


def test_a_charge_is_collected_at_once(rated: Callable[..., CDR], till: Till) -> None:
    cdr = rated()
    payment = payments.collect(cdr_id=cdr.pk)
    assert payment is not None
    assert (payment.status, payment.amount, payment.currency) == ("captured", Decimal("11.00"), "EUR")
    assert payment.gateway_id.startswith("fake_pay_")
    assert till.moved == {f"cdr-{cdr.uid}": Decimal("11.00")}


def test_collecting_twice_is_boring(rated: Callable[..., CDR], till: Till) -> None:
    cdr = rated()
    assert payments.collect(cdr_id=cdr.pk) == payments.collect(cdr_id=cdr.pk)
    assert Payment.objects.count() == 1
    assert len(till.moved) == 1


def test_who_comes_second_learns_what_the_first_was_told(
    rated: Callable[..., CDR], till: Till, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    cdr, quick = rated(), till.collect

    def slow(**asked: Any) -> Outcome:
        monkeypatch.setattr(till, "collect", quick)
        assert payments.collect(cdr_id=cdr.pk).status == "captured"  # type: ignore[union-attr]
        return Outcome("", "asked twice")

    monkeypatch.setattr(till, "collect", slow)
    with django_capture_on_commit_callbacks() as announced:
        payment = payments.collect(cdr_id=cdr.pk)

    assert payment is not None
    assert (payment.status, payment.error) == ("captured", "")
    assert Payment.objects.get().status == "captured"
    assert len(announced) == 1


def test_what_was_interrupted_goes_on_with_the_same_key(rated: Callable[..., CDR], till: Till) -> None:
    cdr = rated()
    till.away = True
    with pytest.raises(Unavailable):
        payments.collect(cdr_id=cdr.pk)
    assert Payment.objects.get().status == "pending"
    assert payments.due() == [cdr.pk]
    till.away = False
    assert payments.collect(cdr_id=cdr.pk).status == "captured"  # type: ignore[union-attr]
    assert payments.due() == []
    assert len(till.moved) == 1


def test_a_declined_payment_says_why_and_is_not_tried_again(rated: Callable[..., CDR], till: Till) -> None:
    till.declines = "insufficient funds"
    payment = payments.collect(cdr_id=rated().pk)
    assert payment is not None
    assert (payment.status, payment.error) == ("failed", "insufficient funds")
    assert payments.due() == []


@pytest.mark.parametrize(
    "facts", [{"energy": Decimal(0)}, {"driver": None}, {"estimated": True, "review": "estimated"}]
)
def test_what_is_free_nobodys_or_on_hold_is_not_collected(
    rated: Callable[..., CDR], till: Till, facts: dict[str, Any]
) -> None:
    assert payments.collect(cdr_id=rated(**facts).pk) is None
    assert payments.due() == []
    assert not Payment.objects.exists()


def test_what_was_declined_is_not_given_back(rated: Callable[..., CDR], till: Till, anna: User) -> None:
    till.declines = "insufficient funds"
    cdr = rated()
    payments.collect(cdr_id=cdr.pk)
    rating.credit(cdr=cdr, by=anna)
    assert payments.to_refund() == []
    assert payments.refund(cdr_id=cdr.pk) is None
    assert (Payment.objects.get().status, till.moved) == ("failed", {})


def test_a_credited_charge_is_given_back_once(rated: Callable[..., CDR], till: Till, anna: User) -> None:
    cdr = rated()
    payments.collect(cdr_id=cdr.pk)
    assert payments.refund(cdr_id=cdr.pk) is None
    rating.credit(cdr=cdr, by=anna)
    assert payments.to_refund() == [cdr.pk]
    for _ in range(2):
        payments.refund(cdr_id=cdr.pk)
    assert Payment.objects.get().status == "refunded"
    assert sum(till.moved.values()) == 0
    assert payments.to_refund() == []


def test_a_late_reading_moves_only_the_difference_in_the_end(rated: Callable[..., CDR], till: Till) -> None:
    cdr = rated()
    payments.collect(cdr_id=cdr.pk)
    ChargingSession.objects.update(energy=Decimal(22_000))
    again = rating.rate(session_id=cdr.session_id)
    assert again is not None
    for pk in payments.to_refund():
        payments.refund(cdr_id=pk)
    for pk in payments.due():
        payments.collect(cdr_id=pk)
    assert sum(till.moved.values()) == again.total_incl_vat == Decimal("12.10")


def test_the_fake_provider_keeps_its_promise() -> None:
    fake = fake_gateway.FakeGateway()
    terms: dict[str, Any] = {"amount": Decimal(1), "currency": "EUR", "customer": "driver-1"}
    assert fake.collect(**terms, key="a") == fake.collect(**terms, key="a")
    assert fake.collect(**terms, key="a") != fake.collect(**terms, key="b")
