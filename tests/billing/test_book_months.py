"""The journal and the VAT report: debits are credits, and both say what the documents say."""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import Driver, Operator, User
from billing.exports import asking, journal, vat
from billing.exports.accounts import Account
from billing.exports.booking import Booking, Move, Unbalanced
from billing.exports.kinds import Ask
from billing.models import (
    CDR,
    Bookkeeping,
    Payment,
    PaymentStep,
    Payout,
    PayoutItem,
    TariffVersion,
    Wallet,
    WalletEntry,
)
from billing.services.charges import rating
from billing.services.invoicing import credit_notes, invoices, takings
from cms.core.errors import Invalid
from sessions_app.models import ChargingSession
from tests.billing.test_export_lists import lines
from tests.billing.test_issue_invoices import BELLINI
from tests.factories import DriverFactory
from tests.factories.billing import element

JUNE = date(2026, 6, 1)
AT = datetime(2026, 6, 20, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(AT, tick=False) as at:
        yield at


Rated = Callable[..., CDR]


@pytest.fixture
def rated(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]) -> Rated:
    """18.64 kWh at 0.55 € with 22 %, and a fee of 1 € with 10 %: 11.25 €."""
    price(elements=[element("ENERGY", "0.55"), element("FLAT", "1.00", vat=10)])

    def make(**facts: Any) -> CDR:
        cdr = rating.rate(session_id=ended(**{"energy": Decimal(18_640), **facts}).pk)
        assert cdr is not None
        return cdr

    return make


@pytest.fixture
def world(rated: Rated, dario: Driver, operator: Operator, anna: User) -> None:
    """An invoice, half of a line credited; a day of corrispettivi; a card, a refund, a prepaid balance, a payout."""
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    invoice = invoices.issue(cdrs=[rated()], by=anna)
    line = invoice.lines.get(unit="kWh")
    credit_notes.give(invoice=invoice, by=anna, lines={line.pk: Decimal("9.32")}, reason="half")
    rated(driver=None)
    takings.record(operator=operator)
    paid = Payment.objects.create(
        operator=operator,
        amount=20,
        captured=20,
        refunded=5,
        currency="EUR",
        gateway="fake",
        idempotency_key="p",
        status="captured",
    )
    for kind, amount in (("charge", 20), ("refund", 5), ("release", 3)):
        PaymentStep.objects.create(payment=paid, kind=kind, key=kind, amount=Decimal(amount), status="done")
    wallet = Wallet.objects.create(operator=operator, driver=DriverFactory(operator=operator), currency="EUR")
    WalletEntry.objects.create(wallet=wallet, kind="voucher", amount=Decimal(10), balance=Decimal(10), key="v")
    WalletEntry.objects.create(wallet=wallet, kind="charge", amount=Decimal(-4), balance=Decimal(6), key="c")
    payout = Payout.objects.create(
        gateway="fake", gateway_id="po_1", amount=15, currency="EUR", status="paid", paid_at=AT
    )
    for number, (kind, gross, fee) in enumerate((("payment", "20", "0.50"), ("refund", "-5", "0"))):
        PayoutItem.objects.create(
            operator=operator,
            payout=payout,
            gateway="fake",
            gateway_id=f"txn_{number}",
            kind=kind,
            gross=Decimal(gross),
            fee=Decimal(fee),
            net=Decimal(gross) - Decimal(fee),
            currency="EUR",
            booked_at=AT,
        )


def booked(operator: Operator) -> list[list[str]]:
    return lines(operator, "journal", "machine", month="2026-06")[1:]


def amount(text: str) -> Decimal:
    return Decimal(text or "0")


def test_every_entry_is_nothing_when_added_up(world: None, operator: Operator) -> None:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    rows = booked(operator)
    for row in rows:
        sums[row[0]] += amount(row[7]) - amount(row[8])
    assert set(sums.values()) == {Decimal(0)}
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), key=int)


def test_accounts_say_what_happened(world: None, operator: Operator) -> None:
    balances: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in booked(operator):
        balances[row[4], row[6]] += amount(row[7]) - amount(row[8])
    code = {account: journal.accounts.DEFAULTS[account].code for account in Account}
    assert dict(balances) == {
        (code[Account.CUSTOMERS], ""): Decimal("11.25") - Decimal("5.13") + Decimal("11.25") - 20 + 5 - 4,
        (code[Account.REVENUE], "22.00"): -(Decimal("8.40") - Decimal("4.20") + Decimal("8.40")),
        (code[Account.VAT], "22.00"): -(Decimal("1.85") - Decimal("0.93") + Decimal("1.85")),
        (code[Account.REVENUE], "10.00"): -2 * Decimal("0.91"),
        (code[Account.VAT], "10.00"): -2 * Decimal("0.09"),
        (code[Account.CLEARING], ""): Decimal(0),
        (code[Account.BANK], ""): Decimal("14.50"),
        (code[Account.FEES], ""): Decimal("0.50"),
        (code[Account.WALLETS], ""): Decimal(-6),
        (code[Account.PROMOTIONS], ""): Decimal(10),
    }


def test_a_bookkeeper_has_codes_of_his_own(world: None, operator: Operator) -> None:
    Bookkeeping.objects.create(operator=operator, codes=json.dumps({"bank": "1000", "vat": ""}))
    codes = {row[4] for row in booked(operator)}
    assert "1000" in codes
    assert {"18.01.01", "45.01.01"} & codes == {"45.01.01"}


def test_an_entry_that_does_not_balance_is_never_written() -> None:
    with pytest.raises(Unbalanced):
        Booking(JUNE, "1", "x", "EUR", (Move(Account.BANK, Decimal("1.00")), Move(Account.VAT, Decimal("-0.99"))))


def test_another_month_has_none_of_it(world: None, operator: Operator) -> None:
    assert lines(operator, "journal", "machine", month="2026-05")[1:] == []
    assert lines(operator, "vat", "machine", month="2026-05")[1:] == []


def test_vat_by_register_and_rate(world: None, operator: Operator) -> None:
    assert lines(operator, "vat", "machine", month="2026-06")[1:] == [
        ["2026-06-01", "Invoices", "22.00", "", "1", "EUR", "8.40", "1.85", "10.25", ""],
        ["2026-06-01", "Invoices", "10.00", "", "1", "EUR", "0.91", "0.09", "1.00", ""],
        ["2026-06-01", "Credit notes", "22.00", "", "1", "EUR", "-4.20", "-0.93", "-5.13", ""],
        ["2026-06-01", "Corrispettivi", "22.00", "", "1", "EUR", "8.40", "1.85", "10.25", ""],
        ["2026-06-01", "Corrispettivi", "10.00", "", "1", "EUR", "0.91", "0.09", "1.00", ""],
    ]


def test_a_quarter_is_its_months(world: None, operator: Operator) -> None:
    quarter = lines(operator, "vat", "machine", month="2026-04", months="3")[1:]
    assert quarter == lines(operator, "vat", "machine", month="2026-06")[1:]


@pytest.mark.parametrize(("month", "first"), [("2026-01", "2026-01"), ("2026-06", "2026-04"), ("2026-12", "2026-10")])
def test_a_quarter_is_asked_for_by_any_of_its_months(month: str, first: str) -> None:
    asked = vat.KIND.clean(Operator(time_zone="Europe/Rome"), {"month": month, "months": "3"})
    assert asked == {"month": first, "months": "3"}
    assert asking.stem("vat", Ask(None, asked, "it", None, None)).startswith("vat-2026-Q")  # type: ignore[arg-type]


def test_half_a_year_is_no_period() -> None:
    with pytest.raises(Invalid):
        vat.KIND.clean(Operator(time_zone="Europe/Rome"), {"month": "2026-01", "months": "6"})


def test_what_is_invoiced_after_all_leaves_the_corrispettivi(
    rated: Rated, dario: Driver, operator: Operator, anna: User
) -> None:
    cdr = rated()
    takings.record(operator=operator)
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    invoices.issue(cdrs=[CDR.objects.get(pk=cdr.pk)], by=anna)
    takings.record(operator=operator)
    registers = {(row[1], row[2]): row[8] for row in lines(operator, "vat", "machine", month="2026-06")[1:]}
    assert registers == {
        ("Invoices", "22.00"): "10.25",
        ("Invoices", "10.00"): "1.00",
        ("Corrispettivi", "22.00"): "0.00",
        ("Corrispettivi", "10.00"): "0.00",
    }
    customers = [row for row in booked(operator) if row[4] == "14.01.01"]
    assert sum(amount(row[7]) - amount(row[8]) for row in customers) == Decimal("11.25")


def test_payments_are_listed_with_what_stayed(world: None, operator: Operator) -> None:
    (row,) = lines(operator, "payments", "machine", month="2026-06")[1:]
    assert row[8:13] == ["EUR", "20.00", "20.00", "5.00", "15.00"]
    assert lines(operator, "payments", "machine", month="2026-06", status="failed")[1:] == []
