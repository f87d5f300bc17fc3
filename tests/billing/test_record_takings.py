"""Corrispettivi: every charge without an invoice, once, in a chain that shows what was changed afterwards."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import Company, Driver, Operator, User
from billing.models import CDR, Export, Payment, SessionPrice, TakingsChain, TakingsEntry, TariffVersion
from billing.selectors import takings as selectors
from billing.selectors.takings import FiscalDocument
from billing.services.charges import rating
from billing.services.invoicing import invoices, takings
from sessions_app.models import ChargingSession
from tests.factories import DriverFactory
from tests.factories.billing import element

pytestmark = pytest.mark.any_database

Charge = Callable[..., CDR]
D = Decimal
JUNE_15 = date(2026, 6, 15)
ROSSI = {
    "billing_name": "Mario Rossi",
    "fiscal_code": "RSSMRA80A01F205X",
    "address": "Via Po 3",
    "postal_code": "40128",
}


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(datetime(2026, 6, 16, 10, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def charge(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], told: dict) -> Charge:
    price(elements=[element("ENERGY", "0.61")])

    def make(**facts: Any) -> CDR:
        cdr = rating.rate(session_id=ended(**facts).pk)
        assert cdr is not None
        return cdr

    return make


def entries(operator: Operator) -> list[tuple[int, str, Decimal]]:
    return list(
        TakingsEntry.objects.filter(operator=operator).order_by("number").values_list("number", "reason", "total")
    )


def test_a_day_that_is_over_is_written_down_once(charge: Charge, operator: Operator) -> None:
    cdr = charge(energy=D(20_000))
    charge(started_at=datetime(2026, 6, 15, 21, 30, tzinfo=UTC))  # ends on the 16th in Rome: that day is not over
    assert takings.record(operator=operator) == 1
    assert takings.record(operator=operator) == 0
    entry = TakingsEntry.objects.get()
    assert (entry.day, entry.evse, entry.energy, entry.currency) == (JUNE_15, "IT*ADR*E0042*1", 20_000, "EUR")
    assert (entry.taxable, entry.vat, entry.total) == (10, D("2.20"), D("12.20"))
    assert (entry.cdr, entry.started_at, entry.stopped_at) == (cdr, cdr.started_at, cdr.stopped_at)
    with time_machine.travel(datetime(2026, 6, 16, 22, 5, tzinfo=UTC)):
        assert takings.record(operator=operator) == 1


def test_it_says_how_it_was_paid_and_not_by_whom(charge: Charge, operator: Operator, dario: Driver) -> None:
    cdr = charge()
    for gateway, amount in (("fake", "10"), ("wallet", "2.20")):
        Payment.objects.create(
            operator=operator, driver=dario, cdr=cdr, amount=D(amount), captured=D(amount), currency="EUR", gateway=gateway,
            gateway_id="pi_1", idempotency_key=gateway, status="captured",
        )  # fmt: skip
    takings.record(operator=operator)
    entry = TakingsEntry.objects.get()
    assert json.loads(entry.paid) == {"electronic": "12.20", "means": ["card", "wallet"]}
    assert not {"driver", "token", "buyer", "company"} & {field.name for field in TakingsEntry._meta.get_fields()}


def test_each_charge_has_one_document(charge: Charge, operator: Operator) -> None:
    private, business, fleet = charge(), charge(), charge()
    other = DriverFactory(operator=operator, vat_number="IT01533030480")
    CDR.objects.filter(pk=business.pk).update(driver=other)
    CDR.objects.filter(pk=fleet.pk).update(company=Company.objects.create(operator=operator, name="Flotta"))
    roaming, nobody = charge(), charge(driver=None)
    partner = json.dumps({"partner": "NL*TNM"}, separators=(",", ":"))
    SessionPrice.objects.update_or_create(
        session_id=roaming.session_id, defaults={"at": roaming.started_at, "who": partner, "place": "{}"}
    )
    documents = [
        selectors.fiscal_document(CDR.objects.get(pk=cdr.pk)) for cdr in (private, business, fleet, roaming, nobody)
    ]
    assert documents == [
        FiscalDocument.CORRISPETTIVO,
        FiscalDocument.INVOICE,
        FiscalDocument.INVOICE,
        FiscalDocument.ROAMING,
        FiscalDocument.CORRISPETTIVO,
    ]
    takings.record(operator=operator)
    assert {entry.cdr for entry in TakingsEntry.objects.all()} == {private, nobody}


def test_the_duty_begins_with_2026(charge: Charge, operator: Operator) -> None:
    charge(started_at=datetime(2025, 12, 31, 21, 30, tzinfo=UTC))
    charge(started_at=datetime(2025, 12, 31, 22, 30, tzinfo=UTC))  # ends in the new year
    with time_machine.travel(datetime(2026, 1, 2, 10, tzinfo=UTC)):
        assert takings.record(operator=operator) == 1
    assert TakingsEntry.objects.get().day == date(2026, 1, 1)


def test_what_is_held_or_costs_nothing_waits(charge: Charge, operator: Operator) -> None:
    charge(energy=D(0))
    held = charge(estimated=True, review="missing_stop")
    assert takings.record(operator=operator) == 0
    ChargingSession.objects.filter(pk=held.session_id).update(review="")
    assert takings.record(operator=operator) == 1


def test_an_invoice_afterwards_takes_it_out(charge: Charge, operator: Operator, dario: Driver, anna: User) -> None:
    Driver.objects.filter(pk=dario.pk).update(**ROSSI, city="Bologna")
    cdr = charge(energy=D(20_000))
    takings.record(operator=operator)
    invoice = invoices.issue(cdrs=[cdr], by=dario.user)
    assert takings.record(operator=operator) == 1
    first, back = TakingsEntry.objects.order_by("number")
    assert (back.reason, back.reverses, back.day, back.total, back.energy) == (
        "invoiced",
        first,
        JUNE_15,
        D("-12.20"),
        -20_000,
    )
    assert takings.record(operator=operator) == 0
    invoices.credit_note(invoice=invoice, by=anna)  # the charge is nobody's invoice any more
    assert takings.record(operator=operator) == 1
    assert entries(operator) == [(1, "charge", D("12.20")), (2, "invoiced", D("-12.20")), (3, "charge", D("12.20"))]
    assert selectors.verify(operator) == selectors.Verdict(3)


def test_a_credit_takes_it_out_for_good(charge: Charge, operator: Operator, anna: User) -> None:
    cdr = charge()
    takings.record(operator=operator)
    rating.credit(cdr=cdr, by=anna)
    assert takings.record(operator=operator) == 1
    assert [reason for _, reason, _ in entries(operator)] == ["charge", "credited"]
    assert takings.record(operator=operator) == 0


def test_days_and_points_add_up_and_name_the_gaps(charge: Charge, operator: Operator) -> None:
    charge(energy=D(20_000))
    charge(energy=D(10_000))
    takings.record(operator=operator)
    charge(energy=D(1_000))  # heard late
    [day] = selectors.days(operator, JUNE_15, JUNE_15 + timedelta(days=1))
    assert (day.key, day.charges, day.points, day.gaps) == (JUNE_15, 2, 1, 1)
    assert (day.energy_kwh, day.taxable, day.vat, day.total) == (30, 15, D("3.30"), D("18.30"))
    [point] = selectors.points(operator, JUNE_15)
    assert (point.key, point.charges, point.total) == ("IT*ADR*E0042*1", 2, D("18.30"))


@pytest.mark.parametrize(
    "change", [{"total": D(1)}, {"evse": "IT*ADR*E0001*1"}, {"paid": '{"electronic":"0"}'}, {"day": date(2026, 6, 14)}]
)
def test_a_changed_entry_breaks_the_chain_there(charge: Charge, operator: Operator, change: dict[str, Any]) -> None:
    for _ in range(3):
        charge()
    takings.record(operator=operator)
    assert selectors.verify(operator) == selectors.Verdict(3)
    TakingsEntry._base_manager.filter(number=2).update(**change)
    assert selectors.verify(operator).broken == 2


def test_missing_entries_are_noticed(charge: Charge, operator: Operator) -> None:
    for _ in range(3):
        charge()
    takings.record(operator=operator)
    TakingsEntry._base_manager.filter(number=3).delete()
    assert selectors.verify(operator).broken == 3
    TakingsEntry._base_manager.filter(number=1).delete()
    assert selectors.verify(operator).broken == 1


def test_entries_are_never_rewritten(charge: Charge, operator: Operator) -> None:
    charge()
    takings.record(operator=operator)
    with pytest.raises(TypeError):
        TakingsEntry.objects.get().save()


def test_sellers_abroad_have_none(charge: Charge, operator: Operator) -> None:
    charge()
    operator.country_code = "DE"
    assert takings.record(operator=operator) == 0
    assert not TakingsChain.objects.exists()


@pytest.mark.parametrize(
    ("ended_at", "day"),
    [
        (datetime(2026, 6, 14, 21, 59, tzinfo=UTC), date(2026, 6, 14)),
        (datetime(2026, 6, 14, 22, 0, tzinfo=UTC), date(2026, 6, 15)),  # midnight in Rome, in summer
        (datetime(2026, 2, 14, 22, 59, tzinfo=UTC), date(2026, 2, 14)),
        (datetime(2026, 2, 14, 23, 0, tzinfo=UTC), date(2026, 2, 15)),  # and in winter
    ],
)
def test_a_day_ends_at_the_midnight_of_rome(charge: Charge, operator: Operator, ended_at: datetime, day: date) -> None:
    charge(started_at=ended_at - timedelta(minutes=60))
    takings.record(operator=operator)
    assert TakingsEntry.objects.get().day == day


def test_what_comes_after_a_month_was_handed_on_is_told(charge: Charge, operator: Operator, dario: Driver) -> None:
    Driver.objects.filter(pk=dario.pk).update(**ROSSI, city="Bologna")
    cdrs = [charge(), charge()]
    takings.record(operator=operator)
    june = date(2026, 6, 1)
    with time_machine.travel(datetime(2026, 6, 20, tzinfo=UTC), tick=False):
        made = Export.objects.create(
            operator=operator, kind="corrispettivi", params='{"month": "2026-06"}', state="done"
        )
        assert selectors.late(operator, june) is None  # the month was not over
    with time_machine.travel(datetime(2026, 7, 2, tzinfo=UTC), tick=False):
        made = Export.objects.create(
            operator=operator, kind="corrispettivi", params='{"month": "2026-06"}', state="done"
        )
        assert selectors.late(operator, june) is None
    with time_machine.travel(datetime(2026, 7, 20, tzinfo=UTC), tick=False):
        invoices.issue(cdrs=cdrs[:1], by=dario.user)
        takings.record(operator=operator)
        assert selectors.late(operator, june) == selectors.Late(1, 3, made.created_at)
        assert selectors.late(operator, date(2026, 7, 1)) is None
