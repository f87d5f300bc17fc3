"""Totals with VAT by component, then the tariff's floor and cap on each of the two totals (OCPI: they work independently)."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from .breakdown import Breakdown, Line, Relief
from .model import Limit, Tariff

Totals = tuple[Fraction | None, Fraction | None]


def limited(tariff: Tariff, lines: tuple[Line, ...], **facts: Any) -> Breakdown:
    """The cap comes before the floor: a minimum is always paid. `facts` are the other fields of the breakdown."""
    after, moved = _within_limits(tariff, lines)
    return Breakdown(tariff.currency, tariff.gross, lines, *after, limit=moved, limit_vat=tariff.main_vat, **facts)


def limited_again(tariff: Tariff, breakdown: Breakdown, reliefs: tuple[Relief, ...]) -> Breakdown:
    """The same charge with reliefs: the limits hold for what is left."""
    (excl_vat, incl_vat), moved = _within_limits(tariff, (*breakdown.lines, *reliefs))
    return replace(breakdown, reliefs=reliefs, excl_vat=excl_vat, incl_vat=incl_vat, limit=moved)


def _within_limits(tariff: Tariff, entries: Sequence[Line | Relief]) -> tuple[Totals, str]:
    before = summed(tariff, entries)
    after = _floored(_capped(before, tariff), tariff)
    own = 1 if tariff.gross else 0
    was, becomes = before[own], after[own]
    moved = "" if was == becomes or was is None or becomes is None else "max" if becomes < was else "min"
    return after, moved


def summed(tariff: Tariff, lines: Sequence[Line | Relief]) -> Totals:
    """(excl., incl. VAT); the one in foreign terms is None where the taxes are not known."""
    own = sum((line.amount for line in lines), Fraction(0))
    if not tariff.taxes_known and any(line.vat is None for line in lines):
        return (None, own) if tariff.gross else (own, None)
    other = sum((_converted(line, tariff.gross) for line in lines), Fraction(0))
    return (other, own) if tariff.gross else (own, other)


def _converted(line: Line | Relief, gross: bool) -> Fraction:
    factor = 1 + (line.vat or 0) / Fraction(100)
    return line.amount / factor if gross else line.amount * factor


def _capped(totals: Totals, tariff: Tariff) -> Totals:
    limit = tariff.max_price
    return totals if limit is None else _apply(totals, limit, tariff, min)


def _floored(totals: Totals, tariff: Tariff) -> Totals:
    limit = tariff.min_price
    return totals if limit is None else _apply(totals, limit, tariff, max)


def _apply(totals: Totals, limit: Limit, tariff: Tariff, choose: Any) -> Totals:
    """With one limit only, the other total is moved in proportion: the same goods at another price keep their VAT mix."""
    excl, incl = totals
    new_excl = excl if excl is None or limit.excl_vat is None else choose(excl, limit.excl_vat)
    new_incl = incl if incl is None or limit.incl_vat is None else choose(incl, limit.incl_vat)
    if limit.incl_vat is None and excl is not None and incl is not None and new_excl is not None:
        new_incl = incl * new_excl / excl if excl else new_excl * _main_factor(tariff)
    if limit.excl_vat is None and excl is not None and incl is not None and new_incl is not None:
        new_excl = excl * new_incl / incl if incl else new_incl / _main_factor(tariff)
    return new_excl, new_incl


def _main_factor(tariff: Tariff) -> Fraction:
    return 1 + (tariff.main_vat or 0) / Fraction(100)
