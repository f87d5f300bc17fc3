"""/ops/settings/billing/: an owner finds when invoices are made, and decides what waits."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import time_machine
from django.test import Client

from accounts.models import Operator, User
from billing.models import BillingPolicy
from billing.services.month_end import policies
from cms.core.errors import Forbidden, Invalid

PAGE = "/ops/settings/billing/"


@pytest.fixture
def desk(client: Client, olga: User) -> Client:
    client.force_login(olga)
    return client


@time_machine.travel(datetime(2026, 12, 31, 12, tzinfo=UTC), tick=False)
def test_it_says_when_the_next_invoices_are_made(client: Client, olga: User) -> None:
    client.force_login(olga)
    page = client.get(PAGE, headers={"Accept-Language": "en"}).content.decode()
    assert "in the night to 1 Jan 2027" in page


def test_what_nobody_decided_is_shown(desk: Client) -> None:
    form = desk.get(PAGE).context["form"]
    assert (form["estimated_kwh"].value(), form["waive_empty"].value()) == ("0", False)
    assert not BillingPolicy.objects.exists()


def test_a_decision_is_kept_and_may_change(desk: Client, operator: Operator) -> None:
    desk.post(PAGE, {"estimated_kwh": "5,5", "waive_empty": "on"})
    assert desk.post(PAGE, {"estimated_kwh": "2.5", "waive_empty": "on"}).status_code == 302
    policy = BillingPolicy.objects.get()
    assert (policy.operator, policy.estimated_limit, policy.waive_empty) == (operator, Decimal(2500), True)
    assert desk.get(PAGE).context["form"]["estimated_kwh"].value() == "2,5"


@pytest.mark.parametrize("limit", ["", "-1", "1001", "abc", "1e400", "\0"])
def test_a_wrong_limit_is_refused_beside_its_field(desk: Client, limit: str) -> None:
    answer = desk.post(PAGE, {"estimated_kwh": limit})
    assert answer.status_code == 400
    assert answer.context["form"].errors["estimated_kwh"]
    assert not BillingPolicy.objects.exists()


def test_tom_may_not_decide(client: Client, tom: User, operator: Operator) -> None:
    client.force_login(tom)
    assert client.post(PAGE, {"estimated_kwh": "5"}).status_code == 403
    with pytest.raises(Forbidden):
        policies.update(operator=operator, estimated_limit=Decimal(1), waive_empty=True, by=tom)
    assert not BillingPolicy.objects.exists()


def test_carlas_decision_is_hers(desk: Client, carla: User, other_operator: Operator) -> None:
    policies.update(operator=other_operator, estimated_limit=Decimal(7000), waive_empty=True, by=carla)
    assert desk.get(PAGE).context["form"]["estimated_kwh"].value() == "0"


def test_the_service_has_a_limit_too(operator: Operator) -> None:
    with pytest.raises(Invalid):
        policies.update(operator=operator, estimated_limit=Decimal(-1), waive_empty=False, by=None)
    assert not BillingPolicy.objects.exists()


def test_what_is_held_before_a_start_is_the_operator_s_choice(client: Client, olga: User, operator: Operator) -> None:
    client.force_login(olga)
    given = {"estimated_kwh": "0", "hold_amount": "25,50", "payment_to_start": "card_or_wallet"}
    assert client.post("/ops/settings/billing/", given).status_code == 302
    policy = BillingPolicy.objects.get(operator=operator)
    assert (policy.hold_amount, policy.payment_to_start) == (Decimal("25.50"), "card_or_wallet")


@pytest.mark.parametrize("wrong", [{"hold_amount": "0"}, {"hold_amount": "501"}, {"payment_to_start": "gold"}])
def test_an_impossible_hold_changes_nothing(
    client: Client, olga: User, operator: Operator, wrong: dict[str, str]
) -> None:
    client.force_login(olga)
    assert client.post("/ops/settings/billing/", {"estimated_kwh": "0", **wrong}).status_code == 400
    assert not BillingPolicy.objects.filter(operator=operator).exists()
