"""An issued document in the words of FatturaPA. Reads the frozen rows; computes nothing but the net of gross lines.

Gross documents: each line's net is amount / (1 + rate) to eight decimals, so that price × quantity and the sum of the lines hold
exactly; the taxable sum is the document's own, to the cent, and what lies between is the Arrotondamento of its DatiRiepilogo.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from billing import pricing
from billing.documents import dates, fiscal_notes
from billing.documents.fatturapa import body, checks, header, names, numbers
from billing.models import CDR, FiscalSettings, Invoice, InvoiceLine
from billing.tariffs import exact

Party = Mapping[str, Any]

CARD, BANK, WITHHELD = "MP08", "MP05", "MP22"
_COMPLETE, _IN_PARTS = "TP02", "TP01"
_EU = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Paid:
    """What has come in for the document: (ModalitaPagamento, amount)."""

    parts: tuple[tuple[str, Decimal], ...] = ()

    @property
    def total(self) -> Decimal:
        return sum((amount for _, amount in self.parts), Decimal(0))


def transmitter(seller: Party, settings: FiscalSettings) -> str:
    """Country and fiscal id of who hands the files over: IT00743110157."""
    if settings.transmitter:
        return settings.transmitter
    country, number = _vat(seller)
    return country + (seller.get("fiscal_code") or number)


def of(
    document: Invoice,
    *,
    name: names.FileName,
    settings: FiscalSettings,
    seller: Party,
    buyer: Party,
    paid: Paid = Paid(),
) -> body.Invoice:
    """`seller` and `buyer` as frozen by `parties`, or corrected after a refusal."""
    lines = list(document.lines.select_related("cdr__operator").order_by("position"))
    written = _Written(document, lines, settings, split=fiscal_notes.is_split(buyer))
    return body.Invoice(
        header=header.Header(
            transmission=_transmission(name, seller, buyer), seller=_seller(seller), buyer=_buyer(buyer)
        ),
        bodies=(
            body.Body(
                general=written.general(),
                goods=body.Goods(lines=written.lines(), summaries=written.summaries()),
                payments=written.payments(seller, paid),
            ),
        ),
    )


# ---- the header -----------------------------------------------------------------------------------------------------


def _transmission(name: names.FileName, seller: Party, buyer: Party) -> header.Transmission:
    recipient = recipient_of(buyer)
    return header.Transmission(
        transmitter=header.FiscalId(country=name.transmitter[:2], number=name.transmitter[2:]),
        progressive=name.progressive,
        format=header.FPA if len(recipient) == 6 else header.FPR,
        recipient=recipient,
        pec=(buyer.get("pec") or None) if recipient == checks.UNKNOWN else None,
    )


def recipient_of(buyer: Party) -> str:
    """CodiceDestinatario: the customer's own, else 0000000 (PEC, or the tax drawer), XXXXXXX outside Italy."""
    if abroad(buyer):
        return checks.ABROAD
    return buyer.get("sdi_code") or checks.UNKNOWN


def abroad(party: Party) -> bool:
    return bool(party.get("country_code", "IT") != "IT")


def _seller(party: Party) -> header.Seller:
    country, number = _vat(party)
    return header.Seller(
        identity=header.SellerIdentity(
            vat=header.FiscalId(country=country, number=number),
            fiscal_code=party.get("fiscal_code") or None,
            name=header.Name(company=party.get("legal_name") or None),
            regime=party.get("tax_regime", ""),
        ),
        address=_address(party),
        contacts=_contacts(party),
    )


def _contacts(party: Party) -> header.Contacts | None:
    phone = "".join(sign for sign in party.get("support_phone", "") if sign.isdigit() or sign == "+").removeprefix(
        "+39"
    )
    email = party.get("support_email") or None
    fits = phone if 5 <= len(phone) <= 12 else None
    return header.Contacts(phone=fits, email=email) if fits or email else None


def _buyer(party: Party) -> header.Buyer:
    return header.Buyer(
        identity=header.BuyerIdentity(
            vat=_buyers_vat(party),
            fiscal_code=(party.get("fiscal_code") or None) if not abroad(party) else None,
            name=header.Name(company=party.get("legal_name") or None),
        ),
        address=_address(party),
    )


def _buyers_vat(party: Party) -> header.FiscalId | None:
    """A private person has none; abroad something must stand there: the guide of the Agenzia says what."""
    if party.get("vat_number"):
        country, number = _vat(party)
        return header.FiscalId(country=country, number=number)
    if not abroad(party):
        return None
    if party["country_code"] in _EU:
        return header.FiscalId(country=party["country_code"], number="0000000")
    return header.FiscalId(country="OO", number="99999999999")


def _vat(party: Party) -> tuple[str, str]:
    number: str = party.get("vat_number", "")
    if number[:2].isalpha():
        return number[:2], number[2:]
    return party.get("country_code", "IT"), number


def _address(party: Party) -> header.Address:
    """Only Italian postal codes have a place of their own; others stand before the town."""
    foreign = abroad(party)
    town = " ".join(filter(None, (party.get("postal_code"), party.get("city")))) if foreign else party.get("city", "")
    return header.Address(
        street=party.get("address", ""),
        postal_code="00000" if foreign else party.get("postal_code", ""),
        town=town,
        province=None if foreign else party.get("province") or None,
        country=party.get("country_code", "IT"),
    )


# ---- the body -------------------------------------------------------------------------------------------------------


class _Written:
    """One document. A credit note is negative with us and positive in FatturaPA."""

    def __init__(
        self, document: Invoice, lines: Sequence[InvoiceLine], settings: FiscalSettings, *, split: bool
    ) -> None:
        self.document, self.rows, self.settings, self.split = document, lines, settings, split
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
            collectability=None if natura else checks.TO_SPLIT if self.split else "I",
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
            natura=None if rate else line.natura or self.settings.no_vat_natura,
            facts=_facts(line.cdr) if line.cdr else (),
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

    def payments(self, seller: Party, paid: Paid) -> tuple[body.Payment, ...]:
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
