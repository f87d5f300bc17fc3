"""What moves the price of one charge beside its tariff: what a plan or a code includes, and discounts.

Included energy and minutes are given back at the price that they would have cost, in the order in which they were consumed and as
they are billed (after step_size); discounts come after that, never below zero; the tariff's minimum and maximum price come last.
All of it is exact, and frozen in the charge's record: computing it again needs nothing else.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from . import exact, totals
from .breakdown import Breakdown, Line, Relief, ReliefKind
from .model import Dimension, Tariff

_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """What one plan or code grants to one charge: `allowance_wh` and `allowance_s` (of charging time) that cost nothing, then
    `discount_percent` of what remains, then `discount_amount` (incl. VAT). `label` is its name on receipts; `source` names in its
    owner's words where it comes from ("period:12")."""

    allowance_wh: Fraction = _NOTHING
    allowance_s: int = 0
    discount_percent: Fraction = _NOTHING
    discount_amount: Fraction = _NOTHING
    label: str = ""
    source: str = ""

    def __bool__(self) -> bool:
        return bool(self.allowance_wh or self.allowance_s or self.discount_percent or self.discount_amount)


@dataclass(frozen=True, slots=True)
class Used:
    """What a charge took of one grant: Wh, s, and the discount as a positive amount in the tariff's own terms."""

    wh: Fraction = _NOTHING
    seconds: Fraction = _NOTHING
    discount: Fraction = _NOTHING

    def __bool__(self) -> bool:
        return bool(self.wh or self.seconds or self.discount)


Granted = Sequence[Terms]
"""Of several, all that is included counts before any discount; within each, what stands first."""


def apply(tariff: Tariff, breakdown: Breakdown, granted: Granted) -> Breakdown:
    """The breakdown with its reliefs, and the tariff's limits on what is left."""
    if not any(granted) or not breakdown.lines:
        return breakdown
    reliefs: list[Relief] = []
    for dimension in (Dimension.ENERGY, Dimension.TIME):
        reliefs += _included([line for line in breakdown.lines if line.dimension is dimension], dimension, granted)
    for terms in granted:
        reliefs += _discounted((*breakdown.lines, *reliefs), terms, gross=tariff.gross)
    return totals.limited_again(tariff, breakdown, tuple(reliefs))


def used(breakdown: Breakdown, terms: Terms) -> Used:
    """What the reliefs of a breakdown took of one grant, known by its source."""
    mine = [relief for relief in breakdown.reliefs if relief.source == terms.source]
    return Used(
        sum((r.quantity for r in mine if r.dimension is Dimension.ENERGY), _NOTHING) * 1000,
        sum((r.quantity for r in mine if r.dimension is Dimension.TIME), _NOTHING) * 3600,
        -sum((r.amount for r in mine if r.kind is ReliefKind.DISCOUNT), _NOTHING),
    )


# ---- what is included ----------------------------------------------------------------------------------------------


def _included(lines: Sequence[Line], dimension: Dimension, granted: Granted) -> list[Relief]:
    """One relief for each line and grant, walking along what was consumed."""
    left = [_allowed(terms, dimension) for terms in granted]
    given: dict[tuple[int, int], Fraction] = {}
    for place, quantity in _consumed(lines):
        for number, allowed in enumerate(left):
            share = min(quantity, allowed)
            if share:
                given[place, number] = given.get((place, number), _NOTHING) + share
                left[number] -= share
                quantity -= share
    reliefs: list[Relief] = []
    remaining = [line.amount for line in lines]
    for (place, number), quantity in sorted(given.items()):
        relief = _given_back(lines[place], quantity, remaining[place], granted[number])
        remaining[place] += relief.amount
        reliefs.append(relief)
    return reliefs


def _allowed(terms: Terms, dimension: Dimension) -> Fraction:
    """In the dimension's unit: kWh, h."""
    return terms.allowance_wh / 1000 if dimension is Dimension.ENERGY else Fraction(terms.allowance_s, 3600)


def _consumed(lines: Sequence[Line]) -> list[tuple[int, Fraction]]:
    """(place of the line, quantity) in the order of time; what step_size added was consumed last."""
    parts = sorted((part.start, place, part.quantity) for place, line in enumerate(lines) for part in line.parts)
    added = [(place, line.quantity - line.measured) for place, line in enumerate(lines)]
    return [*((place, quantity) for _start, place, quantity in parts), *added]


def _given_back(line: Line, quantity: Fraction, remaining: Fraction, terms: Terms) -> Relief:
    """A capped line costs less than its quantity: no more than it cost is given back."""
    amount = min(quantity * line.unit_price, remaining)
    return Relief(
        ReliefKind.INCLUDED, -amount, line.vat, terms.label, terms.source, line.dimension, quantity, line.unit_price
    )


# ---- discounts -----------------------------------------------------------------------------------------------------


def _discounted(entries: Iterable[Line | Relief], terms: Terms, *, gross: bool) -> list[Relief]:
    """One relief for each VAT rate, the amount in proportion to what is left at it."""
    if not (terms.discount_percent or terms.discount_amount):
        return []
    left: dict[Fraction | None, Fraction] = {}
    for entry in entries:
        left[entry.vat] = left.get(entry.vat, _NOTHING) + entry.amount
    percent = min(terms.discount_percent / 100, Fraction(1))
    after_percent = _including_vat(left, gross) * (1 - percent)
    share = min(terms.discount_amount / after_percent, Fraction(1)) if after_percent else _NOTHING
    off = percent + (1 - percent) * share
    return [
        Relief(ReliefKind.DISCOUNT, -amount * off, vat, terms.label, terms.source)
        for vat, amount in left.items()
        if amount * off
    ]


def _including_vat(left: dict[Fraction | None, Fraction], gross: bool) -> Fraction:
    return sum(
        (amount if gross else amount * (1 + (vat or 0) / Fraction(100)) for vat, amount in left.items()), _NOTHING
    )


# ---- text ----------------------------------------------------------------------------------------------------------


def dumps(granted: Granted, breakdown: Breakdown) -> str:
    """JSON text with exact numbers: what was granted and what the charge took of it; "" where nothing moves the price."""
    entries = [_entry(terms, used(breakdown, terms)) for terms in granted if terms]
    return json.dumps(entries, ensure_ascii=False, separators=(",", ":")) if entries else ""


def loads(text: str) -> tuple[Terms, ...]:
    """What was granted to the charge."""
    return tuple(terms for terms, _used in uses(text))


def uses(text: str) -> list[tuple[Terms, Used]]:
    """What was granted and what the charge took of it."""
    return [(_terms(entry), _used(entry["used"])) for entry in (json.loads(text) if text else ())]


def _entry(terms: Terms, took: Used) -> dict[str, Any]:
    return {
        "source": terms.source,
        "label": terms.label,
        "allowance_wh": exact.text(terms.allowance_wh),
        "allowance_s": terms.allowance_s,
        "discount_percent": exact.text(terms.discount_percent),
        "discount_amount": exact.text(terms.discount_amount),
        "used": {"wh": exact.text(took.wh), "seconds": exact.text(took.seconds), "discount": exact.text(took.discount)},
    }


def _terms(given: dict[str, Any]) -> Terms:
    return Terms(
        exact.number_of(given["allowance_wh"]),
        given["allowance_s"],
        exact.number_of(given["discount_percent"]),
        exact.number_of(given["discount_amount"]),
        given["label"],
        given["source"],
    )


def _used(given: dict[str, str]) -> Used:
    return Used(*(exact.number_of(given[name]) for name in ("wh", "seconds", "discount")))
