"""DatiPagamento: how a document is paid, or was."""
# ruff: noqa: RUF009  (each default is a description of the element)

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from . import shape


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetail:
    """DettaglioPagamento."""

    payee: str | None = shape.latin("Beneficiario", 200)
    means: str = shape.code("ModalitaPagamento", "MP(0[1-9]|1[0-9]|2[0-3])", needed=True)
    terms_from: date | None = shape.day("DataRiferimentoTerminiPagamento")
    days: int | None = shape.whole("GiorniTerminiPagamento")
    due_on: date | None = shape.day("DataScadenzaPagamento")
    amount: Decimal = shape.cents("ImportoPagamento", needed=True)
    post_office: str | None = shape.basic("CodUfficioPostale", 20)
    receiver_last: str | None = shape.latin("CognomeQuietanzante", 60)
    receiver_first: str | None = shape.latin("NomeQuietanzante", 60)
    receiver_code: str | None = shape.code("CFQuietanzante", "[A-Z0-9]{16}")
    receiver_title: str | None = shape.basic("TitoloQuietanzante", 10, least=2)
    bank: str | None = shape.latin("IstitutoFinanziario", 80)
    iban: str | None = shape.code("IBAN", "[a-zA-Z]{2}[0-9]{2}[a-zA-Z0-9]{11,30}")
    abi: str | None = shape.code("ABI", "[0-9]{5}")
    cab: str | None = shape.code("CAB", "[0-9]{5}")
    bic: str | None = shape.code("BIC", "[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?")
    early_discount: Decimal | None = shape.cents("ScontoPagamentoAnticipato")
    early_until: date | None = shape.day("DataLimitePagamentoAnticipato")
    late_fee: Decimal | None = shape.cents("PenalitaPagamentiRitardati")
    late_from: date | None = shape.day("DataDecorrenzaPenale")
    code: str | None = shape.basic("CodicePagamento", 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """DatiPagamento: TP01 in parts, TP02 at once, TP03 in advance."""

    terms: str = shape.code("CondizioniPagamento", "TP0[123]", needed=True)
    details: tuple[PaymentDetail, ...] = shape.nodes("DettaglioPagamento", PaymentDetail, needed=True)
