"""What is sold: naturas and rates, and the SdI's arithmetic. Amounts: a line may differ from quantity × price by a cent, VAT from
taxable × rate by a cent, the taxable sum from its lines by a euro; ours are built to differ by nothing.
"""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from .body import Body, Discount, Line
from .finding import CENT, EURO, TO_SPLIT, Finding

_BARE = frozenset({"N2", "N3", "N6"})


def document(body: Body) -> Iterator[Finding]:
    document = body.general.document
    if not any(sign.isdigit() for sign in document.number):
        yield Finding("00425", "DatiGeneraliDocumento/Numero", document.number)
    for first in body.general.invoices:
        if first.on and document.on < first.on:
            yield Finding("00418", "DatiGeneraliDocumento/Data", document.on.isoformat())


def withheld(body: Body) -> Iterator[Finding]:
    """Withholding that a line or a pension fund speaks of stands in the document."""
    document = body.general.document
    if not document.withholdings and any(line.withheld for line in body.goods.lines):
        yield Finding("00411", "DatiGeneraliDocumento/DatiRitenuta")
    if not document.withholdings and any(fund.withheld for fund in document.pension_funds):
        yield Finding("00415", "DatiGeneraliDocumento/DatiRitenuta")
    for fund in document.pension_funds:
        yield from _natura(fund.vat_rate, fund.natura, "DatiCassaPrevidenziale", ("00413", "00414"))


def discounts(body: Body) -> Iterator[Finding]:
    """Each says how much."""
    for code, given in (
        ("00437", body.general.document.discounts),
        ("00438", [discount for line in body.goods.lines for discount in line.discounts]),
    ):
        yield from (Finding(code, "ScontoMaggiorazione", discount.kind) for discount in given if _is_empty(discount))


def _is_empty(discount: Discount) -> bool:
    return discount.percent is None and discount.amount is None


def naturas(body: Body) -> Iterator[Finding]:
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


def lines(body: Body) -> Iterator[Finding]:
    for line in body.goods.lines:
        if abs(_expected(line) - line.total) > CENT:
            yield Finding("00423", f"DettaglioLinee {line.number}/PrezzoTotale", str(line.total))


def _expected(line: Line) -> Decimal:
    price = line.unit_price
    for discount in line.discounts:
        sign = -1 if discount.kind == "SC" else 1
        off = discount.amount if discount.amount is not None else price * (discount.percent or 0) / 100
        price += sign * off
    return price * (Decimal(1) if line.quantity is None else line.quantity)


Key = tuple[Decimal, str | None]


def summaries(body: Body) -> Iterator[Finding]:
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
        if abs((row.taxable * row.rate / 100).quantize(CENT, ROUND_HALF_UP) - row.vat) > CENT:
            yield Finding("00421", "DatiRiepilogo/Imposta", str(row.vat))
    for rate, natura in set(by_key) - set(rows):
        yield Finding("00419", "DatiRiepilogo/AliquotaIVA", natura or str(rate))
    for rate, natura in set(rows) - set(by_key):
        yield Finding("00444" if natura else "00443", "DatiRiepilogo", natura or str(rate))
    for key in set(rows) & set(by_key):
        if abs(rows[key] - by_key[key]) > EURO:
            yield Finding("00422", "DatiRiepilogo/ImponibileImporto", str(rows[key]))
