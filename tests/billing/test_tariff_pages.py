"""/ops/tariffs/: a price is written, tried, published, compared and taken back on pages that say what is wrong and where."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Operator, User
from billing import pricing
from billing.models import Tariff, TariffDraft, TariffVersion
from tests.factories import LocationFactory

SIMPLE = {
    "mode": "simple", "name": "AC 22", "currency": "EUR", "tax_included": "on", "energy": "0,55", "parking": "0,10", "grace_min": "15",
    "vat": "22",
}  # fmt: skip


@pytest.fixture
def desk(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def type_in(desk: Client, where: str, **typed: Any) -> Any:
    return desk.post(f"/ops/tariffs/{where}/try/", {**SIMPLE, **typed}, headers={"HX-Request": "true"})


def publish(desk: Client, where: str, **choices: str) -> Any:
    """Reads the confirmation and confirms what it showed."""
    form = desk.get(f"/ops/tariffs/{where}/publish/").context["form"]
    shown = {name: str(form.initial[name]) for name in ("base", "seen")}
    return desk.post(f"/ops/tariffs/{where}/publish/", {**shown, **choices})


def make(desk: Client, **typed: Any) -> Tariff:
    type_in(desk, "new", **typed)
    answer = publish(desk, "new")
    assert answer.status_code == 302, answer.context["form"].errors
    return Tariff.objects.latest("pk")


def test_anna_makes_a_tariff_in_her_own_notation(desk: Client, operator: Operator, anna: User) -> None:
    tariff = make(desk)
    version = tariff.versions.get()
    assert (tariff.operator, version.number, version.tax_included, version.by) == (operator, 1, True, anna)
    assert pricing.describe(version, "it").replace("\u00a0", " ").startswith("0,55 €/kWh")
    assert not TariffDraft.objects.exists()


def test_every_page_of_a_tariff_opens(desk: Client) -> None:
    tariff = make(desk)
    type_in(desk, f"{tariff.pk}", energy="0,59", name="AC 22")
    for page in ("", "change/", "publish/", "compare/", "compare/?one=1&other=draft", "replay/", "replay/?of=1"):
        assert desk.get(f"/ops/tariffs/{tariff.pk}/{page}").status_code == 200, page
    for page in ("", "ask/", "ask/?who=ad_hoc", "new/", "new/?start=night", "new/replay/"):
        assert desk.get(f"/ops/tariffs/{page}").status_code == 200, page
