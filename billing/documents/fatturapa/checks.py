"""What the Sistema di Interscambio would refuse, found before a file is handed over.

The codes are its own (Elenco controlli of the technical specifications 1.9); 00200 stands for what the schema says. Amounts: a line
may differ from quantity × price by a cent, VAT from taxable × rate by a cent, the taxable sum from its lines by a euro; ours are
built to differ by nothing. `where` is the path of the element, so that the reader can be told where to fill it in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from stdnum.exceptions import ValidationError as Wrong
from stdnum.it import codicefiscale, iva

from . import header, read, shape
from .body import Body, Invoice, Line

SCHEMA = "00200"
UNKNOWN, ABROAD = "0000000", "XXXXXXX"
TO_SPLIT = "S"

_CENT, _EURO = Decimal("0.01"), Decimal(1)
_BARE = frozenset({"N2", "N3", "N6"})
_OTHERS_ONLY = frozenset({"TD01", "TD02", "TD03", "TD06", "TD24", "TD25"})  # nobody sells to himself with these


@dataclass(frozen=True, slots=True)
class Finding:
    """`value` is what stands there, for the sentence."""

    code: str
    where: str
    value: str = ""


def of(xml: bytes, *, today: date) -> list[Finding]:
    """Everything wrong with a file, the schema's first; [] for a good one."""
    try:
        found = read.invoice(xml)
    except read.Unreadable as broken:
        return [Finding(SCHEMA, str(broken))]
    return of_document(found, today=today)


def of_document(invoice: Invoice, *, today: date) -> list[Finding]:
    findings = list(_shape(invoice, "FatturaElettronica"))
    findings += [finding for check in _HEADER for finding in check(invoice)]
    for body in invoice.bodies:
        findings += [finding for check in _BODY for finding in check(body)]
        if body.general.document.on > today:
            findings.append(Finding("00403", "DatiGeneraliDocumento/Data", body.general.document.on.isoformat()))
    return findings


# ---- the schema -----------------------------------------------------------------------------------------------------


def _shape(record: Any, path: str) -> Iterator[Finding]:
    """Missing elements, and texts that do not fit their type."""
    there = {part.name for part, _ in shape.given(record)}
    for part in shape.parts(type(record)):
        if part.needed and part.name not in there:
            yield Finding(SCHEMA, f"{path}/{part.tag}")
    for part, value in shape.given(record):
        below = f"{path}/{part.tag}"
        if part.node:
            yield from _shape(value, below)
        elif not shape.fits(part, value):
            yield Finding(SCHEMA, below, part.write(value))
    if isinstance(record, header.Name) and not (record.company or (record.first and record.last)):
        yield Finding(SCHEMA, f"{path}/Denominazione")


# ---- who ------------------------------------------------------------------------------------------------------------


def _recipient(invoice: Invoice) -> Iterator[Finding]:
    sent, where = invoice.header.transmission, "DatiTrasmissione/CodiceDestinatario"
    if len(sent.recipient) != (6 if sent.format == header.FPA else 7):
        yield Finding("00427", where, sent.recipient)
    identity = invoice.header.buyer.identity
    country = identity.vat.country if identity.vat else invoice.header.buyer.address.country
    if (sent.recipient == ABROAD) and country == "IT":
        yield Finding("00313", where, sent.recipient)


def _identities(invoice: Invoice) -> Iterator[Finding]:
    seller, buyer = invoice.header.seller.identity, invoice.header.buyer.identity
    if buyer.vat is None and buyer.fiscal_code is None:
        yield Finding("00417", "CessionarioCommittente/DatiAnagrafici")
    yield from _existing(seller.vat, seller.fiscal_code, "CedentePrestatore", ("00301", "00302"))
    yield from _existing(buyer.vat, buyer.fiscal_code, "CessionarioCommittente", ("00305", "00306"))
    same = buyer.vat == seller.vat if buyer.vat else buyer.fiscal_code == seller.fiscal_code
    kinds = {body.general.document.kind for body in invoice.bodies}
    if same and kinds & _OTHERS_ONLY:
        yield Finding("00471", "CessionarioCommittente/DatiAnagrafici")


def _existing(
    vat: header.FiscalId | None, fiscal_code: str | None, who: str, codes: tuple[str, str]
) -> Iterator[Finding]:
    """Check digits alone: whether the tax registry knows the number only the SdI can say."""
    if vat and vat.country == "IT" and not _is(iva.validate, vat.number):
        yield Finding(codes[0], f"{who}/IdFiscaleIVA/IdCodice", vat.number)
    if fiscal_code and not _is(iva.validate if fiscal_code.isdigit() else codicefiscale.validate, fiscal_code):
        yield Finding(codes[1], f"{who}/CodiceFiscale", fiscal_code)


def _is(validate: Callable[[str], str], number: str) -> bool:
    try:
        return bool(validate(number))
    except Wrong:
        return False


# ---- what -----------------------------------------------------------------------------------------------------------


def _document(body: Body) -> Iterator[Finding]:
    document = body.general.document
    if not any(sign.isdigit() for sign in document.number):
        yield Finding("00425", "DatiGeneraliDocumento/Numero", document.number)
    for first in body.general.invoices:
        if first.on and document.on < first.on:
            yield Finding("00418", "DatiGeneraliDocumento/Data", document.on.isoformat())


def _naturas(body: Body) -> Iterator[Finding]:
    """A rate of zero needs a reason, another must have none."""
    for line in body.goods.lines:
        yield from _natura(line.rate, line.natura, f"DettaglioLinee {line.number}", ("00400", "00401"))
    for row in body.goods.summaries:
        yield from _natura(row.rate, row.natura, "DatiRiepilogo", ("00429", "00430"))
        if row.collectability == TO_SPLIT and (row.natura or "").startswith("N6"):
            yield Finding("00420", "DatiRiepilogo/EsigibilitaIVA", TO_SPLIT)


def _natura(rate: Decimal, natura: str | None, where: str, codes: tuple[str, str]) -> Iterator[Finding]:
    if not rate and not natura:
        yield Finding(codes[0], f"{where}/Natura")
    if rate and natura:
        yield Finding(codes[1], f"{where}/Natura", natura)
    if natura in _BARE:
        yield Finding("00445", f"{where}/Natura", natura)
    if 0 < rate < 1:
        yield Finding("00424", f"{where}/AliquotaIVA", str(rate))


def _lines(body: Body) -> Iterator[Finding]:
    for line in body.goods.lines:
        if abs(_expected(line) - line.total) > _CENT:
            yield Finding("00423", f"DettaglioLinee {line.number}/PrezzoTotale", str(line.total))


def _expected(line: Line) -> Decimal:
    price = line.unit_price
    for discount in line.discounts:
        sign = -1 if discount.kind == "SC" else 1
        off = discount.amount if discount.amount is not None else price * (discount.percent or 0) / 100
        price += sign * off
    return price * (Decimal(1) if line.quantity is None else line.quantity)


Key = tuple[Decimal, str | None]


def _summaries(body: Body) -> Iterator[Finding]:
    """Each rate of the lines has its row, each row its lines, and they add up."""
    by_key: dict[Key, Decimal] = {}
    for line in body.goods.lines:
        key = (line.rate, line.natura)
        by_key[key] = by_key.get(key, Decimal(0)) + line.total
    for fund in body.general.document.pension_funds:
        key = (fund.vat_rate, fund.natura)
        by_key[key] = by_key.get(key, Decimal(0)) + fund.amount
    rows: dict[Key, Decimal] = {}
    for row in body.goods.summaries:
        key = (row.rate, row.natura)
        rows[key] = rows.get(key, Decimal(0)) + row.taxable - (row.expenses or 0) - (row.rounding or 0)
        if abs((row.taxable * row.rate / 100).quantize(_CENT, ROUND_HALF_UP) - row.vat) > _CENT:
            yield Finding("00421", "DatiRiepilogo/Imposta", str(row.vat))
    for rate, natura in set(by_key) - set(rows):
        yield Finding("00419", "DatiRiepilogo/AliquotaIVA", natura or str(rate))
    for rate, natura in set(rows) - set(by_key):
        yield Finding("00444" if natura else "00443", "DatiRiepilogo", natura or str(rate))
    for key in set(rows) & set(by_key):
        if abs(rows[key] - by_key[key]) > _EURO:
            yield Finding("00422", "DatiRiepilogo/ImponibileImporto", str(rows[key]))


_HEADER: tuple[Callable[[Invoice], Iterable[Finding]], ...] = (_recipient, _identities)
_BODY: tuple[Callable[[Body], Iterable[Finding]], ...] = (_document, _naturas, _lines, _summaries)
