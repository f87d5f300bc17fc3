"""Charges that are one visit (quirk 48): some stations end a transaction by themselves and begin another one while the cable stays in.
Each has a record of its own; what a tariff says once per charge (start fee, caps, minimum and maximum price) holds once for all.

What the earlier ones cost is read from their records, and frozen in the record of the charge that goes on from them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from . import exact, totals
from .breakdown import Breakdown, Earlier
from .model import Dimension, Tariff
from .periods import Period
from .rounding import Kind
from .trace import Trace

_DUE = (Kind.PRICED, Kind.INCLUDED, Kind.DISCOUNT)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one charge: `due` before the limits, `charged` after them, (excl., incl. VAT); `priced` by dimension and element, whose
    meaning is that of `version`. Without a version nobody asked for anything."""

    version: int | None = None
    due: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))
    charged: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))
    priced: Mapping[tuple[Dimension, int], Fraction] = field(default_factory=dict)


FREE = Cost()


def cost(version: int, breakdown: Breakdown) -> Cost:
    """As it was computed."""
    entries = [*((line.amount, line.vat) for line in breakdown.lines), *((r.amount, r.vat) for r in breakdown.reliefs)]
    charged = (breakdown.excl_vat or Fraction(0), breakdown.incl_vat or Fraction(0))
    priced = {(line.dimension, line.element): line.amount for line in breakdown.lines}
    return Cost(version, _due(entries, breakdown.gross), charged, priced)


def recorded(version: int, trace: Trace, exact_excl_vat: str, exact_incl_vat: str) -> Cost:
    """The same as its record tells it."""
    entries = [(line.exact, line.vat) for line in trace.lines if line.kind in _DUE]
    priced = {
        (line.dimension, line.element): line.exact
        for line in trace.lines
        if line.dimension is not None and line.element is not None
    }
    charged = (exact.number_of(exact_excl_vat), exact.number_of(exact_incl_vat))
    return Cost(version, _due(entries, trace.gross), charged, priced)


def earlier(
    costs: Mapping[int, Cost], periods: Iterable[Period], *, version: int | None, tariff: Tariff | None
) -> Earlier:
    """All of `costs` (by charge, oldest first) together. What components with a cap cost counts where the version is the same."""
    capped: dict[tuple[Dimension, int], Fraction] = {}
    for one in costs.values():
        for key in _capped(tariff) & one.priced.keys() if one.version == version else ():
            capped[key] = capped.get(key, Fraction(0)) + one.priced[key]
    return Earlier(
        tuple(costs),
        tuple(periods),
        any(one.version is not None for one in costs.values()),
        _sum(one.due for one in costs.values()),
        _sum(one.charged for one in costs.values()),
        capped,
    )


def _capped(tariff: Tariff | None) -> set[tuple[Dimension, int]]:
    elements = tariff.elements if tariff else ()
    return {(c.dimension, e.index) for e in elements for c in e.components if c.max_amount is not None}


def _due(entries: Iterable[tuple[Fraction, Fraction | None]], gross: bool) -> tuple[Fraction, Fraction]:
    own = other = Fraction(0)
    for amount, vat in entries:
        own += amount
        other += totals.converted(amount, vat, gross=gross)
    return (other, own) if gross else (own, other)


def _sum(pairs: Iterable[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    excl = incl = Fraction(0)
    for one, other in pairs:
        excl, incl = excl + one, incl + other
    return excl, incl


# ---- text ----------------------------------------------------------------------------------------------------------


def as_json(visit: Earlier) -> dict[str, Any]:
    """Without the periods, which are evidence."""
    return {
        "charges": list(visit.charges),
        "started": visit.started,
        "due": [exact.text(amount) for amount in visit.due],
        "charged": [exact.text(amount) for amount in visit.charged],
        "capped": [
            [dimension.value, element, exact.text(amount)]
            for (dimension, element), amount in sorted(visit.capped.items())
        ],
    }


def of_json(given: Mapping[str, Any], periods: Iterable[Period]) -> Earlier:
    due, charged = (tuple(exact.number_of(text) for text in given[name]) for name in ("due", "charged"))
    capped = {(Dimension(dimension), element): exact.number_of(text) for dimension, element, text in given["capped"]}
    return Earlier(
        tuple(given["charges"]), tuple(periods), given["started"], (due[0], due[1]), (charged[0], charged[1]), capped
    )
