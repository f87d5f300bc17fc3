"""A company pays its invoice by bank transfer: reminded when it is late, left in peace once an accountant has seen the money."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from accounts.models import Company, CompanyMember, Driver, Operator, User
from billing.models import DunningCase, Invoice, Payment, PaymentMethod
from billing.selectors import invoices as selectors
from billing.services.cards import refunds
from billing.services.debts import claims, credit_check, ladder, transfers
from billing.tasks import subscriptions as tasks
from cms.core.errors import Conflict, Forbidden, Invalid
from tests.billing.test_export_lists import lines

pytestmark = pytest.mark.django_db

DUE = date(2026, 7, 1)
TOTAL = Decimal("122.00")


def at(days: int, hours: int = 6) -> time_machine.travel:
    return time_machine.travel(datetime(2026, 7, 1, hours, tzinfo=UTC) + timedelta(days=days), tick=False)


def document(company: Company, number: int = 1, **facts: Any) -> Invoice:
    defaults: dict[str, Any] = {
        "operator": company.operator, "company": company, "year": 2026, "sequence": number, "number": f"{number}/2026",
        "issued_on": date(2026, 6, 1), "due_on": DUE, "currency": "EUR", "seller": "{}", "buyer": "{}", "vat_summary": "[]",
        "total_excl_vat": Decimal(100), "total_vat": Decimal(22), "total_incl_vat": TOTAL,
    }  # fmt: skip
    return Invoice.objects.create(**defaults | facts)


@pytest.fixture
def company(operator: Operator, dario: Driver) -> Company:
    """Dario looks after it and charges on it."""
    bellini = Company.objects.create(operator=operator, name="Bellini Impianti")
    joined = datetime(2026, 1, 1, tzinfo=UTC)
    CompanyMember.objects.create(company=bellini, driver=dario, administrator=True, joined_at=joined)
    User.objects.filter(pk=dario.user_id).update(language="en")
    return bellini


@pytest.fixture
def invoice(company: Company) -> Invoice:
    return document(company)


def sweep(*days: int) -> None:
    for day in days:
        with at(day):
            tasks.climb_ladders()
            tasks.climb_ladders()


def receive(invoice: Invoice, amount: str, by: User, *, day: int = 10, key: str = "form") -> Payment:
    with at(day, 9):
        on = date(2026, 7, 1)
        return transfers.receive(invoice=invoice, amount=Decimal(amount), on=on, reference="CRO 0815", by=by, key=key)


def kinds() -> list[str]:
    return list(DunningCase.objects.get().steps.order_by("pk").values_list("kind", flat=True))


def refused(dario: Driver) -> bool:
    return dario.pk in credit_check.refusals([dario.pk])


def test_it_is_reminded_as_the_ladder_says_and_goes_on_charging(invoice: Invoice, dario: Driver) -> None:
    sweep(-1, 0)
    assert not DunningCase.objects.exists(), "on the day that it is due it is not late"
    sweep(1, 2, 4, 8, 15, 40)
    assert kinds() == ["opened", "reminded", "reminded", "reminded", "reminded", "exhausted"]
    assert not refused(dario)
    assert not Payment.objects.exists()


def test_only_an_operator_who_wants_that_stops_the_drivers_of_a_company(
    invoice: Invoice, dario: Driver, operator: Operator, anna: User
) -> None:
    ladder.decide(operator=operator, ladder="1", grace_days=5, end_after=True, stop_companies=True, by=anna)
    sweep(1, 5)
    assert not refused(dario)
    sweep(6)
    assert credit_check.refusals([dario.pk])[dario.pk].code == "payment_overdue"
    ladder.decide(operator=operator, ladder="1", grace_days=5, end_after=True, by=anna)
    assert not refused(dario)


def test_its_administrators_read_what_is_open_and_where_to_pay(
    invoice: Invoice, operator: Operator, dario: Driver, anna: User
) -> None:
    Operator.objects.filter(pk=operator.pk).update(iban="IT60X0542811101000000123456")
    sweep(1)
    part = receive(invoice, "22.00", anna, day=1)
    with at(1, 9):
        tasks.watch_payments([part.pk])
        tasks.mail_plan_news()
        tasks.mail_plan_news()
    (letter,) = mail.outbox
    assert (letter.subject, letter.to) == ("Invoice 1/2026 is overdue: €100.00", [dario.user.email])
    assert "Please pay to IT60X0542811101000000123456 and name 1/2026." in letter.body


def test_money_in_parts_ends_it_when_all_of_it_has_come(invoice: Invoice, anna: User, dario: Driver) -> None:
    sweep(1)
    receive(invoice, "100.00", anna, key="a")
    receive(invoice, "100.00", anna, key="a")
    sweep(2)
    assert (DunningCase.objects.get().amount, claims.of_invoice(invoice)) == (Decimal("22.00"), Decimal("22.00"))
    assert selectors.payment_state(invoice) == "open"
    with pytest.raises(Invalid):
        receive(invoice, "22.01", anna, key="b")
    receive(invoice, "22.00", anna, key="c")
    tasks.watch_payments(list(Payment.objects.values_list("pk", flat=True)))
    assert (DunningCase.objects.get().status, selectors.payment_state(invoice)) == ("recovered", "paid")
    assert kinds()[-1] == "recovered"
    with pytest.raises(Conflict):
        receive(invoice, "1.00", anna, key="d")
    assert Payment.objects.count() == 2


def test_an_entry_that_was_wrong_is_taken_back_and_the_reminders_go_on(invoice: Invoice, anna: User) -> None:
    sweep(1)
    payment = receive(invoice, "122.00", anna)
    sweep(11)
    with at(12):
        transfers.undo(payment=payment, reason="was for 3/2026", by=anna)
        with pytest.raises(Conflict):
            transfers.undo(payment=payment, reason="twice", by=anna)
    sweep(12)
    payment.refresh_from_db()
    assert (payment.status, payment.refunded, claims.of_invoice(invoice)) == ("refunded", TOTAL, TOTAL)
    assert kinds() == ["opened", "recovered", "opened"]


def test_a_part_that_was_credited_is_not_owed(invoice: Invoice, company: Company, anna: User) -> None:
    sweep(1)
    minus = {name: -getattr(invoice, name) / 2 for name in ("total_excl_vat", "total_vat", "total_incl_vat")}
    document(company, 2, kind="credit_note", credits=invoice, due_on=None, **minus)
    sweep(2)
    assert DunningCase.objects.get().amount == Decimal("61.00")
    document(company, 3, kind="credit_note", credits=invoice, due_on=None, **minus)
    sweep(3)
    assert DunningCase.objects.get().status == "recovered"


def test_a_public_body_owes_no_vat(company: Company, anna: User) -> None:
    split = document(company, buyer='{"vat_treatment":"split"}')
    receive(split, "100.00", anna)
    assert (claims.of_invoice(split), selectors.payment_state(split)) == (0, "paid")
    sweep(5)
    assert not DunningCase.objects.exists()


def test_what_was_due_long_ago_reminds_nobody(company: Company) -> None:
    document(company, due_on=DUE - timedelta(days=70), issued_on=date(2026, 3, 1))
    sweep(1)
    assert not DunningCase.objects.exists()


def test_a_company_s_saved_card_pays_on_a_rung(invoice: Invoice, company: Company) -> None:
    PaymentMethod.objects.create(
        operator=company.operator, company=company, gateway="fake", gateway_id="fake_card_9", status="active", is_default=True
    )  # fmt: skip
    sweep(1, 2)
    assert (Payment.objects.get().status, kinds()) == ("captured", ["opened", "recovered"])


@pytest.mark.parametrize("person", ["tom", "carla"])
def test_who_may_not_collect_enters_nothing(invoice: Invoice, person: str, request: pytest.FixtureRequest) -> None:
    with pytest.raises(Forbidden):
        receive(invoice, "122.00", request.getfixturevalue(person))
    assert not Payment.objects.exists()


def test_a_transfer_is_booked_on_the_bank_account_and_sent_back_by_nobody_here(invoice: Invoice, anna: User) -> None:
    payment = receive(invoice, "122.00", anna)
    rows = [row for row in lines(invoice.operator, "journal", "machine", month="2026-07") if f"P {payment.pk}" in row]
    assert [(row[5], row[7], row[8]) for row in rows] == [
        ("Bank", "122.00", ""),
        ("Receivables from customers", "", "122.00"),
    ]
    with pytest.raises(Conflict) as no:
        refunds.give(payment=payment, amount=TOTAL, reason="wrong", by=anna)
    assert no.value.code == "paid_by_transfer"


def test_an_accountant_enters_it_on_the_page(invoice: Invoice, anna: User) -> None:
    client = Client(headers={"accept-language": "en"})
    with at(8):
        client.force_login(anna)
        page = f"/ops/billing/invoices/{invoice.pk}/"
        assert "Money received" in client.get(page).content.decode()
        assert 'value="122' in client.get(f"{page}received/").content.decode()
        wrong = client.post(f"{page}received/", {"amount": "122", "on": "2026-08-01", "reference": "x", "key": "k"})
        assert (wrong.status_code, Payment.objects.count()) == (400, 0)
        sent = {"amount": "122,00", "on": "2026-07-07", "reference": "CRO 1", "key": "k"}
        assert client.post(f"{page}received/", sent)["Location"] == page
        html = client.get(page).content.decode()
        assert "Bank transfer" in html
        assert "Money received" not in html
        payment = Payment.objects.get()
        assert "Take the entry back" in client.get(f"/ops/billing/payments/{payment.pk}/").content.decode()
        client.post(f"/ops/billing/payments/{payment.pk}/undo/", {"reason": "typo"})
    payment.refresh_from_db()
    assert payment.status == "refunded"
