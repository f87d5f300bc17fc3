"""FatturaElettronicaBody: what the document says, its lines, its sums."""
# ruff: noqa: RUF009  (each default is a description of the element)

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from . import shape
from .header import Address, Header, Name, RepresentativeIdentity
from .payment import Payment, PaymentDetail

_NATURA = r"N([1-7]|2\.[12]|3\.[1-6]|6\.[1-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withholding:
    """DatiRitenuta."""

    kind: str = shape.code("TipoRitenuta", "RT0[1-6]", needed=True)
    amount: Decimal = shape.cents("ImportoRitenuta", needed=True)
    rate: Decimal = shape.rate("AliquotaRitenuta", needed=True)
    reason: str = shape.code("CausalePagamento", "[A-Z][A-Z0-9]?", needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class StampDuty:
    """DatiBollo: paid virtually."""

    virtual: bool = shape.yes("BolloVirtuale")
    amount: Decimal | None = shape.cents("ImportoBollo")


@dataclass(frozen=True, slots=True, kw_only=True)
class PensionFund:
    """DatiCassaPrevidenziale."""

    kind: str = shape.code("TipoCassa", "TC(0[1-9]|1[0-9]|2[0-2])", needed=True)
    rate: Decimal = shape.rate("AlCassa", needed=True)
    amount: Decimal = shape.cents("ImportoContributoCassa", needed=True)
    base: Decimal | None = shape.cents("ImponibileCassa")
    vat_rate: Decimal = shape.rate("AliquotaIVA", needed=True)
    withheld: bool | None = shape.yes("Ritenuta")
    natura: str | None = shape.code("Natura", _NATURA)
    reference: str | None = shape.basic("RiferimentoAmministrazione", 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """ScontoMaggiorazione: SC takes off, MG adds."""

    kind: str = shape.code("Tipo", "SC|MG", needed=True)
    percent: Decimal | None = shape.rate("Percentuale")
    amount: Decimal | None = shape.fine("Importo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """DatiGeneraliDocumento."""

    kind: str = shape.code("TipoDocumento", "TD(0[1-6]|1[6-9]|2[0-9])", needed=True)
    currency: str = shape.code("Divisa", "[A-Z]{3}", needed=True)
    on: date = shape.day("Data", needed=True)
    number: str = shape.basic("Numero", 20, needed=True)
    withholdings: tuple[Withholding, ...] = shape.nodes("DatiRitenuta", Withholding)
    stamp_duty: StampDuty | None = shape.node("DatiBollo", StampDuty)
    pension_funds: tuple[PensionFund, ...] = shape.nodes("DatiCassaPrevidenziale", PensionFund)
    discounts: tuple[Discount, ...] = shape.nodes("ScontoMaggiorazione", Discount)
    total: Decimal | None = shape.cents("ImportoTotaleDocumento")
    rounding: Decimal | None = shape.cents("Arrotondamento")
    reasons: tuple[str, ...] = shape.latin("Causale", 200, many=True)
    article_73: bool | None = shape.yes("Art73")


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """DatiOrdineAcquisto, DatiContratto …, DatiFattureCollegate: a document that this one is about."""

    lines: tuple[int, ...] = shape.whole("RiferimentoNumeroLinea", many=True)
    number: str = shape.basic("IdDocumento", 20, needed=True)
    on: date | None = shape.day("Data")
    item: str | None = shape.basic("NumItem", 20)
    order_code: str | None = shape.latin("CodiceCommessaConvenzione", 100)
    cup: str | None = shape.basic("CodiceCUP", 15)
    cig: str | None = shape.basic("CodiceCIG", 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """DatiSAL."""

    phase: int = shape.whole("RiferimentoFase", needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryNote:
    """DatiDDT: a delivery that a deferred invoice is about."""

    number: str = shape.basic("NumeroDDT", 20, needed=True)
    on: date = shape.day("DataDDT", needed=True)
    lines: tuple[int, ...] = shape.whole("RiferimentoNumeroLinea", many=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier(RepresentativeIdentity):
    licence: str | None = shape.basic("NumeroLicenzaGuida", 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    carrier: Carrier | None = shape.node("DatiAnagraficiVettore", Carrier)
    means: str | None = shape.latin("MezzoTrasporto", 80)
    reason: str | None = shape.latin("CausaleTrasporto", 100)
    packages: int | None = shape.whole("NumeroColli")
    text: str | None = shape.latin("Descrizione", 100)
    weight_unit: str | None = shape.basic("UnitaMisuraPeso", 10)
    gross_weight: str | None = shape.code("PesoLordo", r"[0-9]{1,4}\.[0-9]{1,2}")
    net_weight: str | None = shape.code("PesoNetto", r"[0-9]{1,4}\.[0-9]{1,2}")
    collected_at: str | None = shape.moment("DataOraRitiro")
    begins_on: date | None = shape.day("DataInizioTrasporto")
    terms: str | None = shape.code("TipoResa", "[A-Z]{3}")
    place: Address | None = shape.node("IndirizzoResa", Address)
    delivered_at: str | None = shape.moment("DataOraConsegna")


@dataclass(frozen=True, slots=True, kw_only=True)
class MainInvoice:
    number: str = shape.basic("NumeroFatturaPrincipale", 20, needed=True)
    on: date = shape.day("DataFatturaPrincipale", needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """DatiGenerali."""

    document: Document = shape.node("DatiGeneraliDocumento", Document, needed=True)
    orders: tuple[Related, ...] = shape.nodes("DatiOrdineAcquisto", Related)
    contracts: tuple[Related, ...] = shape.nodes("DatiContratto", Related)
    agreements: tuple[Related, ...] = shape.nodes("DatiConvenzione", Related)
    receptions: tuple[Related, ...] = shape.nodes("DatiRicezione", Related)
    invoices: tuple[Related, ...] = shape.nodes("DatiFattureCollegate", Related)
    progress: tuple[Progress, ...] = shape.nodes("DatiSAL", Progress)
    deliveries: tuple[DeliveryNote, ...] = shape.nodes("DatiDDT", DeliveryNote)
    transport: Transport | None = shape.node("DatiTrasporto", Transport)
    main_invoice: MainInvoice | None = shape.node("FatturaPrincipale", MainInvoice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    kind: str = shape.basic("CodiceTipo", 35, needed=True)
    value: str = shape.latin("CodiceValore", 35, needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """AltriDatiGestionali."""

    kind: str = shape.basic("TipoDato", 10, needed=True)
    text: str | None = shape.latin("RiferimentoTesto", 60)
    number: Decimal | None = shape.fine("RiferimentoNumero")
    on: date | None = shape.day("RiferimentoData")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """DettaglioLinee. Amounts are net."""

    number: int = shape.whole("NumeroLinea", needed=True)
    kind: str | None = shape.code("TipoCessionePrestazione", "SC|PR|AB|AC")
    articles: tuple[Article, ...] = shape.nodes("CodiceArticolo", Article)
    text: str = shape.latin("Descrizione", 1000, needed=True)
    quantity: Decimal | None = shape.quantity("Quantita")
    unit: str | None = shape.basic("UnitaMisura", 10)
    since: date | None = shape.day("DataInizioPeriodo")
    until: date | None = shape.day("DataFinePeriodo")
    unit_price: Decimal = shape.fine("PrezzoUnitario", needed=True)
    discounts: tuple[Discount, ...] = shape.nodes("ScontoMaggiorazione", Discount)
    total: Decimal = shape.fine("PrezzoTotale", needed=True)
    rate: Decimal = shape.rate("AliquotaIVA", needed=True)
    withheld: bool | None = shape.yes("Ritenuta")
    natura: str | None = shape.code("Natura", _NATURA)
    reference: str | None = shape.basic("RiferimentoAmministrazione", 20)
    facts: tuple[Fact, ...] = shape.nodes("AltriDatiGestionali", Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """DatiRiepilogo: one per rate, natura and collectability."""

    rate: Decimal = shape.rate("AliquotaIVA", needed=True)
    natura: str | None = shape.code("Natura", _NATURA)
    expenses: Decimal | None = shape.cents("SpeseAccessorie")
    rounding: Decimal | None = shape.fine("Arrotondamento")
    taxable: Decimal = shape.cents("ImponibileImporto", needed=True)
    vat: Decimal = shape.cents("Imposta", needed=True)
    collectability: str | None = shape.code("EsigibilitaIVA", "[DIS]")
    law: str | None = shape.latin("RiferimentoNormativo", 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """DatiBeniServizi."""

    lines: tuple[Line, ...] = shape.nodes("DettaglioLinee", Line, needed=True)
    summaries: tuple[Summary, ...] = shape.nodes("DatiRiepilogo", Summary, needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    on: date = shape.day("Data", needed=True)
    distance: str = shape.basic("TotalePercorso", 15, needed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    name: str = shape.latin("NomeAttachment", 60, needed=True)
    compression: str | None = shape.basic("AlgoritmoCompressione", 10)
    format: str | None = shape.basic("FormatoAttachment", 10)
    text: str | None = shape.latin("DescrizioneAttachment", 100)
    data: bytes = shape.binary("Attachment")


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    general: General = shape.node("DatiGenerali", General, needed=True)
    goods: Goods = shape.node("DatiBeniServizi", Goods, needed=True)
    vehicle: Vehicle | None = shape.node("DatiVeicoli", Vehicle)
    payments: tuple[Payment, ...] = shape.nodes("DatiPagamento", Payment)
    attachments: tuple[Attachment, ...] = shape.nodes("Allegati", Attachment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """FatturaElettronica: a header and one document, or a lot of them."""

    header: Header = shape.node("FatturaElettronicaHeader", Header, needed=True)
    bodies: tuple[Body, ...] = shape.nodes("FatturaElettronicaBody", Body, needed=True)


__all__ = ["Address", "Body", "Document", "Header", "Invoice", "Line", "Name", "Payment", "PaymentDetail", "Summary"]
