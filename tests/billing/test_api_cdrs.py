"""/cdrs/ and /invoices/ as api-contract §9 promises them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from accounts.models import Driver, Operator, Role, User
from billing.models import CDR, Invoice, TariffVersion
from billing.services.charges import rating
from billing.services.debts import settling
from billing.services.invoicing import invoices
from sessions_app.models import ChargingSession
from tests.billing.conftest import Told, charge_then_park
from tests.billing.test_issue_invoices import BELLINI
from tests.billing.test_read_documents import text_of
from tests.factories import StationFactory
from tests.factories.billing import element

START = datetime(2025, 11, 3, 12, 27, tzinfo=UTC)
Charge = Callable[..., CDR]


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(datetime(2025, 11, 3, 15, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def charge(
    price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], told: Told, dario: Driver
) -> Charge:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    price(elements=[element("ENERGY", "0.59"), element("PARKING_TIME", "6", step=60, min_parking_duration=900)])

    def make(**facts: Any) -> CDR:
        session = ended(**{"started_at": START, "minutes": 132, "energy": Decimal(18_640), **facts})
        told[session.pk] = charge_then_park(session.started_at, int(session.energy), 105, 27)
        cdr = rating.rate(session_id=session.pk)
        assert cdr is not None
        return cdr

    return make


def test_a_cdr_speaks_ocpi_and_says_why(charge: Charge, api: APIClient) -> None:
    cdr = charge()
    shown = api.get(f"/api/v1/cdrs/{cdr.uid}/").json()
    location = cdr.session.location
    assert location is not None
    expected = {
        "country_code": "IT",
        "party_id": "ADR",
        "id": str(cdr.uid),
        "start_date_time": "2025-11-03T12:27:00Z",
        "end_date_time": "2025-11-03T14:39:00Z",
        "session_id": str(cdr.session_id),
        "cdr_token": {"country_code": "IT", "party_id": "ADR", "uid": "04A1B2C3", "type": "RFID", "contract_id": "04A1B2C3"},
        "auth_method": "AUTH_REQUEST",
        "currency": "EUR",
        "total_cost": {"excl_vat": "10.00", "incl_vat": "12.20"},
        "total_energy": 18.64,
        "total_energy_cost": {"excl_vat": "9.0164", "incl_vat": "11.0000"},
        "total_time": 2.2,
        "total_parking_time": 0.45,
        "total_parking_cost": {"excl_vat": "0.9836", "incl_vat": "1.2000"},
        "total_fixed_cost": None,
        "credit": False,
        "credit_reference_id": None,
        "session": cdr.session_id,
        "station": "CP-0042",
        "id_tag": "04A1B2C3",
        "total_vat": "2.20",
    }  # fmt: skip
    assert {name: shown[name] for name in expected} == expected
    assert shown["cdr_location"] == {
        "id": str(location.pk),
        "name": location.name,
        "address": "Via Stalingrado 71",
        "city": "Bologna",
        "postal_code": "40128",
        "state": None,
        "country": "ITA",
        "coordinates": {"latitude": None, "longitude": None},
        "evse_uid": "IT*ADR*E0042*1",
        "evse_id": "IT*ADR*E0042*1",
        "connector_id": "1",
        "connector_standard": None,
        "connector_format": "SOCKET",
        "connector_power_type": None,
    }
    assert [(p["start_date_time"], p["dimensions"]) for p in shown["charging_periods"]] == [
        ("2025-11-03T12:27:00Z", [{"type": "ENERGY", "volume": 18.64}, {"type": "TIME", "volume": 1.75}]),
        ("2025-11-03T14:12:00Z", [{"type": "PARKING_TIME", "volume": 0.25}]),
        ("2025-11-03T14:27:00Z", [{"type": "PARKING_TIME", "volume": 0.2}]),
    ]
    assert [(line["dimension"], line["amount"], line["tariff_element"]) for line in shown["trace"]["lines"]] == [
        ("ENERGY", "11.00", 0),
        ("PARKING_TIME", "1.20", 1),
    ]
    assert shown["tariffs"][0]["elements"][0]["price_components"][0]["type"] == "ENERGY"


def test_a_correction_is_a_credit_that_refers_to_the_first(charge: Charge, api: APIClient, anna: User) -> None:
    cdr = charge()
    rating.credit(cdr=cdr, by=anna)
    credit, first = api.get("/api/v1/cdrs/").json()["results"]
    assert (first["credit"], credit["credit"]) == (False, True)
    assert credit["credit_reference_id"] == first["id"] == str(cdr.uid)
    assert credit["total_cost"] == {"excl_vat": "-10.00", "incl_vat": "-12.20"}
    assert credit["total_energy"] == -18.64


def test_the_list_is_filtered(charge: Charge, api: APIClient, operator: Operator) -> None:
    first = charge()
    other = charge(
        station=StationFactory(operator=operator, identity="CP-2"), id_tag="BEEF", started_at=START + timedelta(days=1)
    )

    def found(query: str) -> list[str]:
        answer = api.get(f"/api/v1/cdrs/?{query}")
        assert answer.status_code == 200
        return [row["id"] for row in answer.json()["results"]]

    assert found("") == [str(other.uid), str(first.uid)]
    assert found("station=CP-2") == [str(other.uid)]
    assert found(f"session={first.session_id}") == [str(first.uid)]
    assert found("id_tag=beef") == [str(other.uid)]
    assert found("started_after=2025-11-04T00:00:00Z") == [str(other.uid)]
    assert found("started_before=2025-11-04T00:00:00Z&station=CP-0042") == [str(first.uid)]
    assert found("station=nowhere") == []
    assert api.get("/api/v1/cdrs/?started_after=soon").status_code == 400
    for wrong in ("x", "-1", "1.5", "1e3", "9" * 30):
        assert list(api.get(f"/api/v1/cdrs/?session={wrong}").json()) == ["session"]
    assert api.get("/api/v1/cdrs/?started_after=9999-12-31T23:59:59-23:59").status_code == 400


def test_cdrs_cannot_be_changed(charge: Charge, api: APIClient) -> None:
    path = f"/api/v1/cdrs/{charge().uid}/"
    for call in (api.put, api.patch, api.delete):
        assert call(path, {}, format="json").status_code == 405
    assert api.post("/api/v1/cdrs/", {}, format="json").status_code == 405
    assert CDR.objects.count() == 1


def test_what_belongs_to_others_is_not_there(
    charge: Charge, api_client_for: Callable[..., APIClient], other_operator: Operator, anna: User
) -> None:
    cdr = charge()
    invoice = invoices.issue(cdrs=[cdr], by=anna)
    stranger = api_client_for(other_operator)
    assert stranger.get("/api/v1/cdrs/").json()["count"] == 0
    assert stranger.get("/api/v1/invoices/").json()["count"] == 0
    for path in (f"cdrs/{cdr.uid}/", f"invoices/{invoice.pk}/", f"invoices/{invoice.pk}/pdf/"):
        assert stranger.get(f"/api/v1/{path}").status_code == 404


def test_a_technician_sees_no_money(
    charge: Charge, api_client_for: Callable[..., APIClient], operator: Operator
) -> None:
    cdr = charge()
    technician = api_client_for(operator, Role.TECHNICIAN)
    for path in ("cdrs/", f"cdrs/{cdr.uid}/", "invoices/"):
        assert technician.get(f"/api/v1/{path}").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "cdrs/ae82a21e-134e-4021-893f-b380e542a12b/",
        "cdrs/1/",
        "cdrs/x/",
        "invoices/999/",
        "invoices/x/",
        f"invoices/{'9' * 30}/pdf/",
    ],
)
def test_what_does_not_exist_is_not_found(api: APIClient, path: str) -> None:
    answer = api.get(f"/api/v1/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_lists_ask_the_database_a_fixed_number_of_times(
    charge: Charge, api: APIClient, anna: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(6):
        invoices.issue(cdrs=[charge()], by=anna)
    with django_assert_max_num_queries(5):
        assert len(api.get("/api/v1/cdrs/").json()["results"]) == 6
    with django_assert_max_num_queries(7):
        assert len(api.get("/api/v1/invoices/").json()["results"]) == 6


# ---- invoices -------------------------------------------------------------------------------------------------------


def test_an_invoice_is_shown_with_its_parties_lines_and_sums(charge: Charge, api: APIClient, anna: User) -> None:
    cdr = charge()
    invoice = invoices.issue(cdrs=[cdr], by=anna)
    shown = api.get(f"/api/v1/invoices/{invoice.pk}/").json()
    assert (shown["number"], shown["issued_on"], shown["kind"]) == ("1/2025", "2025-11-03", "invoice")
    assert (shown["seller"]["vat_number"], shown["buyer"]["vat_number"]) == ("IT00743110157", "IT01234567897")
    assert shown["vat_summary"] == [{"rate": "22", "taxable": "10.00", "vat": "2.20"}]
    assert (shown["fiscal_type"], shown["sdi_state"]) == ("TD01", None)
    assert api.get(f"/api/v1/cdrs/{cdr.uid}/").json()["fiscal_document"] == "invoice"
    assert (shown["total_excl_vat"], shown["total_vat"], shown["total_incl_vat"]) == ("10.00", "2.20", "12.20")
    assert shown["lines"][0] == {
        "position": 1, "cdr": str(cdr.uid), "text": "Energia", "quantity": "18.64", "unit": "kWh", "unit_price": "0.59",
        "amount": "11.00", "vat_rate": "22", "natura": "",
    }  # fmt: skip


def test_the_payment_state_follows_the_payments(charge: Charge, api: APIClient, anna: User) -> None:
    cdr = charge()
    invoice = invoices.issue(cdrs=[cdr], by=anna)

    def states() -> list[str]:
        return [row["payment_state"] for row in api.get("/api/v1/invoices/").json()["results"]]

    assert states() == ["open"]
    settling.settle(cdr_id=cdr.pk)
    assert states() == ["paid"]
    invoices.credit_note(invoice=invoice, by=anna)
    assert states() == ["credit", "credited"]
    credit = api.get("/api/v1/invoices/?kind=credit_note").json()["results"]
    assert [(row["credits"], row["total_incl_vat"]) for row in credit] == [("1/2025", "-12.20")]
    assert api.get("/api/v1/invoices/?kind=poem").status_code == 400


def test_the_pdf_is_the_document(charge: Charge, api: APIClient, anna: User) -> None:
    invoice = invoices.issue(cdrs=[charge()], by=anna)
    answer = api.get(f"/api/v1/invoices/{invoice.pk}/pdf/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer["Content-Disposition"] == 'inline; filename="invoice-1-2025.pdf"'
    assert "Fattura n. 1/2025" in text_of(answer.content)
    assert Invoice.objects.count() == 1
