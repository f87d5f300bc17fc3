"""What a row of another system is worth: accepted as it is, corrected, for a person to review, repeated, or refused.

Every row comes out with exactly one verdict; the energy is judged by the same engine that judges live stations.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple

from sessions_app.engine import project, reduce
from sessions_app.engine.evidence import ENDED, STARTED, Evidence

from . import dates
from .dialects import Dialect, Raw

ACCEPTED: Final = "accepted"
CORRECTED: Final = "corrected"
REVIEW: Final = "review"
REPEATED: Final = "repeated"
REFUSED: Final = "refused"
CORRECTIONS: Final = frozenset({"day_month", "century", "negative_rounding"})
VERDICTS: Final = (ACCEPTED, CORRECTED, REVIEW, REPEATED, REFUSED)

_MWH = {"kWh": 1_000_000, "Wh": 1_000}
_LARGEST_MWH = 2**31 * 1_000
_SLACK = Decimal("1.1")  # rated power is a round number (security.md §3.7)


class Imported(NamedTuple):
    """A row understood. `energy` in mWh, None where the row has none; `ended_at` None where the charge was never ended.
    `reasons` name what was corrected, doubted or missing."""

    raw: Raw
    verdict: str
    reasons: tuple[str, ...]
    began_at: datetime | None = None
    ended_at: datetime | None = None
    energy: int | None = None

    @property
    def doubts(self) -> tuple[str, ...]:
        """The reasons for which a person must look."""
        return tuple(reason for reason in self.reasons if reason not in CORRECTIONS)


class Judge:
    """Reads the rows of one file in their order."""

    def __init__(self, dialect: Dialect) -> None:
        self.calendar = dates.Calendar(dialect.zone, swaps=dialect.swaps)
        self.seen: set[tuple[str, ...]] = set()

    def judge(self, rows: Iterable[Raw]) -> Iterator[Imported]:
        return map(self.one, rows)

    def one(self, raw: Raw) -> Imported:
        notes: list[str] = []
        began = self._began(raw, notes)
        if began is None or not raw.station:
            return Imported(raw, REFUSED, ("station" if not raw.station else "start",))
        identity = (raw.station, raw.connector, raw.token, began.isoformat(), raw.energy, *raw.ended, raw.minutes)
        if identity in self.seen:
            return Imported(raw, REPEATED, ("repeated",), began)
        self.seen.add(identity)
        ended, doubts = self._ended(raw, began, notes)
        energy = _energy(raw)
        if energy is None:
            doubts.append("unreadable_energy" if raw.energy and raw.energy.strip("- ") else "no_energy")
        doubts += _engine_doubts(began, ended, energy)
        if energy is not None and energy < 0 and not doubts:
            notes.append("negative_rounding")
            energy = 0
        if energy is not None and ended is not None and _over_rating(raw, energy, began, ended):
            doubts.append("over_rating")
        verdict = REVIEW if doubts else CORRECTED if notes else ACCEPTED
        return Imported(raw, verdict, tuple(dict.fromkeys((*doubts, *notes))), began, ended, energy)

    def _began(self, raw: Raw, notes: list[str]) -> datetime | None:
        at = dates.clock(raw.began[1])
        day = self.calendar.day(raw.began[0], notes) if at is not None else None
        return None if day is None or at is None else self.calendar.moment(day, at)

    def _ended(self, raw: Raw, began: datetime, notes: list[str]) -> tuple[datetime | None, list[str]]:
        if not any(raw.ended):
            ended = dates.after(began, raw.minutes)
            return ended, [] if ended is not None else ["missing_stop"]
        at = dates.clock(raw.ended[1])
        day = self.calendar.day(raw.ended[0], notes, near=began.astimezone(self.calendar.zone).date())
        if at is None or day is None:
            return None, ["missing_stop"]
        ended = self.calendar.moment(day, at)
        return (ended, []) if ended >= began else (None, ["end_before_start"])


def _energy(raw: Raw) -> int | None:
    try:
        value = Decimal(raw.energy) * _MWH[raw.unit]
    except InvalidOperation:
        return None
    return int(value) if value.is_finite() and abs(value) < _LARGEST_MWH else None


def _engine_doubts(began: datetime, ended: datetime | None, energy: int | None) -> list[str]:
    """What the reducer says of a charge with that register, started at 0."""
    if ended is None or energy is None:
        return []
    told = (
        Evidence(STARTED, began, began, seq_no=0, meter=0),
        Evidence(ENDED, ended, ended, seq_no=1, meter=energy, digest=1),
    )
    return [reason for reason in project.project(reduce.retell(told)).review.split(",") if reason]


def _over_rating(raw: Raw, energy: int, began: datetime, ended: datetime) -> bool:
    """More than the connector is built for, in the minutes written plus one."""
    if not raw.rated_kw:
        return False
    room = Decimal(raw.rated_kw) * _SLACK * int((ended - began).total_seconds() + 60) * 1_000_000 / 3_600
    return energy > room


class Report:
    """Counts of one file: verdicts, reasons, and examples by line for each reason."""

    EXAMPLES = 3

    def __init__(self) -> None:
        self.rows, self.mwh = 0, 0
        self.verdicts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.lines: dict[str, list[int]] = {}

    def add(self, one: Imported) -> None:
        self.rows += 1
        self.verdicts[one.verdict] += 1
        for reason in one.reasons:
            self.reasons[reason] += 1
            lines = self.lines.setdefault(reason, [])
            if len(lines) < self.EXAMPLES:
                lines.append(one.raw.line)
        if one.verdict in (ACCEPTED, CORRECTED):
            self.mwh += one.energy or 0
