"""FatturaPA without a database: read, written, checked."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from billing.documents.fatturapa import body, checks, header, names, notices, numbers, read, texts, write
from tests.billing.einvoice_files import content, schema

D = Decimal
TODAY = date(2026, 7, 1)

# The two that the official schema refuses as well, one without content, and one that only its authors' order breaks.
BROKEN = {"acube_test.xml", "invoice-windows1252.xml", "invoices__missing_CedentePrestatore.xml"}
OUT_OF_ORDER = "examples_1.2.2/IT01234567890_FPR02.xml"


def line(number: int = 1, *, quantity: str | None = "10.00", price: str = "0.45", total: str = "4.50") -> body.Line:
    amount = None if quantity is None else D(quantity)
    return body.Line(
        number=number, text="Energia", quantity=amount, unit="kWh", unit_price=D(price), total=D(total), rate=D(22)
    )


def invoice(*lines: body.Line, taxable: str = "4.50", vat: str = "0.99", **document: object) -> body.Invoice:
    vat_id = header.FiscalId(country="IT", number="00743110157")
    address = header.Address(street="Via Po 3", postal_code="40128", town="Bologna", province="BO", country="IT")
    facts = {"kind": "TD01", "currency": "EUR", "on": date(2026, 6, 30), "number": "1/2026"} | document
    return body.Invoice(
        header=header.Header(
            transmission=header.Transmission(
                transmitter=vat_id, progressive="00001", format=header.FPR, recipient="0000000"
            ),
            seller=header.Seller(
                identity=header.SellerIdentity(vat=vat_id, name=header.Name(company="Rete S.r.l."), regime="RF01"),
                address=address,
            ),
            buyer=header.Buyer(
                identity=header.BuyerIdentity(fiscal_code="RSSMRA80A01F205X", name=header.Name(company="Mario Rossi")),
                address=address,
            ),
        ),
        bodies=(
            body.Body(
                general=body.General(document=body.Document(**facts)),  # type: ignore[arg-type]
                goods=body.Goods(
                    lines=lines or (line(),), summaries=(body.Summary(rate=D(22), taxable=D(taxable), vat=D(vat)),)
                ),
            ),
        ),
    )


def codes(of: body.Invoice) -> list[str]:
    return [finding.code for finding in checks.of(write.xml(of), today=TODAY)]


def with_line(changed: body.Line) -> body.Invoice:
    return invoice(changed)


# ---- files of others ------------------------------------------------------------------------------------------------


def test_valid_samples_come_out_as_they_went_in(reference_data: Path) -> None:
    """All 18 valid ones: 5 of the 6 official ones, 8 of gobl, 5 of the SdI's test bench."""
    official, kept = schema(), []
    for path in sorted((reference_data / "fatturapa").glob("*/*.xml")):
        if (
            "notifications" in path.name
            or "_MT_" in path.name
            or path.name in BROKEN
            or str(path).endswith(OUT_OF_ORDER)
        ):
            continue
        written = write.xml(read.invoice(path.read_bytes()))
        assert content(written) == content(path.read_bytes()), path.name
        official.assertValid(etree.fromstring(written))
        kept.append(path.name)
    assert len(kept) == 18


def test_what_stands_in_the_wrong_order_is_put_right(reference_data: Path) -> None:
    official = schema()
    written = write.xml(read.invoice((reference_data / "fatturapa" / OUT_OF_ORDER).read_bytes()))
    official.assertValid(etree.fromstring(written))


def test_broken_samples_are_refused_by_name(reference_data: Path) -> None:
    for name, missing in (
        ("gobl/acube_test.xml", "DatiTrasmissione/IdTrasmittente is missing"),
        ("gobl/invoice-windows1252.xml", "CodiceArticolo/CodiceValore is missing"),
        ("testsdi/invoices__missing_CedentePrestatore.xml", "CedentePrestatore is missing"),
    ):
        with pytest.raises(read.Unreadable, match=missing):
            read.invoice((reference_data / "fatturapa" / name).read_bytes())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no xml",
        b"<a>",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>',
        b"<p:FatturaElettronica xmlns:p='http://elsewhere'/>",
    ],
)
def test_what_is_no_invoice_is_unreadable_and_opens_no_entity(data: bytes) -> None:
    with pytest.raises(read.Unreadable):
        read.invoice(data)


# ---- the checks -----------------------------------------------------------------------------------------------------


def test_a_good_one_has_nothing_against_it() -> None:
    assert codes(invoice()) == []


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (invoice(line(total="4.52"), taxable="4.52"), "00423"),
        (invoice(taxable="6.00", vat="1.32"), "00422"),
        (invoice(vat="1.01"), "00421"),
        (with_line(replace(line(), rate=D(0))), "00400"),
        (with_line(replace(line(), natura="N4")), "00401"),
        (with_line(replace(line(), rate=D(0), natura="N2")), "00445"),
        (with_line(replace(line(), rate=D(10))), "00419"),
        (with_line(replace(line(), rate=D(10))), "00443"),
        (invoice(on=date(2026, 7, 2)), "00403"),
        (invoice(number="PRO"), "00425"),
    ],
)
def test_arithmetic_and_naturas(wrong: body.Invoice, code: str) -> None:
    assert code in codes(wrong)


def buyer(**identity: object) -> body.Invoice:
    good = invoice()
    changed = replace(good.header.buyer, identity=replace(good.header.buyer.identity, **identity))  # type: ignore[arg-type]
    return replace(good, header=replace(good.header, buyer=changed))


def sent(**facts: object) -> body.Invoice:
    good = invoice()
    transmission = replace(good.header.transmission, **facts)  # type: ignore[arg-type]
    return replace(good, header=replace(good.header, transmission=transmission))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (buyer(fiscal_code=None), "00417"),
        (buyer(fiscal_code="RSSMRA80A01F205A"), "00306"),
        (buyer(vat=header.FiscalId(country="IT", number="01234567890")), "00305"),
        (buyer(vat=header.FiscalId(country="IT", number="00743110157")), "00471"),
        (buyer(fiscal_code="short"), "00200"),
        (sent(recipient="ABC123"), "00427"),
        (sent(format=header.FPA), "00427"),
        (sent(recipient="XXXXXXX"), "00313"),
        (sent(pec="nobody"), "00200"),
        (sent(pec="a@pec.example", recipient="M5UXCR1"), "00426"),
        (sent(transmitter=header.FiscalId(country="IT", number="00743110158")), "00300"),
        (buyer(fiscal_code="00743110157"), "00471"),
    ],
)
def test_who_gets_it(wrong: body.Invoice, code: str) -> None:
    assert code in codes(wrong)


def body_with(**facts: object) -> body.Invoice:
    good = invoice()
    [only] = good.bodies
    return replace(good, bodies=(replace(only, **facts),))  # type: ignore[arg-type]


def asked(amount: str) -> body.Invoice:
    detail = body.PaymentDetail(means="MP05", amount=D(amount))
    return body_with(payments=(body.Payment(terms="TP02", details=(detail,)),))


def untaxed(natura: str, amount: str = "77.48", **facts: object) -> body.Invoice:
    lines = (replace(line(quantity=None, price=amount, total=amount), rate=D(0), natura=natura, **facts),)  # type: ignore[arg-type]
    return body_with(
        goods=body.Goods(lines=lines, summaries=(body.Summary(rate=D(0), natura=natura, taxable=D(amount), vat=D(0)),))
    )


def of_pension(**facts: object) -> body.Invoice:
    fund = body.PensionFund(**{"kind": "TC01", "rate": D(4), "amount": D("0.10"), "vat_rate": D(22)} | facts)  # type: ignore[arg-type]
    return invoice(taxable="4.60", vat="1.01", pension_funds=(fund,))


LETTER = body.Fact(kind="INTENTO", text="08060120341234567-000001", on=date(2026, 1, 6))


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (with_line(replace(line(), withheld=True)), "00411"),
        (of_pension(withheld=True), "00415"),
        (of_pension(vat_rate=D(0)), "00413"),
        (of_pension(natura="N4"), "00414"),
        (invoice(discounts=(body.Discount(kind="SC"),)), "00437"),
        (with_line(replace(line(), discounts=(body.Discount(kind="SC"),))), "00438"),
        (with_line(replace(line(), rate=D("0.22"))), "00424"),
        (invoice(total=D("5.50")), "TOTALE"),
        (asked("5.50"), "PAGAMENTI"),
        (untaxed("N4"), "BOLLO"),
        (untaxed("N2.1"), "BOLLO"),
        (untaxed("N3.5"), "INTENTO"),
        (untaxed("N3.5", facts=(replace(LETTER, on=None),)), "INTENTO"),
    ],
)
def test_what_else_does_not_hold(wrong: body.Invoice, code: str) -> None:
    assert code in codes(wrong)


@pytest.mark.parametrize(
    "good",
    [
        asked("5.49"),
        untaxed("N6.8"),
        untaxed("N4", "77.47"),
        untaxed("N3.5", "77.47", facts=(LETTER,)),
        invoice(total=D("5.49")),
    ],
)
def test_what_is_allowed(good: body.Invoice) -> None:
    assert codes(good) == []


def test_a_lot_names_each_document_once() -> None:
    good = invoice()
    assert codes(replace(good, bodies=good.bodies * 2)) == ["00409"]


def test_the_version_is_the_format() -> None:
    xml = write.xml(invoice()).replace(b'versione="FPR12"', b'versione="FPA12"')
    assert [finding.code for finding in checks.of(xml, today=TODAY)] == ["00428"]


def test_a_file_has_at_most_five_megabytes() -> None:
    attached = body.Attachment(name="a.pdf", data=b"x" * 4_000_000)
    assert codes(body_with(attachments=(attached,))) == ["00003"]


def test_a_credit_note_is_not_older_than_its_invoice() -> None:
    good = invoice(kind="TD04")
    [only] = good.bodies
    first = body.Related(number="1/2026", on=date(2026, 7, 1))
    older = replace(good, bodies=(replace(only, general=replace(only.general, invoices=(first,))),))
    assert codes(older) == ["00418"]


def test_nothing_that_the_schema_refuses_passes_the_checks() -> None:
    """Our patterns are at least as strict as the schema's."""
    official = schema()
    for wrong in (sent(recipient="abc123x"), sent(progressive=""), buyer(fiscal_code="x"), invoice(currency="EURO")):
        xml = write.xml(wrong)
        assert not official.validate(etree.fromstring(xml))
        assert checks.of(xml, today=TODAY)


# ---- words, numbers, names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "latin", "basic"),
    [
        ("Società Càrica", "Società Càrica", "Societa Carica"),
        ("0,55 €/kWh – “notte”…", '0,55 EUR/kWh - "notte"...', '0,55 EUR/kWh - "notte"...'),
        ("Łódź · Čakovec", "Lódz · Cakovec", "Lodz - Cakovec"),
        ("a\x00b\u00a0c\u2028d", "a b c d", "a b c d"),
        ("充電", "??", "??"),
        ("Straße", "Straße", "Strasse"),
    ],
)
def test_words_fit_their_alphabet(typed: str, latin: str, basic: str) -> None:
    assert (texts.latin(typed, 60), texts.basic(typed, 60)) == (latin, basic)


@given(st.text(max_size=200), st.integers(1, 60))
def test_any_text_becomes_one_that_the_schema_takes(typed: str, most: int) -> None:
    for fitted, last in ((texts.latin(typed, most), 0xFF), (texts.basic(typed, most), 0x7E)):
        assert len(fitted) <= most
        assert all(0x20 <= ord(sign) <= last for sign in fitted)
        assert fitted == fitted.strip()


@pytest.mark.parametrize(
    ("amount", "two", "more"),
    [
        ("1", "1.00", "1.00"),
        ("-0.005", "-0.01", "-0.005"),
        ("1E+2", "100.00", "100.00"),
        ("0.4836065573770491", "0.48", "0.48360656"),
        ("-0", "0.00", "0.00"),
        ("12345678.9", "12345678.90", "12345678.90"),
    ],
)
def test_numbers_have_a_point_and_their_decimals(amount: str, two: str, more: str) -> None:
    assert (numbers.two(D(amount)), numbers.two_to_eight(D(amount))) == (two, more)


def test_names_count_in_letters_and_digits() -> None:
    assert str(names.FileName("IT00743110157", 36)) == "IT00743110157_00010.xml"
    assert [names.progressive(count) for count in (1, 35, 36, names.MOST)] == ["00001", "0000Z", "00010", "ZZZZZ"]
    for impossible in (0, names.MOST + 1):
        with pytest.raises(OverflowError):
            names.progressive(impossible)


@given(st.integers(1, names.MOST))
def test_no_two_counts_share_a_name(count: int) -> None:
    assert int(names.progressive(count), 36) == count


# ---- what the SdI answers -------------------------------------------------------------------------------------------


def test_the_samples_of_the_six_messages(reference_data: Path) -> None:
    folder = reference_data / "fatturapa/testsdi"
    told = {
        kind: notices.notice((folder / f"notifications__IT01234567890_11111_{kind}_001.xml").read_bytes())
        for kind in ("RC", "MC", "NS", "NE", "DT", "AT")
    }
    assert {kind: notice.kind for kind, notice in told.items()} == {kind: kind for kind in told}
    assert {(notice.file_name, notice.sdi_id) for notice in told.values()} == {("IT01234567890_11111.xml", "111")}
    assert told["NS"].errors == (("00100", "Certificato di firma scaduto"),)
    assert (told["NE"].outcome, told["RC"].recipient) == ("EC01", "Amministrazione di prova")


@pytest.mark.parametrize("outcome", ["", "<Esito>EC99</Esito>"])
def test_an_answer_that_says_neither_yes_nor_no_is_none(outcome: str) -> None:
    message = f"<NotificaEsito><NomeFile>IT01234567890_11111.xml</NomeFile>{outcome}</NotificaEsito>"
    with pytest.raises(read.Unreadable, match="Esito"):
        notices.notice(message.encode())


@pytest.mark.parametrize("kind", ["EC", "SE"])
def test_messages_of_others_are_told_apart(reference_data: Path, kind: str) -> None:
    path = reference_data / f"fatturapa/testsdi/notifications__IT01234567890_11111_{kind}_001.xml"
    with pytest.raises(notices.NotForUs):
        notices.notice(path.read_bytes())


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ([], None),
        ([("RC", "")], "delivered"),
        ([("RC", ""), ("MC", "")], "delivered"),
        ([("NE", "EC01"), ("RC", "")], "accepted"),
        ([("RC", ""), ("NE", "EC02")], "declined"),
        ([("DT", ""), ("RC", "")], "lapsed"),
        ([("MC", ""), ("AT", "")], "attested"),
        ([("RC", ""), ("NS", "")], "refused"),
    ],
)
def test_the_order_of_messages_does_not_matter(told: list[tuple[str, str]], state: str | None) -> None:
    assert notices.state(told) == notices.state(reversed(told)) == state
