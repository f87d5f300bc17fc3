"""PURE: what an operator should see before a tariff is published: hours and cases without a price, hours with two, prices that
never apply. None of it is wrong in OCPI (the first matching element wins, and what none matches is free), so nobody else says it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

from .model import DAY_S, NONE, Dimension, Restrictions, Rule, Tariff
from .restrictions import Moment, hold

MOST_CASES = 400  # combinations of power, energy, current and time that are looked at per hour


class Kind(StrEnum):
    """HOLE: no element holds at these hours. CASE: at some power, energy, current or duration none does. OVERLAP: two ask a
    different price, the first wins. NEVER: every hour of this element belongs to an earlier one, in this dimension."""

    HOLE = "hole"
    CASE = "case"
    OVERLAP = "overlap"
    NEVER = "never"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Seconds of local day `day` (0 = Monday)."""

    day: int
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Finding:
    """`elements` by index, the one that wins first; `case` says when a CASE happens, in the words of restrictions."""

    kind: Kind
    dimension: Dimension
    spans: tuple[Span, ...] = ()
    elements: tuple[int, ...] = ()
    case: Restrictions = NONE


def of(tariff: Tariff, dimension: Dimension, monday: datetime) -> list[Finding]:
    """About the week from `monday` (naive local midnight): holes first, then cases, overlaps, and what never applies."""
    rules = tariff.rules[dimension]
    if not rules:
        return []
    cells = list(_cells(tariff, monday))
    holding = {span: [rule for rule in rules if _clock_holds(rule, Moment(at))] for span, at in cells}
    return [
        *_holes(holding, dimension),
        *_holidays(tariff, cells, holding, dimension),
        *_cases(tariff, holding, dimension),
        *_overlaps(holding, dimension),
        *_never(rules, holding, dimension),
    ]


def besides(tariff: Tariff, shown: Dimension, monday: datetime) -> list[Finding]:
    """Of the other dimensions what contradicts itself. That they have no price at some hours is common: a start fee by night, parking
    that costs by day."""
    others = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT)
    found = (one for other in others if other is not shown for one in of(tariff, other, monday))
    return [one for one in found if one.kind in (Kind.OVERLAP, Kind.NEVER)]


def _cells(tariff: Tariff, monday: datetime) -> Iterator[tuple[Span, datetime]]:
    cuts = sorted({0, *tariff.wall_clock, DAY_S})
    for day in range(7):
        for start, end in pairwise(cuts):
            yield Span(day, start, end), monday + timedelta(days=day, seconds=start)


def _clock_holds(rule: Rule, now: Moment) -> bool:
    """Does the element apply then, at some power, energy and duration?"""
    limits = rule[0].restrictions
    return limits is NONE or hold(replace(limits, **_UNLIMITED), now)


_UNLIMITED: dict[str, Any] = dict.fromkeys(
    (
        "min_energy",
        "max_energy",
        "min_power",
        "max_power",
        "min_current",
        "max_current",
        "min_duration",
        "max_duration",
        "min_parking",
        "max_parking",
    )
)


def _limited(r: Restrictions) -> bool:
    return any(getattr(r, name) is not None for name in _UNLIMITED)


# ---- nothing has a price -------------------------------------------------------------------------------------------


def _holes(holding: dict[Span, list[Rule]], dimension: Dimension) -> list[Finding]:
    empty = [span for span, rules in holding.items() if not rules]
    return [Finding(Kind.HOLE, dimension, merged(empty))] if empty else []


class _EveryDay:
    """A calendar in which every day is a holiday."""

    def __contains__(self, day: object) -> bool:
        return True


def _holidays(
    tariff: Tariff, cells: Sequence[tuple[Span, datetime]], holding: dict[Span, list[Rule]], dimension: Dimension
) -> list[Finding]:
    """Hours that have a price on other days only."""
    if not tariff.knows_holidays:
        return []
    rules = tariff.rules[dimension]
    empty = [
        span
        for span, at in cells
        if holding[span] and not any(_clock_holds(rule, Moment(at, holidays=_EveryDay())) for rule in rules)
    ]
    spans = () if len(empty) == len(cells) else merged(empty)
    return [Finding(Kind.CASE, dimension, spans, case=Restrictions(holidays=True))] if empty else []


@dataclass(frozen=True, slots=True)
class _Axis:
    """A quantity that restrictions limit: what it is called there, and in a Moment."""

    low: str
    high: str
    now: str


_AXES = (
    _Axis("min_power", "max_power", "power"),
    _Axis("min_energy", "max_energy", "energy"),
    _Axis("min_current", "max_current", "current"),
    _Axis("min_duration", "max_duration", "elapsed"),
)


def _cases(tariff: Tariff, holding: dict[Span, list[Rule]], dimension: Dimension) -> list[Finding]:
    """Limits are half-open, so looking at zero and at each limit looks at everything between."""
    axes = [(axis, marks) for axis in _AXES if (marks := _marks(tariff, axis))]
    if not axes:
        return []
    found: dict[Restrictions, list[Span]] = {}
    for values in _combinations([marks for _axis, marks in axes]):
        case = Restrictions(
            **{k: v for (axis, marks), at in zip(axes, values, strict=True) for k, v in _around(axis, marks, at)}
        )
        now = {axis.now: value for (axis, _marks), value in zip(axes, values, strict=True)}
        for span, rules in holding.items():
            if rules and not any(_holds_at(rule, now) for rule in rules):
                found.setdefault(case, []).append(span)
    every = len([span for span, rules in holding.items() if rules])
    return [
        Finding(Kind.CASE, dimension, () if len(spans) == every else merged(spans), case=case)
        for case, spans in found.items()
    ]


def _marks(tariff: Tariff, axis: _Axis) -> list[Fraction | int]:
    """Zero and each limit; none where nothing is limited."""
    limits = {getattr(e.restrictions, name) for e in tariff.elements for name in (axis.low, axis.high)} - {None}
    return sorted({0, *limits}) if limits else []


def _combinations(marks: Sequence[Sequence[Fraction | int]]) -> Iterator[tuple[Fraction | int, ...]]:
    count = 1
    for values in marks:
        count *= len(values)
    if count <= MOST_CASES:
        yield from product(*marks)
        return
    for place, values in enumerate(marks):  # too many to look at together: one quantity at a time
        for value in values:
            yield tuple(value if n == place else other[0] for n, other in enumerate(marks))


def _around(axis: _Axis, marks: Sequence[Fraction | int], at: Fraction | int) -> Iterator[tuple[str, Any]]:
    if at:
        yield axis.low, at
    following = next((mark for mark in marks if mark > at), None)
    if following is not None:
        yield axis.high, following


def _holds_at(rule: Rule, now: dict[str, Fraction | int]) -> bool:
    limits = rule[0].restrictions
    return all(_within(getattr(limits, axis.low), now.get(axis.now, 0), getattr(limits, axis.high)) for axis in _AXES)


def _within(least: Fraction | int | None, value: Fraction | int, below: Fraction | int | None) -> bool:
    return (least is None or value >= least) and (below is None or value < below)


# ---- two prices, and none ever --------------------------------------------------------------------------------------


def _overlaps(holding: dict[Span, list[Rule]], dimension: Dimension) -> list[Finding]:
    """An element without restrictions behind others is a fallback, as OCPI recommends: not reported."""
    found: dict[tuple[int, int], list[Span]] = {}
    for span, rules in holding.items():
        for winner, loser in _contests(rules):
            found.setdefault((winner[0].index, loser[0].index), []).append(span)
    return [Finding(Kind.OVERLAP, dimension, merged(spans), pair) for pair, spans in sorted(found.items())]


def _contests(rules: Sequence[Rule]) -> Iterator[tuple[Rule, Rule]]:
    for place, loser in enumerate(rules):
        winner = next((rule for rule in rules[:place] if _covers(rule, loser)), None)
        if winner and loser[0].restrictions.wall_clock and winner[1].price != loser[1].price:
            yield winner, loser


def _covers(earlier: Rule, later: Rule) -> bool:
    """Within one hour: does the earlier one hold whenever the later one does?"""
    return not _limited(earlier[0].restrictions) or _limits(earlier) == _limits(later)


def _limits(rule: Rule) -> tuple[object, ...]:
    return tuple(getattr(rule[0].restrictions, name) for name in _UNLIMITED)


def _never(rules: Sequence[Rule], holding: dict[Span, list[Rule]], dimension: Dimension) -> list[Finding]:
    """Seasons and holidays are left out: another week may be theirs."""
    found = []
    for rule in rules:
        limits = rule[0].restrictions
        if limits.start_date or limits.end_date or limits.holidays:
            continue
        mine = [found for found in holding.values() if rule in found]
        earlier = [next((r for r in held[: held.index(rule)] if _covers(r, rule)), None) for held in mine]
        if all(earlier):
            found.append(Finding(Kind.NEVER, dimension, (), (rule[0].index,)))
    return found


def merged(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Neighbours of one day as one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and (joined[-1].day, joined[-1].end_s) == (span.day, span.start_s):
            joined[-1] = Span(span.day, joined[-1].start_s, span.end_s)
        else:
            joined.append(span)
    return tuple(joined)
