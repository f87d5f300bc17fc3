"""The money first, where the operator wants that; and no charge costs more than is held for it."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from accounts.models import Driver, Operator
from billing import tasks
from billing.models import BillingPolicy, Payment, PaymentMethod, TariffVersion
from billing.payments import foresight
from billing.services.cards import holds, session_holds
from billing.services.charges import rating
from billing.services.debts import settling
from cms.core.errors import Conflict, Invalid
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Command
from tests.billing.till import Till
from tests.factories.billing import CDRFactory

TEN = Decimal("10.00")
Running = Callable[..., ChargingSession]


@pytest.fixture
def policy(operator: Operator) -> BillingPolicy:
    return BillingPolicy.objects.create(operator=operator, payment_to_start="card", hold_amount=TEN)


@pytest.fixture
def running(
    price: Callable[..., TariffVersion], ended: Running, station: ChargingStation, operator: Operator
) -> Running:
    """A charge of Dario's that runs, half an hour old, at 0.55 €/kWh and 11 kW."""
    price()
    ChargingStation.objects.filter(pk=station.pk).update(online=True, ocpp_version="1.6")
    station.refresh_from_db()

    def make(**facts: Any) -> ChargingSession:
        now = timezone.now()
        begun = now - timedelta(minutes=30)
        whole = {
            "status": "active",
            "stopped_at": None,
            "started_at": begun,
            "started_received_at": now - timedelta(minutes=5),
            "last_reading_at": now,
            "authorization": "Accepted",
            "power_w": 11_000,
            "energy": Decimal(5_000),
        }
        return ended(**{**whole, **facts})

    return make


def stops_asked() -> int:
    return Command.objects.filter(action__in=("RemoteStopTransaction", "RequestStopTransaction")).count()


# ---- at the start ------------------------------------------------------------------------------------------------------


def test_a_card_at_the_charger_is_held_off_session(running: Running, policy: BillingPolicy, till: Till) -> None:
    session = running()
    assert session_holds.due() == [session.pk]
    (payment,) = session_holds.place(session_ids=[session.pk])
    assert (payment.status, payment.amount, payment.session, payment.later) == ("authorized", TEN, session, True)
    assert (session_holds.due(), session_holds.place(session_ids=[session.pk])) == ([], [])
    assert len(till.asked) == 1


def test_where_nothing_is_wanted_nothing_is_held(running: Running, policy: BillingPolicy, till: Till) -> None:
    BillingPolicy.objects.update(payment_to_start="none")
    session = running()
    assert (session_holds.due(), session_holds.place(session_ids=[session.pk])) == ([], [])
    assert not Payment.objects.exists()


def test_a_refused_card_stops_the_charge_and_the_driver_is_told(
    running: Running, policy: BillingPolicy, till: Till
) -> None:
    till.declines = "insufficient_funds"
    session = running()
    tasks.payments.hold_for_sessions([session.pk])
    payment = Payment.objects.get()
    assert (payment.status, payment.error_code, stops_asked()) == ("failed", "insufficient_funds", 1)
    tasks.payments.watch_holds()
    assert stops_asked() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=4)):
        tasks.payments.watch_holds()
    assert stops_asked() == 2  # the station has not stopped yet
    for _ in range(2):
        tasks.payments.tell_payers()
    (letter,) = mail.outbox
    assert letter.to == ["dario@driver.example"]
    assert "not enough money" in letter.body or "non" in letter.body


def test_without_a_card_the_charge_is_stopped(running: Running, policy: BillingPolicy, till: Till) -> None:
    session = running()
    PaymentMethod.objects.update(status="removed", is_default=False)
    session_holds.place(session_ids=[session.pk])
    payment = Payment.objects.get()
    assert (payment.status, payment.error_code, payment.error) == (
        "failed",
        "no_method",
        "No card is saved. Add one.",
    )
    assert (stops_asked(), till.asked) == (1, [])


# ---- while it runs -----------------------------------------------------------------------------------------------------


def held(session: ChargingSession, amount: Decimal = TEN) -> Payment:
    return holds.place(
        operator=session.operator,
        amount=amount,
        currency="EUR",
        key=f"test-{session.pk}",
        purpose="charge",
        method=PaymentMethod.objects.get(),
        driver=session.driver,
        session=session,
    )


@pytest.mark.parametrize(("wh", "stops"), [(5_000, 0), (16_000, 0), (17_600, 1), (20_000, 1)])
def test_a_charge_is_stopped_before_it_costs_more_than_is_held(
    running: Running, till: Till, wh: int, stops: int
) -> None:
    """10.00 held; 16 kWh are 8.80 and two more minutes at 11 kW 0.20, or 0.59 by the clock; 17.6 kWh are 9.68."""
    till.can_increment = False
    session = running(energy=Decimal(wh))
    payment = held(session)
    assert session_holds.watch() == stops
    assert stops_asked() == stops
    assert session_holds.watch() == 0  # asked already
    payment.refresh_from_db()
    assert (payment.stop_asked_at is not None) == bool(stops)


def test_a_hold_is_raised_where_the_provider_can(running: Running, till: Till, policy: BillingPolicy) -> None:
    session = running(energy=Decimal(19_000))
    payment = held(session)
    assert session_holds.watch() == 1
    payment.refresh_from_db()
    assert (payment.amount, stops_asked()) == (Decimal("20.00"), 0)
    ChargingSession.objects.update(energy=Decimal(60_000))
    assert [session_holds.watch() for _ in range(2)] == [1, 1]  # to three times, then it is stopped
    payment.refresh_from_db()
    assert (payment.amount, stops_asked()) == (Decimal("30.00"), 1)


def test_a_hold_that_runs_out_stops_the_charge(running: Running, till: Till) -> None:
    payment = held(running())
    Payment.objects.filter(pk=payment.pk).update(expires_at=timezone.now() + timedelta(minutes=30))
    assert session_holds.watch() == 1
    assert stops_asked() == 1


@pytest.mark.any_database
def test_what_may_still_come() -> None:
    facts: dict[str, Any] = {"within": timedelta(minutes=2), "lasted": timedelta(hours=1)}
    ahead = foresight.ahead(cost=Decimal(11), energy_wh=Decimal(20_000), power_w=150_000, **facts)
    assert ahead == Decimal("2.75")  # 5 kWh at 0.55
    assert foresight.ahead(cost=Decimal(6), energy_wh=Decimal(0), power_w=0, **facts) == Decimal("0.2")
    assert foresight.ahead(cost=Decimal(0), energy_wh=Decimal(0), power_w=0, **facts) == 0


# ---- when it has ended -------------------------------------------------------------------------------------------------


def ended_with_hold(rated: Callable[..., Any], amount: Decimal, **facts: Any) -> tuple[Any, Payment]:
    cdr = rated(**facts)
    return cdr, held(cdr.session, amount)


def test_what_it_cost_is_captured_and_the_rest_let_go(rated: Callable[..., Any], till: Till) -> None:
    cdr, payment = ended_with_hold(rated, Decimal(40))
    assert settling.settle(cdr_id=cdr.pk) == payment
    payment.refresh_from_db()
    assert (payment.status, payment.captured, payment.cdr) == ("captured", Decimal("11.00"), cdr)
    assert (till.balance, settling.open_amount(cdr)) == (Decimal("11.00"), 0)
    settling.settle(cdr_id=cdr.pk)
    assert till.balance == Decimal("11.00")


def test_what_is_above_the_hold_is_charged(rated: Callable[..., Any], till: Till) -> None:
    cdr, _payment = ended_with_hold(rated, TEN)
    settling.settle(cdr_id=cdr.pk)
    assert sorted(Payment.objects.values_list("captured", flat=True)) == [Decimal(1), TEN]
    assert (till.balance, settling.open_amount(cdr)) == (Decimal("11.00"), 0)


def test_above_the_hold_without_a_card_it_stays_open(rated: Callable[..., Any], till: Till) -> None:
    cdr, _payment = ended_with_hold(rated, TEN)
    PaymentMethod.objects.update(is_default=False)
    settling.settle(cdr_id=cdr.pk)
    assert (till.balance, settling.open_amount(cdr)) == (TEN, Decimal(1))
    PaymentMethod.objects.update(is_default=True)
    assert settling.of_driver(cdr.driver_id) == [cdr.pk]
    settling.settle(cdr_id=cdr.pk)
    assert (till.balance, settling.of_driver(cdr.driver_id)) == (Decimal(11), [])


def test_a_free_charge_lets_the_hold_go(rated: Callable[..., Any], till: Till) -> None:
    cdr, payment = ended_with_hold(rated, TEN, energy=Decimal(0))
    assert settling.due() == [cdr.pk]
    settling.settle(cdr_id=cdr.pk)
    payment.refresh_from_db()
    assert (payment.status, till.balance, settling.due()) == ("released", 0, [])


def test_a_company_pays_later_and_the_hold_is_let_go(dario: Driver, card: PaymentMethod, till: Till) -> None:
    from accounts.models import Company

    company = Company.objects.create(operator=dario.operator, name="Bellini")
    cdr = CDRFactory(driver=dario, company=company)
    payment = held(cdr.session)
    assert settling.settle(cdr_id=cdr.pk) is None
    payment.refresh_from_db()
    assert (payment.status, Payment.objects.count()) == ("released", 1)


def test_a_charge_priced_dearer_after_its_hold_was_captured(rated: Callable[..., Any], till: Till) -> None:
    """Nobody with a hold alone can be asked again: what was paid stays, and only the rest is open."""
    cdr, _payment = ended_with_hold(rated, Decimal(40))
    settling.settle(cdr_id=cdr.pk)
    PaymentMethod.objects.update(is_default=False)
    ChargingSession.objects.update(energy=Decimal(22_000))
    again = rating.rate(session_id=cdr.session_id)
    for pk in settling.due():
        settling.settle(cdr_id=pk)
    assert again is not None
    assert (till.balance, settling.open_amount(again)) == (Decimal("11.00"), Decimal("1.10"))


def test_a_hold_is_captured_once_and_never_above_itself(rated: Callable[..., Any], till: Till) -> None:
    cdr, payment = ended_with_hold(rated, TEN)
    with pytest.raises(Invalid):
        holds.capture(payment=payment, amount=Decimal("10.01"), cdr=cdr)
    for _ in range(2):
        holds.capture(payment=payment, amount=Decimal(4), cdr=cdr)
    with pytest.raises(Conflict):
        holds.release(payment=payment)
    assert till.balance == Decimal(4)
