"""Sessions in hand: rows read for a batch with their state, and written back once.

Reads lock (two gateways may hold events of one session for a moment), in the order of primary keys. `save` writes the columns
that every reading changes, and all of them only where more has changed.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cms.core import rows
from cms.core.prepared import Given, prepared
from sessions_app import lifecycle, signals
from sessions_app.engine import project
from sessions_app.engine.state import State
from sessions_app.models import ChargingSession
from stations.models import ChargingStation
from stations.vocabulary import events

from . import ledger

_HOT = (
    "energy",
    "power_w",
    "soc",
    "charging_state",
    "last_reading_at",
    "last_seq_no",
    "review",
)
_ALL = project.Projection._fields
_HOT_PLACES = tuple(_ALL.index(name) for name in _HOT)
_IDENTITY = (
    "id",
    "operator_id",
    "station_id",
    "location_id",
    "ocpp_version",
    "transaction_id",
    "start_key",
    "token_id",
    "driver_id",
)
# what of the state shows in columns that are not hot
_signature = attrgetter(
    "status",
    "starts",
    "stops",
    "evse",
    "connector",
    "token",
    "told",
    "stop_token",
    "started_at",
    "own.first",
    "bounded_at",
    "closed_at",
    "aged_at",
    "corrected_heard",
    "discarded_at",
    "flags",
    "accepted",
)


Place = tuple[int, int | str]
"""Where a session charges: station, and EVSE, or transaction id while no EVSE is known."""

_Started = events.TransactionStarted
_NEVER = datetime.min.replace(tzinfo=UTC)


class Held:
    """One session of the batch. `fresh`: not in the database yet. `token_id` and `driver_id` are set where they become known."""

    __slots__ = (
        "driver_id",
        "event",
        "fresh",
        "id",
        "operator_id",
        "start_key",
        "state",
        "station_id",
        "token_id",
        "touched",
        "transaction_id",
        "was",
        "was_status",
    )

    def __init__(self, id: int, station_id: int, transaction_id: str, start_key: str, state: State) -> None:
        self.id, self.station_id, self.transaction_id, self.start_key = id, station_id, transaction_id, start_key
        self.state = state
        self.was: tuple[Any, ...] = _signature(state)
        self.was_status: str = state.status
        self.fresh = self.touched = False
        self.token_id: int | None = None
        self.driver_id: int | None = None
        self.event: events.TransactionEvent | None = None

    @property
    def began(self) -> datetime:
        """By its start, or by what was heard first of it."""
        return self.state.started_at or _NEVER

    @property
    def has_begun(self) -> bool:
        """In this batch: a new session, or one that learned only now who charges."""
        return self.fresh or self.token_id is not None

    @property
    def has_ended(self) -> bool:
        """In this batch."""
        return self.state.status == lifecycle.COMPLETED and (self.fresh or self.was_status == lifecycle.ACTIVE)

    @property
    def place(self) -> Place:
        """Where it charges: one session at a time is possible there (quirk 57)."""
        evse = self.state.evse
        return (self.station_id, self.transaction_id if evse is None else evse)


class Home(NamedTuple):
    """The session an event belongs to, or the start key of the one that it begins."""

    held: Held | None
    key: str = ""


def start_key(event: events.TransactionEvent, *, again: bool = False) -> str:
    """What makes a repeated start the same session: the station's own transaction id where it has one (2.x), else where, who,
    when and at which register (quirk 34). `again`: the id has been used before."""
    when = event.occurred_at.isoformat()
    if event.seq_no is not None:
        return _own_key(event.station.id, event.transaction_id or "") + (f"/{when}" if again else "")
    evse = event.evse.id if event.evse else ""
    token = event.token.text.upper() if event.token else ""
    return f"{event.station.id}/{evse}/{token}/{when}/{event.meter_wh}"


def _own_key(station_id: int, transaction_id: str) -> str:
    return f"{station_id}/{transaction_id}"


def of_events(happened: Sequence[events.TransactionEvent]) -> list[Home]:
    """The session that each event names, in order. Stations of 2.x name their own; what a 1.6 station names is the primary
    key that we gave it, if it is one at all (quirks 37–39), and a start is known by its key. At most three queries."""
    own = {(event.station.id, event.transaction_id or "") for event in happened if event.seq_no is not None}
    starts = {start_key(event) for event in happened if event.seq_no is None and isinstance(event, _Started)}
    given = {_primary_key(event.transaction_id) for event in happened if event.seq_no is None}
    by_own, by_key = _by_transaction(own), by_start_key(starts) if starts else {}
    by_pk = by_id(pk for pk in given if pk is not None) if given - {None} else {}
    homes = []
    for event in happened:
        if event.seq_no is not None:
            homes.append(_own_home(event, by_own.get((event.station.id, event.transaction_id or ""), ())))
        elif isinstance(event, _Started):
            homes.append(Home(by_key.get(start_key(event)), start_key(event)))
        else:
            held = by_pk.get(_primary_key(event.transaction_id) or 0)
            homes.append(Home(held if held is not None and _gave(held, event) else None))
    return homes


def _own_home(event: events.TransactionEvent, candidates: Sequence[Held]) -> Home:
    """Of several sessions with one id, the newest that had begun then. A start after the end of the last is another session:
    the station used its id again (quirk 53)."""
    at = ledger.moment(event)
    begun = [held for held in candidates if held.began <= at]
    home = begun[-1] if begun else candidates[0] if candidates else None
    if home is None:
        return Home(None, start_key(event))
    state = home.state
    over = state.starts and state.stops and state.stopped_at is not None and state.stopped_at < at
    if isinstance(event, _Started) and over:
        return Home(None, start_key(event, again=True))
    return Home(home, home.start_key)


def _gave(held: Held, event: events.TransactionEvent) -> bool:
    return held.station_id == event.station.id and held.state.seq_first is None


def _primary_key(transaction_id: str | None) -> int | None:
    text = transaction_id or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 and 0 < int(text) < 2**31 else None


def by_start_key(keys: Iterable[str]) -> dict[str, Held]:
    return {held.start_key: held for held in map(_held, _of_keys(sorted(set(keys))))}


def _by_transaction(pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], list[Held]]:
    """Oldest start first. An id is used again only after its first session has ended: only then are there more."""
    first = by_start_key(_own_key(*pair) for pair in pairs) if pairs else {}
    held = list(first.values())
    if reused := [(one.station_id, one.transaction_id) for one in held if one.state.stops]:
        stations, transactions = (sorted(set(part)) for part in zip(*reused, strict=True))
        held += [one for one in map(_held, _of_transactions(stations, transactions)) if one.start_key not in first]
    found: dict[tuple[int, str], list[Held]] = {}
    for one in sorted(held, key=lambda one: one.began):
        if one.state.seq_first is not None:
            found.setdefault((one.station_id, one.transaction_id), []).append(one)
    return found


def active_at(stations: Iterable[int]) -> list[Held]:
    """The running sessions of these stations."""
    return list(map(_held, _active(sorted(set(stations)))))


def ended_without_stop(late: Held) -> list[Held]:
    """Sessions of the same EVSE that began before it and whose stop was lost."""
    if late.state.evse is None:
        return []
    there = ChargingSession.objects.ended().filter(station=late.station_id, evse_id=late.state.evse)
    return list(map(_held, _locked(there.filter(started_at__lt=late.began, review__contains="missing_stop"))))


def begun_after(held: Held) -> Held | None:
    """The next session at its EVSE, running or not."""
    there = ChargingSession.objects.filter(station=held.station_id, evse_id=held.state.evse)
    row = _locked(there.filter(started_at__gt=held.began).exclude(pk=held.id)).order_by("started_at", "pk").first()
    return None if row is None else _held(row)


def by_id(ids: Iterable[int]) -> dict[int, Held]:
    return {held.id: held for held in map(_held, _of_ids(sorted(set(ids))))}


def _held(row: tuple[Any, ...]) -> Held:
    pk, station_id, transaction_id, key, state = row
    return Held(pk, station_id, transaction_id, key, State.load(state))


def _locked(query: QuerySet[ChargingSession]) -> QuerySet:
    columns = ("pk", "station_id", "transaction_id", "start_key", "state")
    return query.order_by("pk").select_for_update(no_key=True).values_list(*columns)


@prepared
def _of_ids(ids: Given) -> QuerySet:
    return _locked(ChargingSession.objects.filter(pk__among=ids))


@prepared
def _of_keys(keys: Given) -> QuerySet:
    return _locked(ChargingSession.objects.filter(start_key__among=keys))


@prepared
def _of_transactions(stations: Given, transactions: Given) -> QuerySet:
    return _locked(ChargingSession.objects.filter(station_id__among=stations, transaction_id__among=transactions))


@prepared
def _active(stations: Given) -> QuerySet:
    return _locked(ChargingSession.objects.active().filter(station_id__among=stations))


@prepared
def _locations(stations: Given) -> QuerySet:
    return ChargingStation.objects.filter(pk__among=stations).values_list("pk", "location_id")


def prepare(started: Sequence[tuple[str, events.TransactionEvent]]) -> dict[str, Held]:
    """Sessions to be, with their primary keys: a 1.6 transaction id is the key of its session, so it is unique across
    stations and never given out again (quirk 52)."""
    fresh: dict[str, Held] = {}
    ids = rows.allocate(ChargingSession, len(started))
    for pk, (key, event) in zip(ids, started, strict=True):
        own_id = event.transaction_id if event.seq_no is not None else None
        held = Held(pk, event.station.id, own_id or str(pk), key, State())
        held.fresh, held.event = True, event
        fresh[key] = held
    return fresh


def insert(fresh: Sequence[Held]) -> dict[str, Held]:
    """Inserts what is new; the unique start key is the referee. Returns the sessions of others by the keys that they won."""
    if not fresh:
        return {}
    now = timezone.now()
    locations: dict[int, int | None] = dict(_locations(sorted({held.station_id for held in fresh})))
    new = [_new_row(held, locations.get(held.station_id), now) for held in fresh]
    columns = (*_IDENTITY, *_ALL, "state", "created_at", "updated_at")
    if rows.insert_new(ChargingSession, columns, new, conflict=["start_key"]) == len(new):
        return {}
    theirs = by_start_key(held.start_key for held in fresh)
    return {held.start_key: theirs[held.start_key] for held in fresh if theirs[held.start_key].id != held.id}


def _new_row(held: Held, location_id: int | None, now: datetime) -> tuple[Any, ...]:
    event: events.TransactionEvent = held.event  # type: ignore[assignment]  # `prepare` has set it
    version = event.version.removeprefix("ocpp")
    identity = (held.id, event.station.operator, held.station_id, location_id, version, held.transaction_id)
    return (
        *identity,
        held.start_key,
        held.token_id,
        held.driver_id,
        *project.project(held.state),
        held.state.dump(),
        now,
        now,
    )


def save(changed: Iterable[Held]) -> None:
    """At most three statements: what every reading changes, whole rows, and tokens that became known."""
    now = timezone.now()
    hot, whole, owners = [], [], []
    for held in changed:
        state = held.state
        row = project.project(state)
        if held.was == _signature(state) and state.status == lifecycle.ACTIVE:
            hot.append((held.id, *[row[place] for place in _HOT_PLACES], state.dump(), now))
        else:
            whole.append((held.id, *row, state.dump(), now))
        if held.token_id is not None:
            owners.append((held.id, held.token_id, held.driver_id))
    rows.update(ChargingSession, ["id"], [*_HOT, "state", "updated_at"], hot)
    rows.update(ChargingSession, ["id"], [*_ALL, "state", "updated_at"], whole)
    rows.update(ChargingSession, ["id"], ["token_id", "driver_id"], owners)


def announce(sessions: Iterable[Held]) -> None:
    """After COMMIT, one signal of each kind per batch."""
    started: list[int] = []
    updated: list[int] = []
    ended: list[int] = []
    for held in sessions:
        if held.fresh:
            started.append(held.id)
        if held.has_ended:
            ended.append(held.id)
        elif not held.fresh:
            updated.append(held.id)
    for signal, ids in (
        (signals.session_started, started),
        (signals.session_updated, updated),
        (signals.session_ended, ended),
    ):
        if ids:
            transaction.on_commit(partial(signal.send_robust, sender=ChargingSession, ids=ids), robust=True)
