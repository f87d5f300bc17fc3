"""/ops/search/: one box for everything, an exact hit opens at once."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Company, Membership, Role, User
from billing.models import AdhocCharge, Payment, Promotion
from cms.templatetags import frame
from sessions_app.models import ChargingSession
from tests.cms import driving
from tests.factories import DriverFactory, TokenFactory, UserFactory


@pytest.fixture
def world(operator):
    station = driving.stand(
        driving.place(operator, "Bologna, Via Stalingrado"), identity="CP-0042", uid="IT*ADR*E0042*1", code="AB23CD"
    )
    driver = DriverFactory(
        operator=operator, user=UserFactory(email="giulia@driver.example", first_name="Giulia", last_name="Rinaldi")
    )
    TokenFactory(operator=operator, driver=driver, uid="04A1B2C37F2C", label="Van 12")
    session = ChargingSession.objects.create(
        operator=operator,
        station=station,
        evse_id=1,
        ocpp_version="1.6",
        transaction_id="tx-77",
        start_key="k",
        driver=driver,
        started_at="2026-05-01T08:00Z",
        started_received_at="2026-05-01T08:00Z",
    )
    return station, driver, session


def search(client: Client, who: User, text: str):
    client.force_login(who)
    return client.get("/ops/search/", {"q": text, "lang": "en"})


@pytest.mark.parametrize("text", ["CP-0042", "cp-0042", "IT*ADR*E0042*1", "itadre00421", "ab23cd"])
def test_an_exact_code_opens_the_station(client, olga, world, text):
    answer = search(client, olga, text)
    assert (answer.status_code, answer.url) == (302, "/ops/stations/CP-0042/")


def test_the_tail_of_a_card_and_the_address_of_a_receipt_find_a_stranger_s_payment(client, olga, operator, world):
    station, _driver, session = world
    payment = Payment.objects.create(
        operator=operator, session=session, amount=40, captured="11.80", currency="EUR", gateway="fake", status="captured",
        idempotency_key="adhoc-1", card_brand="visa", card_last4="4242",
    )  # fmt: skip
    AdhocCharge.objects.create(
        operator=operator, station=station, evse=station.evses.get(), public_token="secret", hold=40, currency="EUR",
        payment=payment, email="greta@example.org",
    )  # fmt: skip
    for text in ("4242", "Greta@example.org"):
        shown = search(client, olga, text).content.decode()
        assert "€11.80 Visa …4242" in shown
        assert f'href="/ops/billing/payments/{payment.pk}/"' in shown
    assert "4242" not in search(client, olga, "4243").content.decode()


def test_a_hit_on_a_charge_names_its_driver_only_to_who_may_see_drivers(client, olga, operator, world):
    technician = UserFactory()
    Membership.objects.create(user=technician, operator=operator, role=Role.TECHNICIAN)
    ChargingSession.objects.update(id_tag="04A1B2C37F2C", transaction_id="CP-0042-1")
    assert "Giulia Rinaldi" in search(client, olga, "CP-0042-1").content.decode()
    shown = search(client, technician, "CP-0042-1").content.decode()
    assert "…7F2C" in shown
    assert "Rinaldi" not in shown
    client.force_login(technician)
    assert "Rinaldi" not in client.get("/ops/sessions/").content.decode()


def test_a_number_opens_the_charge(client, olga, world):
    _station, _driver, session = world
    assert search(client, olga, str(session.pk)).url == f"/ops/sessions/{session.pk}/"


@pytest.mark.parametrize("text", ["stalingrado", "giulia", "rinaldi", "7f2c", "van", "tx-77"])
def test_a_part_is_found_and_shown(client, olga, world, text):
    answer = search(client, olga, text)
    assert answer.status_code == 200
    assert answer.context["count"] >= 1


@pytest.mark.parametrize("text", ["CP-0042", "IT*ADR*E0042*1", "giulia", "7f2c", "tx-77", "stalingrado"])
def test_carla_finds_nothing_of_olgas(client, carla, world, text):
    answer = search(client, carla, text)
    assert (answer.status_code, answer.context["count"]) == (200, 0)


def test_what_the_role_may_not_see_is_not_found(client, world, operator):
    from tests.conftest import member

    technician = member(operator, "luca@rete.example", "technician")
    assert search(client, technician, "giulia").context["count"] == 0


@pytest.mark.parametrize("text", ["", " ", "²", "'; DROP TABLE", "%", "\x00", "9" * 40, "x" * 300, "*"])
def test_whatever_is_typed_breaks_nothing(client, olga, world, text):
    assert search(client, olga, text).status_code in (200, 302)


def test_the_rail_shows_what_the_role_may_open(olga, anna, operator):
    assert [entry.icon for entry, _path in frame.entries_for(olga, operator)] == [
        "overview",
        "stations",
        "sessions",
        "incidents",
        "drivers",
        "money",
        "reports",
        "setup",
    ]
    from tests.conftest import member

    host = member(operator, "paola@rete.example", "host")
    assert frame.entries_for(host, operator) == []  # a host has pages of the own


def test_on_a_phone_the_rest_is_one_page_away(client, olga, operator):
    client.force_login(olga)
    shown = client.get("/ops/more/?lang=en").content.decode()
    assert "Set-up" in shown
    assert "Sign out" in shown


def test_companies_and_codes_are_found_by_who_may_see_them(
    client: Client, operator, other_operator, olga: User
) -> None:
    bellini = Company.objects.create(operator=operator, name="Bellini Impianti", vat_number="IT12345670017")
    Company.objects.create(operator=other_operator, name="Bellini Altrove")
    code = Promotion.objects.create(
        operator=operator, code="AB3DE-5FGHJ", kind="percent", value=20, currency="EUR", valid_from=timezone.now()
    )
    found = search(client, olga, "bellini").content.decode()
    assert f"/ops/companies/{bellini.pk}/" in found
    assert "Altrove" not in found
    assert f"/ops/companies/{bellini.pk}/" in search(client, olga, "12345670017").content.decode()
    assert search(client, olga, "ab3de 5fghj")["Location"] == f"/ops/promotions/{code.pk}/"
    technician = UserFactory()
    Membership.objects.create(user=technician, operator=operator, role=Role.TECHNICIAN)
    assert "Bellini Impianti" not in search(client, technician, "bellini").content.decode()
