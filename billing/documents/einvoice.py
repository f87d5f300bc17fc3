"""An issued document in the words of FatturaPA. Reads the frozen rows; computes nothing but the net of gross lines.

Gross documents: each line's net is amount / (1 + rate) to eight decimals, so that price × quantity and the sum of the lines hold
exactly; the taxable sum is the document's own, to the cent, and what lies between is the Arrotondamento of its DatiRiepilogo.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from billing import pricing
from billing.documents import dates, einvoice_header, fiscal_notes
from billing.documents.fatturapa import body, finding, names, numbers
from billing.models import CDR, FiscalSettings, Invoice, InvoiceLine
from billing.tariffs import exact

CARD, BANK, WITHHELD = "MP08", "MP05", "MP22"
_COMPLETE, _IN_PARTS = "TP02", "TP01"
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Paid:
    """What has come in for the document: (ModalitaPagamento, amount)."""

    parts: tuple[tuple[str, Decimal], ...] = ()

    @property
    def total(self) -> Decimal:
        return sum((amount for _, amount in self.parts), Decimal(0))


def of(
    document: Invoice,
    *,
    name: names.FileName,
    settings: FiscalSettings,
    seller: einvoice_header.Party,
    buyer: einvoice_header.Party,
    paid: Paid = Paid(),
) -> body.Invoice:
    """`seller` and `buyer` as frozen by `parties`, or corrected after a refusal."""
    lines = list(document.lines.select_related("cdr__operator").order_by("position"))
    written = _Written(document, lines, settings, split=fiscal_notes.is_split(buyer), intent=_intent(buyer))
    return body.Invoice(
        header=einvoice_header.of(name, seller=seller, buyer=buyer),
        bodies=(
            body.Body(
                general=written.general(),
                goods=body.Goods(lines=written.lines(), summaries=written.summaries()),
                payments=written.payments(seller, paid),
            ),
        ),
    )


class _Written:
    """One document. A credit note is negative with us and positive in FatturaPA."""

    def __init__(
        self,
        document: Invoice,
        lines: Sequence[InvoiceLine],
        settings: FiscalSettings,
        *,
        split: bool,
        intent: tuple[body.Fact, ...] = (),
    ) -> None:
        self.document, self.rows, self.settings, self.split, self.intent = document, lines, settings, split, intent
        self.sign = -1 if document.kind == Invoice.Kind.CREDIT_NOTE else 1
        self._lines = tuple(self._line(place, line) for place, line in enumerate(lines, start=1))

    def lines(self) -> tuple[body.Line, ...]:
        return self._lines

    def general(self) -> body.General:
        document, first = self.document, self.document.credits
        duty = body.StampDuty(virtual=True, amount=document.stamp_duty) if document.stamp_duty else None
        return body.General(
            document=body.Document(
                kind=document.fiscal_type,
                currency=document.currency,
                on=document.issued_on,
                number=document.number,
                stamp_duty=duty,
                total=self.sign * document.total_incl_vat,
                reasons=(document.reason,) if document.reason else (),
            ),
            invoices=(body.Related(number=first.number, on=first.issued_on),) if first else (),
            deliveries=self._deliveries(),
        )

    def _deliveries(self) -> tuple[body.DeliveryNote, ...]:
        """Of a deferred invoice each charge: its receipt is the document that went with the delivery."""
        if self.document.fiscal_type != Invoice.FiscalType.DEFERRED:
            return ()
        by_charge: dict[int, list[int]] = {}
        charges: dict[int, CDR] = {}
        for place, line in enumerate(self.rows, start=1):
            if line.cdr:
                by_charge.setdefault(line.cdr.pk, []).append(place)
                charges[line.cdr.pk] = line.cdr
        return tuple(
            body.DeliveryNote(
                number=str(charges[pk].session_id),
                on=_local(charges[pk], charges[pk].stopped_at).date(),
                lines=tuple(at),
            )
            for pk, at in by_charge.items()
        )

    def summaries(self) -> tuple[body.Summary, ...]:
        """The document's own sums per rate; without VAT, one per natura."""
        found = []
        for row in json.loads(self.document.vat_summary):
            rate = Decimal(0) if row["rate"] is None else exact.rounded(exact.number_of(row["rate"]), 2)
            if rate:
                found.append(
                    self._summary(rate, None, self.sign * Decimal(row["taxable"]), self.sign * Decimal(row["vat"]))
                )
        for natura in dict.fromkeys(line.natura for line in self._lines if line.natura):
            total = sum((line.total for line in self._lines if line.natura == natura), Decimal(0))
            found.append(self._summary(Decimal(0), natura, total.quantize(_CENT), Decimal(0)))
        return tuple(found)

    def _summary(self, rate: Decimal, natura: str | None, taxable: Decimal, vat: Decimal) -> body.Summary:
        of_lines = sum((line.total for line in self._lines if (line.rate, line.natura) == (rate, natura)), Decimal(0))
        between = taxable - of_lines
        return body.Summary(
            rate=rate,
            natura=natura,
            rounding=numbers.short(between) if between else None,
            taxable=taxable,
            vat=vat,
            collectability=None if natura else finding.TO_SPLIT if self.split else "I",
            law=self._law(natura),
        )

    def _law(self, natura: str | None) -> str | None:
        if natura is None:
            return fiscal_notes.SPLIT_LAW if self.split else None
        return fiscal_notes.law(natura, self.settings)

    def _line(self, place: int, line: InvoiceLine) -> body.Line:
        rate = line.vat_rate or Decimal(0)
        factor = (1 + Fraction(rate) / 100) if self.document.tax_included else Fraction(1)
        total = numbers.short(exact.rounded(Fraction(self.sign * line.amount) / factor, 8))
        quantity, price = self._counted(line, total, factor)
        natura = None if rate else line.natura or self.settings.no_vat_natura
        facts = (*(self.intent if natura == fiscal_notes.INTENT else ()), *(_facts(line.cdr) if line.cdr else ()))
        return body.Line(
            number=place,
            text=self._text(line),
            quantity=quantity,
            unit=line.unit if quantity is not None and line.unit not in ("", "1") else None,
            since=line.since or (_local(line.cdr, line.cdr.started_at).date() if line.cdr else None),
            until=line.until or (_local(line.cdr, line.cdr.stopped_at).date() if line.cdr else None),
            unit_price=price,
            total=total,
            rate=rate,
            natura=natura,
            facts=facts,
        )

    def _counted(self, line: InvoiceLine, total: Decimal, factor: Fraction) -> tuple[Decimal | None, Decimal]:
        """Quantity and price where they give the total to the cent; a limit or a rounding is worth its amount, once."""
        price = exact.rounded(Fraction(abs(line.unit_price)) / factor, 8) * (-1 if total < 0 else 1)
        quantity = abs(line.quantity)
        if line.unit and quantity and abs(quantity * price - total) <= _CENT:
            return numbers.short(quantity), numbers.short(price)
        return None, total

    def _text(self, line: InvoiceLine) -> str:
        """Where and when, on the line itself: a consumer of the XML sees no groups."""
        if not line.cdr:
            return line.text
        zone = pricing.zone(line.cdr.operator.time_zone)
        place = (json.loads(line.cdr.snapshot)["location"] or {}).get("name", "")
        when = dates.span(line.cdr.started_at, line.cdr.stopped_at, zone, self.document.language)
        return " - ".join(part for part in (line.text, place, when) if part)

    def payments(self, seller: einvoice_header.Party, paid: Paid) -> tuple[body.Payment, ...]:
        """What came in by card or from the wallet, and the rest by bank. A credit note is settled by nobody's transfer."""
        document = self.document
        if document.kind == Invoice.Kind.CREDIT_NOTE:
            return ()
        due = document.total_excl_vat if self.split else document.total_incl_vat
        details = [body.PaymentDetail(means=means, amount=amount) for means, amount in paid.parts if amount]
        if (rest := due - paid.total) > 0:
            iban = seller.get("iban") or None
            details.append(body.PaymentDetail(means=BANK, due_on=document.due_on, amount=rest, iban=iban))
        terms = _COMPLETE if len(details) == 1 else _IN_PARTS
        return (body.Payment(terms=terms, details=tuple(details)),) if details else ()


def _intent(buyer: einvoice_header.Party) -> tuple[body.Fact, ...]:
    """The letter of intent, as provvedimento 293390/2021 wants it quoted."""
    protocol, on = buyer.get("intent_protocol"), buyer.get("intent_on")
    return (body.Fact(kind=finding.INTENT, text=protocol, on=date.fromisoformat(on)),) if protocol and on else ()


def _facts(cdr: CDR) -> tuple[body.Fact, ...]:
    """AltriDatiGestionali: the point, the charge, and whose cost it is."""
    evse = json.loads(cdr.snapshot)["evse"]["uid"]
    told = (
        ("EVSE-ID", evse),
        ("SESSIONE", str(cdr.session_id)),
        ("C.COSTO", cdr.cost_centre if cdr.company_id else ""),
    )
    return tuple(body.Fact(kind=kind, text=text) for kind, text in told if text)


def _local(cdr: CDR, at: datetime) -> datetime:
    return at.astimezone(pricing.zone(cdr.operator.time_zone))
