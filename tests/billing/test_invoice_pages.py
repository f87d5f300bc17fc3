"""/ops/billing/invoices/ and /ops/cdrs/: documents are issued, read and taken back; what is issued stays."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Driver, Operator, User
from billing.models import CDR, Invoice
from billing.selectors import invoices as selectors
from billing.services.charges import rating
from billing.services.prices import assigning, tariffs
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from tests.factories import DriverFactory, StationFactory
from tests.factories.billing import EndedSessionFactory, TariffAssignmentFactory, TariffFactory, TariffVersionFactory

DAY = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
PRICE = [{"price_components": [{"type": "ENERGY", "price": Decimal("0.55"), "vat": 22, "step_size": 1}]}]


@pytest.fixture
def charge(station: ChargingStation, dario: Driver) -> CDR:
    dario.billing_name, dario.vat_number, dario.address, dario.city = (
        "Dario S.r.l.",
        "IT00743110157",
        "Via Po 3",
        "Torino",
    )
    dario.save()
    version = tariffs.create(
        operator=station.operator, name="AC", elements=PRICE, valid_from=DAY - timedelta(1), by=None
    )
    assigning.assign(tariff=version.tariff, operator=station.operator, valid_from=DAY - timedelta(1), by=None)
    session = ChargingSession.objects.create(
        operator=station.operator, station=station, driver=dario, evse_id=1, connector_id=1, ocpp_version="1.6",
        transaction_id="1", start_key="k", status="completed", started_at=DAY, started_received_at=DAY,
        stopped_at=DAY + timedelta(hours=1), energy=Decimal(11000), authorization="Accepted",
    )  # fmt: skip
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    return cdr


@pytest.fixture
def desk(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def text(client: Client, path: str) -> str:
    return client.get(path, headers={"Accept-Language": "en"}).content.decode().replace("\u00a0", " ")


def test_anna_invoices_what_waits(desk: Client, charge: CDR) -> None:
    assert "Dario S.r.l." in text(desk, "/ops/cdrs/")
    answer = desk.post("/ops/cdrs/issue/", {"driver": charge.driver_id})
    invoice = Invoice.objects.get()
    assert answer["Location"] == f"/ops/billing/invoices/{invoice.pk}/"
    assert invoice.total_incl_vat == Decimal("6.05")
    page = text(desk, f"/ops/billing/invoices/{invoice.pk}/")
    for words in ("€6.05", "€1.09", "Dario S.r.l.", "Rete Adriatica S.r.l."):
        assert words in page
    assert desk.get(f"/ops/billing/invoices/{invoice.pk}/pdf/").content.startswith(b"%PDF-")
    assert "Everything is invoiced" in text(desk, "/ops/cdrs/")


def test_a_credit_note_takes_it_back_once(desk: Client, charge: CDR) -> None:
    desk.post("/ops/cdrs/issue/", {"driver": charge.driver_id})
    invoice = Invoice.objects.get()
    [line] = invoice.lines.all()
    page = text(desk, f"/ops/billing/invoices/{invoice.pk}/credit/")
    assert "it gets the next number and cannot be changed" in page
    assert f'name="line_{line.pk}" checked' in page
    assert desk.post(f"/ops/billing/invoices/{invoice.pk}/credit/", {"charges": "again"}).status_code == 400
    assert not Invoice.objects.filter(kind="credit_note").exists()
    all_of_it = {f"line_{line.pk}": "on", "charges": "again", "reason": "Due volte"}
    desk.post(f"/ops/billing/invoices/{invoice.pk}/credit/", all_of_it)
    desk.post(f"/ops/billing/invoices/{invoice.pk}/credit/", all_of_it)
    assert [note.total_incl_vat for note in Invoice.objects.filter(kind="credit_note")] == [Decimal("-6.05")]
    assert "Dario S.r.l." in text(desk, "/ops/cdrs/")


def test_a_part_of_a_line_is_credited_with_a_comma(desk: Client, charge: CDR) -> None:
    desk.post("/ops/cdrs/issue/", {"driver": charge.driver_id})
    invoice = Invoice.objects.get()
    [line] = invoice.lines.all()
    part = {f"line_{line.pk}": "on", f"of_{line.pk}": "1,5", "charges": "good"}
    answer = desk.post(f"/ops/billing/invoices/{invoice.pk}/credit/", part)
    note = Invoice.objects.get(kind="credit_note")
    assert answer["Location"] == f"/ops/billing/invoices/{note.pk}/"
    assert note.total_incl_vat == Decimal("-0.83")
    too_much = {f"line_{line.pk}": "on", f"of_{line.pk}": "99"}
    assert desk.post(f"/ops/billing/invoices/{invoice.pk}/credit/", too_much).status_code == 400
    assert Invoice.objects.filter(kind="credit_note").count() == 1
    assert "Everything is invoiced" in text(desk, "/ops/cdrs/")


def test_without_company_data_the_way_leads_to_the_form(desk: Client, charge: CDR, operator: Operator) -> None:
    Operator.objects.filter(pk=operator.pk).update(iban="")
    answer = desk.post("/ops/cdrs/issue/", {"driver": charge.driver_id})
    assert answer["Location"] == "/ops/settings/"
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("driver", ["", "abc", "999999", "²"])
def test_nobody_is_invoiced_for_a_wrong_driver(desk: Client, charge: CDR, driver: str) -> None:
    assert desk.post("/ops/cdrs/issue/", {"driver": driver}).status_code == 302
    assert not Invoice.objects.exists()


def test_a_refusal_is_a_sentence_without_names_of_fields(desk: Client, charge: CDR) -> None:
    answer = desk.post("/ops/cdrs/issue/", {"driver": "999999"}, headers={"Accept-Language": "en"}, follow=True)
    assert [str(message) for message in answer.context["messages"]] == ["There is nothing to invoice."]


def test_the_list_finds_by_number_and_buyer(desk: Client, charge: CDR, django_assert_max_num_queries) -> None:
    desk.post("/ops/cdrs/issue/", {"driver": charge.driver_id})
    number = Invoice.objects.get().number
    with django_assert_max_num_queries(20):
        assert number in text(desk, "/ops/billing/invoices/?search=Dario")
    assert f">{number}<" not in text(desk, "/ops/billing/invoices/?search=nobody")


def test_tom_reads_invoices_but_issues_none(client: Client, tom: User, charge: CDR) -> None:
    client.force_login(tom)
    assert client.get("/ops/billing/invoices/").status_code == 200
    assert client.post("/ops/cdrs/issue/", {"driver": charge.driver_id}).status_code == 403
    assert not Invoice.objects.exists()


def test_carla_sees_none_of_it(desk: Client, carla: User, charge: CDR) -> None:
    desk.post("/ops/cdrs/issue/", {"driver": charge.driver_id})
    invoice = Invoice.objects.get()
    hers = Client()
    hers.force_login(carla)
    assert "Dario" not in text(hers, "/ops/billing/invoices/")
    assert "Dario" not in text(hers, "/ops/cdrs/")
    for path in ("", "pdf/"):
        assert hers.get(f"/ops/billing/invoices/{invoice.pk}/{path}").status_code == 404
    assert hers.post(f"/ops/billing/invoices/{invoice.pk}/credit/").status_code == 404
    hers.post("/ops/cdrs/issue/", {"driver": charge.driver_id})
    assert Invoice.objects.count() == 1


def test_what_cannot_be_taken_back_is_asked_first(desk: Client, charge: CDR) -> None:
    page = desk.get("/ops/cdrs/", headers={"Accept-Language": "en"}).content.decode()
    assert f'<dialog id="ask-{charge.driver_id}"' in page
    assert "It gets the next number and cannot be changed, only credited." in page


def test_who_waits_is_named_by_company_person_or_address(operator: Operator) -> None:
    version = TariffVersionFactory(tariff=TariffFactory(operator=operator))
    TariffAssignmentFactory(operator=operator, tariff=version.tariff)
    people = [
        DriverFactory(operator=operator, billing_name="Ceramiche S.p.A."),
        DriverFactory(operator=operator, user__first_name="Laura", user__last_name="Monti"),
        DriverFactory(operator=operator, user__first_name="", user__last_name="", user__email="x@driver.example"),
    ]
    for driver in people:
        rating.rate(session_id=EndedSessionFactory(station=StationFactory(operator=operator), driver=driver).pk)
    names = {row["driver"]: row["name"] for row in selectors.by_driver(operator)}
    assert [names[driver.pk] for driver in people] == [str(driver) for driver in people]
    assert list(names.values()).count("x@driver.example") == 1


@pytest.mark.parametrize("typed", ["0", "-1", "1e9", "abc"])
def test_nothing_is_credited_for_a_quantity_that_is_none(desk: Client, charge: CDR, typed: str) -> None:
    desk.post("/ops/cdrs/issue/", {"driver": charge.driver_id})
    invoice = Invoice.objects.get()
    [line] = invoice.lines.all()
    answer = desk.post(f"/ops/billing/invoices/{invoice.pk}/credit/", {f"line_{line.pk}": "on", f"of_{line.pk}": typed})
    assert answer.status_code == 400
    assert Invoice.objects.count() == 1


def test_what_holds_a_charge_is_said_in_words_with_a_way_there(desk: Client, charge: CDR) -> None:
    facts = {"review": "missing_stop,negative", "estimated": True, "energy": Decimal(5_000)}
    session = EndedSessionFactory(station=charge.session.station, driver=charge.driver, **facts)
    rated = rating.rate(session_id=session.pk)
    assert rated is not None
    assert rated.held
    page = desk.get("/ops/cdrs/", headers={"Accept-Language": "en"}).content.decode()
    for words in ("The charger never reported the end", "The meter ran backwards", "Readings are missing"):
        assert words in page
    assert "missing_stop" not in page
