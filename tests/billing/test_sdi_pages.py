"""Anna sends e-invoices, takes in what the SdI answers, and looks at the corrispettivi."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Company, Driver, Operator, User
from accounts.services import drivers
from billing.exports import kinds
from billing.models import (
    CDR,
    EInvoice,
    EInvoiceBatch,
    FileSequence,
    FiscalSettings,
    Payment,
    TakingsEntry,
    TariffVersion,
)
from billing.services.charges import rating
from billing.services.invoicing import buyers, document_mails, einvoices, invoices, sdi, takings
from billing.tasks import documents
from cms.core.errors import Conflict
from sessions_app.models import ChargingSession
from tests.billing.test_issue_einvoices import BELLINI, notification, refusal

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(datetime(2026, 6, 16, 10, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def cdr(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], dario: Driver) -> CDR:
    price()
    made = rating.rate(session_id=ended().pk)
    assert made is not None
    return made


@pytest.fixture
def file(cdr: CDR, dario: Driver) -> EInvoice:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    return einvoices.make(invoice=invoices.issue(cdrs=[cdr], by=None))


@pytest.fixture
def desk(client: Client, anna: User) -> Client:
    client.force_login(anna)
    return client


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path, headers={"Accept-Language": "en"})
    assert answer.status_code == status
    return answer.content.decode().replace("\u00a0", " ")


def upload(client: Client, *files: bytes) -> str:
    sent = [SimpleUploadedFile(f"answer{place}.xml", data) for place, data in enumerate(files)]
    answer = client.post("/ops/billing/sdi/answers/", {"files": sent}, headers={"Accept-Language": "en"})
    return answer.content.decode()


def test_the_zip_and_the_answer(desk: Client, file: EInvoice) -> None:
    assert "1 e-invoice waits to be sent." in text(desk, "/ops/billing/sdi/")
    desk.post("/ops/billing/sdi/zip/")
    batch = EInvoiceBatch.objects.get()
    data = desk.get(f"/ops/billing/sdi/zip/{batch.pk}/").content
    assert hashlib.sha256(data).hexdigest() == batch.sha256
    assert "No e-invoice waits" in text(desk, "/ops/billing/sdi/")
    assert "RC delivered" in upload(desk, notification("RC", file))
    assert "known already" in upload(desk, notification("RC", file))
    assert "The customer has it." in text(desk, f"/ops/billing/invoices/{file.invoice_id}/")
    assert "delivered" in text(desk, "/ops/billing/invoices/?sdi=delivered")
    assert "No document matches." in text(desk, "/ops/billing/invoices/?sdi=refused")


def test_a_refusal_in_words_and_what_to_do(desk: Client, file: EInvoice) -> None:
    upload(desk, refusal(file))
    for path in ("/ops/billing/sdi/", f"/ops/billing/invoices/{file.invoice_id}/"):
        assert "Nobody has this SDI code (CodiceDestinatario)." in text(desk, path)
    assert "Until 21 Jun 2026." in text(desk, f"/ops/billing/invoices/{file.invoice_id}/")
    desk.post(f"/ops/billing/invoices/{file.invoice_id}/fatturapa/make/")
    assert [row.state for row in EInvoice.objects.order_by("attempt")] == ["refused", "ready"]
    page = text(desk, f"/ops/billing/invoices/{file.invoice_id}/")
    assert "Nobody has this SDI code" not in page  # it was about the file before
    assert "NS refused" in page


def test_strange_uploads_are_named(desk: Client, file: EInvoice) -> None:
    page = upload(desk, b"hello", notification("RC", EInvoice(file_name="IT1_2.xml")))
    assert "It is no message of the SdI that can be read." in page
    assert desk.post("/ops/billing/sdi/answers/").status_code == 400
    assert EInvoice.objects.get().state == "ready"


def test_what_was_paid_and_is_credited_is_to_be_given_back(
    desk: Client, file: EInvoice, cdr: CDR, dario: Driver
) -> None:
    Payment.objects.create(
        operator=cdr.operator, driver=dario, cdr=cdr, amount=Decimal(11), captured=Decimal(11), currency="EUR", gateway="fake",
        idempotency_key="k", status="captured",
    )  # fmt: skip
    [line] = file.invoice.lines.all()
    assert "is not owed any more" not in text(desk, f"/ops/billing/invoices/{file.invoice_id}/")
    note = invoices.credit_note(invoice=file.invoice, by=None, lines={line.pk: Decimal(5)})
    for pk in (file.invoice_id, note.pk):
        assert "€2.75 was paid that is not owed any more." in text(desk, f"/ops/billing/invoices/{pk}/")


def test_what_is_missing_is_linked_to_where_it_goes(desk: Client, cdr: CDR, dario: Driver) -> None:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI | {"postal_code": ""})
    invoice = invoices.issue(cdrs=[cdr], by=None)
    for path in ("/ops/billing/sdi/", f"/ops/billing/invoices/{invoice.pk}/"):
        page = text(desk, path)
        assert "Missing: postal code." in page
        assert f'href="/ops/drivers/{dario.pk}/billing/"' in page
    desk.post(f"/ops/billing/invoices/{invoice.pk}/fatturapa/make/")
    assert not EInvoice.objects.exists()
    right = {**BELLINI, "vat_number": "015 3303 0480", "recipient": "m5uxcr1", "country_code": "it"}
    assert desk.post(f"/ops/drivers/{dario.pk}/billing/", right).status_code == 302
    assert documents.make_missing_einvoices() == 1


def test_tom_reads_and_carla_sees_nothing(client: Client, tom: User, carla: User, file: EInvoice) -> None:
    client.force_login(tom)
    assert client.get(f"/ops/billing/invoices/{file.invoice_id}/fatturapa/").content == bytes(file.xml)
    for path in (
        "/ops/billing/sdi/zip/",
        "/ops/billing/sdi/answers/",
        f"/ops/billing/invoices/{file.invoice_id}/fatturapa/make/",
    ):
        assert client.post(path).status_code == 403
    client.force_login(carla)
    assert client.get(f"/ops/billing/invoices/{file.invoice_id}/fatturapa/").status_code == 404
    assert client.post(f"/ops/billing/invoices/{file.invoice_id}/fatturapa/make/").status_code == 404
    assert "waits to be sent" not in text(client, "/ops/billing/sdi/").replace("No e-invoice waits to be sent", "")
    assert EInvoice.objects.get().state == "ready"


def test_the_api_gives_the_xml(api: APIClient, file: EInvoice) -> None:
    answer = api.get(f"/api/v1/invoices/{file.invoice_id}/fatturapa/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    assert answer.content == bytes(file.xml)
    assert file.file_name in answer["Content-Disposition"]
    EInvoice._base_manager.all().delete()
    answer = api.get(f"/api/v1/invoices/{file.invoice_id}/fatturapa/")
    assert (answer.status_code, answer.json()["code"]) == (409, "einvoice_not_made")
    assert not EInvoice.objects.exists()
    assert api.get("/api/v1/invoices/999/fatturapa/").status_code == 404


def test_the_api_says_what_is_missing(api: APIClient, cdr: CDR, dario: Driver) -> None:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI | {"postal_code": ""})
    invoice = invoices.issue(cdrs=[cdr], by=None)
    answer = api.get(f"/api/v1/invoices/{invoice.pk}/fatturapa/")
    assert (answer.status_code, answer.json()["code"]) == (409, "einvoice_incomplete")
    assert not EInvoice.objects.exists()


def test_each_customer_is_mailed_once(file: EInvoice, operator: Operator, mailoutbox: list[Any]) -> None:
    assert document_mails.missing() == [file.invoice_id]
    documents.mail_missing_documents()
    documents.mail_documents([file.invoice_id])
    [mail] = mailoutbox
    assert mail.to == ["dario@driver.example"]
    assert mail.attachments[0][0] == "1-2026.pdf"
    assert document_mails.missing() == []


def test_copies_may_be_switched_off(file: EInvoice, operator: Operator, mailoutbox: list[Any]) -> None:
    FiscalSettings.objects.create(operator=operator, mail_invoices=False)
    documents.mail_documents([file.invoice_id])
    assert mailoutbox == []
    assert document_mails.missing() == []


# ---- corrispettivi --------------------------------------------------------------------------------------------------


def test_the_month_its_days_and_its_points(desk: Client, cdr: CDR, operator: Operator) -> None:
    page = text(desk, "/ops/billing/corrispettivi/?month=2026-06")
    assert "1 charge is not written down." in page
    desk.post("/ops/billing/corrispettivi/record/")
    page = text(desk, "/ops/billing/corrispettivi/")
    assert "€11.00 of corrispettivi in June 2026." in page
    assert "is not written down" not in page
    page = text(desk, "/ops/billing/corrispettivi/?day=2026-06-15")
    assert "IT*ADR*E0042*1" in page
    assert "dario" not in page.lower()
    for nonsense in ("?day=soon", "?day=2026-02-31"):
        text(desk, f"/ops/billing/corrispettivi/{nonsense}", status=404)
    assert "June 2026" in text(desk, "/ops/billing/corrispettivi/?month=13")


def test_a_broken_chain_is_said_aloud(desk: Client, cdr: CDR, operator: Operator) -> None:
    takings.record(operator=operator)
    call_command("verify_takings", operator=operator.slug)
    TakingsEntry._base_manager.update(total=Decimal(1))
    answer = desk.post("/ops/billing/corrispettivi/verify/", headers={"Accept-Language": "en"}, follow=True)
    assert "broken at entry 1" in answer.content.decode()
    with pytest.raises(CommandError, match=operator.slug):
        call_command("verify_takings")
    with pytest.raises(CommandError):
        call_command("verify_takings", operator="nobody")


def test_the_settings_are_cleaned_and_checked(desk: Client, operator: Operator) -> None:
    good = {
        "transmitter": "it 0153 3030 480",
        "no_vat_natura": "N4",
        "no_vat_law": "art. 10",
        "server_energia": " SE-0001 ",
        "series": "ev",
        "last_file": "0z",
        "rea_office": "bo",
        "rea_number": "123.456",
        "share_capital": "10.000,00".replace(".", " "),
    }
    assert desk.post("/ops/settings/documents/", good).status_code == 302
    kept = FiscalSettings.objects.get()
    assert (kept.transmitter, kept.no_vat_natura, kept.server_energia, kept.mail_invoices) == (
        "IT01533030480",
        "N4",
        "SE-0001",
        False,
    )
    assert (kept.series, kept.rea_office, kept.rea_number, kept.share_capital) == ("EV", "BO", "123456", 10_000)
    assert FileSequence.objects.get(transmitter="IT01533030480").last == 35
    for wrong in (
        {"transmitter": "1234"}, {"no_vat_natura": "N9"}, {"server_energia": "€€€"}, {"series": "H"}, {"series": "EV/1"},
        {"last_file": "0-1"}, {"last_file": "123456"}, {"last_file": "ZZZZZ"}, {"rea_number": ""}, {"rea_office": "Bologna"}, {"share_capital": "-1"},
    ):  # fmt: skip
        assert desk.post("/ops/settings/documents/", good | wrong).status_code == 400
    assert FiscalSettings.objects.get().transmitter == "IT01533030480"


def test_the_night_writes_for_everybody(cdr: CDR, operator: Operator) -> None:
    assert documents.record_takings() == 1
    assert documents.record_takings() == 0


# ---- the customer's data --------------------------------------------------------------------------------------------

RIGHT = {**BELLINI, "recipient": "M5UXCR1", "country_code": "IT"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"vat_number": "IT01533030481"}, "vat_number"),
        ({"fiscal_code": "RSSMRA80A01F205A"}, "fiscal_code"),
        ({"postal_code": "4112"}, "postal_code"),
        ({"country_code": "ZZ"}, "country_code"),
        ({"recipient": "ABC"}, "recipient"),
        ({"recipient": "nobody@"}, "recipient"),
        ({"vat_treatment": "split"}, "vat_treatment"),
        ({"vat_treatment": "N9"}, "vat_treatment"),
        ({"vat_treatment": "N6.8", "vat_number": ""}, "vat_treatment"),
        ({"vat_treatment": "N2.1"}, "vat_treatment"),
        ({"vat_treatment": "N3.5"}, "intent_protocol"),
        ({"vat_treatment": "N3.5", "intent_protocol": "123", "intent_on": "2026-01-06"}, "intent_protocol"),
        ({"intent_on": "yesterday"}, "intent_on"),
    ],
)
def test_a_customers_data_are_checked(desk: Client, dario: Driver, wrong: dict[str, str], field: str) -> None:
    answer = desk.post(f"/ops/drivers/{dario.pk}/billing/", RIGHT | wrong)
    assert answer.status_code == 400
    assert field in answer.context["form"].errors
    dario.refresh_from_db()
    assert (dario.vat_number, dario.vat_treatment) == ("", "")


def test_a_public_body_is_taxed_by_split_payment(desk: Client, dario: Driver, operator: Operator, carla: User) -> None:
    office = RIGHT | {"recipient": "ufgx12", "vat_treatment": "split"}
    company = Company.objects.create(operator=operator, name="Comune")
    for path, buyer in (
        (f"/ops/drivers/{dario.pk}/billing/", dario),
        (f"/ops/companies/{company.pk}/billing/", company),
    ):
        assert desk.post(path, office).status_code == 302
        buyer.refresh_from_db()
        assert (buyer.sdi_code, buyer.vat_treatment, buyer.vat_number) == ("UFGX12", "split", "IT01533030480")
        hers = Client()
        hers.force_login(carla)
        assert hers.post(path, RIGHT).status_code == 404


def test_the_files_of_a_month_and_the_lists_are_exports(file: EInvoice, operator: Operator, anna: User) -> None:
    def rows(kind: str, **params: str) -> list[Any]:
        of = kinds.of(kind)
        ask = kinds.Ask(operator, of.clean(operator, params), "it", ZoneInfo("Europe/Rome"), anna)
        if of.build:
            out = io.BytesIO()
            assert of.build(ask, out, lambda done: None) == len(zipfile.ZipFile(out).namelist())
            return zipfile.ZipFile(out).namelist()
        assert of.rows is not None
        return [list(row) for row in of.rows(ask)]

    assert rows("fatturapa", month="2026-06") == [file.file_name]
    assert rows("fatturapa", since="2026-06-17", until="2026-06-30") == []
    assert len(rows("invoices", sdi="ready", month="2026-06")) == 1
    assert rows("invoices", sdi="refused", month="2026-06") == []
    Driver.objects.update(vat_number="", fiscal_code="RSSMRA80A01F205X")
    invoices.credit_note(invoice=file.invoice, by=None, again=True)
    takings.record(operator=operator)
    [entry] = rows("corrispettivi", month="2026-06")
    assert len(entry) == len(kinds.of("corrispettivi").columns)
    assert entry[:4] == [1, date(2026, 6, 15), "charge", None]
    [day] = rows("corrispettivi_days", since="2026-06-15", until="2026-06-15")
    assert day == [date(2026, 6, 15), 1, 1, 0, Decimal("20.000"), Decimal("9.02"), Decimal("1.98"), Decimal("11.00"), 0]


# ---- a customer without an account ----------------------------------------------------------------------------------

STRANGER = {
    "billing_name": "Mario Rossi", "fiscal_code": "RSSMRA80A01F205X", "address": "Via Po 3", "postal_code": "40128", "city": "Bologna",
    "province": "BO", "country_code": "IT",
}  # fmt: skip


@pytest.fixture
def strangers(cdr: CDR, operator: Operator) -> EInvoice:
    """The e-invoice of somebody who charged with a card alone, refused."""
    CDR.objects.filter(pk=cdr.pk).update(driver=None)
    guest = drivers.guest(operator=operator, values=STRANGER)
    file = einvoices.make(invoice=invoices.issue(cdrs=[cdr], by=None, guest=guest))
    sdi.receive(operator=operator, files=[("a.xml", refusal(file, "00306"))], by=None)
    return file


def test_a_strangers_refused_invoice_is_mended_and_sent_again(desk: Client, strangers: EInvoice) -> None:
    invoice, right = strangers.invoice, "VRDLGI70L15H501T"
    page = desk.get(f"/ops/billing/invoices/{invoice.pk}/", headers={"Accept-Language": "en"})
    assert f'href="/ops/billing/invoices/{invoice.pk}/buyer/"' in page.content.decode()
    buyer = f"/ops/billing/invoices/{invoice.pk}/buyer/"
    assert "Mario Rossi" in desk.get(buyer).content.decode()
    for wrong in ({"fiscal_code": "VRDLGI70L15H501X"}, {"fiscal_code": ""}, {"city": ""}, {"postal_code": "1"}):
        assert desk.post(buyer, {**STRANGER, "fiscal_code": right, **wrong}).status_code == 400
    assert desk.post(buyer, {**STRANGER, "fiscal_code": right, "recipient": "luigi@pec.example"}).status_code == 302
    desk.post(f"/ops/billing/invoices/{invoice.pk}/fatturapa/make/")
    again = EInvoice.objects.get(attempt=2)
    assert right.encode() in bytes(again.xml)
    assert b"luigi@pec.example" in bytes(again.xml)
    assert (again.invoice.number, json.loads(again.invoice.buyer)["fiscal_code"]) == ("1/2026", "RSSMRA80A01F205X")


def test_strangers_are_nobody_elses_to_correct(client: Client, strangers: EInvoice, tom: User, carla: User) -> None:
    for person, status in ((tom, 403), (carla, 404)):
        client.force_login(person)
        assert client.get(f"/ops/billing/invoices/{strangers.invoice_id}/buyer/").status_code == status


def test_who_has_data_of_its_own_is_corrected_there(desk: Client, file: EInvoice) -> None:
    assert desk.get(f"/ops/billing/invoices/{file.invoice_id}/buyer/").status_code == 404
    with pytest.raises(Conflict):
        buyers.correct_guest(invoice=file.invoice, values=STRANGER, by=None)


def test_the_list_names_strangers_and_leaves_notes_of_refused_invoices_alone(
    desk: Client, strangers: EInvoice, anna: User
) -> None:
    invoices.credit_note(invoice=strangers.invoice, by=anna)
    page = text(desk, "/ops/billing/invoices/")
    assert page.count("Mario Rossi") == 2
    assert "not made" not in page.partition("<tbody>")[2]
    assert desk.get("/ops/billing/invoices/?sdi=none").context["page"].paginator.count == 0
