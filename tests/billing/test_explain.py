"""Why this price: the assignments that were looked at, and every figure of a charge derived."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from rest_framework.test import APIClient

from accounts.models import Driver, DriverGroup, Operator, User
from billing.models import Tariff, TariffVersion
from billing.selectors import explanations, session_prices
from billing.selectors.assignments import Who
from billing.services.charges import rating
from billing.tariffs.figures import NBSP
from billing.tariffs.periods import Period, State
from sessions_app.models import ChargingSession
from stations.models import EVSE, ChargingStation, Location
from tests.billing.conftest import Told, charge_then_park
from tests.factories import plans
from tests.factories.billing import (
    TariffAssignmentFactory,
    TariffFactory,
    TariffVersionFactory,
    component,
    element,
)

Ended = Callable[..., ChargingSession]
Price = Callable[..., TariffVersion]

pytestmark = pytest.mark.django_db


@pytest.fixture
def charge(ended: Ended, price: Price, told: Told) -> ChargingSession:
    """18.64 kWh in 40 minutes, 20 minutes of staying of which 15 are free, minutes that have begun count."""
    parking = element("PARKING_TIME", "6", step=60, min_parking_duration=900)
    price(elements=[element("ENERGY", "0.59"), parking])
    session = ended(energy=18_640, minutes=60)
    told[session.pk] = charge_then_park(session.started_at, 18_640, 40, 20)
    rating.rate(session_id=session.pk)
    return session


def steps(line: explanations.Derived) -> list[tuple[str, str]]:
    return [(step.label, step.value.replace(NBSP, " ")) for step in line.steps]


def test_every_line_is_derived_to_its_cents(charge: ChargingSession) -> None:
    told = explanations.of(charge, "en")
    energy, parking = told.lines
    assert steps(energy) == [
        ("Measured", "18.64 kWh"),
        ("At €0.59/kWh", "€10.9976"),
        ("Rounded to the cent", "€11.00"),
        ("VAT in it", "22 %"),
    ]
    assert [(part.end - part.start, part.quantity) for part in parking.stretches] == [
        (timedelta(minutes=5), f"5{NBSP}min")
    ]
    assert ("At €0.10/min", "€0.50") in steps(parking)
    assert [(step.label, step.value) for step in told.totals] == [
        ("Exact total", "€11.4976"),
        ("Rounded once", "€11.50"),
    ]
    assert told.differs == []


def test_what_a_limit_adds_is_derived_for_each_rate_of_vat(ended: Ended, price: Price) -> None:
    both = [component("ENERGY", "0.59", vat=10), component("FLAT", "0.50", vat=22)]
    price(elements=[{"price_components": both}], min_price=Decimal(9))
    session = ended(energy=Decimal(4_200))
    rating.rate(session_id=session.pk)
    _fee, _energy, more, _rest = explanations.of(session, "en").lines
    assert more.amount == Decimal("5.01")
    assert steps(more)[1:] == [
        ("Due before that", "€2.978"),
        ("The tariff’s limit", "€9.00"),
        ("Shared over the VAT rates in proportion to what is due", "€6.02"),
        ("Lines at this VAT rate, of all lines", "€2.48 / €2.98"),
        ("VAT in it", "10 %"),
    ]


def test_a_fraction_of_a_second_is_said(ended: Ended, price: Price, told: Told) -> None:
    price(elements=[element("TIME", "6", step=0)])
    session = ended()
    end = session.started_at + timedelta(seconds=90, milliseconds=250)
    told[session.pk] = [Period(session.started_at, end, State.CHARGING, session.energy)]
    rating.rate(session_id=session.pk)
    [line] = explanations.of(session, "en").lines
    assert steps(line)[:2] == [("Measured", "1 min 30.25 s"), ("At €0.10/min", "€0.150417…")]


def test_the_lookup_says_who_won_and_what_became_of_the_others(
    charge: ChargingSession, operator: Operator, dario: Driver, ended: Ended
) -> None:
    group = DriverGroup.objects.create(operator=operator, name="Taxi")
    group.drivers.add(dario)
    cheap = TariffVersionFactory(tariff=TariffFactory(operator=operator), elements=[element("ENERGY", "0.30")])
    TariffAssignmentFactory(operator=operator, tariff=cheap.tariff, driver_group=group)
    told = explanations.of(ended(), "en")
    assert told.version == cheap
    assert [one.verdict for one in told.considered] == ["won", "outranked"]


def test_the_page_shows_it_and_others_do_not_see_it(
    client: Client, charge: ChargingSession, olga: User, carla: User
) -> None:
    client.force_login(olga)
    html = client.get(f"/ops/sessions/{charge.pk}/price/").content.decode()
    assert "10,9976" in html or "10.9976" in html
    client.force_login(carla)
    assert client.get(f"/ops/sessions/{charge.pk}/price/").status_code == 404


def test_a_running_charge_is_explained_so_far(ended: Ended, price: Price, told: Told) -> None:
    price()
    session: Any = ended(status="active", stopped_at=None)
    found = explanations.of(session, "en")
    assert found.cdr is None
    assert found.differs is None
    assert found.trace is not None


def test_a_driver_reads_his_own_charge_and_no_other(
    client: Client, charge: ChargingSession, dario: Driver, carla: User
) -> None:
    client.force_login(dario.user)
    html = client.get(f"/history/{charge.pk}/price/").content.decode()
    assert "10,9976" in html or "10.9976" in html
    client.force_login(carla)
    assert client.get(f"/history/{charge.pk}/price/").status_code == 404


WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "operator": ({}, "The price for everybody."),
    "power": ({"power_type": "DC"}, "The price for everybody, DC."),
    "location": ({"location": "place"}, "The price for everybody, at Riva del Reno."),
    "station": ({"station": "station"}, "The price for everybody, at this charger."),
    "point": ({"evse": "socket"}, "The price for everybody, at this charging point."),
    "ad_hoc": ({"ad_hoc": True}, "The price for charging without an account."),
    "partner": ({"partner": "IT*ABC"}, "The price for customers of IT*ABC."),
    "group": ({"driver_group": "group"}, "A price for your group."),
    "plan": ({"plan": "plan"}, "The price of your plan Adriatica 40."),
}
"""Each comes before those above it, for whom it fits."""


@pytest.mark.parametrize("door", ["page", "api"])
def test_each_way_to_assign_a_price_counts_and_is_explained(
    door: str, client: Client, api: APIClient, ended: Ended, operator: Operator, dario: Driver, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Made through a page or by a program; a charge that begins then has it, and says whose price it is."""
    station = ChargingStation.objects.get()
    Location.objects.filter(pk=station.location_id).update(name="Riva del Reno")
    EVSE.objects.filter(station=station).update(power_type="DC", short_code="ABC234")
    group = DriverGroup.objects.create(operator=operator, name="Bad payers")
    rows = {
        "place": Location.objects.get(pk=station.location_id), "station": station, "socket": EVSE.objects.get(),
        "group": group, "plan": plans.plan(operator, name="Adriatica 40").plan,
    }  # fmt: skip
    client.force_login(anna)
    for way, (scope, said) in WAYS.items():
        version = TariffVersionFactory(tariff=TariffFactory(operator=operator, name=way))
        wanted = {name: rows.get(value, value) if isinstance(value, str) else value for name, value in scope.items()}
        (_by_page if door == "page" else _by_api)(client if door == "page" else api, version.tariff, wanted)
        who = {
            "ad_hoc": Who(ad_hoc=True), "partner": Who(partner="IT*ABC"), "group": Who(dario.pk, frozenset({group.pk})),
            "plan": Who(dario.pk, frozenset({group.pk}), rows["plan"].pk),
        }.get(way, Who(dario.pk))  # fmt: skip
        monkeypatch.setattr(session_prices, "_people", lambda sessions, starts, who=who: {s.pk: who for s in sessions})
        session = ended(started_at=timezone.now(), stopped_at=timezone.now() + timedelta(hours=1))
        rating.rate(session_id=session.pk)
        told = explanations.of(session, "en")
        won = next((str(one.assignment.tariff), one.verdict) for one in told.considered)
        with translation.override("en"):
            assert (won, told.version, explanations.whose(told)) == ((way, "won"), version, said)


def _by_page(client: Client, tariff: Tariff, scope: dict[str, Any]) -> None:
    typed: dict[str, Any] = {}
    for name, value in scope.items():
        match name:
            case "station" | "evse":
                typed["point"] = value.identity if name == "station" else value.uid
            case "location":
                typed["location"] = value.pk
            case "driver_group" | "plan":
                typed["who"] = f"{name.removeprefix('driver_')}-{value.pk}"
            case "partner":
                typed |= {"who": "partner", "partner": value}
            case "ad_hoc":
                typed["who"] = "ad_hoc"
            case _:
                typed[name] = value
    assert client.post(f"/ops/tariffs/{tariff.pk}/assign/", typed).status_code == 302


def _by_api(api: APIClient, tariff: Tariff, scope: dict[str, Any]) -> None:
    body = {name: getattr(value, "uid" if name == "evse" else "pk", value) for name, value in scope.items()}
    assert api.post(f"/api/v1/tariffs/{tariff.pk}/assignments/", body, format="json").status_code == 201
