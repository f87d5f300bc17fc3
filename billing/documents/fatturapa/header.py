"""FatturaElettronicaHeader: who sends, who sells, who buys."""
# ruff: noqa: RUF009  (each default is a description of the element)

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from . import shape

_COUNTRY, _PROVINCE = "[A-Z]{2}", "[A-Z]{2}"
_FISCAL_CODE = "[A-Z0-9]{11,16}"
_EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"

FPR, FPA = "FPR12", "FPA12"


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalId:
    """IdFiscaleIVA, IdTrasmittente: a country and a number without it."""

    country: str = shape.code("IdPaese", _COUNTRY, needed=True)
    number: str = shape.code("IdCodice", ".{1,28}", needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransmitterContacts:
    phone: str | None = shape.basic("Telefono", 12, least=5)
    email: str | None = shape.code("Email", _EMAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    transmitter: FiscalId = shape.node("IdTrasmittente", FiscalId, needed=True)
    progressive: str = shape.basic("ProgressivoInvio", 10, needed=True)
    format: str = shape.code("FormatoTrasmissione", "FPR12|FPA12", needed=True)
    recipient: str = shape.code("CodiceDestinatario", "[A-Z0-9]{6,7}", needed=True)
    contacts: TransmitterContacts | None = shape.node("ContattiTrasmittente", TransmitterContacts)
    pec: str | None = shape.code("PECDestinatario", _EMAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """Anagrafica: a company's name, or a person's two."""

    company: str | None = shape.latin("Denominazione", 80)
    first: str | None = shape.latin("Nome", 60)
    last: str | None = shape.latin("Cognome", 60)
    title: str | None = shape.basic("Titolo", 10, least=2)
    eori: str | None = shape.code("CodEORI", ".{13,17}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    street: str = shape.latin("Indirizzo", 60, needed=True)
    number: str | None = shape.basic("NumeroCivico", 8)
    postal_code: str = shape.code("CAP", "[0-9]{5}", needed=True)
    town: str = shape.latin("Comune", 60, needed=True)
    province: str | None = shape.code("Provincia", _PROVINCE)
    country: str = shape.code("Nazione", _COUNTRY, needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerIdentity:
    vat: FiscalId = shape.node("IdFiscaleIVA", FiscalId, needed=True)
    fiscal_code: str | None = shape.code("CodiceFiscale", _FISCAL_CODE)
    name: Name = shape.node("Anagrafica", Name, needed=True)
    register: str | None = shape.latin("AlboProfessionale", 60)
    register_province: str | None = shape.code("ProvinciaAlbo", _PROVINCE)
    register_number: str | None = shape.basic("NumeroIscrizioneAlbo", 60)
    registered_on: date | None = shape.day("DataIscrizioneAlbo")
    regime: str = shape.code("RegimeFiscale", "RF(0[1245-9]|1[0-9]|20)", needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompaniesRegister:
    """IscrizioneREA."""

    office: str = shape.code("Ufficio", _PROVINCE, needed=True)
    number: str = shape.basic("NumeroREA", 20, needed=True)
    capital: Decimal | None = shape.cents("CapitaleSociale")
    sole_shareholder: str | None = shape.code("SocioUnico", "SU|SM")
    liquidation: str = shape.code("StatoLiquidazione", "LS|LN", needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    phone: str | None = shape.basic("Telefono", 12, least=5)
    fax: str | None = shape.basic("Fax", 12, least=5)
    email: str | None = shape.code("Email", _EMAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """CedentePrestatore."""

    identity: SellerIdentity = shape.node("DatiAnagrafici", SellerIdentity, needed=True)
    address: Address = shape.node("Sede", Address, needed=True)
    establishment: Address | None = shape.node("StabileOrganizzazione", Address)
    companies_register: CompaniesRegister | None = shape.node("IscrizioneREA", CompaniesRegister)
    contacts: Contacts | None = shape.node("Contatti", Contacts)
    reference: str | None = shape.basic("RiferimentoAmministrazione", 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentativeIdentity:
    vat: FiscalId = shape.node("IdFiscaleIVA", FiscalId, needed=True)
    fiscal_code: str | None = shape.code("CodiceFiscale", _FISCAL_CODE)
    name: Name = shape.node("Anagrafica", Name, needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Representative:
    identity: RepresentativeIdentity = shape.node("DatiAnagrafici", RepresentativeIdentity, needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyersRepresentative:
    vat: FiscalId = shape.node("IdFiscaleIVA", FiscalId, needed=True)
    company: str | None = shape.latin("Denominazione", 80)
    first: str | None = shape.latin("Nome", 60)
    last: str | None = shape.latin("Cognome", 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyerIdentity:
    vat: FiscalId | None = shape.node("IdFiscaleIVA", FiscalId)
    fiscal_code: str | None = shape.code("CodiceFiscale", _FISCAL_CODE)
    name: Name = shape.node("Anagrafica", Name, needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """CessionarioCommittente."""

    identity: BuyerIdentity = shape.node("DatiAnagrafici", BuyerIdentity, needed=True)
    address: Address = shape.node("Sede", Address, needed=True)
    establishment: Address | None = shape.node("StabileOrganizzazione", Address)
    representative: BuyersRepresentative | None = shape.node("RappresentanteFiscale", BuyersRepresentative)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intermediary:
    identity: BuyerIdentity = shape.node("DatiAnagrafici", BuyerIdentity, needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    transmission: Transmission = shape.node("DatiTrasmissione", Transmission, needed=True)
    seller: Seller = shape.node("CedentePrestatore", Seller, needed=True)
    representative: Representative | None = shape.node("RappresentanteFiscale", Representative)
    buyer: Buyer = shape.node("CessionarioCommittente", Buyer, needed=True)
    intermediary: Intermediary | None = shape.node("TerzoIntermediarioOSoggettoEmittente", Intermediary)
    issuer: str | None = shape.code("SoggettoEmittente", "CC|TZ")
