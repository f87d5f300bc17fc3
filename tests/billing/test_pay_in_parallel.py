"""Eight workers at once for the same charge and the same refund, on the database that the suite runs on: money moves once."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from threading import Barrier
from unittest.mock import Mock, patch

import pytest
from django.db import connection, connections
from django.utils import timezone

from billing.models import (
    CDR,
    CashEntry,
    FakeProviderRecord,
    MonthCloseEvent,
    Payment,
    PaymentStep,
    Refund,
    WebhookEvent,
)
from billing.payments import gateway
from billing.payments.gateway import Event
from billing.selectors import months
from billing.services.cards import holds, refunds, webhooks
from billing.services.debts import settling
from billing.services.month_end import cash, close
from cms.core.errors import DomainError
from tests.conftest import member
from tests.factories import DriverFactory, StationFactory
from tests.factories.billing import CDRFactory, EndedSessionFactory, PaymentMethodFactory

WORKERS = 8


@pytest.fixture
def shared(transactional_db: None, tmp_path: Path) -> Iterator[Callable[[], None]]:
    """Makes threads see one real database (see test_number_gaplessly)."""
    settings = connections.settings["default"]
    name = settings["NAME"]

    def share() -> None:
        if connection.vendor != "sqlite":
            return
        file = tmp_path / "shared.sqlite3"
        with sqlite3.connect(file) as copy:
            connection.connection.backup(copy)
        settings["NAME"] = str(file)

    yield share
    settings["NAME"] = name


def at_once(do: Callable[[], object]) -> None:
    """In threads of their own; what one is refused because another is at it is fine."""
    together = Barrier(WORKERS)

    def one(_: int) -> None:
        try:
            together.wait()
            do()
        except DomainError:
            pass
        finally:
            connections["default"].close()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(WORKERS)))


def test_eight_workers_charge_once_capture_once_hear_once_and_give_back_once(shared: Callable[[], None]) -> None:
    driver = DriverFactory()
    card = PaymentMethodFactory(driver=driver)
    session = EndedSessionFactory(station=StationFactory(operator=driver.operator), driver=driver)
    cdr: CDR = CDRFactory(driver=driver, session=session)
    facts = {"operator": driver.operator, "driver": driver, "method": card, "session": session}
    hold = holds.place(amount=Decimal(10), currency="EUR", key="hold", purpose="charge", **facts)
    shared()

    def seen() -> list[Payment]:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(
                lambda: (list(Payment.objects.order_by("pk")), connections["default"].close())[0]
            ).result()

    at_once(lambda: settling.settle(cdr_id=cdr.pk))
    at_once(lambda: settling.settle(cdr_id=cdr.pk))
    assert [(row.status, row.captured) for row in seen()] == [("captured", Decimal(10)), ("captured", Decimal("2.20"))]
    event = Event("evt_1", "charge.refunded", "pi_1", timezone.now(), {})
    with patch.object(gateway, "of", return_value=Mock(parse_event=Mock(return_value=event))):
        at_once(lambda: webhooks.receive(name="stripe", body=b'{"data":{"object":{}}}', signature=""))
    at_once(lambda: refunds.give(payment=hold, amount=Decimal(6), reason="twice", by=None, key="back"))
    at_once(lambda: refunds.give(payment=hold, amount=Decimal(3), reason="each", by=None, key=""))

    def counted() -> tuple[int, int, int, int, Decimal]:
        kinds = FakeProviderRecord.objects.filter(kind="intent").count()
        pending = PaymentStep.objects.filter(status="pending").count()
        back = Refund.objects.filter(status="done").count()
        refunded = Payment.objects.get(pk=hold.pk).refunded
        events = WebhookEvent.objects.count()
        connections["default"].close()
        return kinds, pending, events, back, refunded

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(counted).result() == (2, 0, 1, 2, Decimal(9))  # 6, then one of the threes: 1 is left


def test_a_month_is_closed_once_and_money_is_booked_once_whoever_does_it(shared: Callable[[], None]) -> None:
    station = StationFactory()
    operator = station.operator
    owner = member(operator, "eva@rete.example", "owner")
    state = {"status": "captured", "captured": Decimal(9), "refunded": Decimal(2), "currency": "EUR", "gateway": "fake"}
    Payment.objects.create(operator=operator, amount=Decimal(9), idempotency_key="p", **state)
    month = months.after(months.this(operator), -1)
    shared()

    def do() -> None:
        cash.book(operator=operator)
        close.close(operator=operator, month=month, by=owner)

    at_once(do)

    def seen() -> tuple[int, list[tuple[str, Decimal]]]:
        closed = MonthCloseEvent.objects.filter(kind="closed").count()
        booked = sorted(CashEntry.objects.values_list("kind", "amount"))
        connections["default"].close()
        return closed, booked

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(seen).result() == (1, [("came", Decimal(9)), ("went", Decimal(2))])
