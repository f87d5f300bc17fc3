"""Problems worth a person's attention: found by rules, open until the station proves that they are over.

One open fault per place and kind. What comes back soon after closing is the same fault with one hit more, so that a flapping
connector is one line, not a hundred.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from cms.core import rows
from stations.diagnostics import findings as places
from stations.diagnostics import playbooks
from stations.diagnostics.findings import KEY, Finding, Key
from stations.models import ChargingStation, Connector, Fault
from stations.services import announce
from stations.services.topology import Place

Kind = Fault.Kind
FLAP = timedelta(minutes=30)  # back within this time: the same fault
NEVER_CONNECTED_AFTER = timedelta(hours=24)
FAULTED = "Faulted"  # the same word in every version


class Transition(NamedTuple):
    """A connector or station left one state for another."""

    place: Place
    before: str
    after: str
    code: str
    at: datetime


# ---- opening and closing -----------------------------------------------------------------------------------------


def report(
    *, station_id: int, kind: str, evse_id: int = 0, connector_id: int = 0, code: str = "", at: datetime
) -> None:
    """Opens a fault, or counts one more hit on the open one."""
    report_all([Finding(station_id, evse_id, connector_id, kind, code, at)])


def report_all(findings: Sequence[Finding]) -> None:
    if not findings:
        return
    findings = places.in_one_place(findings)
    latest = {finding.key: finding for finding in findings}
    hits: Counter[Key] = Counter()
    for finding in findings:
        hits[finding.key] += finding.hits
    stations = {finding.station_id for finding in findings}
    known = _recent(stations, since=min(finding.at for finding in findings) - FLAP)
    rows.update(
        Fault,
        ("id",),
        ("hits", "code", "last_seen_at", "closed_at", "closed_by_id", "updated_at"),
        sorted(
            (known[k].id, known[k].hits + hits[k], _code(f, known[k]), f.at, None, None, f.at)
            for k, f in latest.items()
            if k in known
        ),
    )
    now = timezone.now()
    operators = dict(ChargingStation.objects.filter(id__in=stations).values_list("id", "operator_id"))
    columns = ("station_id", "evse_id", "connector_id", "kind", "code", "since")
    rows.insert_new(
        Fault,
        ("operator_id", *columns, "last_seen_at", "hits", "note", "created_at", "updated_at"),
        [(operators[k[0]], *f[:-1], f.at, hits[k], "", now, now) for k, f in sorted(latest.items()) if k not in known],
    )
    opened = Fault.objects.filter(station__in=stations, closed_at=None).values_list("id", flat=True)
    announce.faults(ids=list(opened), stations=stations)


class _Recent(NamedTuple):
    id: int
    hits: int
    code: str
    closed_at: datetime | None


def _code(finding: Finding, known: _Recent) -> str:
    """A witness that names no code does not take away the one that is known."""
    return finding.code or ("" if known.closed_at else known.code)


def _recent(stations: set[int], *, since: datetime) -> dict[Key, _Recent]:
    """The faults of these stations that are open, or were so after `since`."""
    found = Fault.objects.filter(models.Q(closed_at=None) | models.Q(closed_at__gte=since), station__in=stations)
    in_order = found.order_by(F("closed_at").asc(nulls_last=True))  # so that an open one wins
    columns = (*_Recent._fields, *KEY)
    return {tuple(row[-4:]): _Recent(*row[:-4]) for row in in_order.values_list(*columns)}


def clear(*, station_id: int, kind: str, evse_id: int = 0, connector_id: int = 0, at: datetime) -> None:
    """The station has proved that it is over."""
    clear_all({(station_id, evse_id, connector_id, kind): at})


def clear_all(proofs: Mapping[Key, datetime]) -> None:
    if not proofs:
        return
    found = Fault.objects.filter(station__in={key[0] for key in proofs}, closed_at=None)
    over = {pk: tuple(key) for pk, *key in found.values_list("id", *KEY) if tuple(key) in proofs}
    _close({pk: proofs[key] for pk, key in over.items()}, {key[0] for key in over.values()})


def _close(ended: Mapping[int, datetime], stations: set[int]) -> None:
    rows.update(Fault, ("id",), ("closed_at", "updated_at"), [(pk, at, at) for pk, at in sorted(ended.items())])
    announce.faults(ids=ended, stations=stations)


def transitions(changes: Sequence[Transition]) -> None:
    """Reports that entered or left the state Faulted, in the order they came; the last word on a place counts."""
    entered = [_finding(each) for each in changes if each.after == FAULTED]
    was_faulted = {each.place for each in changes if each.before == FAULTED}
    last = {each.place: each for each in changes}
    left = {
        (*place, Kind.FAULTED.value): each.at
        for place, each in last.items()
        if each.after != FAULTED and place in was_faulted
    }
    report_all(entered)
    clear_all(left)


def _finding(change: Transition) -> Finding:
    return Finding(*change.place, Kind.FAULTED.value, change.code, change.at)


# ---- the sweep ---------------------------------------------------------------------------------------------------


@transaction.atomic
def find(*, now: datetime) -> int:
    """Opens what the rules find and nobody has reported, closes what has proved to be over. Returns how many changed."""
    found = [*_offline(now), *_never_connected(now), *_faulted(now)]
    report_all(found)
    over = dict(_over())
    _close(dict.fromkeys(over, now), set(over.values()))
    return len(found) + len(over)


def _without(kind: str) -> models.Q:
    return ~models.Q(Exists(Fault.objects.filter(station=OuterRef("pk"), kind=kind, closed_at=None)))


def _offline(now: datetime) -> Iterator[Finding]:
    """Silent for ten minutes, or for two heartbeats where these are rarer."""
    patience = max(timedelta(minutes=10), timedelta(seconds=2 * settings.HEARTBEAT_INTERVAL_S))
    silent = ChargingStation.objects.current().filter(_without(Kind.OFFLINE), offline_since__lt=now - patience)
    for station, since in silent.values_list("id", "offline_since"):
        if since is not None:
            yield Finding(station, 0, 0, Kind.OFFLINE.value, "", since)


def _never_connected(now: datetime) -> Iterator[Finding]:
    waited = ChargingStation.objects.current().filter(
        _without(Kind.NEVER_CONNECTED), epoch=0, created_at__lt=now - NEVER_CONNECTED_AFTER
    )
    for station, since in waited.values_list("id", "created_at"):
        yield Finding(station, 0, 0, Kind.NEVER_CONNECTED.value, "", since)


def _faulted(now: datetime) -> Iterator[Finding]:
    open_fault = Fault.objects.filter(
        station=OuterRef("evse__station"),
        evse_id=OuterRef("evse__evse_id"),
        connector_id=OuterRef("connector_id"),
        kind=Kind.FAULTED,
        closed_at=None,
    )
    broken = Connector.objects.filter(~Exists(open_fault), status=FAULTED, evse__station__archived_at=None)
    columns = ("evse__station_id", "evse__evse_id", "connector_id", "error_code", "vendor_error_code", "status_at")
    for station, evse, connector, error, vendor, at in broken.values_list(*columns):
        yield Finding(station, evse, connector, Kind.FAULTED.value, code_of(error, vendor), at or now)


def _over() -> Iterator[tuple[int, int]]:
    """Open faults that are no more: (fault, station)."""
    opened = Fault.objects.filter(closed_at=None)
    working = Connector.objects.filter(
        evse__station=OuterRef("station"), evse__evse_id=OuterRef("evse_id"), connector_id=OuterRef("connector_id")
    ).exclude(status=FAULTED)
    whole = models.Q(evse_id=0) & ~models.Q(station__status=FAULTED)
    ended: tuple[QuerySet[Fault], ...] = (
        opened.filter(kind=Kind.OFFLINE, station__online=True),
        opened.filter(kind=Kind.NEVER_CONNECTED, station__epoch__gt=0),
        opened.filter(whole | Exists(working), kind=Kind.FAULTED),
        opened.filter(station__archived_at__isnull=False),
    )
    for rows_over in ended:
        yield from rows_over.values_list("id", "station_id")


def code_of(error_code: str, vendor_error_code: str) -> str:
    """What the fault is called: the protocol's word, then the maker's."""
    return " ".join(word for word in (error_code if error_code != "NoError" else "", vendor_error_code) if word)


# ---- for people --------------------------------------------------------------------------------------------------


def describe(fault: Fault) -> playbooks.Playbook:
    """Title, cause, evidence and what to do, in plain language."""
    return playbooks.of(kind=fault.kind, code=fault.code)
