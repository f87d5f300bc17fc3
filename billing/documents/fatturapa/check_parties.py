"""Who sends, who sells, who buys: identities, and where the file goes."""

from collections.abc import Callable, Iterator

from stdnum.exceptions import ValidationError as Wrong
from stdnum.it import codicefiscale, iva

from . import header
from .body import Invoice
from .finding import ABROAD, UNKNOWN, Finding

_OTHERS_ONLY = frozenset({"TD01", "TD02", "TD03", "TD06", "TD24", "TD25"})  # nobody sells to himself with these


def recipient(invoice: Invoice) -> Iterator[Finding]:
    sent, where = invoice.header.transmission, "DatiTrasmissione/CodiceDestinatario"
    if len(sent.recipient) != (6 if sent.format == header.FPA else 7):
        yield Finding("00427", where, sent.recipient)
    identity = invoice.header.buyer.identity
    country = identity.vat.country if identity.vat else invoice.header.buyer.address.country
    if sent.recipient == ABROAD and country == "IT":
        yield Finding("00313", where, sent.recipient)
    if sent.pec and sent.recipient != UNKNOWN:
        yield Finding("00426", "DatiTrasmissione/PECDestinatario", sent.pec)


def identities(invoice: Invoice) -> Iterator[Finding]:
    seller, buyer = invoice.header.seller.identity, invoice.header.buyer.identity
    if buyer.vat is None and buyer.fiscal_code is None:
        yield Finding("00417", "CessionarioCommittente/DatiAnagrafici")
    yield from _transmitter(invoice.header.transmission.transmitter)
    yield from _existing(seller.vat, seller.fiscal_code, "CedentePrestatore", ("00301", "00302"))
    yield from _existing(buyer.vat, buyer.fiscal_code, "CessionarioCommittente", ("00305", "00306"))
    if seller.vat.country != "IT" and buyer.vat and buyer.vat.country != "IT":
        yield Finding("00476", "CedentePrestatore/IdFiscaleIVA/IdPaese", seller.vat.country)
    kinds = {body.general.document.kind for body in invoice.bodies}
    if _numbers(seller) & _numbers(buyer) and kinds & _OTHERS_ONLY:
        yield Finding("00471", "CessionarioCommittente/DatiAnagrafici")


def _numbers(of: header.SellerIdentity | header.BuyerIdentity) -> set[str]:
    """Under which the tax registry knows somebody: a company's fiscal code is mostly its VAT number."""
    vat = of.vat and (of.vat.number if of.vat.country == "IT" else f"{of.vat.country}{of.vat.number}")
    return {number for number in (vat, of.fiscal_code) if number}


def _transmitter(sent: header.FiscalId) -> Iterator[Finding]:
    validate = iva.validate if sent.number.isdigit() else codicefiscale.validate
    if sent.country == "IT" and not _is(validate, sent.number):
        yield Finding("00300", "IdTrasmittente/IdCodice", sent.number)


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
