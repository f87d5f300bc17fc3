"""E-invoices of issued documents: valid by the official schema and by the SdI's arithmetic, never made twice, never made wrong."""

import hashlib
import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from lxml import etree

from accounts.models import Company, Driver, Operator, User
from billing.documents import en16931
from billing.documents.fatturapa import names
from billing.documents.positions import Position
from billing.models import CDR, EInvoice, FileSequence, FiscalSettings, Invoice, Payment
from billing.selectors import einvoices as selectors
from billing.services.invoicing import batches, credit_notes, einvoices, fiscal, invoices, sdi
from cms.core.errors import Conflict, Forbidden, Invalid, Unavailable
from tests.billing import einvoice_files
from tests.billing.conftest import Charge
from tests.billing.einvoice_files import text, texts
from tests.factories import DriverFactory

pytestmark = pytest.mark.any_database

D = Decimal

BELLINI = {
    "billing_name": "Bellini Impianti S.r.l.",
    "vat_number": "IT01533030480",
    "address": "Via Emilia Est 120",
    "postal_code": "41124",
    "city": "Modena",
    "province": "MO",
    "sdi_code": "M5UXCR1",
}


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(datetime(2026, 6, 16, 10, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def dario(dario: Driver) -> Driver:
    Driver.objects.filter(pk=dario.pk).update(**BELLINI)
    dario.refresh_from_db()
    return dario


def valid(file: EInvoice) -> bytes:
    """The file's bytes, once the official schema has nothing against them."""
    xml = bytes(file.xml)
    einvoice_files.schema().assertValid(etree.fromstring(xml))
    return xml


def set_buyer(driver: Driver, **data: str) -> None:
    empty = dict.fromkeys(("vat_number", "fiscal_code", "sdi_code", "pec", "province"), "")
    Driver.objects.filter(pk=driver.pk).update(**{**BELLINI, **empty, **data})


def made(*cdrs: CDR) -> EInvoice:
    return einvoices.make(invoice=invoices.issue(cdrs=cdrs, by=None))


# ---- what stands in them --------------------------------------------------------------------------------------------


def test_one_charge_of_a_company_is_an_immediate_invoice(charge: Charge) -> None:
    file = made(charge(energy=D(18_640), parked_min=27))
    xml = valid(file)
    assert file.file_name == "IT00743110157_00001.xml"
    assert file.sha256 == hashlib.sha256(xml).hexdigest()
    assert (text(xml, "TipoDocumento"), text(xml, "Numero"), text(xml, "Data")) == ("TD01", "1/2026", "2026-06-16")
    assert (text(xml, "FormatoTrasmissione"), text(xml, "CodiceDestinatario")) == ("FPR12", "M5UXCR1")
    assert texts(xml, "Quantita") == ["18.64", "12.00"]
    assert texts(xml, "PrezzoUnitario") == ["0.48360656", "0.08196721"]
    assert texts(xml, "PrezzoTotale") == ["9.01639344", "0.98360656"]
    assert (text(xml, "ImponibileImporto"), text(xml, "Imposta")) == ("10.00", "2.20")
    assert texts(xml, "Arrotondamento") == []
    assert text(xml, "ImportoTotaleDocumento") == "12.20"
    assert texts(xml, "AltriDatiGestionali/RiferimentoTesto")[0] == "IT*ADR*E0042*1"
    assert texts(xml, "DataInizioPeriodo") == ["2026-06-15", "2026-06-15"]
    assert texts(xml, "DatiDDT") == []


def test_what_is_not_paid_is_asked_for_by_bank(charge: Charge) -> None:
    xml = valid(made(charge()))
    assert (text(xml, "CondizioniPagamento"), text(xml, "ModalitaPagamento")) == ("TP02", "MP05")
    assert (text(xml, "IBAN"), text(xml, "ImportoPagamento")) == ("IT60X0542811101000000123456", "11.80")


def test_the_charges_of_a_month_are_a_deferred_invoice(charge: Charge) -> None:
    cdrs = [charge(energy=D(wh)) for wh in (18_643, 7_777, 31_111)]
    xml = valid(made(*cdrs))
    assert text(xml, "TipoDocumento") == "TD24"
    assert texts(xml, "DatiDDT/NumeroDDT") == [str(cdr.session_id) for cdr in cdrs]
    assert texts(xml, "DatiDDT/RiferimentoNumeroLinea") == ["1", "2", "3"]
    # 33.95 gross: the taxable sum is rounded once, and the lines differ from it by their own fractions
    assert (text(xml, "ImponibileImporto"), text(xml, "Imposta")) == ("27.83", "6.12")
    lines = sum(map(D, texts(xml, "PrezzoTotale")))
    assert D(text(xml, "DatiRiepilogo/Arrotondamento")) == D("27.83") - lines


def test_a_single_charge_is_deferred_after_twelve_days(charge: Charge) -> None:
    cdr = charge()
    with time_machine.travel(datetime(2026, 6, 28, 10, tzinfo=UTC)):
        assert text(valid(made(cdr)), "TipoDocumento") == "TD24"


@pytest.mark.parametrize(
    ("data", "format_", "recipient", "pec"),
    [
        ({"fiscal_code": "RSSMRA80A01F205X"}, "FPR12", "0000000", []),
        ({"fiscal_code": "RSSMRA80A01F205X", "pec": "rossi@pec.example"}, "FPR12", "0000000", ["rossi@pec.example"]),
        ({"vat_number": "IT01533030480", "sdi_code": "UFGX12"}, "FPA12", "UFGX12", []),
        ({"vat_number": "DE136695976", "country_code": "DE", "postal_code": "10115"}, "FPR12", "XXXXXXX", []),
        ({"country_code": "CH", "postal_code": "6900", "city": "Lugano"}, "FPR12", "XXXXXXX", []),
    ],
)
def test_each_kind_of_customer_is_reached(
    charge: Charge, dario: Driver, data: dict[str, str], format_: str, recipient: str, pec: list[str]
) -> None:
    set_buyer(dario, **data)
    xml = valid(made(charge()))
    assert (text(xml, "FormatoTrasmissione"), text(xml, "CodiceDestinatario")) == (format_, recipient)
    assert texts(xml, "PECDestinatario") == pec


def test_a_swiss_customer_has_the_id_of_nobody_and_the_code_before_the_town(charge: Charge, dario: Driver) -> None:
    set_buyer(dario, country_code="CH", postal_code="6900", city="Lugano")
    xml = valid(made(charge()))
    assert texts(xml, "CessionarioCommittente/DatiAnagrafici/IdFiscaleIVA/IdPaese") == ["CH"]
    assert texts(xml, "CessionarioCommittente/DatiAnagrafici/IdFiscaleIVA/IdCodice") == ["OO99999999999"]
    assert texts(xml, "CessionarioCommittente/Sede/CAP") == ["00000"]
    assert texts(xml, "CessionarioCommittente/Sede/Comune") == ["6900 Lugano"]


def test_a_reseller_pays_no_vat_to_the_seller(charge: Charge, dario: Driver) -> None:
    Driver.objects.filter(pk=dario.pk).update(vat_treatment="N6.8")
    file = made(charge(energy=D(18_640)))
    xml = valid(file)
    assert (file.invoice.total_vat, file.invoice.total_incl_vat) == (0, D("9.02"))
    assert (text(xml, "DatiRiepilogo/Natura"), text(xml, "DatiRiepilogo/Imposta")) == ("N6.8", "0.00")
    assert text(xml, "RiferimentoNormativo").startswith("Inversione contabile")
    assert texts(xml, "DatiBollo") == []


def test_a_public_body_pays_the_vat_to_the_state(charge: Charge, dario: Driver) -> None:
    set_buyer(dario, vat_number="IT01533030480", sdi_code="UFGX12", vat_treatment="split")
    xml = valid(made(charge()))
    assert (text(xml, "EsigibilitaIVA"), text(xml, "ImportoTotaleDocumento")) == ("S", "11.80")
    assert text(xml, "ImportoPagamento") == text(xml, "ImponibileImporto") == "9.67"


def fee(amount: str, **facts: Any) -> Position:
    return Position("Quota", D(1), "1", D(amount), D(amount), **{"vat_rate": 22, **facts})


def issue_fee(operator: Operator, buyer: Any, *positions: Position, source: str = "period:1") -> Invoice:
    return invoices.issue_positions(
        operator=operator, buyer=buyer, positions=positions, currency="EUR", tax_included=True, source=source, by=None
    )


@pytest.mark.parametrize(("amount", "duty"), [("77.47", []), ("77.48", ["2.00"])])
def test_more_than_77_47_without_vat_owes_the_stamp_duty(
    operator: Operator, dario: Driver, amount: str, duty: list[str]
) -> None:
    document = issue_fee(operator, dario, fee(amount, vat_rate=None))
    xml = valid(einvoices.make(invoice=document))
    assert texts(xml, "ImportoBollo") == duty
    assert text(xml, "DatiRiepilogo/Natura") == "N2.2"
    assert document.total_incl_vat == D(amount)


def test_the_stamp_duty_may_be_the_customers(operator: Operator, dario: Driver) -> None:
    FiscalSettings.objects.create(operator=operator, charge_stamp_duty=True)
    document = issue_fee(operator, dario, fee("100", vat_rate=None))
    xml = valid(einvoices.make(invoice=document))
    assert document.total_incl_vat == 102
    assert texts(xml, "DatiRiepilogo/Natura") == ["N2.2", "N1"]
    assert texts(xml, "ImponibileImporto") == ["100.00", "2.00"]


def test_a_fee_says_which_days_it_is_for(operator: Operator, dario: Driver) -> None:
    days = {"since": date(2026, 6, 1), "until": date(2026, 6, 30)}
    xml = valid(einvoices.make(invoice=issue_fee(operator, dario, fee("9.90", **days))))
    assert (text(xml, "DataInizioPeriodo"), text(xml, "DataFinePeriodo")) == ("2026-06-01", "2026-06-30")


def test_a_discount_is_a_line_of_its_own(operator: Operator, dario: Driver) -> None:
    less = Position("Sconto “estate” – 10 %", D(-1), "", D("0.99"), D("-0.99"), 22)
    xml = valid(einvoices.make(invoice=issue_fee(operator, dario, fee("9.90"), less)))
    assert texts(xml, "PrezzoTotale") == ["8.1147541", "-0.81147541"]
    assert texts(xml, "Descrizione") == ["Quota", 'Sconto "estate" - 10 %']


def test_a_credit_note_names_its_invoice_and_is_positive(charge: Charge) -> None:
    invoice = invoices.issue(cdrs=[charge()], by=None)
    note = invoices.credit_note(invoice=invoice, by=None, reason="Doppia ricarica")
    xml = valid(einvoices.make(invoice=note))
    assert (text(xml, "TipoDocumento"), text(xml, "Causale")) == ("TD04", "Doppia ricarica")
    assert text(xml, "DatiFattureCollegate/IdDocumento") == "1/2026"
    assert (text(xml, "ImponibileImporto"), text(xml, "ImportoTotaleDocumento")) == ("9.67", "11.80")
    assert texts(xml, "DatiPagamento") == []


def test_a_companys_charges_say_whose_cost_they_are(charge: Charge, operator: Operator) -> None:
    company = Company.objects.create(operator=operator, name="Flotta", payment_days=60, **BELLINI)
    first, second = charge(), charge()
    CDR.objects.filter(pk=first.pk).update(company=company, cost_centre="Vendite")
    CDR.objects.filter(pk=second.pk).update(company=company, cost_centre="Acquisti")
    document = invoices.issue(cdrs=[first, second], by=None)
    xml = valid(einvoices.make(invoice=document))
    assert (document.company, document.driver) == (company, None)
    assert text(xml, "DataScadenzaPagamento") == "2026-08-15"
    facts = texts(xml, "AltriDatiGestionali/RiferimentoTesto")
    assert [fact for fact in facts if fact in ("Acquisti", "Vendite")] == ["Acquisti", "Vendite"]


# ---- made once, and never wrong -------------------------------------------------------------------------------------


def test_asking_twice_gives_the_same_file(charge: Charge) -> None:
    invoice = invoices.issue(cdrs=[charge()], by=None)
    assert einvoices.make(invoice=invoice) == einvoices.make(invoice=invoice)
    assert FileSequence.objects.get().last == 1


def test_a_file_is_never_rewritten(charge: Charge) -> None:
    file = made(charge())
    file.xml = b"<other/>"
    for spoil in (file.save, file.delete, EInvoice.objects.all().delete, lambda: EInvoice.objects.update(xml=b"")):
        with pytest.raises(TypeError):
            spoil()
    assert valid(EInvoice.objects.get())


def test_an_incomplete_one_is_not_made_and_says_what_is_missing(charge: Charge, dario: Driver) -> None:
    set_buyer(dario, vat_number="IT01533030480", postal_code="", sdi_code="M5UXCR1")
    invoice = invoices.issue(cdrs=[charge()], by=None)
    with pytest.raises(einvoices.Incomplete) as refused:
        einvoices.make(invoice=invoice)
    [problem] = refused.value.facts["problems"]
    assert (problem.code, problem.text, problem.place) == ("00200", "Missing: postal code.", "buyer")
    assert not EInvoice.objects.exists()
    assert not FileSequence.objects.exists()
    Driver.objects.filter(pk=dario.pk).update(postal_code="41124")  # filled in since
    invoice = Invoice.objects.get()
    assert einvoices.problems(invoice) == []
    assert einvoices.make_many([invoice.pk]) == 1
    assert einvoices.missing() == []


def test_what_is_old_goes_out_by_nobody_but_a_person(charge: Charge) -> None:
    invoice = invoices.issue(cdrs=[charge()], by=None)
    assert einvoices.missing() == [invoice.pk]
    with time_machine.travel(datetime(2026, 7, 17, 10, tzinfo=UTC)):
        assert einvoices.missing() == []
        assert einvoices.make(invoice=invoice).state == "ready"


def test_sellers_abroad_make_none(charge: Charge, operator: Operator) -> None:
    Operator.objects.filter(pk=operator.pk).update(country_code="DE")
    invoice = invoices.issue(cdrs=[charge()], by=None)
    with pytest.raises(Conflict) as refused:
        einvoices.make(invoice=invoice)
    assert refused.value.code == "einvoice_not_needed"
    assert einvoices.missing() == []


# ---- handed over, answered ------------------------------------------------------------------------------------------


def notification(kind: str, file: EInvoice, **elements: str) -> bytes:
    roots = {"RC": "RicevutaConsegna", "NS": "NotificaScarto", "MC": "NotificaMancataConsegna"}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in elements.items())
    return (
        f'<t:{roots[kind]} xmlns:t="http://www.fatturapa.gov.it/sdi/messaggi/v1.0"><IdentificativoSdI>7</IdentificativoSdI>'
        f"<NomeFile>{file.file_name}.p7m</NomeFile>{inner}</t:{roots[kind]}>"
    ).encode()


def refusal(file: EInvoice, code: str = "00311") -> bytes:
    error = f"<Errore><Codice>{code}</Codice><Descrizione>non valido</Descrizione></Errore>"
    return notification("NS", file, ListaErrori=error)


def state(file: EInvoice) -> str:
    return str(EInvoice.objects.get(pk=file.pk).state)


def test_a_zip_carries_what_is_ready_once(charge: Charge, operator: Operator, anna: User) -> None:
    files = [made(charge()), made(charge())]
    batch = batches.hand_over(operator=operator, by=anna)
    data = batches.zip_of(batch)
    assert hashlib.sha256(data).hexdigest() == batch.sha256
    assert (batch.name, batch.files, batch.created_by) == ("IT00743110157_00001-00002.zip", 2, anna)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            file.file_name: bytes(file.xml) for file in files
        }
    assert {state(file) for file in files} == {"handed"}
    with pytest.raises(Conflict) as refused:
        batches.hand_over(operator=operator, by=anna)
    assert refused.value.code == "nothing_ready"


def test_answers_move_the_state_and_come_twice(charge: Charge, operator: Operator, anna: User) -> None:
    file = made(charge())
    answer = [("IT00743110157_00001_RC_001.xml", notification("RC", file))]
    [first] = sdi.receive(operator=operator, files=answer, by=anna)
    [second] = sdi.receive(operator=operator, files=answer, by=anna)
    assert (first.known, second.known) == (False, True)
    assert first.notification == second.notification
    assert state(file) == "delivered"


def test_a_zip_with_a_stranger_among_them(charge: Charge, operator: Operator, anna: User) -> None:
    file = made(charge())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.xml", notification("MC", file))
        archive.writestr("b.xml", notification("RC", EInvoice(file_name="IT99999999999_00009.xml")))
        archive.writestr("c.txt", b"hello")
        archive.writestr("__MACOSX/a.xml", b"noise")
    taken = sdi.receive(operator=operator, files=[("all.zip", packed.getvalue())], by=anna)
    assert [(one.name, one.error) for one in taken] == [
        ("a.xml", ""),
        ("b.xml", "We never sent a file IT99999999999_00009.xml."),
        ("c.txt", "It is no message of the SdI that can be read."),
    ]
    assert state(file) == "undelivered"


def test_broken_zips_are_named(charge: Charge, operator: Operator, anna: User) -> None:
    file = made(charge())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xml", notification("RC", file) * 50)
    whole = packed.getvalue()
    damaged = whole[:60] + b"\xff" * 20 + whole[80:]
    headless = b"\x00" * 40 + whole[-60:]
    for data in (damaged, headless):
        [taken] = sdi.receive(operator=operator, files=[("x.zip", data)], by=anna)
        assert taken.error
    assert state(file) == "ready"


def test_a_refused_one_is_sent_again_with_its_number_and_date(
    charge: Charge, operator: Operator, anna: User, dario: Driver
) -> None:
    file = made(charge())
    with pytest.raises(Conflict):
        einvoices.send_again(invoice=file.invoice, by=anna)
    sdi.receive(operator=operator, files=[("x", refusal(file))], by=anna)
    assert state(file) == "refused"
    Driver.objects.filter(pk=dario.pk).update(sdi_code="SUBM70N")
    with time_machine.travel(datetime(2026, 6, 19, 10, tzinfo=UTC)):
        again = einvoices.send_again(invoice=Invoice.objects.get(), by=anna)
    xml = valid(again)
    assert (again.file_name, again.attempt, again.state) == ("IT00743110157_00002.xml", 2, "ready")
    assert (text(xml, "Numero"), text(xml, "Data"), text(xml, "CodiceDestinatario")) == (
        "1/2026",
        "2026-06-16",
        "SUBM70N",
    )
    assert bytes(EInvoice.objects.get(pk=file.pk).xml) == bytes(file.xml)


def test_strangers_and_support_change_nothing(charge: Charge, operator: Operator, tom: User, carla: User) -> None:
    file = made(charge())
    for person in (tom, carla):
        with pytest.raises(Forbidden):
            sdi.receive(operator=operator, files=[("x", notification("RC", file))], by=person)
        with pytest.raises(Forbidden):
            batches.hand_over(operator=operator, by=person)
    assert state(file) == "ready"


def test_answers_of_another_operator_are_not_ours(charge: Charge, other_operator: Operator, carla: User) -> None:
    file = made(charge())
    [taken] = sdi.receive(operator=other_operator, files=[("x", notification("RC", file))], by=carla)
    assert taken.error
    assert state(file) == "ready"


# ---- parts of an invoice --------------------------------------------------------------------------------------------


def test_a_part_of_a_line_is_credited_and_the_charge_stays_invoiced(charge: Charge, anna: User) -> None:
    cdr = charge(energy=D(18_640), parked_min=27)
    invoice = invoices.issue(cdrs=[cdr], by=anna)
    energy, parking = invoice.lines.order_by("position")
    note = invoices.credit_note(invoice=invoice, by=anna, lines={energy.pk: D("8.64")}, reason="Contatore")
    assert (note.total_incl_vat, note.total_vat, note.reason) == (D("-5.10"), D("-0.92"), "Contatore")
    assert [entry.quantity for entry in credit_notes.left(invoice)] == [10, 12]
    with pytest.raises(Conflict):
        invoices.issue(cdrs=[cdr, charge()], by=anna)
    with pytest.raises(Invalid):
        invoices.credit_note(invoice=invoice, by=anna, lines={energy.pk: D("10.01")})
    with pytest.raises(Invalid):
        invoices.credit_note(invoice=invoice, by=anna, lines={})
    assert invoice.credit_notes.count() == 1
    rest = invoices.credit_note(invoice=invoice, by=anna)
    assert invoice.total_incl_vat + note.total_incl_vat + rest.total_incl_vat == 0
    assert invoice.total_vat + note.total_vat + rest.total_vat == 0
    assert credit_notes.left(invoice) == []
    with pytest.raises(Conflict) as refused:
        invoices.credit_note(invoice=invoice, by=anna, lines={parking.pk: None})
    assert refused.value.code == "invoice_credited"


def test_a_whole_charge_may_be_billed_again_or_is_credited_for_good(charge: Charge, anna: User) -> None:
    first, second, third = charge(), charge(), charge()
    invoice = invoices.issue(cdrs=[first, second, third], by=anna)
    lines = {line.cdr_id: line.pk for line in invoice.lines.all()}
    invoices.credit_note(invoice=invoice, by=anna, lines={lines[first.pk]: None}, again=True)
    invoices.credit_note(invoice=invoice, by=anna, lines={lines[second.pk]: None}, again=False)
    assert set(CDR.objects.standing().uninvoiced()) == {first}
    assert CDR.objects.get(credits=second).total_incl_vat == -second.total_incl_vat
    assert invoices.issue(cdrs=[first], by=anna).number == "4/2026"


def test_positions_are_invoiced_once_for_their_source(operator: Operator, dario: Driver) -> None:
    assert issue_fee(operator, dario, fee("9.90")) == issue_fee(operator, dario, fee("9.90"))
    assert issue_fee(operator, dario, fee("9.90"), source="period:2").number == "2/2026"
    with pytest.raises(Invalid):
        issue_fee(operator, dario, source="period:3")
    nobody = DriverFactory(operator=operator)
    with pytest.raises(Conflict):
        issue_fee(operator, nobody, fee("9.90"), source="period:4")
    assert Invoice.objects.count() == 2


# ---- Factur-X -------------------------------------------------------------------------------------------------------


def test_without_the_extra_it_says_so(charge: Charge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(en16931, "find_spec", lambda name: None)
    with pytest.raises(Unavailable) as refused:
        einvoices.factur_x(invoices.issue(cdrs=[charge()], by=None))
    assert refused.value.code == "einvoice_extra_missing"


def test_the_european_file_says_the_same_and_is_inside_the_pdf(
    charge: Charge, operator: Operator, dario: Driver
) -> None:
    pytest.importorskip("drafthorse", reason="requirements-einvoice.txt is not installed")
    facturx = pytest.importorskip("facturx", reason="requirements-einvoice.txt is not installed")
    invoice = invoices.issue(cdrs=[charge(energy=D(wh), parked_min=20) for wh in (18_643, 7_777)], by=None)
    note = invoices.credit_note(invoice=invoice, by=None, reason="Doppia")
    untaxed = issue_fee(operator, dario, fee("100", vat_rate=None))
    for document, kind in ((invoice, "380"), (note, "381"), (untaxed, "380")):
        _name, xml = facturx.get_xml_from_pdf(einvoices.factur_x(document))
        ram = "{urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100}"
        root = etree.fromstring(xml)
        sums = root.find(f".//{ram}SpecifiedTradeSettlementHeaderMonetarySummation")
        said = {element.tag.removeprefix(ram): D(element.text) for element in sums}
        assert root.findtext(f".//{{*}}ExchangedDocument/{ram}TypeCode") == kind
        assert said["TaxBasisTotalAmount"] == abs(document.total_excl_vat)
        assert said["GrandTotalAmount"] == abs(document.total_incl_vat)
        assert (
            said["LineTotalAmount"] + said["ChargeTotalAmount"] - said["AllowanceTotalAmount"]
            == said["TaxBasisTotalAmount"]
        )


def test_the_european_file_passes_the_schematron(charge: Charge, operator: Operator, dario: Driver) -> None:
    """The official one, which factur-x carries; it wants an XSLT 2 processor, which no package of ours needs."""
    facturx = pytest.importorskip("facturx", reason="requirements-einvoice.txt is not installed")
    saxon = pytest.importorskip("saxonche", reason="saxonche is not installed")
    set_buyer(dario, fiscal_code="RSSMRA80A01F205X")
    FiscalSettings.objects.create(operator=operator, charge_stamp_duty=True)
    untaxed = issue_fee(operator, dario, fee("100", vat_rate=None), fee("9.90"))
    card = Payment.objects.create(
        operator=operator, driver=dario, invoice=untaxed, amount=D(5), captured=D(5), currency="EUR", gateway="fake",
        idempotency_key="k", status="captured",
    )  # fmt: skip
    assert card.kept == 5
    note = invoices.credit_note(invoice=untaxed, by=None)
    set_buyer(dario, country_code="CH", postal_code="6900", city="Lugano")
    rules = Path(facturx.__file__).parent / "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt"
    with saxon.PySaxonProcessor(license=False) as processor:
        schematron = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(rules))
        for document in (untaxed, note, invoices.issue(cdrs=[charge()], by=None)):
            _name, xml = facturx.get_xml_from_pdf(einvoices.factur_x(document))
            told = schematron.transform_to_string(xdm_node=processor.parse_xml(xml_text=xml.decode()))
            assert "fired-rule" in told
            assert "failed-assert" not in told


# ---- what the seller and the customer have to say of themselves -----------------------------------------------------


def test_a_registered_company_names_its_entry(charge: Charge, operator: Operator) -> None:
    FiscalSettings.objects.create(
        operator=operator, rea_office="BO", rea_number="123456", share_capital=D(10_000), sole_shareholder="SU"
    )
    xml = valid(made(charge()))
    entry = [texts(xml, f"IscrizioneREA/{tag}") for tag in ("Ufficio", "NumeroREA", "CapitaleSociale", "SocioUnico")]
    assert entry == [["BO"], ["123456"], ["10000.00"], ["SU"]]
    assert text(xml, "StatoLiquidazione") == "LN"


def test_a_letter_of_intent_is_quoted_on_each_line(charge: Charge, dario: Driver) -> None:
    Driver.objects.filter(pk=dario.pk).update(
        vat_treatment="N3.5", intent_protocol="08060120341234567-000001", intent_on=date(2026, 1, 6)
    )
    xml = valid(made(charge(parked_min=27)))
    assert texts(xml, "AltriDatiGestionali/RiferimentoTesto").count("08060120341234567-000001") == 2
    assert set(texts(xml, "AltriDatiGestionali/RiferimentoData")) == {"2026-01-06"}


def test_without_its_protocol_nothing_is_sent(charge: Charge, dario: Driver) -> None:
    Driver.objects.filter(pk=dario.pk).update(vat_treatment="N3.5")
    document = invoices.issue(cdrs=[charge()], by=None)
    with pytest.raises(einvoices.Incomplete, match="letter of intent"):
        einvoices.make(invoice=document)
    Driver.objects.filter(pk=dario.pk).update(intent_protocol="08060120341234567-000001", intent_on=date(2026, 1, 6))
    document = Invoice.objects.get(pk=document.pk)
    assert "08060120341234567-000001" in texts(valid(einvoices.make(invoice=document)), "RiferimentoTesto")


def test_names_go_on_after_those_of_another_program(charge: Charge, operator: Operator) -> None:
    fiscal.update(operator=operator, values={"last_file": "00420", "series": "ev"}, by=None)
    file = made(charge())
    assert file.file_name == "IT00743110157_00421.xml"
    assert file.invoice.number == "EV-1/2026"
    fiscal.update(operator=operator, values={"last_file": "0Z000"}, by=None)  # mistyped
    fiscal.update(operator=operator, values={"last_file": "00001"}, by=None)
    assert fiscal.last_file(operator) == "00421"  # but never back to a name of ours
    assert fiscal.settings_of(operator).series == "EV"


def test_when_names_run_out_it_says_so(charge: Charge) -> None:
    FileSequence.objects.create(transmitter="IT00743110157", last=names.MOST)
    with pytest.raises(Conflict) as refused:
        made(charge())
    assert refused.value.code == "no_file_names"


def test_other_currencies_owe_no_duty_in_euro(operator: Operator, dario: Driver) -> None:
    document = invoices.issue_positions(
        operator=operator, buyer=dario, positions=[fee("100", vat_rate=None)], currency="CHF", tax_included=True, source="a", by=None
    )  # fmt: skip
    assert document.stamp_duty == 0


# ---- what the SdI never took ----------------------------------------------------------------------------------------


def refused_invoice(charge: Charge, operator: Operator) -> EInvoice:
    file = made(charge())
    sdi.receive(operator=operator, files=[("a.xml", refusal(file))], by=None)
    file.refresh_from_db()
    assert file.state == "refused"
    return file


def test_the_credit_of_a_refused_invoice_stays_in_the_house(charge: Charge, operator: Operator, anna: User) -> None:
    file = refused_invoice(charge, operator)
    note = credit_notes.give(invoice=file.invoice, by=anna)
    with pytest.raises(Conflict, match="never issued"):
        einvoices.make(invoice=note)
    assert einvoices.missing() == []
    assert list(selectors.not_made(operator)) == []
    assert list(selectors.refused(operator)) == []
    with pytest.raises(Conflict, match="credited"):
        einvoices.send_again(invoice=file.invoice, by=anna)
    assert EInvoice.objects.count() == 1


def test_once_the_invoice_is_sent_again_its_partial_credit_goes_too(
    charge: Charge, operator: Operator, anna: User
) -> None:
    file = refused_invoice(charge, operator)
    [line] = file.invoice.lines.all()
    note = credit_notes.give(invoice=file.invoice, by=anna, lines={line.pk: D(5)})
    assert [row.invoice for row in selectors.refused(operator)] == [file.invoice]
    einvoices.send_again(invoice=file.invoice, by=anna)
    assert einvoices.missing() == [note.pk]
    assert text(valid(einvoices.make(invoice=note)), "TipoDocumento") == "TD04"


@pytest.mark.parametrize(
    ("heard", "until"),
    [
        ("2026-06-12T09:00:00+02:00", date(2026, 6, 17)),
        ("2026-06-12T23:30:00Z", date(2026, 6, 18)),  # after midnight in Rome
        ("2026-06-12T09:00:00", date(2026, 6, 17)),
        ("2027-01-01T00:00:00Z", date(2026, 6, 21)),  # not after we have it
        ("yesterday", date(2026, 6, 21)),
        ("", date(2026, 6, 21)),
    ],
)
def test_the_five_days_run_from_when_the_sdi_had_the_file(
    charge: Charge, operator: Operator, heard: str, until: date
) -> None:
    file = made(charge())
    sdi.receive(operator=operator, files=[("a.xml", notification("NS", file, DataOraRicezione=heard))], by=None)
    story = selectors.story(Invoice.objects.select_related("operator").get())
    assert (story.mend_until, story.is_late) == (until, False)
