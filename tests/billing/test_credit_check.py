"""Before every start: is there somebody who pays? What runs already goes on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CompanyMember, Driver, Operator
from billing.models import DunningCase, DunningPolicy, PaymentMethod, WalletEntry
from billing.services.debts import credit_check
from billing.services.prepaid import wallets
from cms.core.errors import Conflict
from cms.dashboard import story
from cms.portal import texts
from cms.wiring import csms
from sessions_app.models import ChargingSession, StartRequest
from sessions_app.services import starts
from stations.models import ChargingStation, Command
from stations.ocpp.v16 import inbound
from stations.vocabulary.replies import Authorization
from tests.factories import DriverFactory, EvseFactory, TokenFactory
from tests.factories.billing import CDRFactory
from tests.sessions_app.telling import Teller

NOW = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)  # the 1st of July in Italy
JUNE, JULY = NOW - timedelta(hours=2), NOW - timedelta(minutes=10)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def company(operator: Operator) -> Company:
    return Company.objects.create(operator=operator, name="Bellini Impianti")


@pytest.fixture
def pole(station: ChargingStation) -> Teller:
    EvseFactory(station=station)
    return Teller(station)


def member(company: Company, driver: Driver, **facts: Any) -> CompanyMember:
    return CompanyMember.objects.create(company=company, driver=driver, joined_at=JUNE - timedelta(days=90), **facts)


def said(*drivers: Driver) -> dict[int, str]:
    return {driver: refusal.code for driver, refusal in credit_check.refusals([d.pk for d in drivers]).items()}


def charged(driver: Driver, incl: str, at: datetime = JULY, **facts: Any) -> Any:
    return CDRFactory(driver=driver, incl=Decimal(incl), started_at=at - timedelta(hours=1), stopped_at=at, **facts)


@pytest.mark.any_database  # PostgreSQL is asked past what counts statements
@pytest.mark.any_database  # PostgreSQL is asked by prepared statements, which Django does not count
def test_most_drivers_may_start_for_three_statements(dario: Driver, operator: Operator, company: Company) -> None:
    drivers = [dario, *(DriverFactory(operator=operator) for _ in range(5))]
    with CaptureQueriesContext(connection) as asked:
        assert said(*drivers) == {}
    assert len(asked) == 3
    assert said() == {}

    member(company, dario, monthly_cap=Decimal(50))
    with CaptureQueriesContext(connection) as asked:
        assert said(*drivers) == {}
    assert len(asked) == 5


def test_a_member_stops_at_the_own_budget_of_this_month(dario: Driver, company: Company, operator: Operator) -> None:
    rita = DriverFactory(operator=operator)
    member(company, dario, monthly_cap=Decimal(50))
    member(company, rita)
    charged(dario, "49.99", company=company)
    charged(dario, "80.00", at=JUNE, company=company)
    charged(dario, "80.00")  # paid privately
    assert said(dario, rita) == {}

    charged(dario, "0.01", company=company)
    assert said(dario, rita) == {dario.pk: "member_cap_reached"}


def test_all_stop_at_the_company_s_budget_and_a_credit_gives_it_back(
    dario: Driver, company: Company, operator: Operator
) -> None:
    rita = DriverFactory(operator=operator)
    member(company, dario)
    member(company, rita)
    Company.objects.update(monthly_cap=Decimal(100))
    charged(dario, "60.00", company=company)
    cdr = charged(rita, "40.00", company=company)
    assert said(dario, rita) == dict.fromkeys((dario.pk, rita.pk), "company_cap_reached")

    charged(rita, "-40.00", company=company, session=cdr.session, credits=cdr, revision=2)
    assert said(dario, rita) == {}


def test_who_has_left_starts_on_the_own_account(dario: Driver, company: Company) -> None:
    member(company, dario, monthly_cap=Decimal(0))
    assert said(dario) == {dario.pk: "member_cap_reached"}
    CompanyMember.objects.update(left_at=timezone.now())
    assert said(dario) == {}


def test_a_wallet_without_a_card_must_hold_more_than_what_is_open(dario: Driver) -> None:
    assert said(dario) == {}, "no wallet: the driver pays in some other way"
    wallets.of(driver=dario)
    assert said(dario) == {dario.pk: "wallet_empty"}
    wallets.credit(driver=dario, amount=Decimal(10), kind=WalletEntry.Kind.TOP_UP, key="1")
    assert said(dario) == {}
    cdr = charged(dario, "10.00")
    assert said(dario) == {dario.pk: "wallet_empty"}
    CDRFactory(driver=dario, session=cdr.session, credits=cdr, revision=2, incl=Decimal(-10))
    assert said(dario) == {}


def test_an_empty_wallet_beside_a_card_or_a_company_refuses_nothing(
    dario: Driver, operator: Operator, company: Company
) -> None:
    rita = DriverFactory(operator=operator)
    for driver in (dario, rita):
        wallets.of(driver=driver)
    PaymentMethod.objects.create(operator=operator, driver=dario, gateway="fake", status="active", is_default=True)
    member(company, rita)
    assert said(dario, rita) == {}
    PaymentMethod.objects.update(status="removed", is_default=False)
    assert said(dario, rita) == {dario.pk: "wallet_empty"}


def test_an_overdue_bill_stops_its_driver_and_a_company_s_all_of_its_people(
    dario: Driver, company: Company, operator: Operator
) -> None:
    rita, nina = DriverFactory(operator=operator), DriverFactory(operator=operator)
    member(company, rita)
    facts = {"operator": operator, "amount": 9, "currency": "EUR", "opened_at": JUNE, "grace_until": JULY}
    own = DunningCase.objects.create(**facts, driver=dario, cdr=charged(dario, "9.00"))
    theirs = DunningCase.objects.create(**facts, company=company, cdr=charged(rita, "9.00", company=company))
    assert said(dario, rita, nina) == {}, "in its days of grace"

    DunningCase.objects.update(stopped_at=NOW)
    assert said(dario, rita, nina) == {dario.pk: "payment_overdue"}, "companies only where the operator wants that"
    DunningPolicy.objects.create(operator=operator, stop_companies=True)
    assert said(dario, rita, nina) == dict.fromkeys((dario.pk, rita.pk), "payment_overdue")
    member(company, dario)
    DunningCase.objects.filter(pk=theirs.pk).update(stopped_at=None)
    assert said(dario) == {}, "what the driver owes is not the company’s"
    for case in (own, theirs):
        DunningCase.objects.filter(pk=case.pk).update(closed_at=NOW, status="recovered", stopped_at=None)
    assert said(dario, rita, nina) == {}


# ---- at the station ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def broke(dario: Driver, operator: Operator, company: Company) -> Driver:
    TokenFactory(operator=operator, uid="04A1B2C3", driver=dario)
    member(company, dario, monthly_cap=Decimal(0))
    return dario


def tell(*events: Any) -> Any:
    answers = csms.handle(list(events))
    return answers if len(events) > 1 else answers[0]


def test_a_card_without_credit_is_told_so_and_starts_nothing(broke: Driver, pole: Teller) -> None:
    assert tell(pole.present("04A1B2C3")).status == "NoCredit"
    assert tell(pole.start(0)).authorization.status == "NoCredit"
    session = ChargingSession.objects.get()
    assert session.authorization == "NoCredit"
    assert str(texts.CARD[session.authorization]).startswith("Nobody would pay for this charge")
    assert str(story.REFUSALS[session.authorization]).startswith("Nobody would pay: a budget is used up")


def test_what_runs_goes_on_and_may_be_stopped_with_the_card(
    dario: Driver, operator: Operator, company: Company, pole: Teller
) -> None:
    TokenFactory(operator=operator, uid="04A1B2C3", driver=dario)
    membership = member(company, dario)
    started = tell(pole.start(0))
    CompanyMember.objects.filter(pk=membership.pk).update(monthly_cap=0)

    assert tell(pole.present("04A1B2C3")).status == "Accepted"
    tell(pole.stop(45, started.transaction_id, 21_200))
    assert ChargingSession.objects.get().authorization == "Accepted"
    assert tell(pole.present("04A1B2C3")).status == "NoCredit"


def test_a_start_from_the_phone_is_refused_in_words(
    broke: Driver, station: ChargingStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stations.doorbell.ring", lambda station_id: None)
    ChargingStation.objects.filter(pk=station.pk).update(online=True, ocpp_version="1.6")
    token = broke.tokens.get()
    with pytest.raises(Conflict) as refused:
        starts.remote(evse=EvseFactory(station=station), token=token, by=broke.user, driver=broke)
    assert (refused.value.code, refused.value.text) == (
        "member_cap_reached",
        "Your own budget for this month is used up.",
    )
    assert not StartRequest.objects.exists()
    assert not Command.objects.exists()


def test_a_start_of_which_the_station_tells_later_is_not_refused_any_more(broke: Driver, pole: Teller) -> None:
    assert tell(pole.start(0, heard=6)).authorization.status == "Accepted"
    assert tell(pole.start(30, heard=34)).authorization.status == "NoCredit"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("NoCredit", "Blocked"), ("Blocked", "Blocked"), ("Unknown", "Invalid"), ("Accepted", "Accepted")],
)
def test_ocpp_1_6_has_no_word_for_it(ours: str, theirs: str) -> None:
    assert inbound.id_tag_info(Authorization(ours, "", None, "04A1B2C3"))["status"] == theirs
