"""Numbered documents: complete, in order, never twice, never changed."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from accounts.models import Driver, Operator, User
from billing.models import Invoice, InvoiceLine, NumberSequence
from billing.services.charges import rating
from billing.services.invoicing import closing, invoices, issuing
from cms.core.errors import Conflict, Forbidden, Invalid
from sessions_app.models import ChargingSession
from tests.billing.conftest import Charge
from tests.factories import DriverFactory

BELLINI = {
    "billing_name": "Bellini Impianti S.r.l.",
    "vat_number": "IT01234567897",
    "address": "Via Emilia Est 120",
    "postal_code": "41124",
    "city": "Modena",
    "province": "MO",
    "sdi_code": "M5UXCR1",
}


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(datetime(2026, 7, 1, 1, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def dario(dario: Driver) -> Driver:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    dario.refresh_from_db()
    return dario


def test_a_charge_on_request(charge: Charge, anna: User, operator: Operator) -> None:
    cdr = charge(energy=Decimal(18_640), parked_min=27)
    invoice = invoices.issue(cdrs=[cdr], by=anna)
    assert (invoice.number, invoice.issued_on, invoice.year, invoice.sequence) == ("1/2026", date(2026, 7, 1), 2026, 1)
    assert (invoice.total_excl_vat, invoice.total_vat, invoice.total_incl_vat) == (
        10,
        Decimal("2.20"),
        Decimal("12.20"),
    )
    assert json.loads(invoice.vat_summary) == [{"rate": "22", "taxable": "10.00", "vat": "2.20"}]
    lines = invoice.lines.order_by("position").values_list(
        "text", "quantity", "unit", "unit_price", "amount", "vat_rate"
    )
    assert list(lines) == [
        ("Energia", Decimal("18.64"), "kWh", Decimal("0.59"), Decimal("11.00"), 22),
        ("Sosta dopo la ricarica (dopo 15\u00a0min)", 12, "min", Decimal("0.1"), Decimal("1.20"), 22),
    ]
    assert json.loads(invoice.buyer)["vat_number"] == "IT01234567897"
    assert json.loads(invoice.seller)["legal_name"] == "Rete Adriatica S.r.l."


def test_the_driver_may_ask_for_an_own_invoice(charge: Charge, dario: Driver) -> None:
    assert invoices.issue(cdrs=[charge()], by=dario.user).number == "1/2026"


def test_asking_twice_gives_the_same_invoice(charge: Charge, anna: User) -> None:
    cdr = charge()
    assert invoices.issue(cdrs=[cdr], by=anna) == invoices.issue(cdrs=[cdr], by=anna)
    assert Invoice.objects.count() == 1


def test_numbers_follow_each_other_and_start_again_each_year(charge: Charge, anna: User) -> None:
    first, second, third = (charge() for _ in range(3))
    assert [invoices.issue(cdrs=[cdr], by=anna).number for cdr in (first, second)] == ["1/2026", "2/2026"]
    with time_machine.travel(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)):  # the new year has begun in Rome
        invoice = invoices.issue(cdrs=[third], by=anna)
    assert (invoice.number, invoice.issued_on) == ("1/2027", date(2027, 1, 1))


def test_dates_never_run_against_the_numbers(charge: Charge, anna: User) -> None:
    first, second = charge(), charge()
    invoices.issue(cdrs=[first], by=anna)
    with time_machine.travel(datetime(2026, 6, 28, tzinfo=UTC)):  # a clock that was set back
        assert invoices.issue(cdrs=[second], by=anna).issued_on == date(2026, 7, 1)


def test_each_series_counts_for_itself(charge: Charge, anna: User) -> None:
    first, second = charge(), charge()
    assert invoices.issue(cdrs=[first], by=anna).number == "1/2026"
    assert invoices.issue(cdrs=[second], series="PV", by=anna).number == "PV-1/2026"


def test_without_the_legal_entity_nothing_is_issued(charge: Charge, anna: User, operator: Operator) -> None:
    cdr = charge()
    Operator.objects.filter(pk=operator.pk).update(iban="")
    with pytest.raises(Conflict) as refused:
        invoices.issue(cdrs=[cdr], by=anna)
    assert refused.value.code == "legal_entity_missing"
    assert not Invoice.objects.exists()
    assert not NumberSequence.objects.exists()


def test_a_buyer_without_address_is_asked_for_it(charge: Charge, anna: User, dario: Driver) -> None:
    cdr = charge()
    Driver.objects.filter(pk=dario.pk).update(city="", vat_number="")
    with pytest.raises(Conflict) as refused:
        invoices.issue(cdrs=[cdr], by=anna)
    assert (refused.value.code, refused.value.facts["missing"]) == ("billing_data_missing", ["city", "vat_number"])


def test_a_held_charge_is_not_invoiced(charge: Charge, anna: User) -> None:
    cdr = charge(estimated=True, review="missing_stop")
    with pytest.raises(Conflict) as refused:
        invoices.issue(cdrs=[cdr], by=anna)
    assert refused.value.code == "cdr_held"
    ChargingSession.objects.update(review="")
    assert invoices.issue(cdrs=[cdr], by=anna).number == "1/2026"


def test_a_charge_stands_on_one_invoice_only(charge: Charge, anna: User) -> None:
    first, second = charge(), charge()
    invoices.issue(cdrs=[first], by=anna)
    with pytest.raises(Conflict) as refused:
        invoices.issue(cdrs=[first, second], by=anna)
    assert refused.value.code == "cdr_invoiced"
    assert NumberSequence.objects.get().last == 1


def test_a_credited_charge_is_not_invoiced(charge: Charge, anna: User) -> None:
    cdr = charge()
    rating.credit(cdr=cdr, by=anna)
    with pytest.raises(Conflict) as refused:
        invoices.issue(cdrs=[cdr], by=anna)
    assert refused.value.code == "cdr_credited"


def test_charges_of_two_drivers_do_not_go_together(charge: Charge, anna: User, operator: Operator) -> None:
    other = DriverFactory(operator=operator, **BELLINI)
    with pytest.raises(Invalid):
        invoices.issue(cdrs=[charge(), charge(driver=other)], by=anna)


def test_nothing_makes_no_invoice(anna: User) -> None:
    with pytest.raises(Invalid):
        invoices.issue(cdrs=[], by=anna)


def test_support_and_strangers_cannot_issue(charge: Charge, tom: User, carla: User) -> None:
    cdr = charge()
    for person in (tom, carla):
        with pytest.raises(Forbidden):
            invoices.issue(cdrs=[cdr], by=person)
    assert not Invoice.objects.exists()


def test_an_issued_invoice_never_changes(charge: Charge, anna: User, operator: Operator) -> None:
    invoice = invoices.issue(cdrs=[charge()], by=anna)
    invoice.total_incl_vat = Decimal(0)
    with pytest.raises(TypeError):
        invoice.save()
    with pytest.raises(TypeError):
        InvoiceLine.objects.get(invoice=invoice).save()
    for spoil in (
        lambda: Invoice.objects.update(total_incl_vat=Decimal(0)),
        lambda: InvoiceLine.objects.all().delete(),
        lambda: Invoice.objects.get().delete(),
        lambda: InvoiceLine.objects.get().delete(),
    ):
        with pytest.raises(TypeError):
            spoil()
    assert Invoice.objects.get().total_incl_vat == Decimal("11.80")
    assert InvoiceLine.objects.count() == 1
    Operator.objects.filter(pk=operator.pk).update(legal_name="Someone else")
    assert json.loads(Invoice.objects.get().seller)["legal_name"] == "Rete Adriatica S.r.l."


def test_a_credit_note_takes_everything_back_once(charge: Charge, anna: User) -> None:
    cdr = charge(energy=Decimal(18_640), parked_min=27)
    invoice = invoices.issue(cdrs=[cdr], by=anna)
    note = invoices.credit_note(invoice=invoice, by=anna)
    assert (note.number, note.kind, note.credits) == ("2/2026", "credit_note", invoice)
    assert (note.total_excl_vat, note.total_vat, note.total_incl_vat) == (-10, Decimal("-2.20"), Decimal("-12.20"))
    assert [line.amount for line in note.lines.order_by("position")] == [-11, Decimal("-1.20")]
    with pytest.raises(Conflict) as refused:
        invoices.credit_note(invoice=invoice, by=anna)
    assert refused.value.code == "invoice_credited"
    with pytest.raises(Invalid):
        invoices.credit_note(invoice=note, by=anna)
    assert invoices.issue(cdrs=[cdr], by=anna).number == "3/2026"


def test_many_charges_on_one_invoice_add_up_to_what_was_paid(charge: Charge, anna: User) -> None:
    cdrs = [charge(energy=Decimal(wh)) for wh in (18_643, 7_777, 31_111)]
    invoice = invoices.issue(cdrs=cdrs, by=anna)
    assert invoice.total_incl_vat == sum(cdr.total_incl_vat for cdr in cdrs) == Decimal("33.95")
    assert invoice.total_excl_vat == Decimal("27.83")  # 33.95 / 1.22, once for the rate


# ---- the monthly run -----------------------------------------------------------------------------------------------


def in_june(day: int) -> datetime:
    return datetime(2026, 6, day, 8, tzinfo=UTC)


def test_the_monthly_run_bundles_what_ended_last_month(charge: Charge, operator: Operator) -> None:
    june = [charge(started_at=in_june(day)) for day in (3, 20)]
    charge(started_at=datetime(2026, 6, 30, 21, 30, tzinfo=UTC))  # ends on the 1st of July in Rome
    assert closing.monthly(operator=operator) == 1
    invoice = Invoice.objects.get()
    assert [claim.cdr for claim in invoice.claims.order_by("cdr")] == june
    assert closing.monthly(operator=operator) == 0
    with time_machine.travel(datetime(2026, 8, 1, 1, tzinfo=UTC)):
        assert closing.monthly(operator=operator) == 1


def test_the_monthly_run_leaves_private_people_and_held_charges_alone(charge: Charge, operator: Operator) -> None:
    private = DriverFactory(operator=operator, **BELLINI | {"vat_number": "", "fiscal_code": "BLLMRC80A01F257K"})
    charge(started_at=in_june(3), driver=private)
    charge(started_at=in_june(4), review="register_mismatch")
    assert closing.monthly(operator=operator) == 0


def test_the_monthly_run_goes_on_after_incomplete_data(charge: Charge, operator: Operator, dario: Driver) -> None:
    incomplete = DriverFactory(operator=operator, vat_number="IT00000000000")
    charge(started_at=in_june(2), driver=incomplete)
    charge(started_at=in_june(3))
    assert closing.monthly(operator=operator) == 1
    assert Invoice.objects.get().driver == dario


def test_the_monthly_run_waits_for_the_legal_entity(charge: Charge, operator: Operator) -> None:
    charge(started_at=in_june(3))
    operator.vat_number = ""
    assert closing.monthly(operator=operator) == 0


def test_what_does_not_fit_into_one_e_invoice_becomes_two(
    charge: Charge, operator: Operator, dario: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "MOST_LINES", 5)
    for _ in range(3):
        charge(parked_min=27)  # two lines each
    assert closing.monthly(operator=operator) == 2
    assert [document.lines.count() for document in Invoice.objects.order_by("pk")] == [4, 2]
    with pytest.raises(Conflict) as refused:
        invoices.issue(cdrs=[charge(parked_min=27) for _ in range(3)], by=None)
    assert refused.value.code == "too_many_lines"
    assert Invoice.objects.count() == 2
