"""Following the values of one source through a transaction: its energy register, its power, its state of charge.

A register only ever grows. Where it does not, a new *segment* begins and energy is the sum of the segments (quirk 66: the
register jumped to 0 after an update); a single value that contradicts both neighbours is a glitch and is forgotten again.
What a station says inside a transaction and what it says outside of it are two series that are never mixed (quirk 44).
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple, Self

from .normalise import Measured

TOLERANCE = 10_000  # mWh: rounding between two values of one meter (quirk 43)
PLAUSIBLE_W = 500_000  # no connector of today gives more on average; a faster register belongs to another series
_PER_SECOND = PLAUSIBLE_W * 1_000 // 3_600  # mWh
_SLACK_S = 60
WRAP = 2**32 * 1_000  # mWh: a 32-bit counter of Wh (quirk 65)
_HOLD = timedelta(minutes=20)  # a power value older than this says nothing about the time between


@dataclass(slots=True)
class Series:
    """Energies in mWh. `first` is the first value ever, seen at `first_at` by the later of both clocks. `base` is where the
    current segment counts from and `last` its newest value, read `at` the station's clock and heard at `heard`; `carried` is
    the energy of the segments before, `unseen` the seconds between them in which nobody counted. `before` is the segment before
    while the current one consists of a single value. `intervals` is the sum of interval values, `work` the integral of `power`
    in W·s, `peak` the highest power in W that was read or follows from the register, `notes` the anomalies seen."""

    first: int | None = None
    first_at: datetime | None = None
    base: int = 0
    last: int = 0
    at: datetime | None = None
    heard: datetime | None = None
    carried: int = 0
    unseen: int = 0
    before: tuple[int, int, datetime, int, int] | None = None
    intervals: int = 0
    power: int | None = None
    power_at: datetime | None = None
    work: int = 0
    peak: int = 0
    soc: int | None = None
    read_at: datetime | None = None
    notes: tuple[str, ...] = ()

    def note(self, word: str) -> None:
        """Remembers an anomaly, once."""
        if word and word not in self.notes:
            self.notes = tuple(sorted((*self.notes, word)))

    @property
    def flowed(self) -> int:
        """Since the first value."""
        return self.carried + self.last - self.base

    def copy(self) -> Self:
        return type(self)(*_values(self))

    def kept(self) -> dict[str, Any]:
        """What JSON keeps of it: the fields that say something."""
        return {name: value for name, value, usual in zip(_NAMES, _values(self), _USUAL, strict=True) if value != usual}

    @classmethod
    def load(cls, kept: dict[str, Any]) -> Self:
        for name in _TIMES:
            if (text := kept.get(name)) is not None:
                kept[name] = datetime.fromisoformat(text)
        if (before := kept.get("before")) is not None:
            base, last, at, carried, *unseen = before  # `unseen` came later
            kept["before"] = (base, last, datetime.fromisoformat(at), carried, unseen[0] if unseen else 0)
        if (notes := kept.get("notes")) is not None:
            kept["notes"] = tuple(notes)
        return cls(**kept)


_NAMES = tuple(field.name for field in fields(Series))
_USUAL = tuple(field.default for field in fields(Series))
_TIMES = ("first_at", "at", "heard", "power_at", "read_at")
_values = attrgetter(*_NAMES)


def plausible(seconds: float) -> int:
    """The most energy (mWh) that a connector can give in that time, with a minute of slack."""
    return (max(0, int(seconds)) + _SLACK_S) * _PER_SECOND


class Anchor(NamedTuple):
    """How a register relates to the meterStart of its transaction. `head` is what had flowed before the first value, in mWh;
    `scale` 1000 says that the values are kWh that were called Wh (quirks 60, 63)."""

    head: int = 0
    scale: int = 1
    note: str = ""

    def energy(self, series: Series) -> int:
        """mWh since the start of the transaction, never negative."""
        return max(0, series.flowed * self.scale + self.head)


def anchored(series: Series, start: int | None, began: datetime | None) -> Anchor:
    """The register counts from `start` (mWh, at `began`) if both can be of one series, from 0 if it is a register of the
    session, else from its own first value."""
    if series.first is None or start is None:
        return Anchor()
    value = series.first
    room = plausible((series.first_at - began).total_seconds() if began and series.first_at else 0)
    if -TOLERANCE <= value - start <= room:
        return Anchor(value - start)
    if 0 < value < start and 0 <= value * 1_000 - start <= room:
        return Anchor(value * 1_000 - start, 1_000, "scale")
    if value <= room:
        return Anchor(value, 1, "session_register")
    return Anchor(0, 1, "other_register")


def measure(series: Series, measured: Measured, heard: datetime) -> None:
    """Takes the next reading in the order of the transaction, heard by us at `heard`."""
    at = measured.at
    for note in measured.notes:
        series.note(note)
    if measured.register is not None:
        _register(series, measured.register, at, heard)
    if measured.interval is not None and (series.read_at is None or at > series.read_at):
        series.intervals += measured.interval
    if measured.power_w is not None and (series.power_at is None or at >= series.power_at):
        if series.power is not None:
            held = min(at - series.power_at, _HOLD)  # type: ignore[operator]
            series.work += (series.power + measured.power_w) * int(held.total_seconds()) // 2
        series.power, series.power_at = measured.power_w, at
        series.peak = max(series.peak, measured.power_w)
    if series.read_at is None or at >= series.read_at:
        series.read_at = at
        if measured.soc is not None:
            series.soc = measured.soc


def _register(series: Series, value: int, at: datetime, heard: datetime) -> None:
    if series.first is None:
        series.first = series.base = series.last = value
        series.at, series.heard = at, heard
        series.first_at = max(at, heard)
    else:
        series.note(_follow(series, value, at, heard))


def _follow(series: Series, value: int, at: datetime, heard: datetime) -> str:
    change = value - series.last
    if change == 0:
        _advance(series, value, at, heard)
        return ""
    elapsed = max(at - series.at, heard - series.heard).total_seconds()  # type: ignore[operator]  # anchored: both are set
    if 0 < change <= plausible(elapsed):
        if series.before is not None and _continues_before(series, value, at):
            return _forget_glitch(series, value, at, heard)
        series.before = None
        series.peak = max(series.peak, change * 36 // (10 * max(60, int(elapsed))))
        _advance(series, value, at, heard)
        return ""
    if change < 0 and (at <= series.at or -change <= TOLERANCE):  # type: ignore[operator]
        return ""  # an older value that came late, or rounding
    if series.before is not None and _continues_before(series, value, at):
        return _forget_glitch(series, value, at, heard)
    return _begin_segment(series, value, at, heard, elapsed)


def _begin_segment(series: Series, value: int, at: datetime, heard: datetime, elapsed: float) -> str:
    change = value - series.last
    wrapped = 0 <= change + WRAP <= plausible(elapsed)
    series.before = None if wrapped else (series.base, series.last, series.at, series.carried, series.unseen)  # type: ignore[assignment]
    series.unseen += 0 if wrapped else int(elapsed)
    series.carried += max(0, series.last - series.base) + (change + WRAP if wrapped else 0)
    series.base = value
    _advance(series, value, at, heard)
    return "register_wrapped" if wrapped else "register_reset" if change < 0 else "register_jump"


def _continues_before(series: Series, value: int, at: datetime) -> bool:
    """Does the value continue the segment before, better than it continues the current one?"""
    _, last, since, _, _ = series.before  # type: ignore[misc]
    change = value - last
    nearer = value < series.last or change < value - series.last
    return nearer and 0 <= change <= plausible((at - since).total_seconds())


def _forget_glitch(series: Series, value: int, at: datetime, heard: datetime) -> str:
    series.base, _, _, series.carried, series.unseen = series.before  # type: ignore[misc]
    series.before = None
    _advance(series, value, at, heard)
    return "register_glitch"


def _advance(series: Series, value: int, at: datetime, heard: datetime) -> None:
    series.last = value
    if at > series.at:  # type: ignore[operator]
        series.at = at
    if heard > series.heard:  # type: ignore[operator]
        series.heard = heard
