"""Totals with VAT by component, then the tariff's floor and cap on each of the two totals (OCPI: they work independently)."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from .breakdown import ALONE, Breakdown, Earlier, Line, Relief
from .model import Limit, Tariff

Totals = tuple[Fraction | None, Fraction | None]
_NOTHING = Fraction(0)


def limited(tariff: Tariff, lines: tuple[Line, ...], earlier: Earlier = ALONE, **facts: Any) -> Breakdown:
    """The cap comes before the floor: a minimum is always paid. Of `earlier` charges of the visit counts what was due and what was
    charged. `facts` are the other fields of the breakdown."""
    after, moved = _within_limits(tariff, lines, earlier)
    return Breakdown(
        tariff.currency, tariff.gross, lines, *after, limit=moved, limit_vat=tariff.main_vat, earlier=earlier, **facts
    )


def limited_again(tariff: Tariff, breakdown: Breakdown, reliefs: tuple[Relief, ...]) -> Breakdown:
    """The same charge with reliefs: the limits hold for what is left."""
    (excl_vat, incl_vat), moved = _within_limits(tariff, (*breakdown.lines, *reliefs), breakdown.earlier)
    return replace(breakdown, reliefs=reliefs, excl_vat=excl_vat, incl_vat=incl_vat, limit=moved)


def _within_limits(tariff: Tariff, entries: Sequence[Line | Relief], earlier: Earlier) -> tuple[Totals, str]:
    alone = summed(tariff, entries)
    if tariff.min_price is None and tariff.max_price is None:
        return alone, ""
    if earlier.charges:
        return _of_the_visit(tariff, alone, earlier)
    after, own = _floored(_capped(alone, tariff), tariff), _own(tariff)
    was, becomes = alone[own], after[own]
    moved = "" if was == becomes or was is None or becomes is None else "max" if becomes < was else "min"
    return after, moved


def _of_the_visit(tariff: Tariff, alone: Totals, earlier: Earlier) -> tuple[Totals, str]:
    """In the terms of the prices this charge costs what the whole visit costs, less what was charged before: so what an earlier one
    paid ahead to reach the minimum is taken off. More than alone it costs at the minimum only. The other total follows."""
    own = _own(tariff)
    mine, others = alone[own], alone[1 - own]
    if mine is None or others is None:
        return alone, ""
    due = mine + earlier.due[own]
    cap, floor = own_limit(tariff, cap=True), own_limit(tariff, cap=False)
    limited = max(due if cap is None else min(due, cap), _NOTHING if floor is None else floor)
    left = max(limited - earlier.charged[own], _NOTHING)
    if limited <= due:
        left = min(left, mine)
    factor = _main_factor(tariff)
    other = others * left / mine if mine else left / factor if tariff.gross else left * factor
    moved = "" if left == mine else "min" if left > mine else "max" if limited < due else "paid"
    return ((other, left) if tariff.gross else (left, other)), moved


def _own(tariff: Tariff) -> int:
    """Which of the two totals the prices speak of."""
    return 1 if tariff.gross else 0


def own_limit(tariff: Tariff, *, cap: bool) -> Fraction | None:
    """The maximum (`cap`) or the minimum price in the terms of the prices."""
    limit = tariff.max_price if cap else tariff.min_price
    if limit is None:
        return None
    return limit.incl_vat if tariff.gross else limit.excl_vat


def summed(tariff: Tariff, lines: Sequence[Line | Relief]) -> Totals:
    """(excl., incl. VAT); the one in foreign terms is None where the taxes are not known."""
    own = sum((line.amount for line in lines), _NOTHING)
    if not tariff.taxes_known and any(line.vat is None for line in lines):
        return (None, own) if tariff.gross else (own, None)
    other = sum((converted(line.amount, line.vat, gross=tariff.gross) for line in lines), _NOTHING)
    return (other, own) if tariff.gross else (own, other)


def converted(amount: Fraction, vat: Fraction | None, *, gross: bool) -> Fraction:
    """A gross amount without its VAT, a net one with it."""
    factor = 1 + (vat or 0) / Fraction(100)
    return amount / factor if gross else amount * factor


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
