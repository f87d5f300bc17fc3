"""An operator makes codes, one or many, and ends them; pages of codes, companies, groups and wallets."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Company, CompanyMember, Driver, DriverGroup, Operator, User
from billing.models import Promotion, WalletEntry, WalletPolicy
from billing.models.promotion import compared
from billing.services.prepaid import promoting, redeeming, wallets
from cms.core.errors import Forbidden, Invalid
from tests.factories import DriverFactory, LocationFactory
from tests.factories.billing import CDRFactory

pytestmark = pytest.mark.any_database
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
TERMS: dict[str, Any] = {"kind": "percent", "value": Decimal(20)}
KEY = "0123456789abcdef" * 2


def test_a_code_is_kept_in_capitals_and_once(operator: Operator, olga: User) -> None:
    made = promoting.create(operator=operator, code=" estate-26 ", terms=TERMS, by=olga)
    assert (made.code, made.key, made.currency, made.created_by, made.limit) == (
        "ESTATE-26",
        "ESTATE26",
        "EUR",
        olga,
        None,
    )
    with pytest.raises(Invalid) as refused:
        promoting.create(operator=operator, code="Estate 26", terms=TERMS, by=olga)
    assert set(refused.value.fields) == {"code"}
    assert Promotion.objects.count() == 1


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"kind": "magic"}, "kind"),
        ({"value": Decimal(0)}, "value"),
        ({"value": Decimal(101)}, "value"),
        ({"valid_from": JUNE, "valid_until": JUNE}, "valid_until"),
        ({"kind": "voucher", "charges_each": 2}, "kind"),
    ],
)
def test_what_makes_no_sense_is_refused(operator: Operator, olga: User, terms: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        promoting.create(operator=operator, code="ESTATE26", terms={**TERMS, **terms}, by=olga)
    assert set(refused.value.fields) == {field}
    assert not Promotion.objects.exists()


def test_other_operators_places_and_groups_are_refused(
    operator: Operator, other_operator: Operator, olga: User, tom: User
) -> None:
    theirs = DriverGroup.objects.create(operator=other_operator, name="x")
    with pytest.raises(Invalid) as refused:
        promoting.create(
            operator=operator,
            code="ab!",
            terms={**TERMS, "group": theirs},
            locations=[LocationFactory(operator=other_operator)],
            by=olga,
        )
    assert set(refused.value.fields) == {"code", "group", "locations"}
    with pytest.raises(Forbidden):
        promoting.create(operator=operator, code="ESTATE26", terms=TERMS, by=tom)


def test_a_batch_has_as_many_codes_as_asked_each_for_one_driver(operator: Operator, olga: User, dario: Driver) -> None:
    place = LocationFactory(operator=operator)
    made = promoting.create_batch(operator=operator, batch=" Fair ", count=120, terms=TERMS, locations=[place], by=olga)
    rows = Promotion.objects.filter(batch="Fair")
    assert len({row.key for row in rows}) == rows.count() == len(made) == 120
    assert {row.limit for row in rows} == {1}
    assert all(len(row.key) == promoting.LONG and row.key == compared(row.code) for row in rows)
    assert Promotion.locations.through.objects.count() == 120
    assert redeeming.redeem(driver=dario, code=made[7].code.lower()).fresh

    assert promoting.end_batch(operator=operator, batch="Fair", by=olga) == 120
    assert promoting.end_batch(operator=operator, batch="Fair", by=olga) == 0
    for batch, count, field in (("Fair", 5, "batch"), ("", 5, "batch"), ("Big", promoting.MOST_CODES + 1, "count")):
        with pytest.raises(Invalid) as refused:
            promoting.create_batch(operator=operator, batch=batch, count=count, terms=TERMS, by=olga)
        assert set(refused.value.fields) == {field}
    assert Promotion.objects.count() == 120


# ---- pages ------------------------------------------------------------------------------------------------------------------


def signed_in(person: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split()).replace("\xa0", " ")


def test_codes_are_made_seen_exported_and_ended_on_pages(
    operator: Operator, olga: User, anna: User, dario: Driver
) -> None:
    office = signed_in(olga)
    form = {"kind": "voucher", "value": "25", "code": "Fair", "count": "3", "until": "2027-01-31"}
    office.post("/ops/promotions/new/", form)
    office.post("/ops/promotions/new/", {**form, "kind": "percent", "value": "20", "code": "ESTATE26", "count": "1"})
    single = Promotion.objects.get(code="ESTATE26")
    assert single.valid_until == datetime(2027, 1, 31, 23, tzinfo=UTC), "the whole day, on the operator's clock"
    redeeming.redeem(driver=dario, code="ESTATE26")

    page = text(office.get("/ops/promotions/"))
    assert "0 of 3" in page
    assert "−20 %" in page
    door, asked = "/ops/billing/exports/start/", {"kind": "promo_codes", "preset": "csv_it"}
    sheet = office.post(door, {**asked, "batch": "Fair"}, follow=True)
    assert len(sheet.getvalue().decode().splitlines()) == 4
    assert "There is no such batch." in text(office.post(door, {**asked, "batch": "None"}, follow=True))
    assert "Dario" in text(office.get(f"/ops/promotions/{single.pk}/"))
    assert office.post("/ops/promotions/new/", {**form, "value": "x"}).status_code == 400

    books = signed_in(anna)
    assert books.get(f"/ops/promotions/{single.pk}/").status_code == 200
    assert books.post(f"/ops/promotions/{single.pk}/end/").status_code == 403
    office.post(f"/ops/promotions/{single.pk}/end/")
    office.post("/ops/promotions/end/", {"batch": "Fair"})
    assert not Promotion.objects.filter(ended_at=None).exists()


def test_a_company_on_pages(operator: Operator, anna: User, tom: User, dario: Driver) -> None:
    books = signed_in(anna)
    assert "No company yet" in text(books.get("/ops/companies/"))
    data = {"name": "Bellini", "monthly_cap": "100", "payment_days": "30", "country_code": "IT"}
    assert books.post("/ops/companies/new/", {**data, "vat_number": "1"}).status_code == 400
    books.post("/ops/companies/new/", data)
    company = Company.objects.get()
    CompanyMember.objects.create(company=company, driver=dario, monthly_cap=Decimal(50))
    now = datetime.now(UTC)
    CDRFactory(driver=dario, company=company, cost_centre="Sales", incl=Decimal(45), started_at=now, stopped_at=now)

    page = text(books.get(f"/ops/companies/{company.pk}/"))
    for said in ("Its invoice cannot be issued yet", "€45.00", "90 %", "Sales", "1 charge, 20 kWh"):
        assert said in page
    assert "45 %" in text(books.get("/ops/companies/"))
    membership = company.members.get()
    books.post(f"/ops/companies/members/{membership.pk}/", {"cost_centre": "Field", "monthly_cap": ""})
    books.post(f"/ops/companies/{company.pk}/invite/", {"email": "rita@bellini.example"})
    assert books.post(f"/ops/companies/{company.pk}/invite/", {"email": dario.user.email}).status_code == 409
    books.post(f"/ops/companies/invitations/{company.invitations.get().pk}/withdraw/")
    membership.refresh_from_db()
    assert (membership.cost_centre, membership.monthly_cap) == ("Field", None)
    assert company.invitations.get().withdrawn_at is not None

    support = signed_in(tom)
    assert support.get(f"/ops/companies/{company.pk}/").status_code == 200
    assert support.post(f"/ops/companies/{company.pk}/archive/").status_code == 403
    books.post(f"/ops/companies/members/{membership.pk}/end/")
    books.post(f"/ops/companies/{company.pk}/archive/")
    assert not Company.objects.filter(archived_at=None).exists()


def test_a_group_on_pages(operator: Operator, tom: User, dario: Driver, other_operator: Operator) -> None:
    support = signed_in(tom)
    support.post("/ops/groups/", {"name": "Residents"})
    support.post("/ops/groups/", {"name": "Residents"})
    group = DriverGroup.objects.get()
    stranger = DriverFactory(operator=other_operator)
    for email in (dario.user.email.upper(), stranger.user.email, "nobody@x.example"):
        support.post(f"/ops/groups/{group.pk}/add/", {"email": email})
    assert list(group.drivers.all()) == [dario]
    assert "dario@driver.example" in text(support.get(f"/ops/groups/{group.pk}/"))
    support.post(f"/ops/groups/{group.pk}/rename/", {"name": "Neighbours"})
    assert support.post(f"/ops/groups/{group.pk}/remove/", {"driver": stranger.pk}).status_code == 404
    support.post(f"/ops/groups/{group.pk}/remove/", {"driver": dario.pk})
    group.refresh_from_db()
    assert (group.name, group.drivers.count()) == ("Neighbours", 0)


def test_a_wallet_and_its_rules_on_pages(operator: Operator, anna: User, tom: User, dario: Driver) -> None:
    wallets.credit(driver=dario, amount=Decimal(20), kind=WalletEntry.Kind.TOP_UP, key="1")
    books, path = signed_in(anna), f"/ops/drivers/{dario.pk}/wallet/"
    for _ in range(2):
        books.post(path, {"amount": "-2,50", "reason": "Counted twice", "key": KEY})
    assert wallets.balance(driver=dario) == Decimal("17.50")
    for wrong in ({"amount": "-99", "reason": "x"}, {"amount": "1", "reason": ""}, {"amount": "", "reason": "x"}):
        assert books.post(path, {**wrong, "key": "f" * 32}).status_code == 400
    assert "Counted twice" in text(signed_in(tom).get(path))
    refused = signed_in(tom).post(path, {"amount": "51", "reason": "x", "key": "f" * 32})
    assert (refused.status_code, "Ask a manager for more" in text(refused)) == (400, True)
    assert "€17.50 paid ahead in 1 wallet." in text(books.get("/ops/wallets/"))
    assert "No wallet matches." in text(books.get("/ops/wallets/?search=nobody"))
    assert WalletEntry.objects.count() == 2

    rules = {"smallest_top_up": "15", "largest_balance": "200", "low_at": "3", "vat_note": "n", "enabled": "on"}
    assert books.post("/ops/settings/wallets/", {**rules, "largest_balance": "1"}).status_code == 400
    books.post("/ops/settings/wallets/", rules)
    assert WalletPolicy.objects.get().smallest_top_up == 15


def test_what_is_owed_in_wallets_is_a_file_of_each_month(operator: Operator, anna: User, dario: Driver) -> None:
    for day, amount, kind in ((30, 40, "top_up"), (31, -15, "charge"), (32, 10, "voucher"), (60, -5, "charge")):
        with time_machine.travel(datetime(2026, 5, 1, 10, tzinfo=UTC) + timedelta(days=day), tick=False):
            wallets.credit(driver=dario, amount=Decimal(amount), kind=kind, key=str(day))
    file = signed_in(anna).post(
        "/ops/billing/exports/start/", {"kind": "wallets", "month": "2026-06", "preset": "csv_en"}, follow=True
    )
    head, dario_row, *_rest = file.getvalue().decode("utf-8-sig").splitlines()
    assert head.startswith("Driver,E-mail,Currency,At the beginning,Top-ups,Vouchers,Charges")
    assert dario_row.split(",")[2:] == ["EUR", "40.00", "0.00", "10.00", "-20.00", "0.00", "0.00", "30.00"]
