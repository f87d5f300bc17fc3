"""`price(tariff, periods, zone)`: the exact cost of a charge, a line for each component that priced something.

For each dimension separately the first matching element prices it, at each instant. The session is cut where anything a
restriction looks at changes: wall clock, elapsed and parking time, energy (interpolated: it flows evenly within a period).
Everything is int or Fraction, so cutting changes no total.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from . import clock, totals
from .breakdown import ALONE, Breakdown, Earlier, Line, Part, Stretch
from .model import HOUR_US, KWH_MWH, Component, Dimension, Rule, Tariff
from .periods import Period, State, microseconds, milliwatt_hours, moment, whole_if_it_is
from .restrictions import Moment, Quantity, chosen

_NONE_YET = Fraction(0)
_TIMED = {State.CHARGING: Dimension.TIME, State.PARKING: Dimension.PARKING_TIME}
_STEP_UNIT = {  # step_size is given in Wh and s, counted in mWh and µs
    Dimension.ENERGY: 1000,
    Dimension.TIME: 1_000_000,
    Dimension.PARKING_TIME: 1_000_000,
    Dimension.RESERVATION_TIME: 1_000_000,
}


def price(
    tariff: Tariff,
    periods: Iterable[Period],
    zone: ZoneInfo,
    *,
    earlier: Earlier = ALONE,
    reservation_expired: bool = False,
    holidays: Container[date] = frozenset(),
) -> Breakdown:
    """`periods` in any order, not overlapping; `zone` and `holidays` (local dates) are the site's. No periods: a breakdown of zeros.
    `earlier` charges of the same visit are not priced again, but what the tariff says once (start fee, caps, minimum and maximum
    price) holds once for all of them. Only step_size rounds each charge: its quantity is on a receipt of its own."""
    ordered = sorted(periods, key=lambda p: p.start)
    session = _telling([p for p in ordered if p.state is not State.RESERVATION])
    reserved = [p for p in ordered if p.state is State.RESERVATION]
    bill = _Bill()
    site = Site(zone, holidays)
    _reserve(bill, tariff, reserved, site, expired=reservation_expired)
    before = _telling(sorted((p for p in earlier.periods if p.state is not State.RESERVATION), key=lambda p: p.start))
    bill.started = earlier.started
    _charge(bill, tariff, [*before, *session], site, begins=len(before))
    bill.round_up()
    return totals.limited(
        tariff,
        bill.lines(earlier.capped),
        earlier,
        energy_wh=Fraction(bill.energy, 1000),
        charging_s=Fraction(bill.durations[State.CHARGING], 1_000_000),
        parking_s=Fraction(bill.durations[State.PARKING], 1_000_000),
        stretches=tuple(walked.stretch() for walked in bill.walked),
    )


def _telling(periods: Sequence[Period]) -> Sequence[Period]:
    """An empty stretch tells nothing, unless it is all there is: it must not end a parking, nor decide the start fee."""
    return [p for p in periods if p.end != p.start or p.energy_wh] or periods[:1]


# ---- walking along the session -------------------------------------------------------------------------------------


class Site(NamedTuple):
    """What restrictions ask of the place."""

    zone: ZoneInfo
    holidays: Container[date]


def _charge(bill: "_Bill", tariff: Tariff, periods: Sequence[Period], site: Site, *, begins: int) -> None:
    for piece in _pieces(tariff, periods, site, begins=begins):
        if not bill.started:
            bill.started = True
            bill.once(Dimension.FLAT, chosen(tariff.rules[Dimension.FLAT], piece.now), piece)  # decided at the start
        active = [bill.add(Dimension.ENERGY, chosen(tariff.rules[Dimension.ENERGY], piece.now), piece, piece.energy)]
        timed = _TIMED[piece.state]
        active.append(bill.add(timed, chosen(tariff.rules[timed], piece.now), piece, piece.end - piece.start))
        bill.walk(piece, tuple(index for index in active if index is not None))


def _reserve(bill: "_Bill", tariff: Tariff, periods: Sequence[Period], site: Site, *, expired: bool) -> None:
    flat = tariff.reservation_rules(Dimension.FLAT, expired=expired)
    time = tariff.reservation_rules(Dimension.TIME, expired=expired)
    for piece in _pieces(tariff, periods, site):
        if piece.now.elapsed == 0:
            bill.once(Dimension.RESERVATION_FLAT, chosen(flat, piece.now), piece)
        bill.add(Dimension.RESERVATION_TIME, chosen(time, piece.now), piece, piece.end - piece.start)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a period in which no restriction changes its mind."""

    start: Quantity
    end: Quantity
    state: State
    energy: Quantity
    now: Moment


def _pieces(tariff: Tariff, periods: Sequence[Period], site: Site, *, begins: int = 0) -> Iterator[_Piece]:
    """Of the periods from place `begins` on; those before only move the counters."""
    if not periods:
        return
    began = microseconds(periods[0].start)
    ticks = clock.boundaries(tariff.wall_clock, began, microseconds(max(p.end for p in periods)), site.zone)
    so_far: Quantity = 0
    parked_at: int | None = None
    for place, period in enumerate(periods):
        start, end, energy = microseconds(period.start), microseconds(period.end), milliwatt_hours(period.energy_wh)
        parked_at = None if period.state is not State.PARKING else start if parked_at is None else parked_at
        if place < begins:
            so_far += energy
            continue
        power, current = _power(period, energy, end - start), period.current_a
        marks = [*ticks, *(began + d for d in tariff.durations)]
        if parked_at is not None:
            marks += (parked_at + d for d in tariff.parking_durations)
        for a, b in _shares(start, end, marks, so_far, energy, tariff.energy_limits):
            at = whole_if_it_is(start + (end - start) * a)
            now = Moment(
                moment(at).astimezone(site.zone),
                so_far + energy * a,
                at - began,
                None if parked_at is None else at - parked_at,
                power,
                None if current is None else Fraction(current),
                site.holidays,
            )
            until = whole_if_it_is(start + (end - start) * b)
            yield _Piece(at, until, period.state, whole_if_it_is(energy * (b - a)), now)
        so_far += energy


def _power(period: Period, energy: Quantity, duration: int) -> Quantity | None:
    if period.power_w is not None:
        return period.power_w if isinstance(period.power_w, int) else Fraction(period.power_w)
    return Fraction(energy) * HOUR_US / duration / 1000 if duration else None


def _shares(
    start: int, end: int, marks: Iterable[int], so_far: Quantity, energy: Quantity, limits: tuple[Fraction, ...]
) -> list[tuple[Quantity, Quantity]]:
    """The period as shares of itself, (0, 1) uncut: cut where the clock passes a mark, and where energy reaches a limit."""
    cuts = {Fraction(mark - start, end - start) for mark in marks if start < mark < end}
    cuts |= {(limit - so_far) / energy for limit in limits if so_far < limit < so_far + energy}
    if not cuts:
        return [(0, 1)]
    edges: list[Quantity] = [0, *sorted(cuts), 1]
    return list(pairwise(edges))


# ---- counting ------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tally:
    """What one component has priced so far, in µs, mWh or times."""

    dimension: Dimension
    rule: Rule
    quantity: Quantity = 0
    measured: Quantity = 0
    parts: list[list[Quantity]] = field(default_factory=list)  # [start, end, quantity]

    def add(self, piece: _Piece, quantity: Quantity) -> None:
        self.quantity += quantity
        self.measured += quantity
        if self.parts and self.parts[-1][1] == piece.start:
            self.parts[-1][1] = piece.end
            self.parts[-1][2] += quantity
        else:
            self.parts.append([piece.start, piece.end, quantity])


@dataclass(slots=True)
class _Walked:
    """A stretch in which the same elements were active."""

    start: Quantity
    end: Quantity
    state: State
    energy: Quantity
    active: tuple[int, ...]

    def stretch(self) -> Stretch:
        return Stretch(moment(self.start), moment(self.end), self.state, Fraction(self.energy, 1000), self.active)


_PER_UNIT: dict[Dimension, int] = {d: {"kWh": KWH_MWH, "h": HOUR_US, "1": 1}[d.unit] for d in Dimension}
_ORDER = [
    Dimension.RESERVATION_FLAT,
    Dimension.RESERVATION_TIME,
    Dimension.FLAT,
    Dimension.ENERGY,
    Dimension.TIME,
    Dimension.PARKING_TIME,
]


class _Bill:
    def __init__(self) -> None:
        self.started = False
        self.tallies: dict[tuple[Dimension, int], _Tally] = {}
        self.last: dict[Dimension, _Tally] = {}  # the component active last, by dimension
        self.last_time: Dimension | None = None  # TIME or PARKING_TIME, whichever was billed last
        self.energy: Quantity = 0
        self.durations: dict[State, Quantity] = {State.CHARGING: 0, State.PARKING: 0}
        self.walked: list[_Walked] = []

    def add(self, dimension: Dimension, rule: Rule | None, piece: _Piece, quantity: Quantity) -> int | None:
        """Counts `quantity`; what no component prices is neither billed nor counted. The index of the active element."""
        if rule is None or not quantity:
            return None
        tally = self.tallies.setdefault((dimension, rule[0].index), _Tally(dimension, rule))
        tally.add(piece, quantity)
        self.last[dimension] = tally
        if dimension in (Dimension.TIME, Dimension.PARKING_TIME):
            self.last_time = dimension
        return rule[0].index

    def once(self, dimension: Dimension, rule: Rule | None, piece: _Piece) -> None:
        if rule is not None:
            self.tallies[dimension, rule[0].index] = _Tally(dimension, rule, 1, 1, [[piece.start, piece.start, 1]])

    def walk(self, piece: _Piece, active: tuple[int, ...]) -> None:
        self.energy += piece.energy
        self.durations[piece.state] += piece.end - piece.start
        self._extend(piece, active)

    def _extend(self, piece: _Piece, active: tuple[int, ...]) -> None:
        last = self.walked[-1] if self.walked else None
        if last and (last.state, last.active, last.end) == (piece.state, active, piece.start):
            last.end = piece.end
            last.energy += piece.energy
        else:
            self.walked.append(_Walked(piece.start, piece.end, piece.state, piece.energy, active))

    def round_up(self) -> None:
        """step_size (mod_cdrs): the session's total of ENERGY once; of the two time dimensions only the one billed last;
        reservation time on its own. To the smallest multiple ≥ the total, by the last active component and at its price."""
        for dimension in (Dimension.ENERGY, self.last_time, Dimension.RESERVATION_TIME):
            if dimension is None or dimension not in self.last:
                continue
            last = self.last[dimension]
            step = last.rule[1].step_size * _STEP_UNIT[dimension]
            total = sum(t.quantity for t in self.tallies.values() if t.dimension is dimension)
            if step:
                last.quantity += -total % step

    def lines(self, capped: Mapping[tuple[Dimension, int], Fraction]) -> tuple[Line, ...]:
        """`capped`: what components with a cap cost already."""
        tallies = sorted(
            self.tallies.values(), key=lambda t: (_ORDER.index(t.dimension), t.parts[0][0], t.rule[0].index)
        )
        return tuple(_line(tally, capped.get((tally.dimension, tally.rule[0].index), _NONE_YET)) for tally in tallies)


def _line(tally: _Tally, before: Fraction) -> Line:
    element, component = tally.rule
    per_unit = _PER_UNIT[tally.dimension]
    quantity = Fraction(tally.quantity, per_unit)
    return Line(
        tally.dimension,
        element.index,
        component,
        quantity,
        Fraction(tally.measured, per_unit),
        _amount(component, quantity, before),
        moment(tally.parts[0][0]),
        moment(tally.parts[-1][1]),
        tuple(Part(moment(start), moment(end), Fraction(counted, per_unit)) for start, end, counted in tally.parts),
    )


def _amount(component: Component, quantity: Fraction, before: Fraction) -> Fraction:
    amount = quantity * component.price
    return amount if component.max_amount is None else min(amount, max(component.max_amount - before, _NONE_YET))
