"""Chart 5, the cost under the power of a charge: a block per priced line, on the same time axis."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from billing.tariffs.trace import Trace, TraceLine
from cms.charts import CostBlock
from cms.templatetags import figures


def blocks(cost: Trace) -> list[CostBlock]:
    """Labelled with their price, darker where it is higher."""
    timed = _over_time(cost)
    prices = sorted({price for _unit, price, _points in timed})
    return [
        CostBlock(_price(unit, price, cost.currency), min(4, prices.index(price) + 1), points)
        for unit, price, points in timed
    ]


def _price(unit: str, price: Fraction, currency: str) -> str:
    """0,59 €/kWh, 0,10 €/min."""
    per, word = (price / 60, "min") if unit == "h" else (price, unit)
    return f"{figures.money(Decimal(per.numerator) / Decimal(per.denominator), currency)}/{word}"


def _over_time(cost: Trace) -> list[tuple[str, Fraction, list[tuple[datetime, Decimal]]]]:
    """Per priced line its unit, its unit price and (time, total of all lines so far). Exact inside, rounded to 10⁻⁴ for the
    picture."""
    timed = [line for line in cost.lines if line.parts]
    flat = sum((line.exact for line in cost.lines if not line.parts and line.exact > 0), Fraction(0))

    def total(at: datetime) -> Decimal:
        whole = flat + sum((_until(line, at) for line in timed), Fraction(0))
        return (Decimal(whole.numerator) / Decimal(whole.denominator)).quantize(Decimal("0.0001"))

    blocks = []
    for line in timed:
        moments = sorted({moment for begin, end, _quantity in line.parts for moment in (begin, end)})
        blocks.append((line.unit, line.unit_price, [(at, total(at)) for at in moments]))
    return sorted(blocks, key=lambda block: block[2][0][0])


def _until(line: TraceLine, at: datetime) -> Fraction:
    whole = sum((quantity for _begin, _end, quantity in line.parts), Fraction(0))
    if not whole:
        return Fraction(0)
    done = Fraction(0)
    for begin, end, quantity in line.parts:
        if at >= end:
            done += quantity
        elif at > begin:
            done += quantity * Fraction(
                (at - begin) // timedelta(microseconds=1), (end - begin) // timedelta(microseconds=1)
            )
    return line.exact * done / whole
