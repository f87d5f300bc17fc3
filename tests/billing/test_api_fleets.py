"""Fleets, codes, wallets and plans on the API: what an integrator changes, by role, and that twice is once."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Company, Driver, Operator, Role
from billing.models import Promotion, Subscription
from billing.services.prepaid import wallets
from tests.factories import plans as made

pytestmark = [pytest.mark.any_database, pytest.mark.django_db]


def test_a_driver_is_invited_and_asked_again_the_invitation_is_renewed(api: APIClient, operator: Operator) -> None:
    company = Company.objects.create(operator=operator, name="Bellini Impianti")
    where, body = (
        f"/api/v1/companies/{company.pk}/invitations/",
        {"email": "Rita@bellini.example", "monthly_cap": "80.50"},
    )
    told = [api.post(where, body, format="json") for _ in range(2)]
    assert [one.status_code for one in told] == [201, 201]
    shown = told[1].json()
    assert (shown["email"], shown["monthly_cap"], shown["administrator"]) == ("rita@bellini.example", "80.50", False)
    assert company.invitations.filter(withdrawn_at=None).count() == 1
    assert api.post(where, {"email": "nobody"}, format="json").status_code == 400


def test_a_shop_makes_codes_and_ends_one(api: APIClient, operator: Operator) -> None:
    one = {"code": "estate-27", "kind": "percent", "value": "20", "charges_each": 3}
    made_ = api.post("/api/v1/promotions/", one, format="json")
    assert (made_.status_code, made_.json()["code"]) == (201, "ESTATE-27")
    assert api.post("/api/v1/promotions/", one, format="json").status_code == 400
    for _ in range(2):
        ended = api.post(f"/api/v1/promotions/{made_.json()['id']}/end/")
        assert ended.json()["ended_at"]
    batch = {"batch": "Fair", "count": 3, "kind": "voucher", "value": "10", "valid_until": "2099-01-01T00:00:00Z"}
    many = api.post("/api/v1/promotions/batches/", batch, format="json").json()
    assert len(many["codes"]) == len(set(many["codes"])) == 3
    assert Promotion.objects.filter(batch="Fair", limit=1, valid_until=datetime(2099, 1, 1, tzinfo=UTC)).count() == 3
    assert api.post("/api/v1/promotions/batches/", batch, format="json").status_code == 400


def test_a_wallet_is_corrected_once_for_each_key_and_never_below_zero(
    api: APIClient, dario: Driver, api_client_for: Callable[..., Any], operator: Operator
) -> None:
    wallets.credit(driver=dario, amount=Decimal(20), kind="voucher", key="v")
    where = f"/api/v1/wallets/{dario.wallets.get().pk}/correct/"

    def correct(client: APIClient, amount: str, key: str) -> Any:
        return client.post(where, {"amount": amount, "reason": "x"}, format="json", headers={"Idempotency-Key": key})

    told = [correct(api, "-2.50", "a").json() for _ in range(2)]
    assert [one["balance"] for one in told] == ["17.50", "17.50"]
    assert (correct(api, "-17.51", "b").status_code, correct(api, "1", "").status_code) == (409, 400)
    support = api_client_for(operator, Role.SUPPORT)
    assert (correct(support, "51", "c").status_code, correct(support, "5", "d").status_code) == (403, 201)
    assert wallets.balance(driver=dario) == Decimal("22.50")
    entries = api.get(f"/api/v1/wallet-entries/?wallet={dario.wallets.get().pk}").json()["results"]
    assert [entry["amount"] for entry in entries] == ["5.00", "-2.50", "20.00"]


def test_a_help_desk_pauses_and_cancels(api: APIClient, dario: Driver, operator: Operator) -> None:
    row = made.subscription(dario, made.plan(operator))
    where = f"/api/v1/subscriptions/{row.pk}/"
    assert api.post(f"{where}pause/", {"months": 2}, format="json").json()["pause_until"]
    assert api.post(f"{where}pause/", {"months": 9}, format="json").status_code == 400
    assert api.post(f"{where}resume/").json()["pause_until"] is None
    for _ in range(2):
        assert api.post(f"{where}cancel/").json()["status"] == "cancelled"
    assert Subscription.objects.get(pk=row.pk).events.filter(kind="cancelled").count() == 1
