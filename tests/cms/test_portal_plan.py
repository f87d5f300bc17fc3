"""`/plan/`: what is left, what comes after, and every tap, in a browser without scripts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, Operator
from billing.models import AllowanceUse, Payment, PlanVersion, Subscription, SubscriptionPeriod
from billing.payments import fake_gateway
from billing.services.recurring import choosing, subscriptions
from billing.tasks import subscriptions as tasks
from stations.models import ChargingStation
from tests.factories import EvseFactory
from tests.factories import plans as made
from tests.factories.billing import CDRFactory, TariffAssignmentFactory, TariffFactory, TariffVersionFactory, element

pytestmark = pytest.mark.any_database

JUNE = datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.fixture
def phone(dario: Driver) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(dario.user)
    return client


@pytest.fixture
def small(operator: Operator) -> PlanVersion:
    """40 kWh for 14,90 €, then 0,45 €/kWh."""
    version = made.plan(operator, "Adriatica 40", fee="14.90", kwh=40)
    tariff = TariffVersionFactory(tariff=TariffFactory(operator=operator), elements=[element("ENERGY", "0.45")]).tariff
    TariffAssignmentFactory(operator=operator, tariff=tariff, plan=version.plan)
    return version


@pytest.fixture
def june() -> Any:
    with time_machine.travel(JUNE + timedelta(hours=1), tick=False):
        yield


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split()).replace("\xa0", " ")


def said(answer: Any) -> list[str]:
    return [str(message).replace("\xa0", " ") for message in answer.context["messages"]]


def use(dario: Driver, wh: int) -> None:
    month = SubscriptionPeriod.objects.get()
    AllowanceUse.objects.create(period=month, cdr=CDRFactory(driver=dario), energy=Decimal(wh))


def test_without_a_plan_there_are_plans_to_choose(phone: Client, small: PlanVersion) -> None:
    page = text(phone.get("/plan/"))
    for words in ("You have no plan.", "Adriatica 40", "40 kWh", "then €0.45/kWh", "€14.90"):
        assert words in page


def test_a_plan_is_paid_on_the_card_page_and_begins(phone: Client, dario: Driver, small: PlanVersion) -> None:
    asked = phone.post(f"/plan/{small.pk}/")
    payment = Payment.objects.get()
    assert asked["Location"] == f"/plan/fees/{Subscription.objects.get().fees.get().pk}/"
    assert phone.get(asked["Location"])["Location"] == payment.action_url
    assert "You have no plan." in text(phone.get("/plan/"))
    fake_gateway.enter(payment.gateway_id, "4242424242424242", exp_month=12, exp_year=2034, cvc="123")
    back = phone.get("/plan/back/", follow=True)
    assert said(back) == ["Paid. Thank you."]
    assert "40.0 kWh left." in text(back)
    assert Subscription.objects.get().status == "active"


@pytest.mark.usefixtures("june")
def test_it_says_what_is_left_and_the_price_after(phone: Client, dario: Driver, small: PlanVersion) -> None:
    made.subscription(dario, small)
    use(dario, 12_800)
    page = text(phone.get("/plan/"))
    for words in ("27.2 kWh left.", "Full again on 1 July.", "32 %", "€0.45/kWh", "€14.90"):
        assert words in page
    assert "is used" not in page


@pytest.mark.parametrize(
    ("wh", "words"), [(32_000, "80 % is used"), (40_000, "From here each kWh is paid"), (31_990, "8.0 kWh left.")]
)
@pytest.mark.usefixtures("june")
def test_banners_come_at_80_and_at_100_percent(
    phone: Client, dario: Driver, small: PlanVersion, wh: int, words: str
) -> None:
    made.subscription(dario, small)
    use(dario, wh)
    assert words in text(phone.get("/plan/"))


@pytest.mark.usefixtures("june")
def test_two_taps_cancel_and_one_brings_it_back(phone: Client, dario: Driver, small: PlanVersion) -> None:
    row = made.subscription(dario, small)
    asked = text(phone.get(f"/plan/?ask=cancel-{row.pk}"))
    assert "It works as before until 30 Jun 2026. What you do not charge until then (40.0 kWh) is lost" in asked
    assert Subscription.objects.get().cancel_on is None
    answer = phone.post(f"/plan/{row.pk}/cancel/", follow=True)
    assert "Keep my plan" in text(answer)
    assert Subscription.objects.get().status == "cancelled"
    phone.post(f"/plan/{row.pk}/keep/")
    assert Subscription.objects.get().status == "active"


@pytest.mark.usefixtures("june")
def test_a_change_shows_its_price_first(phone: Client, dario: Driver, small: PlanVersion, operator: Operator) -> None:
    large = made.plan(operator, "Adriatica 100", fee="29.90", kwh=100)
    made.subscription(dario, small)
    with time_machine.travel(datetime(2026, 6, 21, 10, tzinfo=UTC), tick=False):
        phone.force_login(dario.user)
        page = text(phone.get(f"/plan/{large.pk}/"))
        assert "for the 10 days of 30 that are left" in page
        assert "Pay €5.00 and change" in page
        wrong = phone.post(f"/plan/{large.pk}/", {"due": "4.99"}, follow=True)
        assert said(wrong) == ["The price of the change is different today. Please look at it again."]
        assert Payment.objects.count() == 1
        assert said(phone.post(f"/plan/{large.pk}/", {"due": "5.00"}, follow=True)) == ["Paid. Thank you."]
    assert Subscription.objects.get().version == large


@pytest.mark.usefixtures("june")
def test_a_pause_and_no_pause_after_all(phone: Client, dario: Driver, small: PlanVersion) -> None:
    row = made.subscription(dario, small)
    answer = phone.post(f"/plan/{row.pk}/pause/", {"months": "2"}, follow=True)
    assert said(answer) == ["The pause begins on 1 Jul 2026."]
    assert said(phone.post(f"/plan/{row.pk}/pause/", {"months": "many"}, follow=True)) == ["From 1 to 3 months."]
    phone.post(f"/plan/{row.pk}/resume/")
    assert Subscription.objects.get().pause_from is None


def test_a_debt_is_paid_with_one_tap(phone: Client, dario: Driver, small: PlanVersion) -> None:
    with time_machine.travel(JUNE, tick=False):
        made.subscription(dario, small)
    made.card(dario, says="insufficient_funds")
    with time_machine.travel(datetime(2026, 7, 1, 8, tzinfo=UTC), tick=False):
        tasks.renew_subscriptions()
        page = text(phone.get("/plan/"))
        assert "€14.90 could not be collected" in page
        assert "Until 8 Jul 2026 you can charge as always." in page
        made.card(dario)
        fee = Subscription.objects.get().fees.get(kind="renewal")
        assert said(phone.post(f"/plan/fees/{fee.pk}/settle/", follow=True)) == ["Paid. Thank you."]
    assert Subscription.objects.get().status == "active"


def test_another_persons_plan_does_not_exist(phone: Client, operator: Operator, small: PlanVersion) -> None:
    other = made.subscription(made.driver(operator), small)
    fee = other.fees.get()
    for path in ("cancel", "keep", "pause", "resume"):
        assert phone.post(f"/plan/{other.pk}/{path}/").status_code == 404
    assert phone.get(f"/plan/fees/{fee.pk}/").status_code == 404
    assert phone.post(f"/plan/fees/{fee.pk}/settle/").status_code == 404
    assert phone.get("/plan/999999/").status_code == 404
    assert Subscription.objects.get().status == "active"


@pytest.mark.usefixtures("june")
def test_before_a_start_the_socket_says_what_is_left(
    phone: Client, dario: Driver, small: PlanVersion, station: ChargingStation
) -> None:
    EvseFactory(station=station, uid="IT*ADR*E0042*1")
    choosing.subscribe(driver=dario, version=small, by=None, method=made.card(dario))
    use(dario, 36_800)
    page = text(phone.get("/c/IT*ADR*E0042*1/"))
    assert "3.2 kWh left in Adriatica 40" in page
    assert "They cost nothing; then €0.45 per kWh." in page


def test_strangers_sign_in_first(client: Client, small: PlanVersion) -> None:
    assert client.get("/plan/").status_code == 302


def test_the_last_month_of_a_plan_that_ended_can_still_be_paid(
    phone: Client, dario: Driver, small: PlanVersion, operator: Operator
) -> None:
    with time_machine.travel(JUNE, tick=False):
        row = made.subscription(dario, small)
    made.card(dario, says="insufficient_funds")
    with time_machine.travel(datetime(2026, 7, 1, 8, tzinfo=UTC), tick=False):
        tasks.renew_subscriptions()
        subscriptions.end(subscription=row, by=None)
        page = text(phone.get("/plan/"))
        assert "€14.90 could not be collected Plan Adriatica 40." in page.replace("</b>", " ")
        made.card(dario)
        fee = row.fees.get(kind="renewal")
        assert said(phone.post(f"/plan/fees/{fee.pk}/settle/", follow=True)) == ["Paid. Thank you."]
        assert "could not be collected" not in text(phone.get("/plan/"))
