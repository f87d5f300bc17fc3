"""The journal knows every kind of movement: none is missing, and each is booked in the month in which it happened."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import Driver, Operator, User
from billing.documents.positions import Position
from billing.exports import journal, vat
from billing.exports.accounts import Account
from billing.exports.kinds import Ask
from billing.models import (
    CashEntry,
    DunningCase,
    FiscalSettings,
    Payment,
    PaymentStep,
    Payout,
    PayoutItem,
    Refund,
    TakingsEntry,
    TariffVersion,
    Wallet,
    WalletEntry,
)
from billing.selectors import closing, months
from billing.services.cards import payments
from billing.services.charges import rating
from billing.services.invoicing import credit_notes, invoices, takings
from billing.services.month_end import cash, close, statements
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from tests.billing.test_issue_invoices import BELLINI

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(datetime(2026, 6, 20, 9, tzinfo=UTC), tick=False) as at:
        yield at


def ask(operator: Operator, month: date = JUNE) -> Ask:
    return Ask(operator, {"month": f"{month:%Y-%m}"}, "en", months.zone(operator), None)


def balances(operator: Operator, month: date = JUNE) -> dict[Account, Decimal]:
    cash.book(operator=operator)
    sums: dict[Account, Decimal] = defaultdict(Decimal)
    for booking in journal.bookings(ask(operator, month)):
        for move in booking.moves:
            sums[move.account] += move.amount
    return {account: amount for account, amount in sums.items() if amount}


def paid(operator: Operator, amount: str, **facts: Any) -> Payment:
    """Collected at once, with the step that did it."""
    count = Payment.objects.count()
    state = {"status": "captured", "captured": Decimal(amount), "currency": "EUR", "gateway": "fake", **facts}
    row = Payment.objects.create(operator=operator, amount=Decimal(amount), idempotency_key=f"p{count}", **state)
    step = {"kind": "charge", "key": f"s{count}", "amount": Decimal(amount), "status": "done"}
    PaymentStep.objects.create(payment=row, **step)
    return row


def given_back(payment: Payment, amount: str) -> Refund:
    key = f"r{Refund.objects.count()}"
    refund = Refund.objects.create(
        payment=payment, operator=payment.operator, amount=Decimal(amount), status="done", idempotency_key=key
    )
    step = {"kind": "refund", "key": key, "amount": Decimal(amount), "status": "done", "refund": refund}
    PaymentStep.objects.create(payment=payment, **step)
    Payment.objects.filter(pk=payment.pk).update(refunded=payment.refunded + Decimal(amount))
    payment.refresh_from_db()
    return refund


def movement(operator: Operator, kind: str, gross: str, fee: str = "0", **facts: Any) -> PayoutItem:
    return PayoutItem.objects.create(
        operator=operator,
        gateway="fake",
        gateway_id=f"txn_{PayoutItem.objects.count()}",
        kind=kind,
        gross=Decimal(gross),
        fee=Decimal(fee),
        net=Decimal(gross) - Decimal(fee),
        currency="EUR",
        booked_at=datetime(2026, 6, 19, tzinfo=UTC),
        **facts,
    )


def paid_out(amount: str, status: str = "paid") -> Payout:
    return Payout.objects.create(
        gateway="fake",
        gateway_id=f"po_{Payout.objects.count()}",
        amount=Decimal(amount),
        currency="EUR",
        status=status,
        paid_at=datetime(2026, 6, 20, 6, tzinfo=UTC),
    )


# ---- money ----------------------------------------------------------------------------------------------------------


def test_a_top_up_that_is_given_back_leaves_nothing(operator: Operator, dario: Driver) -> None:
    """The payment is owed to the wallet, the wallet takes it: each is booked once."""
    wallet = Wallet.objects.create(operator=operator, driver=dario, currency="EUR")
    top_up = paid(operator, "30", purpose="top_up", driver=dario)
    for kind, amount, left in (("top_up", 30, 30), ("voucher", 5, 35), ("charge", -8, 27), ("refund", -20, 7)):
        WalletEntry.objects.create(wallet=wallet, kind=kind, amount=Decimal(amount), balance=Decimal(left), key=kind)
    given_back(top_up, "20")
    assert balances(operator) == {
        Account.CLEARING: Decimal(10),
        Account.WALLETS: Decimal(-7),  # what the wallet holds
        Account.PROMOTIONS: Decimal(5),
        Account.CUSTOMERS: Decimal(-8),  # the charge that was paid from it
    }


def test_what_a_customer_never_approved_is_no_money(operator: Operator) -> None:
    """The provider was asked, and said that the customer must approve: nothing came in."""
    paid(operator, "12", status="action_needed", captured=Decimal(0))
    assert balances(operator) == {}


def test_what_was_collected_in_the_providers_own_pages_came_in_too(operator: Operator) -> None:
    row = paid(operator, "12", captured=Decimal(0), status="authorized")
    PaymentStep.objects.update(kind="authorize")
    Payment.objects.filter(pk=row.pk).update(captured=Decimal(9), status="captured")
    assert balances(operator) == {Account.CLEARING: Decimal(9), Account.CUSTOMERS: Decimal(-9)}


def test_a_refund_that_the_bank_sends_back_moves_the_month_in_which_it_does(operator: Operator, clock: Any) -> None:
    row = paid(operator, "12")
    refund = given_back(row, "5")
    assert balances(operator) == {Account.CLEARING: Decimal(7), Account.CUSTOMERS: Decimal(-7)}
    clock.move_to(datetime(2026, 7, 8, 9, tzinfo=UTC))
    payments.refund_failed(refund=refund, reason="account closed")
    assert balances(operator, JULY) == {Account.CLEARING: Decimal(5), Account.CUSTOMERS: Decimal(-5)}
    assert balances(operator, JUNE) == {Account.CLEARING: Decimal(7), Account.CUSTOMERS: Decimal(-7)}


def test_money_is_booked_once_whoever_asks(operator: Operator) -> None:
    given_back(paid(operator, "12"), "5")
    assert (cash.book(operator=operator), cash.book(operator=operator)) == (2, 0)
    assert CashEntry.objects.count() == 2


def test_a_dispute_is_owed_again_until_it_is_won(operator: Operator) -> None:
    row = paid(operator, "20")
    movement(operator, "payment", "20", "0.50", payment=row)
    movement(operator, "dispute", "-20", "15", payment=row)
    assert balances(operator) == {}  # it came in, and the bank took it back
    movement(operator, "dispute", "20", payment=row)
    assert balances(operator) == {Account.CLEARING: Decimal(20), Account.CUSTOMERS: Decimal(-20)}


def test_a_payout_takes_its_fees_with_it_and_leaves_nothing_at_the_provider(operator: Operator) -> None:
    row = paid(operator, "20")
    payout = paid_out("2.30")
    movement(operator, "payment", "20", "0.50", payment=row, payout=payout)
    movement(operator, "dispute", "-10", "5", payment=row, payout=payout)
    movement(operator, "fee", "-2.20", payout=payout)
    assert balances(operator) == {
        Account.BANK: Decimal("2.30"),
        Account.FEES: Decimal("7.70"),
        Account.CUSTOMERS: Decimal(-10),
    }


def test_a_payout_that_failed_never_arrived(operator: Operator) -> None:
    movement(operator, "payment", "20", "0.50", payment=paid(operator, "20"), payout=paid_out("19.50", "failed"))
    assert balances(operator) == {Account.CLEARING: Decimal(20), Account.CUSTOMERS: Decimal(-20)}


def test_what_is_heard_after_the_close_counts_in_the_open_month(operator: Operator, anna: User, clock: Any) -> None:
    row = paid(operator, "20")
    before = balances(operator)
    clock.move_to(datetime(2026, 7, 2, 9, tzinfo=UTC))
    close.close(operator=operator, month=JUNE, by=anna)
    clock.move_to(datetime(2026, 7, 3, 9, tzinfo=UTC))
    movement(operator, "payment", "20", "0.50", payment=row, payout=paid_out("19.50"))
    assert balances(operator) == before
    assert balances(operator, JULY) == {
        Account.BANK: Decimal("19.50"),
        Account.FEES: Decimal("0.50"),
        Account.CLEARING: Decimal(-20),
    }
    days = {booking.day for booking in journal.bookings(ask(operator, JULY))}
    assert days == {JULY}


# ---- documents ------------------------------------------------------------------------------------------------------


def fee(operator: Operator, buyer: Driver, amount: str) -> Any:
    Driver.objects.filter(pk=buyer.pk).update(**BELLINI)
    buyer.refresh_from_db()
    positions = [Position("Quota", Decimal(1), "1", Decimal(amount), Decimal(amount), None)]
    return invoices.issue_positions(
        operator=operator, buyer=buyer, positions=positions, currency="EUR", tax_included=True, source=amount, by=None
    )


@pytest.mark.parametrize(("recharged", "owed", "cost"), [(False, "100", "2"), (True, "102", "0")])
def test_a_bollo_is_owed_to_the_state_whoever_pays_it(
    operator: Operator, dario: Driver, recharged: bool, owed: str, cost: str
) -> None:
    FiscalSettings.objects.create(operator=operator, charge_stamp_duty=recharged)
    fee(operator, dario, "100")
    expected = {Account.CUSTOMERS: Decimal(owed), Account.REVENUE: Decimal(-100), Account.STAMPS_DUE: Decimal(-2)}
    assert balances(operator) == expected | ({Account.STAMPS: Decimal(cost)} if Decimal(cost) else {})
    (_row, stamp) = [row for row in vat.rows(ask(operator)) if row[3] != "N1"]
    assert stamp[6:] == [None, None, None, Decimal(2)]


def test_what_is_written_off_is_a_loss_of_what_was_left(operator: Operator, dario: Driver) -> None:
    document = fee(operator, dario, "50")
    paid(operator, "20", purpose="invoice", invoice=document)
    now = datetime(2026, 6, 20, 8, tzinfo=UTC)
    case = DunningCase.objects.create(
        operator=operator,
        invoice=document,
        amount=50,
        currency="EUR",
        opened_at=now,
        grace_until=now,
        status="closed",
        closed_at=now.replace(hour=10),
    )
    assert balances(operator)[Account.LOSSES] == Decimal(30)
    assert Account.CUSTOMERS not in balances(operator)
    DunningCase.objects.filter(pk=case.pk).update(status="recovered")
    assert balances(operator)[Account.CUSTOMERS] == Decimal(30)


Rated = Callable[..., Any]


@pytest.fixture
def rated(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]) -> Rated:
    """18.64 kWh of 15 June: 10.25 € with and 8.40 € without VAT."""
    price()
    return lambda **facts: rating.rate(session_id=ended(**{"energy": Decimal(18_640), **facts}).pk)


def test_a_hosts_part_is_a_cost_of_the_month_in_which_it_was_written(
    rated: Rated, operator: Operator, station: ChargingStation, anna: User, clock: Any
) -> None:
    assert station.location is not None
    rated(driver=None)
    terms = {"host_name": "Hotel Mare", "host_email": "conti@mare.example", "percent": Decimal(10)}
    statements.agree(location=station.location, by=anna, valid_from=JUNE, **terms)
    clock.move_to(datetime(2026, 7, 3, 9, tzinfo=UTC))
    statements.issue(location=station.location, month=JUNE)
    assert Account.HOSTS not in balances(operator, JUNE)
    assert balances(operator, JULY) == {Account.HOSTS: Decimal("0.84"), Account.HOSTS_DUE: Decimal("-0.84")}


def test_journal_report_figures_and_documents_tell_the_same_vat(
    rated: Rated, operator: Operator, dario: Driver, anna: User
) -> None:
    """An invoice with one charge taken back to be billed anew, corrispettivi with one credited, and a bollo: four charges in all."""
    walk_in = [rated(driver=None) for _n in range(3)]
    later = rated()
    takings.record(operator=operator)
    rating.credit(cdr=walk_in[0], by=anna)
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    first = invoices.issue(cdrs=[rated(), later], by=anna)
    credit_notes.give(invoice=first, by=anna, lines={first.lines.first().pk: None}, reason="x")  # type: ignore[union-attr]
    fee(operator, dario, "100")
    takings.record(operator=operator)
    report = list(vat.rows(ask(operator)))
    booked = balances(operator)
    figures = closing.figures(closing.asked(operator, JUNE, months.Locks.of(operator), datetime.now(UTC)))
    documents = [*operator.invoices.all()]
    entries = TakingsEntry.objects.filter(operator=operator)
    vat_of_documents = sum(row.total_vat for row in documents) + sum(entry.vat for entry in entries)
    net_of_documents = sum(row.total_excl_vat for row in documents) + sum(entry.taxable for entry in entries)
    assert sum(row[7] or 0 for row in report) == -booked[Account.VAT] == Decimal(figures["vat"]) == vat_of_documents
    assert sum(row[6] or 0 for row in report) == -booked[Account.REVENUE] == Decimal(figures["net"]) == net_of_documents
    assert vat_of_documents == 4 * Decimal("1.85")
