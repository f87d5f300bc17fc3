"""Money paid ahead: whole or not at all, never below zero, every entry once."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Driver, User
from billing.models import CDR, Wallet, WalletEntry
from billing.services.prepaid import wallets
from cms.core.errors import Conflict, Forbidden, Invalid
from tests.billing.test_number_gaplessly import in_threads, shared  # noqa: F401
from tests.factories import DriverFactory
from tests.factories.billing import CDRFactory

TEN, CHARGE = Decimal(10), WalletEntry.Kind.CHARGE


def paid_in(driver: Driver, amount: Decimal = TEN, key: str = "first") -> WalletEntry:
    return wallets.credit(driver=driver, amount=amount, kind=WalletEntry.Kind.TOP_UP, key=key)


def entries(driver: Driver) -> list[tuple[str, Decimal, Decimal]]:
    rows = WalletEntry.objects.filter(wallet__driver=driver).order_by("pk")
    return list(rows.values_list("kind", "amount", "balance"))


def test_a_driver_without_a_wallet_has_nothing_and_pays_nothing(dario: Driver) -> None:
    assert wallets.balance(driver=dario) == 0
    assert not wallets.pay(cdr=CDRFactory(driver=dario))
    assert not Wallet.objects.exists()


def test_a_charge_is_paid_whole_and_once(dario: Driver) -> None:
    paid_in(dario)
    cdr = CDRFactory(driver=dario, incl=Decimal("6.40"))

    assert wallets.pay(cdr=cdr)
    assert wallets.pay(cdr=cdr)

    assert entries(dario) == [("top_up", TEN, TEN), ("charge", Decimal("-6.40"), Decimal("3.60"))]
    assert wallets.balance(driver=dario) == Decimal("3.60")
    assert wallets.balances([dario.pk]) == {dario.pk: Decimal("3.60")}


def test_a_charge_that_costs_more_than_is_there_takes_nothing(dario: Driver) -> None:
    paid_in(dario)
    assert not wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal("10.01")))
    assert entries(dario) == [("top_up", TEN, TEN)]
    assert wallets.pay(cdr=CDRFactory(driver=dario, incl=TEN))
    assert wallets.balance(driver=dario) == 0


def test_a_wallet_pays_only_in_its_own_currency(dario: Driver) -> None:
    paid_in(dario)
    assert not wallets.pay(cdr=CDRFactory(driver=dario, incl=TEN, currency="CHF"))
    assert wallets.balance(driver=dario) == TEN


def test_what_was_taken_for_a_credited_charge_comes_back_once(dario: Driver) -> None:
    paid_in(dario)
    cdr = CDRFactory(driver=dario, incl=Decimal(4))
    wallets.pay(cdr=cdr)
    assert not wallets.give_back(cdr=cdr), "it still stands"

    CDRFactory(driver=dario, session=cdr.session, credits=cdr, revision=2, incl=Decimal(-4))
    assert wallets.to_give_back() == [cdr.pk]
    assert wallets.give_back(cdr=cdr)
    assert wallets.give_back(cdr=cdr)

    assert wallets.to_give_back() == []
    assert entries(dario)[1:] == [("charge", Decimal(-4), Decimal(6)), ("refund", Decimal(4), TEN)]


def test_money_that_arrives_twice_is_entered_once(dario: Driver) -> None:
    assert paid_in(dario).pk == paid_in(dario).pk
    assert entries(dario) == [("top_up", TEN, TEN)]


def test_support_corrects_within_its_limit(dario: Driver, tom: User) -> None:
    wallets.correct(driver=dario, amount=Decimal(30), reason="Meant well", key="a", by=tom)
    with pytest.raises(Forbidden):
        wallets.correct(driver=dario, amount=Decimal("-20.01"), reason="Too much", key="b", by=tom)
    assert wallets.correct(driver=dario, amount=Decimal(-20), reason="Half of it", key="c", by=tom).balance == 10


def test_an_accountant_corrects_with_a_reason(dario: Driver, anna: User) -> None:
    paid_in(dario)
    wallets.correct(driver=dario, amount=Decimal("-2.50"), reason=" Double top-up ", key="c1", by=anna)
    wallets.correct(driver=dario, amount=Decimal("-2.50"), reason=" Double top-up ", key="c1", by=anna)
    last = WalletEntry.objects.latest("pk")
    assert (last.kind, last.amount, last.balance, last.reason, last.by) == (
        "correction",
        Decimal("-2.50"),
        Decimal("7.50"),
        "Double top-up",
        anna,
    )
    assert WalletEntry.objects.count() == 2


def test_a_correction_is_refused_with_the_reason_why(dario: Driver, anna: User, carla: User) -> None:
    paid_in(dario)
    for stranger in (carla,):
        with pytest.raises(Forbidden):
            wallets.correct(driver=dario, amount=TEN, reason="Kindness", key="c", by=stranger)
    with pytest.raises(Invalid) as empty:
        wallets.correct(driver=dario, amount=Decimal(0), reason=" ", key="c", by=anna)
    assert set(empty.value.fields) == {"amount", "reason"}
    with pytest.raises(Conflict) as too_much:
        wallets.correct(driver=dario, amount=Decimal("-10.01"), reason="Mistake", key="c", by=anna)
    assert (too_much.value.code, too_much.value.facts) == ("wallet_too_low", {"balance": TEN})
    assert entries(dario) == [("top_up", TEN, TEN)]


def test_the_database_itself_refuses_less_than_nothing(dario: Driver) -> None:
    wallet = wallets.of(driver=dario)
    with pytest.raises(IntegrityError), transaction.atomic():
        WalletEntry.objects.create(wallet=wallet, kind=CHARGE, amount=-1, balance=-1, key="x")
    assert not WalletEntry.objects.exists()


def test_an_entry_is_never_edited(dario: Driver) -> None:
    entry = paid_in(dario)
    entry.amount = Decimal(1000)
    with pytest.raises(TypeError):
        entry.save()


def test_of_two_charges_at_once_the_wallet_pays_what_it_can(shared: Callable[[], None]) -> None:  # noqa: F811
    """Ten euro, eight charges of three: three are paid, whoever comes first, and one euro stays."""
    driver = DriverFactory()
    paid_in(driver)
    cdrs = [CDRFactory(driver=driver, incl=Decimal(3)) for _ in range(8)]
    shared()

    paid = in_threads(lambda cdr: wallets.pay(cdr=cdr), cdrs)

    assert sum(paid) == 3
    [left] = in_threads(lambda _: [balance for _kind, _amount, balance in entries(driver)], [0])
    assert left == [10, 7, 4, 1]


def test_one_charge_at_once_from_everywhere_is_paid_once(shared: Callable[[], None]) -> None:  # noqa: F811
    driver = DriverFactory()
    paid_in(driver)
    cdr: CDR = CDRFactory(driver=driver, incl=Decimal(3))
    shared()

    assert all(in_threads(lambda _: wallets.pay(cdr=cdr), list(range(6))))
    assert in_threads(lambda _: wallets.balance(driver=driver), [0]) == [7]
