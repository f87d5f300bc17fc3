"""Nothing of one operator is visible to another: every address of the site, asked by those who have no business there."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import (
    ApiKey,
    Company,
    CompanyInvitation,
    Driver,
    DriverGroup,
    Membership,
    Operator,
    Role,
    User,
)
from billing.models import CDR, EInvoiceBatch, Payment, PaymentMethod, Subscription, Tariff, TariffAssignment
from billing.services.debts import dunning
from billing.services.month_end import statements
from billing.services.recurring import plans
from sessions_app.models import Evidence
from stations import doorbell
from stations.models import ChargingStation, Fault, Location, LogRequest

from . import everything

OWN_PAGES = ("/wallet/", "/payment/", "/company/")
SECRETS = (b"CP-0042", b"04F00BA4", b"Bellini", b"dario@", b"olga@", b"1/2026", b"IT*ADR")
OPEN = ("api/", "admin/", "accounts/", "uploads/", "demo/")  # with doors of their own, tested on their own
LOOKED_AT = ("qr.svg", "reports/<slug:name>/", "incidents/<int:pk>/", "sessions/<int:pk>/", "stations/<str:key>/")
FOR_DRIVERS = ("c/", "l/", "pay/", "s/", "verify/")  # what stands on a public charger or a receipt is public


def addresses() -> Iterator[str]:
    """Every path of the site map, with its places as <int:pk> …"""
    yield from (path for path in _paths(get_resolver().url_patterns, "") if not path.startswith(OPEN + FOR_DRIVERS))


def _paths(patterns: Any, before: str) -> Iterator[str]:
    for pattern in patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _paths(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path


@pytest.fixture
def places(
    operator: Operator,
    station: ChargingStation,
    dario: Driver,
    olga: User,
    anna: User,
    api: APIClient,
    monkeypatch: Any,
) -> Iterator[dict[str, dict[str, Any]]]:
    """What of Olga's stands in the places of an address, by its beginning."""
    monkeypatch.setattr(doorbell, "ring", lambda station_id: None)
    with time_machine.travel(everything.NOON, tick=False):
        rows = everything.populate(operator=operator, station=station, driver=dario, accountant=anna, api=api)
        now = timezone.now()
        fault = Fault.objects.create(
            operator=operator, station=station, kind=Fault.Kind.OFFLINE, since=now, last_seen_at=now
        )
        log = LogRequest.objects.create(station=station, request_id=1, expires_at=now + timedelta(days=1))
        orphan = Evidence.objects.create(
            station=station, kind="ended", transaction_id="-1", occurred_at=now, received_at=now
        )
        bellini = Company.objects.get(name="Bellini Impianti")
        belongs = bellini.members.get()
        invited = CompanyInvitation.objects.create(company=bellini, email="rita@bellini.example")
        april = date(2026, 4, 1)
        facts: dict[str, Any] = {"host_name": "Bellini", "host_email": "rita@bellini.example", "fixed": 5}
        assert station.location is not None
        statements.agree(location=station.location, by=anna, valid_from=april, **facts)
        statement = statements.issue(location=station.location, month=april)
        assert statement is not None
        subscription = Subscription.objects.select_related("version__plan").get()
        plan, fee = subscription.version, subscription.fees.get()
        plans.archive(plan=plan.plan, by=None)  # an offered one is everybody's to choose
        card = PaymentMethod.objects.create(operator=operator, driver=dario, gateway="fake", status="active")
        paid = Payment.objects.create(
            operator=operator, driver=dario, amount=5, currency="EUR", gateway="fake", idempotency_key="Bellini"
        )
        numbers = {
            "payment/drivers": dario.pk,
            "payment/cards": card.pk,
            "payment/charges": CDR.objects.first().pk,  # type: ignore[union-attr]
            "ops/subscriptions/plans": plan.plan_id,
            "ops/subscriptions/debts": dunning.open_case(fee).pk,
            "plan": plan.pk,
            "plan/fees": fee.pk,
            "ops/locations": Location.objects.filter(operator=operator)[0].pk,
            "ops/incidents": fault.pk,
            "ops/drivers": dario.pk,
            "ops/sessions": rows["sessions"],
            "ops/sessions/orphans": orphan.pk,
            "ops/tokens": dario.tokens.get().pk,
            "ops/settings/members": Membership.objects.get(user=olga).pk,
            "ops/settings/api-keys": ApiKey.objects.get().pk,
            "ops/billing/invoices": rows["invoices"],
            "ops/cdrs": CDR.objects.first().pk,  # type: ignore[union-attr]
            "ops/billing/exports": rows["exports"],
            "ops/billing/statements": statement.pk,
            "ops/billing/sdi/zip": EInvoiceBatch.objects.create(
                operator=operator, name="Bellini", files=0, sha256=""
            ).pk,
            "ops/billing/shares": station.location_id,
            "host/statements": statement.pk,
            "ops/companies": bellini.pk,
            "ops/companies/members": belongs.pk,
            "ops/companies/invitations": invited.pk,
            "ops/promotions": rows["promotions"],
            "ops/groups": DriverGroup.objects.create(operator=operator, name="Bellini").pk,
            "company": bellini.pk,
            "company/members": belongs.pk,
            "company/invitations": invited.pk,
            "company/invoices": rows["invoices"],
            "history": rows["sessions"],
            "invoices": rows["invoices"],
            "cards": dario.tokens.get().pk,
        }
        yield {
            "ops/stations": {"key": "CP-0042", "evse_id": 1, "kind": "reset", "pk": log.pk},
            "ops/reports": {"name": "energy"},
            "ops/billing/payments": {"pk": paid.pk, "name": "release"},
            "ops/billing/close": {"month": "2026-13", "verb": "close"},
            "ops/tariffs": {
                "pk": Tariff.objects.get().pk,
                "number": 1,
                "assignment": TariffAssignment.objects.all()[0].pk,
            },
            "ops/subscriptions": {"pk": subscription.pk, "fee": fee.pk},
            "company/join": {"token": "forged"},
            "host": {"pk": station.location_id, "guest": dario.pk},
            "wallet": {"pk": dario.pk, "key": "0" * 32},
            **{beginning: {"pk": number} for beginning, number in numbers.items()},
        }


def filled(path: str, places: dict[str, dict[str, Any]]) -> str:
    """KeyError for an address that this test does not know yet: add what stands in its place."""
    beginning = max((known for known in places if path.startswith(known + "/")), key=len, default="")
    return "/" + re.sub(r"<\w+:(\w+)>", lambda place: str(places[beginning][place[1]]), path)


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def asked(client: Client, path: str) -> Iterator[Any]:
    """A form's address leads who does not post to the page it is on: that one must be nothing, or one's own."""
    yield client.get(path)
    yield client.post(path, {})


def own(client: Client, answer: Any) -> bool:
    led = answer.status_code == 302 and client.get(answer["Location"])
    return bool(led) and (led.status_code == 404 or answer["Location"] in OWN_PAGES)


def test_carla_finds_nothing_of_olgas_at_any_address(places: dict[str, dict[str, Any]], carla: User) -> None:
    browser = signed_in(carla)
    for path in addresses():
        where = filled(path, places)
        for answer in asked(browser, where):
            public = not path.startswith("ops/") and "<" not in path
            said = b"" if public or answer.streaming else answer.content.replace(where.encode(), b"")
            assert not [secret for secret in SECRETS if secret in said], where
            if "<" in path and "reports" not in path:
                assert answer.status_code in (404, 405) or own(browser, answer), (where, answer.status_code)
    assert not ChargingStation.objects.exclude(archived_at=None).exists()


def test_strangers_sign_in_and_drivers_are_turned_away(places: dict[str, dict[str, Any]], dario: Driver) -> None:
    """404 for what a driver cannot see, 403 for what is for members only."""
    stranger, driver = Client(), signed_in(dario.user)
    for path in addresses():
        if not path.startswith("ops/") or path == "ops/switch/":
            continue
        where = filled(path, places)
        for answer in asked(stranger, where):
            assert answer.status_code == 405 or answer["Location"].startswith("/accounts/login/?next="), where
        for answer in asked(driver, where):
            assert answer.status_code in (403, 404, 405), (where, answer.status_code)


def test_a_role_at_one_operator_is_none_at_another(
    places: dict[str, dict[str, Any]], carla: User, operator: Operator, other_operator: Operator
) -> None:
    """Carla runs Costa Ovest and is a host of Rete Adriatica: there she only looks, whichever of the two she acts for."""
    Membership.objects.create(user=carla, operator=operator, role=Role.HOST)
    browser = signed_in(carla)
    for acting_for in (other_operator, operator):
        browser.post("/ops/switch/", {"operator": acting_for.slug})
        for path in addresses():
            where = filled(path, places)
            if path.startswith("ops/") and "<" in path and not path.endswith(LOOKED_AT):
                answer = browser.post(where, {})
                assert answer.status_code in (403, 404, 405), (where, answer.status_code)
        for forbidden in ("drivers", "tokens", "billing/invoices", "tariffs"):
            answer = browser.get(filled(f"ops/{forbidden}/<int:pk>/", places))
            assert answer.status_code in (403, 404), forbidden
        assert browser.get(filled("ops/sessions/<int:pk>/receipt/", places)).status_code in (403, 404)
