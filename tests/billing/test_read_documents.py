"""What stands on the paper, read back from the PDF, in both languages."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
import time_machine

from accounts.models import Driver, Operator, User
from billing.documents import pdf
from billing.models import CDR, Payment, TariffVersion
from billing.services.charges import rating
from billing.services.debts import settling
from billing.services.invoicing import invoices
from sessions_app.models import ChargingSession
from tests.billing.conftest import Told, charge_then_park
from tests.billing.test_issue_invoices import BELLINI
from tests.factories.billing import element

START = datetime(2025, 11, 3, 12, 27, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(datetime(2025, 11, 3, 15, tzinfo=UTC), tick=False):
        yield


def text_of(page: bytes) -> str:
    document = pypdfium2.PdfDocument(page)
    try:
        pages = [sheet.get_textpage().get_text_range() for sheet in document]
    finally:
        document.close()
    return " ".join(" ".join(pages).replace("\u00a0", " ").split())


@pytest.fixture
def cdr(price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession], told: Told, dario: Driver) -> CDR:
    """The charge of the design pages: 18.64 kWh at 0.59, twelve minutes too long at 0.10: 12.20 €."""
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    price(elements=[element("ENERGY", "0.59"), element("PARKING_TIME", "6", step=60, min_parking_duration=900)])
    session = ended(started_at=START, minutes=132, energy=Decimal(18_640), meter_start=Decimal(18_412_306))
    told[session.pk] = charge_then_park(START, 18_640, 105, 27)
    rated = rating.rate(session_id=session.pk)
    assert rated is not None
    return rated


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "it",
            [
                "Ricevuta di ricarica", "3 nov 2025, 13:27–15:39", "12,20 €", "18,64 kWh", "2 h 12 min", "IT*ADR*E0042*1",
                "18.412,306 kWh", "18.430,946 kWh", "Energia", "0,59 €/kWh", "11,00 €", "Sosta dopo la ricarica (dopo 15 min)",
                "12 min", "0,10 €/min", "1,20 €", "22 %", "10,00 €", "2,20 €", "I prezzi includono l’IVA", "non è una fattura",
                "Rete Adriatica S.r.l.", "Partita IVA IT00743110157", "Via Stalingrado 71", "…B2C3", "pagina 1 di 1",
            ],
        ),
        (
            "en",
            [
                "Charging receipt", "3 Nov 2025, 13:27–15:39", "€12.20", "18.64 kWh", "2 h 12 min", "IT*ADR*E0042*1",
                "18,412.306 kWh", "18,430.946 kWh", "Energy", "€0.59/kWh", "€11.00", "Parking after the charge (after 15 min)",
                "12 min", "€0.10/min", "€1.20", "22 %", "€10.00", "€2.20", "Prices include VAT", "is not an invoice",
                "VAT number IT00743110157", "page 1 of 1",
            ],
        ),
    ],
)  # fmt: skip
def test_a_receipt_says_what_was_charged_and_why(cdr: CDR, language: str, expected: list[str]) -> None:
    read = text_of(pdf.receipt(cdr, language))
    assert [words for words in expected if words not in read] == []
    assert "04A1B2C3" not in read


def test_the_same_receipt_is_the_same_file(cdr: CDR) -> None:
    assert pdf.receipt(cdr, "it") == pdf.receipt(cdr, "it")


def test_a_receipt_says_when_it_was_paid(cdr: CDR) -> None:
    assert "Da incassare" in text_of(pdf.receipt(cdr, "it"))
    settling.settle(cdr_id=cdr.pk)
    assert "Incassato il 3 nov 2025" in text_of(pdf.receipt(CDR.objects.get(pk=cdr.pk), "it"))


def paid(cdr: CDR, **facts: object) -> Payment:
    whole = {
        "operator": cdr.operator, "driver": cdr.driver, "cdr": cdr, "amount": Decimal(40), "later": True, "captured": cdr.total_incl_vat, "currency": "EUR",
        "gateway": "fake", "gateway_id": "pi_3PqK2v", "idempotency_key": "k", "status": "captured", "card_brand": "visa", "card_last4": "4242",
    } | facts  # fmt: skip
    return Payment.objects.create(**whole)


def test_a_receipt_names_the_card_and_what_it_held(cdr: CDR) -> None:
    paid(cdr)
    read = text_of(pdf.receipt(cdr, "it"))
    for words in (
        "Bloccato all’inizio su Visa …4242: 40,00 €",
        "Pagato con Visa …4242: 12,20 €",
        "Liberato: 27,80 €",
        "pi_3PqK2v",
    ):
        assert words in read
    assert "Da incassare" not in read


def test_a_refund_in_part_is_no_debt(cdr: CDR) -> None:
    paid(cdr, refunded=Decimal(3))
    read = text_of(pdf.receipt(cdr, "en"))
    assert "Refunded: −€3.00" in read
    assert "To be collected" not in read


def test_a_hold_that_was_let_go_whole_is_told(cdr: CDR) -> None:
    paid(cdr, status="released", captured=Decimal(0))
    read = text_of(pdf.receipt(cdr, "it"))
    assert "Bloccato all’inizio su Visa …4242: 40,00 €" in read
    assert "Liberato: 40,00 €" in read
    assert "Pagato con" not in read


def test_the_receipt_of_an_invoiced_charge_names_the_invoice(cdr: CDR, anna: User) -> None:
    invoices.issue(cdrs=[cdr], by=anna)
    read = text_of(pdf.receipt(cdr, "it"))
    assert "Questa ricarica è nella fattura n. 1/2025 del 3 nov 2025." in read
    assert "non è una fattura" not in read


def test_of_split_payment_the_net_is_collected(cdr: CDR, dario: Driver, anna: User) -> None:
    Driver.objects.filter(pk=dario.pk).update(vat_treatment="split", sdi_code="UFGX12")
    read = text_of(pdf.invoice(invoices.issue(cdrs=[cdr], by=anna)))
    assert "Da incassare: 10,00 €" in read


def test_a_consumer_is_told_where_the_original_is(cdr: CDR, dario: Driver, anna: User) -> None:
    Driver.objects.filter(pk=dario.pk).update(sdi_code="", vat_number="", fiscal_code="RSSMRA80A01F205X")
    assert "area riservata" in text_of(pdf.invoice(invoices.issue(cdrs=[cdr], by=anna)))


def test_a_quantity_that_was_rounded_up_says_so(
    price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]
) -> None:
    price(elements=[element("ENERGY", "0.50", step=500), element("TIME", "1", step=900)])
    cdr = rating.rate(session_id=ended(started_at=START, minutes=50, energy=Decimal(10_115)).pk)
    assert cdr is not None
    read = text_of(pdf.receipt(cdr, "it"))
    assert "10,50 kWh" in read
    assert "misurati 10,115 kWh, arrotondati per eccesso come da tariffa" in read
    assert "misurati 0,8333 h" in read
    assert "1,00 €/h" in read


def test_an_estimate_on_hold_says_so(
    price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]
) -> None:
    price()
    cdr = rating.rate(session_id=ended(started_at=START, estimated=True, review="estimated").pk)
    assert cdr is not None
    read = text_of(pdf.receipt(cdr, "en"))
    assert "The energy of this charge is an estimate." in read
    assert "has not been charged yet" in read


def test_the_doubled_hour_names_its_offset(
    price: Callable[..., TariffVersion], ended: Callable[..., ChargingSession]
) -> None:
    price()
    cdr = rating.rate(session_id=ended(started_at=datetime(2025, 10, 26, 0, 30, tzinfo=UTC), minutes=60).pk)
    assert cdr is not None
    assert "26 ott 2025, 02:30 (UTC+2)–02:30 (UTC+1)" in text_of(pdf.receipt(cdr, "it"))


def test_a_charge_without_place_price_and_token_has_a_receipt_too(ended: Callable[..., ChargingSession]) -> None:
    session = ended(location=None, id_tag="", meter_start=None, meter_stop=None, energy=Decimal(0), evse_id=None)
    cdr = rating.rate(session_id=session.pk)
    assert cdr is not None
    read = text_of(pdf.receipt(cdr, "it"))
    assert "0,00 €" in read
    assert "Nulla da pagare" in read


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "it",
            [
                "Fattura n. 1/2025", "del 3 nov 2025", "Bellini Impianti S.r.l.", "Partita IVA IT01234567897", "Codice SDI M5UXCR1",
                "Rete Adriatica S.r.l.", "Ricarica 3 nov 2025, 13:27–15:39", "punto IT*ADR*E0042*1",
                "contatore 18.412,306 kWh → 18.430,946 kWh", "18,64 kWh", "0,59 €/kWh", "11,00 €", "1,20 €", "10,00 €", "2,20 €",
                "12,20 €", "1 ricarica, 18,64 kWh", "IT60 X054 2811 1010 0000 0123 456", "Regime fiscale: RF01", "I prezzi includono l’IVA",
            ],
        ),
        (
            "en",
            ["Invoice No. 1/2025", "of 3 Nov 2025", "Charge 3 Nov 2025, 13:27–15:39", "€12.20", "18.64 kWh", "€0.59/kWh", "1 charge, 18.64 kWh"],
        ),
    ],
)  # fmt: skip
def test_an_invoice_has_everything_the_law_wants(cdr: CDR, anna: User, language: str, expected: list[str]) -> None:
    document = invoices.issue(cdrs=[cdr], by=anna, language=language)
    read = text_of(pdf.invoice(document))
    assert [words for words in expected if words not in read] == []


def test_a_credit_note_names_what_it_takes_back(cdr: CDR, anna: User) -> None:
    note = invoices.credit_note(invoice=invoices.issue(cdrs=[cdr], by=anna), by=anna)
    read = text_of(pdf.invoice(note))
    assert "1 ricarica" not in read  # of a part it would not be true
    for words in (
        "Nota di credito n. 2/2025",
        "a storno della fattura n. 1/2025 del 3 nov 2025",
        "−12,20 €",
        "−11,00 €",
        "−2,20 €",
    ):
        assert words in read


def test_a_long_invoice_repeats_its_head(
    cdr: CDR, ended: Callable[..., ChargingSession], anna: User, operator: Operator
) -> None:
    more = [rating.rate(session_id=ended(started_at=START, energy=Decimal(10_000 + n)).pk) for n in range(24)]
    read = text_of(pdf.invoice(invoices.issue(cdrs=[cdr, *filter(None, more)], by=anna)))
    assert "25 ricariche" in read
    assert read.count("DESCRIZIONE") >= 2
    assert "pagina 2 di" in read
    assert "Fattura n. 1/2025 · Bellini Impianti S.r.l." in read
    forward = re.findall(r"A riportare ([0-9,]+) €", read)
    assert forward
    assert forward == re.findall(r"Riporto ([0-9,]+) €", read)
