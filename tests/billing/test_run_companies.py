"""Companies: who belongs, who pays, what is on the month's invoice, and who is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail

from accounts.models import Company, CompanyInvitation, CompanyMember, Driver, Operator, User
from billing.models import Invoice, TariffVersion
from billing.selectors import companies as selectors
from billing.services.charges import rating
from billing.services.debts import credit_check
from billing.services.fleets import companies, company_news, member_import, memberships
from billing.services.invoicing import closing
from billing.tasks import wallets as tasks
from cms.core.errors import Conflict, Forbidden, Invalid
from sessions_app.models import ChargingSession
from tests.billing.conftest import Told
from tests.factories import DriverFactory, UserFactory
from tests.factories.billing import CDRFactory

NOW = datetime(2026, 7, 1, 10, tzinfo=UTC)
MAY = NOW - timedelta(days=60)
BELLINI = {
    "name": "Bellini Impianti", "billing_name": "Bellini Impianti S.r.l.", "vat_number": "12345670017",
    "address": "Via Emilia Est 120", "postal_code": "41124", "city": "Modena", "province": "mo", "country_code": "IT",
    "sdi_code": "m5uxcr1", "monthly_cap": Decimal(500), "payment_days": 60,
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def company(operator: Operator) -> Company:
    return Company.objects.create(operator=operator, name="Bellini Impianti")


def member(company: Company, driver: Driver, **facts: Any) -> CompanyMember:
    return CompanyMember.objects.create(**{"company": company, "driver": driver, "joined_at": MAY, **facts})


# ---- who pays -----------------------------------------------------------------------------------------------------------


def test_the_company_pays_for_who_was_a_member_at_the_start(
    dario: Driver, company: Company, operator: Operator, ended: Callable[..., ChargingSession]
) -> None:
    other = Company.objects.create(operator=operator, name="Rossi")
    june, mid = NOW - timedelta(days=30), NOW - timedelta(days=10)
    member(company, dario, cost_centre="Sales", left_at=mid)
    member(other, dario, cost_centre="R", joined_at=mid)
    before, first, last, moved = (
        ended(started_at=at) for at in (MAY - timedelta(seconds=1), june, mid - timedelta(seconds=1), mid)
    )
    stranger, nobody = ended(driver=DriverFactory(operator=operator)), ended(driver=None)
    assert companies.payers([before, first, last, moved, stranger, nobody]) == {
        first.pk: (company.pk, "Sales"),
        last.pk: (company.pk, "Sales"),
        moved.pk: (other.pk, "R"),
    }
    assert companies.payers([]) == {}


def test_rating_freezes_company_and_cost_centre(
    dario: Driver,
    company: Company,
    price: Callable[..., TariffVersion],
    ended: Callable[..., ChargingSession],
    told: Told,
) -> None:
    price()
    membership = member(company, dario, cost_centre="Sales")
    cdr = rating.rate(session_id=ended().pk)
    memberships.change_member(member=membership, cost_centre="Service", monthly_cap=None, administrator=False, by=None)
    assert cdr is not None
    cdr.refresh_from_db()
    assert (cdr.company, cdr.cost_centre) == (company, "Sales")


def test_a_bundle_is_a_company_and_in_the_order_of_its_cost_centres(
    dario: Driver, company: Company, operator: Operator
) -> None:
    other = Company.objects.create(operator=operator, name="Rossi")
    days = [NOW - timedelta(days=n) for n in (5, 4, 3)]
    sales_late = CDRFactory(driver=dario, company=company, cost_centre="Sales", started_at=days[2])
    sales = CDRFactory(driver=dario, company=company, cost_centre="Sales", started_at=days[0])
    field = CDRFactory(driver=dario, company=company, cost_centre="Field", started_at=days[1])
    theirs = CDRFactory(driver=dario, company=other, started_at=days[1])
    CDRFactory(driver=dario, started_at=days[1])  # pays privately
    CDRFactory(driver=dario, company=company, started_at=NOW)  # next month
    CDRFactory(driver=dario, company=company, started_at=days[1], incl=Decimal(0))
    CDRFactory(driver=dario, company=company, started_at=days[1], held=True, flags="periods_mismatch")
    assert companies.bundles(operator, NOW) == [[field, sales, sales_late], [theirs]]


# ---- the company ----------------------------------------------------------------------------------------------------------


def test_an_accountant_enters_a_company_and_pasted_numbers_are_cleaned(operator: Operator, anna: User) -> None:
    made = companies.create(operator=operator, values=BELLINI, by=anna)
    made.refresh_from_db()
    assert (made.vat_number, made.province, made.sdi_code) == ("IT12345670017", "MO", "M5UXCR1")
    assert (made.monthly_cap, made.payment_days) == (500, 60)


def test_wrong_data_are_refused_field_by_field(operator: Operator, anna: User, tom: User) -> None:
    wrong = {**BELLINI, "vat_number": "01234567890", "sdi_code": "X", "payment_days": 900, "monthly_cap": Decimal(-1)}
    with pytest.raises(Invalid) as refused:
        companies.create(operator=operator, values=wrong, by=anna)
    assert set(refused.value.fields) == {"vat_number", "sdi_code", "payment_days", "monthly_cap"}
    with pytest.raises(Invalid) as bare:
        companies.create(operator=operator, values={"name": "", "vat_number": "12345670017"}, by=anna)
    assert set(bare.value.fields) == {"name", "address", "postal_code", "city", "province"}
    with pytest.raises(Forbidden):
        companies.create(operator=operator, values=BELLINI, by=tom)
    assert not Company.objects.exists()


def test_a_name_is_given_once(operator: Operator, anna: User) -> None:
    companies.create(operator=operator, values=BELLINI, by=anna)
    with pytest.raises(Invalid) as refused:
        companies.create(operator=operator, values=BELLINI, by=anna)
    assert set(refused.value.fields) == {"name"}


def test_archiving_ends_memberships_and_invitations(company: Company, dario: Driver, anna: User) -> None:
    membership = member(company, dario)
    invitation = invited(company)
    companies.archive(company=company, by=anna)
    membership.refresh_from_db()
    assert membership.left_at == NOW
    assert memberships.invitation_of(memberships.token_of(invitation)) is None
    with pytest.raises(Conflict) as refused:
        invited(company)
    assert refused.value.code == "company_archived"


# ---- members --------------------------------------------------------------------------------------------------------------


def invited(company: Company, email: str = "rita@bellini.example", **facts: Any) -> CompanyInvitation:
    terms = {"cost_centre": "Sales", "monthly_cap": Decimal(80), "administrator": False, "by": None, **facts}
    return memberships.invite(company=company, email=email, **terms)


def test_who_is_invited_joins_by_the_mailed_link_once(
    company: Company, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invited(company, email=" Rita@Bellini.example ")
    tasks.tell_companies()
    [letter] = mail.outbox
    assert letter.to == ["rita@bellini.example"]
    token = letter.body.split("/company/join/")[1].split("/")[0]

    rita = UserFactory(email="rita.privately@example.org")
    invitation = memberships.invitation_of(token)
    assert invitation is not None
    joined = memberships.accept(invitation=invitation, user=rita)
    assert (joined.driver.user, joined.company, joined.cost_centre, joined.monthly_cap) == (rita, company, "Sales", 80)
    assert joined.driver.operator == company.operator

    assert memberships.invitation_of(token) is None
    with pytest.raises(Conflict) as used:
        memberships.accept(invitation=invitation, user=UserFactory())
    assert used.value.code == "invitation_over"
    assert CompanyMember.objects.count() == 1


def test_a_second_invitation_replaces_the_first_and_old_links_die(company: Company, clock: Any) -> None:
    first = invited(company)
    second = invited(company, cost_centre="Service")
    assert memberships.invitation_of(memberships.token_of(first)) is None
    token = memberships.token_of(second)
    assert memberships.invitation_of(token) == second
    assert memberships.invitation_of(token[:-1]) is None
    clock.shift(memberships.INVITATION + timedelta(seconds=1))
    assert memberships.invitation_of(token) is None


def test_nobody_belongs_to_two_companies_at_once(company: Company, dario: Driver, operator: Operator) -> None:
    member(Company.objects.create(operator=operator, name="Rossi"), dario)
    invitation = invited(company)
    with pytest.raises(Conflict) as refused:
        memberships.accept(invitation=invitation, user=dario.user)
    assert refused.value.code == "other_company"
    assert memberships.invitation_of(memberships.token_of(invitation)) == invitation, "it is still open"
    with pytest.raises(Conflict) as known:
        invited(Company.objects.get(name="Rossi"), email=dario.user.email.upper())
    assert known.value.code == "already_member"


def test_administrators_look_after_their_own_company_only(company: Company, dario: Driver, operator: Operator) -> None:
    boss = DriverFactory(operator=operator)
    membership = member(company, dario)
    member(company, boss, administrator=True)
    other = Company.objects.create(operator=operator, name="Rossi")
    terms = {"cost_centre": "Field", "monthly_cap": Decimal(10), "administrator": False}

    memberships.change_member(member=membership, by=boss.user, **terms)
    companies.set_cap(company=company, cap=Decimal(300), by=boss.user)
    for refused in (
        lambda: companies.set_cap(company=other, cap=None, by=boss.user),
        lambda: companies.set_cap(company=company, cap=None, by=dario.user),
        lambda: memberships.invite(company=company, email="a@b.example", by=dario.user, **terms),
        lambda: companies.update(company=company, values={"payment_days": 365}, by=boss.user),
        lambda: memberships.end(member=membership, by=UserFactory()),
    ):
        with pytest.raises(Forbidden):
            refused()
    membership.refresh_from_db()
    company.refresh_from_db()
    assert (membership.cost_centre, membership.monthly_cap, company.monthly_cap) == ("Field", 10, 300)
    memberships.end(member=membership, by=dario.user)
    membership.refresh_from_db()
    assert membership.left_at == NOW


# ---- budgets --------------------------------------------------------------------------------------------------------------


def test_administrators_and_the_member_hear_at_eighty_and_at_a_hundred_percent_once(
    company: Company, dario: Driver, operator: Operator
) -> None:
    boss = DriverFactory(operator=operator, user=UserFactory(email="boss@bellini.example"))
    member(company, boss, administrator=True)
    member(company, dario, monthly_cap=Decimal(100))
    Company.objects.update(monthly_cap=Decimal(1000))

    def spends(amount: str) -> list[str]:
        mail.outbox.clear()
        CDRFactory(driver=dario, company=company, incl=Decimal(amount), started_at=NOW - timedelta(hours=2))
        for _ in range(2):
            tasks.tell_companies()
        return [letter.subject for letter in mail.outbox]

    assert spends("79.99") == []
    assert spends("0.01") == 2 * ["Bellini Impianti: usato l’80 % di un budget di ricarica (Dario)"]
    assert [letter.to for letter in mail.outbox] == [["boss@bellini.example"], [dario.user.email]]
    assert spends("19.99") == []
    assert spends("0.01") == 2 * ["Bellini Impianti: un budget di ricarica è esaurito (Dario)"]
    assert spends("700") == ["Bellini Impianti: usato l’80 % di un budget di ricarica (tutti i conducenti insieme)"]
    assert mail.outbox[0].to == ["boss@bellini.example"]
    assert company_news.to_warn() == [company.pk]


def test_a_month_becomes_one_invoice_by_cost_centre_with_the_company_s_days_to_pay(
    operator: Operator,
    dario: Driver,
    price: Callable[..., TariffVersion],
    ended: Callable[..., ChargingSession],
    told: Told,
) -> None:
    """Dario has a VAT number of his own: that invoice is for what he charges privately."""
    price()
    company = companies.create(operator=operator, values=BELLINI, by=None)
    rita = DriverFactory(operator=operator)
    Driver.objects.filter(pk=dario.pk).update(vat_number="IT12345670017")
    member(company, dario, cost_centre="Sales")
    member(company, rita, cost_centre="Field")
    june = [NOW - timedelta(days=n) for n in (9, 8, 7)]
    sessions = [ended(driver=who, started_at=at) for who, at in zip((dario, rita, dario), june, strict=True)]
    rating.rate_many([session.pk for session in sessions])

    assert [closing.monthly(operator=operator) for _ in range(2)] == [1, 0]

    document = Invoice.objects.get()
    assert (document.company, document.driver, document.total_incl_vat) == (company, None, 33)
    assert document.due_on == document.issued_on + timedelta(days=60)
    lines = document.lines.order_by("position").values_list("cdr__cost_centre", "cdr__driver")
    assert list(lines) == [("Field", rita.pk), ("Sales", dario.pk), ("Sales", dario.pk)]


# ---- privately, from a file, up to a limit ----------------------------------------------------------------------------------


def test_who_goes_private_pays_what_begins_then_and_comes_back(
    company: Company, dario: Driver, ended: Callable[..., ChargingSession]
) -> None:
    mine = member(company, dario, cost_centre="Sales", administrator=True, joined_at=NOW - timedelta(days=1))
    times = [NOW + timedelta(hours=hour) for hour in (0, 2, 4)]
    with time_machine.travel(times[0] + timedelta(hours=1), tick=False):
        memberships.go_private(member=mine, by=dario.user)
        memberships.go_private(member=mine, by=dario.user)
        assert memberships.of(dario) is None
        assert companies.administered(dario.user).get() == company
    with time_machine.travel(times[1] + timedelta(hours=1), tick=False):
        again = memberships.come_back(member=mine, by=dario.user)
        assert memberships.come_back(member=mine, by=dario.user) is None
    assert again is not None
    assert (again.cost_centre, again.administrator) == ("Sales", True)
    charges = [ended(driver=dario, started_at=at) for at in times]
    assert companies.payers(charges) == {charges[0].pk: (company.pk, "Sales"), charges[2].pk: (company.pk, "Sales")}


def test_only_the_driver_goes_private_and_who_was_ended_meanwhile_does_not_come_back(
    company: Company, dario: Driver, anna: User
) -> None:
    mine = member(company, dario)
    with pytest.raises(Forbidden):
        memberships.go_private(member=mine, by=anna)
    memberships.go_private(member=mine, by=dario.user)
    memberships.end(member=mine, by=anna)
    assert memberships.come_back(member=mine, by=dario.user) is None
    assert memberships.of(dario) is None


def test_many_are_invited_from_a_file_or_nobody_with_every_wrong_line_named(
    company: Company, dario: Driver, anna: User
) -> None:
    member(company, dario)
    wrong = (
        "E-mail;Centro di costo;Budget;Amministratore\n"
        "rita@bellini.example;Officina;150,00;\n"
        "RITA@bellini.example;;;\n"
        "nobody;;;\n"
        "ugo@bellini.example;;molto;\n"
        "ida@bellini.example;;-1;forse\n"
        f"{dario.user.email};;;\n"
    )
    with pytest.raises(Invalid) as refused:
        member_import.invite_all(company=company, content=wrong.encode(), by=anna)
    numbers = [text.split(",")[0].split()[-1] for text in refused.value.fields["file"]]
    assert numbers == ["3", "4", "5", "6", "7"]
    assert not CompanyInvitation.objects.exists()

    right = "\ufeffrita@bellini.example,Officina,150.00,\nugo@bellini.example\ncapo@bellini.example,,,sì\n"
    assert len(member_import.invite_all(company=company, content=right.encode(), by=anna)) == 3
    rows = CompanyInvitation.objects.order_by("pk").values_list("email", "cost_centre", "monthly_cap", "administrator")
    assert list(rows) == [
        ("rita@bellini.example", "Officina", Decimal(150), False),
        ("ugo@bellini.example", "", None, False),
        ("capo@bellini.example", "", None, True),
    ]


@pytest.mark.parametrize("content", [b"", b"E-mail;Budget\n", b"\xff\xfe\x00", b'"open;\n', b"a@b.example\n" * 1002])
def test_a_file_that_is_none_is_refused(company: Company, anna: User, content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        member_import.invite_all(company=company, content=content, by=anna)
    assert set(refused.value.fields) == {"file"}
    assert not CompanyInvitation.objects.exists()


def test_a_company_sets_its_budget_up_to_what_the_operator_lends(company: Company, dario: Driver, anna: User) -> None:
    member(company, dario, administrator=True)
    companies.update(company=company, values={"credit_limit": Decimal(500), "monthly_cap": None}, by=anna)
    company.refresh_from_db()
    assert company.budget == 500
    with pytest.raises(Invalid) as refused:
        companies.set_cap(company=company, cap=Decimal(501), by=dario.user)
    assert "monthly_cap" in refused.value.fields
    companies.set_cap(company=company, cap=Decimal(300), by=dario.user)
    company.refresh_from_db()
    assert company.budget == 300
    companies.set_cap(company=company, cap=None, by=dario.user)
    CDRFactory(driver=dario, company=company, incl=Decimal(500), started_at=NOW - timedelta(hours=2))
    assert credit_check.refusals([dario.pk])[dario.pk].code == "company_cap_reached"


def test_what_happens_to_a_company_is_kept_and_who_was_ended_hears_of_it(
    company: Company, dario: Driver, anna: User, operator: Operator
) -> None:
    boss = DriverFactory(operator=operator, user=UserFactory(email="boss@bellini.example"))
    chief, mine = member(company, boss, administrator=True), member(company, dario)
    companies.set_cap(company=company, cap=Decimal(300), by=boss.user)
    memberships.change_member(member=mine, cost_centre="Sales", monthly_cap=None, administrator=False, by=boss.user)
    memberships.end(member=mine, by=boss.user)
    memberships.end(member=mine, by=boss.user)
    memberships.end(member=chief, by=boss.user)
    told = [(one.event.kind, one.event.by, one.event.driver) for one in selectors.events(company)]
    assert told == [
        ("left", boss.user, boss),
        ("left", boss.user, dario),
        ("member_changed", boss.user, dario),
        ("cap", boss.user, None),
    ]
    for _ in range(2):
        tasks.tell_companies()
    assert [letter.to for letter in mail.outbox] == [[dario.user.email]]
