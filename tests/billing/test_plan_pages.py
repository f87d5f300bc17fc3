"""/ops/subscriptions/: plans, who has them, what is owed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, Operator, User
from billing.models import DunningCase, DunningPolicy, Payment, Plan, PlanVersion, Subscription
from billing.tasks import subscriptions as tasks
from tests.factories import plans as made
from tests.factories.billing import TariffAssignmentFactory, TariffFactory, TariffVersionFactory

pytestmark = pytest.mark.any_database

TERMS = {"monthly_fee": "29,90", "kwh": "100", "vat_rate": "22"}


@pytest.fixture
def desk(client: Client, anna: User) -> Client:
    client.force_login(anna)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def owing(dario: Driver, operator: Operator) -> DunningCase:
    """Dario's second month was refused three days ago."""
    began = datetime.now(UTC) - timedelta(days=34)
    with time_machine.travel(began, tick=False):
        made.subscription(dario, made.plan(operator))
    made.card(dario, says="insufficient_funds")
    with time_machine.travel(datetime.now(UTC) - timedelta(days=2), tick=False):
        tasks.renew_subscriptions()
    return DunningCase.objects.get()


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split()).replace("\xa0", " ")


def test_without_a_plan_an_example_shows_its_margin(desk: Client, operator: Operator) -> None:
    tariff = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    TariffAssignmentFactory(operator=operator, tariff=tariff)
    page = text(desk.get("/ops/subscriptions/"))
    assert "100 kWh for €43.90 a month" in page
    assert "Without VAT €35.98 reach you" in page
    assert "€10.98 stay" in page


def test_a_plan_is_made_and_listed(desk: Client) -> None:
    assert desk.post("/ops/subscriptions/plans/new/", {"name": "Adriatica 100", **TERMS}).status_code == 302
    version = PlanVersion.objects.get()
    assert (version.monthly_fee, version.included_energy) == (Decimal("29.90"), 100_000)
    assert "Adriatica 100" in text(desk.get("/ops/subscriptions/"))


@pytest.mark.parametrize(
    ("field", "wrong"), [("monthly_fee", "-1"), ("kwh", "a lot"), ("vat_rate", "100"), ("name", "")]
)
def test_a_wrong_plan_names_the_field(desk: Client, field: str, wrong: str) -> None:
    answer = desk.post("/ops/subscriptions/plans/new/", {"name": "Adriatica 100", **TERMS, field: wrong})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert not Plan.objects.exists()


def test_a_new_version_is_for_new_subscribers(desk: Client, operator: Operator, dario: Driver) -> None:
    old = made.plan(operator)
    row = made.subscription(dario, old)
    assert desk.post(f"/ops/subscriptions/plans/{old.plan_id}/", {**TERMS, "monthly_fee": "34.90"}).status_code == 302
    new = old.plan.versions.get(number=2)
    assert Subscription.objects.get(pk=row.pk).version == old
    desk.post(f"/ops/subscriptions/plans/{old.plan_id}/move/", {"version": new.pk})
    assert Subscription.objects.get(pk=row.pk).next_version == new
    page = text(desk.get(f"/ops/subscriptions/plans/{old.plan_id}/"))
    assert "€34.90 a month" in page


def test_subscribers_are_found_by_name_and_state(desk: Client, operator: Operator, dario: Driver) -> None:
    version = made.plan(operator)
    made.subscription(dario, version)
    other = made.subscription(made.driver(operator), version)
    Subscription.objects.filter(pk=other.pk).update(status="paused")

    def shown(query: str) -> list[int]:
        answer = desk.get(f"/ops/subscriptions/?{query}")
        return [person.subscription.pk for person in answer.context["people"]]

    assert len(shown("")) == 2
    assert shown("status=paused") == [other.pk]
    assert shown("search=dario@driver") == [Subscription.objects.get(driver=dario).pk]
    assert shown("search=nobody%00&status=odd") == []


def test_the_list_costs_the_same_however_many_there_are(
    desk: Client, operator: Operator, dario: Driver, django_assert_max_num_queries: Any
) -> None:
    version = made.plan(operator)
    for driver in (dario, *(made.driver(operator) for _more in range(6))):
        made.subscription(driver, version)
    desk.get("/ops/subscriptions/")
    with django_assert_max_num_queries(40):
        desk.get("/ops/subscriptions/")


def test_a_subscription_is_paused_cancelled_and_ended(desk: Client, operator: Operator, dario: Driver) -> None:
    row = made.subscription(dario, made.plan(operator))
    for door, facts, status in (
        ("pause", {"months": "1"}, "active"),
        ("resume", {}, "active"),
        ("cancel", {}, "cancelled"),
        ("reactivate", {}, "active"),
        ("end", {}, "ended"),
    ):
        desk.post(f"/ops/subscriptions/{row.pk}/{door}/", facts)
        assert Subscription.objects.get(pk=row.pk).status == status, door
    page = text(desk.get(f"/ops/subscriptions/{row.pk}/"))
    for words in ("Began with Adriatica 100", "No pause after all", "Took the cancellation back", "Ended"):
        assert words in page


def test_part_of_a_fee_goes_back_and_never_more_than_was_paid(desk: Client, operator: Operator, dario: Driver) -> None:
    row = made.subscription(dario, made.plan(operator))
    fee = row.fees.get()
    path = f"/ops/subscriptions/{row.pk}/fees/{fee.pk}/credit/"
    desk.post(path, {"amount": "9,90", "reason": "closed for a week"})
    desk.post(path, {"amount": "20.01", "reason": "too much"})
    desk.post(path, {"amount": "5", "reason": ""})
    payment = Payment.objects.get()
    fee.refresh_from_db()
    assert (payment.refunded, fee.credited) == (Decimal("9.90"), Decimal("9.90"))
    assert "€9.90 given back: closed for a week" in text(desk.get(f"/ops/subscriptions/{row.pk}/"))


def test_a_debt_shows_every_step(desk: Client, owing: DunningCase) -> None:
    page = text(desk.get(f"/ops/subscriptions/debts/{owing.pk}/"))
    assert "Dario owes €29.90." in page
    assert "Not enough money on the card." in page
    assert "€29.90" in text(desk.get("/ops/subscriptions/"))


def test_a_debt_is_held_tried_by_hand_and_written_off(desk: Client, owing: DunningCase, dario: Driver) -> None:
    path = f"/ops/subscriptions/debts/{owing.pk}/"
    desk.post(f"{path}hold/", {"reason": ""})
    assert DunningCase.objects.get().status == "open"
    desk.post(f"{path}hold/", {"reason": "new card is in the mail"})
    assert DunningCase.objects.get().status == "paused"
    desk.post(f"{path}resume/")
    desk.post(f"{path}retry/")
    assert list(owing.steps.order_by("pk").values_list("kind", flat=True)) == ["opened", "paused", "resumed", "by_hand"]
    assert DunningCase.objects.get().step == 0
    made.card(dario)
    desk.post(f"{path}retry/")
    assert DunningCase.objects.get().status == "recovered"
    assert "settled" in text(desk.get(path))


def test_an_operator_decides_the_ladder(desk: Client, operator: Operator) -> None:
    page = "/ops/subscriptions/ladder/"
    assert desk.post(page, {"ladder": "5, 2", "grace_days": "7"}).status_code == 400
    assert desk.post(page, {"ladder": "2, 5", "grace_days": "3", "end_after": "on"}).status_code == 302
    policy = DunningPolicy.objects.get(operator=operator)
    assert (policy.ladder, policy.grace_days, policy.end_after) == ("2,5", 3, True)


def test_other_operators_see_and_change_nothing(client: Client, carla: User, owing: DunningCase) -> None:
    client.force_login(carla)
    row = Subscription.objects.get()
    fee = row.fees.order_by("pk")[0]
    for path in (f"{row.pk}/", f"plans/{row.version.plan_id}/", f"debts/{owing.pk}/"):
        assert client.get(f"/ops/subscriptions/{path}").status_code == 404
    for path in (
        f"{row.pk}/end/", f"{row.pk}/cancel/", f"{row.pk}/fees/{fee.pk}/credit/", f"plans/{row.version.plan_id}/archive/",
        f"debts/{owing.pk}/close/", f"debts/{owing.pk}/hold/",
    ):  # fmt: skip
        assert client.post(f"/ops/subscriptions/{path}", {"reason": "mine", "amount": "1"}).status_code == 404
    assert Subscription.objects.get().status == "past_due"
    assert DunningCase.objects.get().status == "open"


def test_support_looks_and_pauses_but_sets_no_price(client: Client, tom: User, operator: Operator) -> None:
    client.force_login(tom)
    plan = made.plan(operator).plan
    assert client.get("/ops/subscriptions/").status_code == 200
    assert client.post("/ops/subscriptions/plans/new/", {"name": "Cheap", **TERMS}).status_code == 403
    assert client.post(f"/ops/subscriptions/plans/{plan.pk}/archive/").status_code == 403
    client.post(f"/ops/subscriptions/plans/{plan.pk}/", {**TERMS, "monthly_fee": "1"})
    assert plan.versions.count() == 1
