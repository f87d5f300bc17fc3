"""Nobody is led to a page that is not for them: every link of the operator's pages opens, whatever the role."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership, Operator, Role
from billing.services.charges import rating
from tests.factories import LocationFactory, StationFactory, TokenFactory, UserFactory
from tests.factories.billing import EndedSessionFactory, TariffFactory, TariffVersionFactory

PAGES = ["/ops/", "/ops/more/", "/ops/sessions/", "/ops/drivers/", "/ops/tokens/", "/ops/billing/invoices/", "/ops/cdrs/",
         "/ops/tariffs/", "/ops/subscriptions/", "/ops/reports/usage/", "/ops/reports/revenue/", "/ops/settings/", "/ops/settings/billing/",
         "/ops/settings/members/", "/ops/settings/api-keys/"]  # fmt: skip


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.parametrize("role", Role.values)
def test_no_link_leads_to_a_refusal(client: Client, operator: Operator, dario, role: str) -> None:
    place = LocationFactory(operator=operator)
    session = EndedSessionFactory(station=StationFactory(operator=operator, location=place), driver=dario)
    TokenFactory(operator=operator, driver=dario, label="Furgone")
    rating.rate(session_id=session.pk)
    tariff = TariffVersionFactory(tariff=TariffFactory(operator=operator)).tariff
    client.force_login(Membership.objects.create(user=UserFactory(), operator=operator, role=role).user)
    refused, opened = [], set()
    for page in [
        *PAGES,
        f"/ops/sessions/{session.pk}/",
        f"/ops/tariffs/{tariff.pk}/",
        f"/ops/drivers/{dario.pk}/",
        "/ops/search/?q=furgone",
    ]:
        answer = client.get(page, follow=True)
        for link in set(re.findall(r'href="(/ops/[^"#?]*)', answer.content.decode())) - opened:
            opened.add(link)
            if client.get(link).status_code not in (200, 302):
                refused.append((page, link))
    assert refused == []


def test_a_technician_finds_cards_and_prices(client: Client, operator: Operator) -> None:
    luca = Membership.objects.create(user=UserFactory(), operator=operator, role=Role.TECHNICIAN).user
    client.force_login(luca)
    page = client.get("/ops/more/").content.decode()
    assert 'href="/ops/tokens/"' in page
    assert 'href="/ops/tariffs/"' in page
    assert 'href="/ops/billing/invoices/"' not in page


@pytest.mark.parametrize(("role", "named"), [(Role.OWNER, True), (Role.SUPPORT, True), (Role.TECHNICIAN, False)])
def test_who_charged_is_for_those_who_look_after_drivers(
    client: Client, operator: Operator, dario, role: str, named: bool
) -> None:
    place = LocationFactory(operator=operator)
    session = EndedSessionFactory(station=StationFactory(operator=operator, location=place), driver=dario)
    client.force_login(Membership.objects.create(user=UserFactory(), operator=operator, role=role).user)
    for page in ("/ops/sessions/", f"/ops/sessions/{session.pk}/"):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert (str(dario) in answer.content.decode()) is named, page
    answer = client.post("/ops/billing/exports/start/", {"kind": "sessions", "preset": "csv_en"}, follow=True)
    assert (str(dario) in b"".join(answer.streaming_content).decode()) is named  # type: ignore[attr-defined]
