"""`/wallet/` and `/company/`: money paid ahead, codes, and a company's account, in a browser without scripts."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Company, CompanyMember, Driver, Operator
from billing.models import Payment, PaymentMethod, Promotion, WalletEntry, WalletPolicy
from billing.services.fleets import memberships
from billing.services.prepaid import wallets
from stations.models import ChargingStation
from tests.factories import ConnectorFactory, DriverFactory, EvseFactory, UserFactory
from tests.factories.billing import CDRFactory

pytestmark = pytest.mark.any_database
KEY = "0123456789abcdef" * 2


@pytest.fixture
def phone(dario: Driver, operator: Operator) -> Client:
    WalletPolicy.objects.create(operator=operator, enabled=True, vat_note="Multi-purpose voucher")
    client = Client(headers={"accept-language": "en"})
    client.force_login(dario.user)
    return client


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split()).replace("\xa0", " ")


def messages(answer: Any) -> list[str]:
    return [str(message).replace("\xa0", " ") for message in answer.context["messages"]]


def test_a_wallet_shows_what_is_left_and_where_it_went(phone: Client, dario: Driver, operator: Operator) -> None:
    wallets.credit(driver=dario, amount=Decimal(20), kind=WalletEntry.Kind.TOP_UP, key="1")
    wallets.pay(cdr=CDRFactory(driver=dario, incl=Decimal("16.40")))
    page = text(phone.get("/wallet/"))
    for said in ("€3.60", "running low", "−€16.40", "+€20.00", "Multi-purpose voucher", "Wallet at Rete Adriatica"):
        assert said in page
    WalletPolicy.objects.update(enabled=False)
    assert "Top up" not in text(phone.get("/wallet/"))


def test_a_tap_on_a_sum_only_fills_the_field(phone: Client, dario: Driver) -> None:
    form = phone.get("/wallet/?amount=50").context["purses"][0]["form"]
    assert form.initial["amount"] == 50
    assert phone.get("/wallet/?amount=77").context["purses"][0]["form"].initial["amount"] == 20
    assert not Payment.objects.exists()


def test_a_saved_card_tops_up_at_once_and_only_once(phone: Client, dario: Driver, operator: Operator) -> None:
    PaymentMethod.objects.create(
        operator=operator, driver=dario, gateway="fake", gateway_id="fake_pm_visa", status="active", is_default=True
    )
    for _ in range(2):
        answer = phone.post(f"/wallet/{dario.pk}/top-up/", {"amount": "25,50", "key": KEY}, follow=True)
    assert messages(answer) == ["€25.50 are in your wallet now."]
    assert wallets.balance(driver=dario) == Decimal("25.50")
    assert Payment.objects.get().status == "captured"


def test_without_a_card_the_next_page_asks_for_one(phone: Client, dario: Driver) -> None:
    answer = phone.post(f"/wallet/{dario.pk}/top-up/", {"amount": "20", "key": KEY})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/pay/card/")
    back = phone.get(f"/wallet/{dario.pk}/top-up/{KEY}/", follow=True)
    assert messages(back) == ["The bank has not answered yet. The money appears here once it has."]
    assert wallets.balance(driver=dario) == 0


def test_wrong_amounts_stay_on_the_page_and_other_people_s_wallets_do_not_exist(
    phone: Client, dario: Driver, operator: Operator
) -> None:
    for wrong in ("9", "x", "1e9", "501", ""):
        answer = phone.post(f"/wallet/{dario.pk}/top-up/", {"amount": wrong, "key": KEY})
        assert (answer.status_code, "One thing needs a look" in text(answer)) == (400, True)
    rita = DriverFactory(operator=operator)
    for path in (f"/wallet/{rita.pk}/top-up/", f"/wallet/{rita.pk}/automatic/"):
        assert phone.post(path, {"amount": "20", "key": KEY}).status_code == 404
    assert phone.get(f"/wallet/{dario.pk}/top-up/{KEY}/").status_code == 404
    assert not Payment.objects.exists()


def test_topping_up_by_itself_needs_a_card(phone: Client, dario: Driver, operator: Operator) -> None:
    wish = {"below": "10", "amount": "30"}
    refused = phone.post(f"/wallet/{dario.pk}/automatic/", wish, follow=True)
    assert messages(refused) == ["Add a card first: the money must come from somewhere."]
    PaymentMethod.objects.create(operator=operator, driver=dario, gateway="fake", status="active", is_default=True)
    phone.post(f"/wallet/{dario.pk}/automatic/", wish)
    assert (wallets.of(driver=dario).automatic_below, wallets.of(driver=dario).automatic_amount) == (10, 30)
    phone.post(f"/wallet/{dario.pk}/automatic/", {"below": "", "amount": ""})
    assert wallets.of(driver=dario).automatic_below is None


def test_codes_are_entered_and_stand_beside_the_price(
    phone: Client, dario: Driver, operator: Operator, station: Any
) -> None:
    evse = EvseFactory(station=station, uid="IT*ADR*E0042*1")
    facts = {"operator": operator, "currency": "EUR", "valid_from": timezone.now() - timedelta(days=1)}
    Promotion.objects.create(code="ESTATE26", kind="percent", value=20, **facts)
    Promotion.objects.create(code="AB3D-E5FGH", kind="voucher", value=25, **facts)

    assert "with ESTATE26" not in text(phone.get(f"/c/{evse.uid}/"))
    said = [
        messages(phone.post("/wallet/code/", {"code": code}, follow=True))
        for code in ("estate 26", "ESTATE26", "ab3d-e5fgh")
    ]
    assert said == [
        ["ESTATE26 is yours: −20 %."],
        ["You have entered ESTATE26 before."],
        ["€25.00 are in your wallet now."],
    ]
    assert "−20 % with ESTATE26" in text(phone.get(f"/c/{evse.uid}/"))

    refused = phone.post("/wallet/code/", {"code": "NONE"})
    assert (refused.status_code, "There is no such code" in text(refused)) == (409, True)


# ---- the company ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def bellini(operator: Operator, dario: Driver) -> Company:
    """Dario looks after it."""
    company = Company.objects.create(operator=operator, name="Bellini Impianti", monthly_cap=Decimal(100))
    CompanyMember.objects.create(company=company, driver=dario, administrator=True, cost_centre="Sales")
    return company


def test_an_administrator_sees_the_month_by_cost_centre_and_driver(
    phone: Client, dario: Driver, bellini: Company, operator: Operator
) -> None:
    rita = DriverFactory(operator=operator, user=UserFactory(first_name="Rita", last_name="Neri"))
    CompanyMember.objects.create(company=bellini, driver=rita, cost_centre="Field", monthly_cap=Decimal(80))
    now = timezone.now()
    CDRFactory(driver=rita, company=bellini, cost_centre="Field", incl=Decimal(72), started_at=now, stopped_at=now)
    CDRFactory(driver=dario, company=bellini, cost_centre="Sales", incl=Decimal(10), started_at=now, stopped_at=now)
    CDRFactory(driver=dario, incl=Decimal("999.99"), started_at=now, stopped_at=now)  # privately
    page = text(phone.get("/company/"))
    for said in ("Bellini Impianti: €82.00", "Rita Neri", "of €80.00", "90 %", "82 % of the company’s budget is used"):
        assert said in page
    assert "999.99" not in page
    assert "Charges, budgets and members of the company" in text(phone.get("/wallet/"))


def test_an_administrator_invites_changes_and_ends(
    phone: Client, bellini: Company, operator: Operator, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        phone.post(f"/company/{bellini.pk}/invite/", {"email": "rita@bellini.example", "cost_centre": "Field"})
    path = "/company/join/" + mail.outbox[0].body.split("/company/join/")[1].split()[0]

    rita = UserFactory(email="rita@bellini.example")
    hers = Client(headers={"accept-language": "en"})
    assert hers.get(path).status_code == 302, "she signs in first"
    hers.force_login(rita)
    assert "The company sees your charges" in text(hers.get(path))
    assert not CompanyMember.objects.filter(driver__user=rita).exists(), "mail scanners open links"
    hers.post(path)
    membership = CompanyMember.objects.get(driver__user=rita)
    assert hers.get(path).status_code == 404
    assert "pays for your charges" in text(hers.get("/company/"))

    change = f"/company/members/{membership.pk}/"
    assert hers.get(change).status_code == 404
    assert phone.post(change, {"cost_centre": "Service", "monthly_cap": "-1"}).status_code == 400
    phone.post(change, {"cost_centre": "Service", "monthly_cap": "70"})
    membership.refresh_from_db()
    assert (membership.cost_centre, membership.monthly_cap) == ("Service", 70)
    phone.post(f"/company/{bellini.pk}/cap/", {"monthly_cap": "250"})
    phone.post(f"{change}end/")
    membership.refresh_from_db()
    bellini.refresh_from_db()
    assert (membership.left_at is None, bellini.monthly_cap) == (False, 250)


def test_a_month_is_turned_and_taken_away_as_a_file(phone: Client, dario: Driver, bellini: Company) -> None:
    then = timezone.now().replace(day=1, hour=12) - timedelta(days=10)
    CDRFactory(driver=dario, company=bellini, cost_centre="=Sales", incl=Decimal(72), started_at=then, stopped_at=then)
    assert "€0.00" in text(phone.get("/company/"))
    assert f"?month={then:%Y-%m}" in text(phone.get("/company/"))
    assert "€72.00" in text(phone.get(f"/company/?month={then:%Y-%m}"))
    file = phone.get(f"/company/{bellini.pk}/charges/?month={then:%Y-%m}").content.decode("utf-8-sig").splitlines()
    assert file[0].startswith("Cost centre,Driver,Start")
    assert file[1].startswith("'=Sales,")
    assert file[1].split(",")[8:12] == ["EUR", "59.02", "12.98", "72.00"]
    assert len(file) == 2


def test_many_are_invited_from_a_file(phone: Client, bellini: Company) -> None:
    path = f"/company/{bellini.pk}/invite/file/"
    assert "All lines count, or none" in text(phone.get(path))
    refused = phone.post(path, {"file": SimpleUploadedFile("people.csv", b"rita@bellini.example;Field;much\n")})
    assert refused.status_code == 400
    assert "Line 1, rita@bellini.example: The budget is no amount: much" in text(refused)
    phone.post(path, {"file": SimpleUploadedFile("people.csv", b"rita@bellini.example;Field;80\n")})
    assert bellini.invitations.get().monthly_cap == 80


def test_a_member_sees_the_own_budget_and_charges_privately_for_a_while(
    phone: Client, dario: Driver, bellini: Company
) -> None:
    CompanyMember.objects.update(administrator=False, monthly_cap=Decimal(50))
    now = timezone.now()
    CDRFactory(driver=dario, company=bellini, incl=Decimal(45), started_at=now, stopped_at=now)
    assert "€45.00 of €50.00" in text(phone.get("/company/")).replace("</b>", "").replace('<span class="muted">', "")
    phone.post("/company/private/")
    assert "You pay for your charges yourself." in text(phone.get("/company/"))
    assert memberships.of(dario) is None
    phone.post("/company/back/")
    assert memberships.of(dario).company == bellini


def test_before_the_cable_is_plugged_in_the_socket_says_why_nothing_would_start(
    phone: Client, bellini: Company, station: Any, dario: Driver
) -> None:
    evse = EvseFactory(station=station, uid="IT*ADR*E0042*1")
    ConnectorFactory(evse=evse, status="Available", updated_at=timezone.now())
    ChargingStation.objects.update(online=True)
    assert "You could not start now" not in text(phone.get(f"/c/{evse.uid}/"))
    Company.objects.update(monthly_cap=0)
    page = text(phone.get(f"/c/{evse.uid}/"))
    assert "<b>You could not start now</b>Your company’s budget for this month is used up. <a href" in page
    phone.post("/company/private/")
    assert "You could not start now" not in text(phone.get(f"/c/{evse.uid}/"))


def test_nobody_else_looks_into_a_company(phone: Client, bellini: Company, operator: Operator) -> None:
    other = Company.objects.create(operator=operator, name="Rossi")
    invitation = memberships.invite(
        company=other, email="a@b.example", cost_centre="", monthly_cap=None, administrator=False, by=None
    )
    for path in (f"{other.pk}/invite/", f"{other.pk}/cap/", f"invitations/{invitation.pk}/withdraw/"):
        assert phone.post(f"/company/{path}", {"email": "x@y.example"}).status_code == 404
    assert phone.get("/company/join/forged/").status_code == 404
    assert "Rossi" not in text(phone.get(f"/company/?company={other.pk}"))
    assert phone.get(f"/company/{other.pk}/charges/").status_code == 404
    assert phone.get(f"/company/{other.pk}/invite/file/").status_code == 404
    CompanyMember.objects.update(administrator=False)
    assert "Budget of everybody together" not in text(phone.get("/company/"))
    assert phone.get(f"/company/{bellini.pk}/charges/").status_code == 404
    phone.post("/company/leave/")
    assert CompanyMember.objects.get().left_at is not None
    assert phone.get("/company/").status_code == 404


def test_the_receipt_of_a_company_s_charge_says_who_pays_and_offers_no_invoice(
    phone: Client, dario: Driver, bellini: Company
) -> None:
    cdr = CDRFactory(driver=dario, company=bellini)
    page = text(phone.get(f"/history/{cdr.session_id}/"))
    assert "Bellini Impianti pays" in page
    assert "Do you need an invoice?" not in page
    own = CDRFactory(driver=dario)
    assert "Do you need an invoice?" in text(phone.get(f"/history/{own.session_id}/"))
