"""What is known of a session so far: the sum of its evidence. Small, and kept as JSON beside the session's row."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Self

import orjson

from sessions_app import lifecycle
from sessions_app.metering.normalise import SIGNED
from sessions_app.metering.series import Series


@dataclass(slots=True)
class State:
    """Times are trusted ones (`reduce.moment`), energies mWh. `starts` and `stops` count different starts and stops; `told` is
    what the station was answered about `token`. `own` follows the readings of the transaction, `free` those that only named
    the EVSE. `seq_first` and `seq_last` are the station's own numbers; `latest` and `latest_free` are the places
    (`evidence.place`) of the newest evidence of either series."""

    starts: int = 0
    stops: int = 0
    started_at: datetime | None = None
    started_heard: datetime | None = None
    stopped_at: datetime | None = None
    stopped_heard: datetime | None = None
    bounded_at: datetime | None = None
    bounded_heard: datetime | None = None
    bounded_meter: int | None = None
    closed_at: datetime | None = None
    closed_heard: datetime | None = None
    closed_reason: str = ""
    doubted_at: datetime | None = None
    aged_at: datetime | None = None
    corrected_at: datetime | None = None
    corrected_heard: datetime | None = None
    corrected_energy: int | None = None
    discarded_at: datetime | None = None
    flagged_at: datetime | None = None
    flags: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    heard_at: datetime | None = None
    reason: str = ""
    meter_start: int | None = None
    meter_stop: int | None = None
    evse: int | None = None
    connector: int | None = None
    token: str = ""
    told: str = ""
    stop_token: str = ""
    charging: str = ""
    remote: int | None = None
    reservation: int | None = None
    seq_first: int | None = None
    seq_last: int | None = None
    latest: tuple[int, ...] = ()
    latest_free: tuple[int, ...] = ()
    own: Series = field(default_factory=Series)
    free: Series | None = None
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        ended = bool(self.stops) or any((self.bounded_at, self.closed_at, self.corrected_at, self.discarded_at))
        return lifecycle.status(ended=ended, aged_at=self.aged_at, heard_at=self.heard_at)

    @property
    def is_signed(self) -> bool:
        """Did signed records come along?"""
        return SIGNED in self.own.notes or (self.free is not None and SIGNED in self.free.notes)

    def copy(self) -> Self:
        twin = type(self)(*_values(self))
        twin.own = self.own.copy()
        twin.free = self.free and self.free.copy()
        return twin

    def note(self, *words: str) -> None:
        """Remembers anomalies, each once."""
        if new := set(words).difference(self.notes):
            self.notes = tuple(sorted(new.union(self.notes)))

    def dump(self) -> str:
        """JSON of the fields that say something."""
        kept = {name: value for name, value, usual in zip(_NAMES, _values(self), _USUAL, strict=True) if value != usual}
        kept["own"] = self.own.kept()
        if self.free is not None:
            kept["free"] = self.free.kept()
        return orjson.dumps(kept).decode()

    @classmethod
    def load(cls, text: str) -> Self:
        kept: dict[str, Any] = orjson.loads(text)
        kept.pop("status", None)  # kept by earlier versions, read off the rest now
        if (own := kept.get("own")) is not None:
            kept["own"] = Series.load(own)
        if (free := kept.get("free")) is not None:
            kept["free"] = Series.load(free)
        for name in _TIMES:
            if (moment := kept.get(name)) is not None:
                kept[name] = datetime.fromisoformat(moment)
        for name in _TUPLES:
            if (values := kept.get(name)) is not None:
                kept[name] = tuple(values)
        return cls(**kept)


_NAMES = tuple(one.name for one in fields(State))
_USUAL = tuple(one.default for one in fields(State))
_TIMES = tuple(name for name in _NAMES if name.endswith(("_at", "_heard")))
_TUPLES = ("latest", "latest_free", "notes", "accepted", "flags")
_values = attrgetter(*_NAMES)
