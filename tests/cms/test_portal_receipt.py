"""What a charge cost: its page, its PDF, and the invoice on request."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import Driver, Operator, User
from billing.models import CDR, Invoice
from billing.services.charges import rating
from sessions_app.models import ChargingSession
from tests.cms.driving import Driving, minute, see

pytestmark = pytest.mark.django_db
COMPANY = {
    "vat_number": "IT 0074311 0157",
    "fiscal_code": "",
    "billing_name": "Bellini Impianti S.r.l.",
    "recipient": "m5uxcr1",
    "address": "Via Emilia Est 120",
    "postal_code": "41124",
    "city": "Modena",
    "province": "MO",
    "country_code": "IT",
}


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(minute(120), tick=False) as clock:
        yield clock


def ask(client: Client, session: ChargingSession, **changed: str) -> Any:
    path = f"/history/{session.pk}/invoice/"
    return client.post(path, COMPANY | changed, headers={"accept-language": "en"}, follow=True)


def test_the_amount_leads_and_every_line_says_how_it_came_about(him: Client, world: Driving) -> None:
    session = world.charged(18_640, minutes=132)
    html = see(him, f"/history/{session.pk}/")
    for shown in (
        "Charge ended: €11.00",
        "for 18.64 kWh.",
        "18.64 kWh × €0.59/kWh",
        "taxable €9.02, VAT 22 % €1.98",
        "1 May 2026, 10:30–12:42",
        "Via Stalingrado 71, Bologna",
        "2 h 12 min",
        "IT*ADR*E0042*1",
        world.dario.operator.name,
    ):
        assert shown in html


def test_the_curve_has_an_answer_in_one_sentence(him: Client, world: Driving) -> None:
    session = world.charged(18_640, minutes=132)
    assert '<p class="a">18.64 kWh in 2 h 12 min: 8.5 kW on average.</p>' in see(him, f"/history/{session.pk}/")


def test_the_page_after_a_start_is_the_same(him: Client, world: Driving) -> None:
    world.asked()
    session = world.begins()
    world.ends(session, 60, 10_000)
    rating.rate(session_id=session.pk)
    assert "Charge ended: €5.90" in see(him, "/s/secret/done/")


def test_until_it_is_rated_the_amount_is_promised_not_guessed(him: Client, world: Driving) -> None:
    session = world.charged(rated=False)
    CDR.objects.all().delete()
    html = see(him, f"/history/{session.pk}/")
    assert "The final amount comes in a few minutes." in html
    assert "€" not in html.partition("<main")[2]
    assert f'data-live="session:{session.pk}"' in html
    block = him.get(f"/history/{session.pk}/", headers={"HX-Request": "true", "HX-Target": "receipt"})
    assert "<html" not in block.content.decode()


def test_without_energy_nothing_is_charged_and_it_says_so(him: Client, world: Driving) -> None:
    session = world.charged(0, minutes=3)
    html = see(him, f"/history/{session.pk}/")
    assert "You pay €0.00." in html
    assert "No energy flowed, so there is nothing to pay." in html
    assert "Do you need an invoice?" not in html


def test_a_charge_that_does_not_add_up_is_on_hold_and_says_so(him: Client, world: Driving) -> None:
    session = world.charged()
    ChargingSession.objects.filter(pk=session.pk).update(review="energy_jump")
    CDR.objects.filter(session=session).update(held=True)
    html = see(him, f"/history/{session.pk}/")
    assert "Somebody checks this charge first" in html
    assert "Do you need an invoice?" not in html


@pytest.mark.parametrize(("language", "name"), [("it", b"%PDF-"), ("en", b"%PDF-")])
def test_the_receipt_is_a_pdf_in_the_reader_s_language(
    him: Client, world: Driving, monkeypatch: pytest.MonkeyPatch, language: str, name: bytes
) -> None:
    session = world.charged()
    answer = him.get(f"/history/{session.pk}/receipt.pdf", headers={"accept-language": language})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(name)


def test_without_a_record_there_is_no_receipt_yet(him: Client, world: Driving) -> None:
    session = world.charged(rated=False)
    CDR.objects.all().delete()
    assert him.get(f"/history/{session.pk}/receipt.pdf").status_code == 404


def test_of_corrected_records_the_standing_one_counts(him: Client, world: Driving) -> None:
    session = world.charged(20_000)
    ChargingSession.objects.filter(pk=session.pk).update(energy=Decimal(10_000))
    world.says(world.teller.stop(60, session.transaction_id, 1200 + 20_000))
    rating.rate(session_id=session.pk)
    assert CDR.objects.filter(session=session).count() >= 1
    standing = CDR.objects.standing().get(session=session)
    assert f"€{standing.total_incl_vat:.2f}" in see(him, f"/history/{session.pk}/")


# ---- the invoice ---------------------------------------------------------------------------------------------------


def test_serve_la_fattura_issues_a_numbered_invoice_of_this_charge(him: Client, world: Driving, dario: Driver) -> None:
    session = world.charged()
    assert "Do you need an invoice?" in see(him, f"/history/{session.pk}/")
    answer = ask(him, session)
    invoice = Invoice.objects.get()
    assert (invoice.total_incl_vat, invoice.number) == (Decimal("11.8"), "1/2026")
    html = answer.content.decode()
    assert "Invoice 1/2026 is ready." in html
    assert f'href="/invoices/{invoice.pk}.pdf"' in html
    assert "Do you need an invoice?" not in html
    dario.refresh_from_db()
    assert (dario.vat_number, dario.sdi_code, dario.billing_name) == (
        "IT00743110157",
        "M5UXCR1",
        "Bellini Impianti S.r.l.",
    )


def test_asking_twice_gives_the_same_invoice(him: Client, world: Driving) -> None:
    session = world.charged()
    ask(him, session)
    ask(him, session)
    assert Invoice.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "typed"), [("vat_number", "0123456789"), ("recipient", "abc"), ("address", ""), ("fiscal_code", "XXX")]
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_kept(
    him: Client, world: Driving, dario: Driver, field: str, typed: str
) -> None:
    session = world.charged()
    answer = ask(him, session, **{field: typed})
    html = answer.content.decode()
    assert answer.status_code == 400
    assert f'id="id_{field}_error"' in html
    assert '<details class="card fold" open>' in html
    dario.refresh_from_db()
    assert (Invoice.objects.count(), dario.billing_name) == (0, "")


def test_without_any_number_the_driver_is_told_what_an_invoice_needs(him: Client, world: Driving) -> None:
    session = world.charged()
    answer = ask(him, session, vat_number="")
    assert answer.status_code == 400
    assert "a VAT number or fiscal code" in answer.content.decode().partition('id="id_vat_number_error"')[2][:400]
    assert Invoice.objects.count() == 0


def test_an_operator_without_its_own_data_says_so_and_the_driver_s_are_kept(
    him: Client, world: Driving, dario: Driver
) -> None:
    Operator.objects.update(iban="")
    session = world.charged()
    answer = ask(him, session)
    assert "This operator cannot issue invoices yet." in answer.content.decode()
    dario.refresh_from_db()
    assert (Invoice.objects.count(), dario.vat_number) == (0, "IT00743110157")


def test_my_invoices_are_listed_and_open_as_pdf(him: Client, world: Driving) -> None:
    ask(him, world.charged())
    invoice = Invoice.objects.get()
    html = see(him, "/invoices/")
    assert "Invoice 1/2026" in html
    assert "€11.80" in html
    assert him.get(f"/invoices/{invoice.pk}.pdf").content.startswith(b"%PDF-")


def test_without_invoices_the_page_says_how_to_get_one(him: Client) -> None:
    assert "No invoice yet." in see(him, "/invoices/")


# ---- whose ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/history/{}/", "/history/{}/receipt.pdf"])
def test_nina_does_not_see_dario_s_receipt(client: Client, world: Driving, nina: User, path: str) -> None:
    session = world.charged()
    client.force_login(nina)
    assert client.get(path.format(session.pk)).status_code == 404


def test_nina_cannot_have_dario_s_charge_invoiced(client: Client, world: Driving, nina: User) -> None:
    session = world.charged()
    client.force_login(nina)
    assert client.post(f"/history/{session.pk}/invoice/", COMPANY).status_code == 404
    assert Invoice.objects.count() == 0


def test_nina_does_not_open_dario_s_invoice(client: Client, world: Driving, nina: User) -> None:
    client.force_login(world.dario.user)
    ask(client, world.charged())
    client.force_login(nina)
    assert client.get(f"/invoices/{Invoice.objects.get().pk}.pdf").status_code == 404
    assert "1/2026" not in see(client, "/invoices/")


def test_olga_reads_receipts_on_the_operator_s_pages_only(client: Client, world: Driving, olga: User) -> None:
    session = world.charged()
    client.force_login(olga)
    assert client.get(f"/history/{session.pk}/receipt.pdf").status_code == 404


@pytest.mark.parametrize(
    "path", ["/history/", "/history/1/", "/history/1/receipt.pdf", "/invoices/", "/invoices/1.pdf", "/cards/"]
)
def test_strangers_sign_in_first(client: Client, path: str) -> None:
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
