"""What is known of a session so far: the sum of its evidence. Small, and kept as JSON beside the session's row."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Self

import orjson

from sessions_app import lifecycle
from sessions_app.metering.series import Series


@dataclass(slots=True)
class State:
    """Times are trusted ones (`reduce.moment`), energies mWh. `starts` and `stops` count different starts and stops; `told` is
    what the station was answered about `token`. `own` follows the readings of the transaction, `free` those that only named
    the EVSE. `events` counts numbered events between `seq_first` and `seq_last`; `latest` and `latest_free` are the places
    (`evidence.place`) of the newest evidence of either series."""

    status: str = lifecycle.ACTIVE
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
    heard_at: datetime | None = None
    seen_at: datetime | None = None
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
    events: int = 0
    latest: tuple[int, ...] = ()
    latest_free: tuple[int, ...] = ()
    own: Series = field(default_factory=Series)
    free: Series | None = None
    notes: tuple[str, ...] = ()

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
        return orjson.dumps(self).decode()

    @classmethod
    def load(cls, text: str) -> Self:
        kept: dict[str, Any] = orjson.loads(text)
        kept["own"] = Series.load(kept["own"])
        kept["free"] = kept["free"] and Series.load(kept["free"])
        state = cls(**kept)
        for name in _TIMES:
            if (moment := getattr(state, name)) is not None:
                setattr(state, name, datetime.fromisoformat(moment))
        state.latest, state.latest_free = tuple(state.latest), tuple(state.latest_free)
        state.notes = tuple(state.notes)
        return state


_values = attrgetter(*(field.name for field in fields(State)))
_TIMES = tuple(name.name for name in fields(State) if name.name.endswith(("_at", "_heard")))
