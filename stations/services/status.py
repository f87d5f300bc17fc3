"""What state a connector is in: StatusNotification (1.6 §4.9, 2.0.1 G01), and NotifyEvent on AvailabilityState."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import QuerySet

from cms.core import rows
from cms.core.prepared import Given, prepared
from stations.diagnostics import faults
from stations.diagnostics.faults import Transition
from stations.models import ChargingStation, Connector, StatusChange
from stations.services import announce, clocks, proofs, topology
from stations.services.topology import Place
from stations.vocabulary.events import StatusReported

FIRST_YEAR = 2015  # a clock before that was never set (quirk 27)
LIVE = timedelta(minutes=1)  # a stamp this close to the receipt tells of now
COALESCE = timedelta(minutes=1)  # some repeat themselves every second (quirk 89)


class _Station(NamedTuple):
    status: str
    last_boot: datetime | None


class _Connector(NamedTuple):
    """A connector as stored. `at` is the station's clock, `updated_at` ours."""

    id: int
    status: str
    error_code: str
    vendor_error_code: str
    info: str
    at: datetime | None
    updated_at: datetime | None


class _Change(NamedTuple):
    """A line of the history. `before` is None for what is only history."""

    station: int
    evse: int
    connector: int
    status: str
    error_code: str
    at: datetime
    received_at: datetime
    before: str | None
    fault_code: str


_HISTORY = ("station_id", "evse_id", "connector_id", "status", "error_code", "at", "received_at")


def report(events: Sequence[StatusReported]) -> None:
    """Folds reports into connectors and their history, in the order they came, in a fixed number of statements."""
    stations = _stations({event.station.id for event in events})
    known = [event for event in events if event.station.id in stations]
    changes = _report_stations([event for event in known if event.evse.id == 0], stations)
    changes += _report_connectors([event for event in known if event.evse.id != 0], stations)
    rows.insert(StatusChange, _HISTORY, [change[: len(_HISTORY)] for change in changes])
    faults.transitions(
        [Transition(c[:3], c.before, c.status, c.fault_code, c.at) for c in changes if c.before is not None]
    )
    announce.stations({change.station for change in changes})
    proofs.status(events)


def _stations(ids: set[int]) -> dict[int, _Station]:
    return {pk: _Station(status, last_boot) for pk, status, last_boot in _known(sorted(ids))}


@prepared
def _known(ids: Given) -> QuerySet:
    return ChargingStation.objects.filter(id__among=ids).values_list("id", "status", "last_boot")


def _report_stations(events: Iterable[StatusReported], stations: Mapping[int, _Station]) -> list[_Change]:
    """Connector 0, EVSE 0: the whole station. There is no stamp to compare with: the last to arrive wins."""
    states: dict[int, str] = {}
    changes = []
    for event in events:
        pk = event.station.id
        before = states.get(pk, stations[pk].status)
        if before != event.status:
            states[pk] = event.status
            changes.append(_change((pk, 0, 0), event, before))
    rows.update(ChargingStation, ("id",), ("status",), sorted(states.items()))
    return changes


def _report_connectors(events: Sequence[StatusReported], stations: Mapping[int, _Station]) -> list[_Change]:
    placed = [(place, event) for event in events if (place := topology.place(event.station.id, event.evse))]
    stored = _connectors({place for place, _event in placed})
    now = dict(stored)
    changes = []
    for place, event in placed:
        old, new = now[place], _told(now[place].id, event)
        if _is_stale(old, new, stations[event.station.id].last_boot):
            changes.append(_change(place, event, None))
        elif old[:5] != new[:5]:
            changes.append(_change(place, event, old.status))
            now[place] = new
        elif old.updated_at is None or event.received_at - old.updated_at >= COALESCE:
            now[place] = new
    written = sorted(now[place] for place in now if now[place] is not stored[place])
    rows.update(Connector, ("id",), (*_Connector._fields[1:5], "status_at", "updated_at"), written)
    return changes


def _change(place: Place, event: StatusReported, before: str | None) -> _Change:
    code = faults.code_of(event.error_code, event.vendor_error_code)
    return _Change(*place, event.status, event.error_code, _clock(event), event.received_at, before, code)


def _connectors(places: set[Place]) -> dict[Place, _Connector]:
    found = _stored(places)
    if missing := places - found.keys():
        topology.ensure(missing)
        found = _stored(places)
    return found


def _stored(places: set[Place]) -> dict[Place, _Connector]:
    found = _connectors_of(sorted({station for station, _evse, _connector in places}))
    return {row[:3]: _Connector(*row[3:]) for row in found if row[:3] in places}


@prepared
def _connectors_of(stations: Given) -> QuerySet:
    state = (*_Connector._fields[:5], "status_at", "updated_at")
    mine = Connector.objects.filter(evse__station_id__among=stations)
    return mine.values_list("evse__station_id", "evse__evse_id", "connector_id", *state)


def _told(pk: int, event: StatusReported) -> _Connector:
    return _Connector(
        pk, event.status, event.error_code, event.vendor_error_code, event.info, _clock(event), event.received_at
    )


def _clock(event: StatusReported) -> datetime:
    """The station's clock as corrected, ours where it was never set or runs far ahead."""
    said, heard = event.occurred_at, event.received_at
    if moved := clocks.shift(event.station.id, said, heard):
        said = clocks.moved(said, heard, moved)
    return said if said.year >= FIRST_YEAR and said <= heard + timedelta(days=1) else heard


def _is_stale(old: _Connector, new: _Connector, last_boot: datetime | None) -> bool:
    """A replay from the time without connection, older than what we know: history, but not the state of now.

    The order of arrival wins over the clocks where these cannot be trusted: the report is stamped with our own now; or the
    station has booted since (its clock may have been lost); or what we know was stamped in the future.
    """
    if old.at is None or old.updated_at is None or new.at is None or new.updated_at is None or new.at >= old.at:
        return False
    live = new.updated_at - new.at <= LIVE
    rebooted = last_boot is not None and old.updated_at < last_boot
    was_ahead = old.at > old.updated_at + LIVE
    return not (live or rebooted or was_ahead)
