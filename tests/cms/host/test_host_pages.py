"""/host/: a host sees the own sites, and nothing of anybody else's."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core import mail as mails
from django.test import Client

from accounts.models import Driver, DriverGroup, Membership, Operator, Role, User
from accounts.services import invitations, members
from billing.models import CDR, HostGuests, RevenueShare
from billing.services.month_end import statements
from billing.tasks import month_end as tasks
from stations.models import ChargingStation, Connector, Fault, Location
from tests.cms import driving
from tests.factories import LocationFactory
from tests.factories.billing import CDRFactory, EndedSessionFactory

JUNE, JULY = date(2026, 6, 1), date(2026, 7, 1)
TERMS: dict[str, Any] = {"host_name": "Hotel Mare", "percent": Decimal(10)}


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(datetime(2026, 7, 3, 9, tzinfo=UTC), tick=False) as at:
        yield at


@pytest.fixture
def place(station: ChargingStation) -> Location:
    assert station.location is not None
    return station.location


@pytest.fixture
def paola(place: Location, anna: User) -> User:
    """The agreement lets her in."""
    statements.agree(location=place, by=anna, valid_from=JUNE, host_email="Paola@mare.example", **TERMS)
    return Membership.objects.get(role=Role.HOST).user


@pytest.fixture
def elsewhere(operator: Operator, anna: User) -> Location:
    """A site of another host of the same operator."""
    other: Location = LocationFactory(operator=operator, name="Porto")
    statements.agree(location=other, by=anna, valid_from=JUNE, host_email="porto@porto.example", **TERMS)
    return other


@pytest.fixture
def charged(station: ChargingStation, operator: Operator) -> CDR:
    """15 June: 18.64 kWh, 8.40 € without VAT."""
    driving.price(operator)
    cdr: CDR = CDRFactory(
        driver=None,
        operator=operator,
        session=EndedSessionFactory(station=station, energy=Decimal(18_640)),
        energy=Decimal(18_640),
        total_excl_vat=Decimal("8.40"),
        total_incl_vat=Decimal("10.25"),
    )
    return cdr


def signed_in(person: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(person)
    return client


def read(client: Client, where: str = "/host/") -> str:
    answer = client.get(f"{where}?lang=en")
    assert answer.status_code == 200, where
    return " ".join(answer.content.decode().split()).replace("\xa0", " ")


# ---- who comes in ---------------------------------------------------------------------------------------------------


def test_an_agreement_invites_the_host_once(paola: User, place: Location, anna: User) -> None:
    statements.agree(location=place, by=anna, valid_from=JULY, host_email="paola@mare.example", **TERMS)
    invited = Membership.objects.get(user=paola)
    assert (invited.role, invited.pending, invited.user.email) == (Role.HOST, True, "paola@mare.example")
    assert invitations.mail(membership_id=invited.pk)
    assert "Rete Adriatica" in mails.outbox[-1].subject
    link = f"/accounts/invitation/{members.token_of(invited)}/"
    assert Client().post(link)["Location"] == "/host/"


def test_who_works_here_already_stays_what_he_is(place: Location, anna: User) -> None:
    statements.agree(location=place, by=anna, valid_from=JUNE, host_email=anna.email.upper(), **TERMS)
    assert Membership.objects.get(user=anna).role == Role.ACCOUNTANT
    assert place.name in read(signed_in(anna))


def test_a_host_is_led_home_and_sees_nothing_of_the_operator(paola: User, charged: CDR) -> None:
    hers = signed_in(paola)
    assert hers.get("/ops/")["Location"] == "/host/"
    for path in ("stations/", "sessions/", f"sessions/{charged.session_id}/", "reports/energy/", "billing/statements/"):
        assert hers.get(f"/ops/{path}").status_code == 403, path


@pytest.mark.parametrize("path", ["", "report/", "guests/", "guests/1/remove/"])
def test_another_hosts_site_is_not_there(paola: User, elsewhere: Location, path: str) -> None:
    hers = signed_in(paola)
    given = {"emails": "a@b.example", "text": "x", "charger": "1"}
    assert hers.get(f"/host/{elsewhere.pk}/{path}").status_code == 404
    assert hers.post(f"/host/{elsewhere.pk}/{path}", given).status_code == 404
    assert not HostGuests.objects.exists()
    assert not Fault.objects.exists()


def test_another_hosts_statement_is_not_there(paola: User, elsewhere: Location, place: Location, charged: CDR) -> None:
    hers, theirs = (statements.issue(location=one, month=JUNE) for one in (place, elsewhere))
    assert hers is not None
    assert theirs is not None
    client = signed_in(paola)
    assert client.get(f"/host/statements/{hers.pk}/")["Content-Type"] == "application/pdf"
    assert client.get(f"/host/statements/{theirs.pk}/").status_code == 404
    asked = {"kind": "own_statements", "preset": "machine"}
    sheet = client.post("/ops/billing/exports/start/", asked, follow=True).getvalue().decode()
    assert hers.number in sheet
    assert theirs.number not in sheet
    assert client.post("/ops/billing/exports/start/", {"kind": "statements"}).status_code == 403


def test_when_the_agreement_ends_the_site_goes_and_the_statements_stay(
    paola: User, place: Location, anna: User, charged: CDR
) -> None:
    row = statements.issue(location=place, month=JUNE)
    assert row is not None
    statements.agree(location=place, by=anna, valid_from=JULY, host_email="paola@mare.example", ended=True, **TERMS)
    hers = signed_in(paola)
    shown = read(hers)
    assert "No site is yours at the moment." in shown
    assert row.number in shown
    assert hers.get(f"/host/{place.pk}/").status_code == 404


def test_a_driver_and_a_stranger_are_not_let_in(dario: Driver, place: Location) -> None:
    assert signed_in(dario.user).get("/host/").status_code == 403
    assert Client().get("/host/")["Location"].startswith("/accounts/login/")


# ---- what is shown --------------------------------------------------------------------------------------------------


def test_do_my_chargers_work_and_what_did_i_earn(paola: User, place: Location, charged: CDR) -> None:
    """One site is the page itself: no click."""
    driving.stand(place, ("Charging", "Available"), identity="CP-0100")
    shown = read(signed_in(paola))
    assert "sockets do not work." in shown or "All 2 sockets work." in shown
    assert "1 car is charging." in shown
    assert "June" in shown
    assert "€0.84" in shown  # ten percent of 8.40: what June comes to
    assert "€8.40" in shown
    assert "18.64 kWh" in shown


def test_what_does_not_work_is_named(paola: User, place: Location) -> None:
    Connector.objects.all().delete()
    driving.stand(place, ("Faulted", "Available"), identity="CP-0100")
    assert "1 of 2 sockets does not work." in read(signed_in(paola), f"/host/{place.pk}/")


def test_several_sites_stand_side_by_side(paola: User, operator: Operator, place: Location, anna: User) -> None:
    second = LocationFactory(operator=operator, name="Depot")
    driving.stand(second, ("Available",), identity="CP-0200")
    statements.agree(location=second, by=anna, valid_from=JUNE, host_email="paola@mare.example", **TERMS)
    shown = read(signed_in(paola))
    assert f'href="/host/{second.pk}/"' in shown
    assert f'href="/host/{place.pk}/"' in shown
    assert "2 sites." in shown


def test_the_page_is_a_fixed_number_of_queries(paola: User, charged: CDR, django_assert_max_num_queries: Any) -> None:
    hers = signed_in(paola)
    with django_assert_max_num_queries(40):
        read(hers)


# ---- what a host does -----------------------------------------------------------------------------------------------


def test_a_report_is_a_problem_on_the_operators_list(
    paola: User, place: Location, station: ChargingStation, olga: User
) -> None:
    hers = signed_in(paola)
    given = {"charger": station.pk, "text": "The cable is cut"}
    assert hers.post(f"/host/{place.pk}/report/", given)["Location"] == f"/host/{place.pk}/"
    fault = Fault.objects.get()
    assert (fault.kind, fault.station, fault.closed_at) == (Fault.Kind.PROBLEM, station, None)
    assert fault.note.endswith(": The cable is cut")
    hers.post(f"/host/{place.pk}/report/", {**given, "text": "Now it smokes"})
    fault = Fault.objects.get()
    assert fault.note.splitlines()[1].endswith("Now it smokes")
    assert "The cable is cut" in read(signed_in(olga), f"/ops/incidents/{fault.pk}/")


@pytest.mark.parametrize("wrong", [{"charger": "9999"}, {"charger": "x"}, {"text": " "}, {"text": "x" * 301}])
def test_a_report_without_sense_is_not_sent(
    paola: User, place: Location, station: ChargingStation, wrong: dict[str, str]
) -> None:
    given = {"charger": str(station.pk), "text": "Broken", **wrong}
    assert signed_in(paola).post(f"/host/{place.pk}/report/", given).status_code == 400
    assert not Fault.objects.exists()


def test_guests_are_invited_as_they_are_pasted(
    paola: User, place: Location, dario: Driver, django_capture_on_commit_callbacks: Any
) -> None:
    hers, door = signed_in(paola), f"/host/{place.pk}/guests/"
    pasted = f"Rita Neri <rita@mare.example>; {dario.user.email}\n leo@mare.example,rita@mare.example"
    hers.post(door, {"emails": pasted})
    group = DriverGroup.objects.get()
    assert set(group.drivers.values_list("user__email", flat=True)) == {
        "rita@mare.example",
        "leo@mare.example",
        dario.user.email,
    }
    for driver in group.drivers.all():
        tasks.tell_host_guest(place.pk, driver.pk, "Paola")
        tasks.tell_host_guest(place.pk, driver.pk, "Paola")
    told = [mail for mail in mails.outbox if "You may charge at" in mail.subject or "caricare" in mail.subject]
    assert len(told) == 3
    hers.post(f"{door}{dario.pk}/remove/")
    assert group.drivers.count() == 2
    assert Driver.objects.filter(pk=dario.pk).exists()


@pytest.mark.parametrize("text", ["", "nobody", "a@", "x@y", "a@b.example, c@d", "\x00"])
def test_what_is_no_address_invites_nobody(paola: User, place: Location, text: str) -> None:
    assert signed_in(paola).post(f"/host/{place.pk}/guests/", {"emails": text}).status_code == 400
    assert not HostGuests.objects.exists()
    assert RevenueShare.objects.count() == 1
