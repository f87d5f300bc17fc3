"""Who is connected. A connection has an epoch, the station's fencing number: what an older one says late changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from cms.core import rows
from stations.models import ChargingStation, ConnectionPeriod
from stations.models.station import SecurityProfile
from stations.services import announce, credentials, outcomes, provisioning, strangers
from stations.vocabulary import events, replies
from stations.vocabulary.values import StationRef

UNKNOWN, NO_PASSWORD, WRONG_PASSWORD = "unknown", "no_password", "wrong_password"
NO_CERTIFICATE, WRONG_CERTIFICATE, NO_PROTOCOL = "no_certificate", "wrong_certificate", "no_protocol"
FLUSH_LAST_SEEN = timedelta(minutes=1)

_last_seen_written: dict[int, datetime] = {}  # saves a write per message; losing it costs one write


class _Known(NamedTuple):
    id: int
    operator: int
    identity: str
    security_profile: int
    epoch: int
    serial_number: str
    assume_subprotocol: str
    salt: str | None
    digest: str | None


class _Period(NamedTuple):
    station: int
    epoch: int
    version: str
    gateway: str
    remote: str
    connected_at: datetime
    disconnected_at: datetime | None


# ---- the door ----------------------------------------------------------------------------------------------------


def knock(knocks: Sequence[events.StationKnocked]) -> list[replies.Admitted | replies.Refused]:
    """Admits with a new epoch, or refuses and lists the stranger. Without a common subprotocol nothing begins."""
    now = timezone.now()
    known = _known({knock.identity for knock in knocks if provisioning.is_identity(knock.identity)})
    epochs = {station.id: station.epoch for station in known.values()}
    answers: list[replies.Admitted | replies.Refused] = []
    periods: list[_Period] = []
    refused: list[tuple[events.StationKnocked, str]] = []
    for each in knocks:
        station = known.get(each.identity)
        reason = _refusal(each, station)
        if station is None or reason:
            refused.append((each, reason))
            answers.append(replies.Refused(404 if reason == UNKNOWN else 401, reason))
            continue
        spoken = each.version or station.assume_subprotocol
        if not spoken:
            refused.append((each, NO_PROTOCOL))
        else:
            epochs[station.id] += 1
            version = spoken.removeprefix("ocpp")
            periods.append(
                _Period(station.id, epochs[station.id], version, each.gateway[:64], each.remote[:64], now, None)
            )
        ref = StationRef(station.id, station.operator, station.identity)
        answers.append(replies.Admitted(ref, epochs[station.id], "" if each.version else spoken))
    _begin(periods, now)
    strangers.note([(each.identity, reason, each.remote) for each, reason in refused], now)
    return answers


def _known(identities: set[str]) -> dict[str, _Known]:
    """Locked, so that two gateways cannot hand out the same epoch."""
    found = (
        ChargingStation.objects.current()
        .filter(identity__in=identities)
        .select_for_update(of=("self",))
        .order_by("id")
        .values_list(
            "id",
            "operator_id",
            "identity",
            "security_profile",
            "epoch",
            "serial_number",
            "assume_subprotocol",
            "credential__salt",
            "credential__digest",
        )
    )
    return {row[2]: _Known(*row) for row in found}


def _refusal(knock: events.StationKnocked, station: _Known | None) -> str:
    """Why not, "" for welcome."""
    if station is None:
        return UNKNOWN
    if station.security_profile == SecurityProfile.NONE:
        return ""
    if station.security_profile == SecurityProfile.MUTUAL_TLS:
        return _certificate_refusal(knock.certificate, station)
    if not knock.authorization:
        return NO_PASSWORD
    secret = credentials.presented(knock.authorization, station.identity)
    if secret is None or station.salt is None or station.digest is None:
        return WRONG_PASSWORD
    return "" if credentials.matches(station.salt, station.digest, secret) else WRONG_PASSWORD


def _certificate_refusal(name: str, station: _Known) -> str:
    """The common name of a station's certificate is its serial number (security white paper §4), or its identity."""
    if not name:
        return NO_CERTIFICATE
    return "" if name in (station.identity, station.serial_number) else WRONG_CERTIFICATE


def _begin(periods: list[_Period], now: datetime) -> None:
    latest = {period.station: period for period in periods}
    if not latest:
        return
    ConnectionPeriod.objects.filter(station__in=latest, disconnected_at=None).update(disconnected_at=now)
    replaced = [
        period if latest[period.station] is period else period._replace(disconnected_at=now) for period in periods
    ]
    columns = ("station_id", "epoch", "version", "gateway", "remote", "connected_at", "disconnected_at")
    rows.insert(ConnectionPeriod, columns, replaced)
    rows.update(
        ChargingStation,
        ("id",),
        ("epoch", "online", "offline_since", "ocpp_version", "last_seen", "updated_at"),
        [(p.station, p.epoch, True, None, p.version, now, now) for _key, p in sorted(latest.items())],
    )
    outcomes.close_sent({period.station: period.epoch for period in latest.values()})
    announce.stations(latest)


# ---- the end of a connection -------------------------------------------------------------------------------------


def gone(departures: Sequence[events.StationGone]) -> None:
    """Closes each connection's period. The station is offline only if that was its latest connection."""
    close({(gone.station.id, gone.epoch) for gone in departures})


def close(connections: set[tuple[int, int]]) -> int:
    """Ends connections given as (station, epoch). Returns how many stations went offline."""
    if not connections:
        return 0
    now = timezone.now()
    involved = {station for station, _epoch in connections}
    latest = dict(
        ChargingStation.objects.filter(id__in=involved, online=True)
        .select_for_update()
        .order_by("id")
        .values_list("id", "epoch")
    )
    offline = [station for station, epoch in latest.items() if (station, epoch) in connections]
    open_periods = ConnectionPeriod.objects.filter(station__in=involved, disconnected_at=None).values_list(
        "id", "station_id", "epoch"
    )
    ended = [pk for pk, station, epoch in open_periods if (station, epoch) in connections]
    ConnectionPeriod.objects.filter(id__in=ended).update(disconnected_at=now)
    ChargingStation.objects.filter(id__in=offline).update(online=False, offline_since=now, updated_at=now)
    outcomes.close_sent({station: latest[station] + 1 for station in offline})
    announce.stations(offline)
    return len(offline)


# ---- last seen ---------------------------------------------------------------------------------------------------


def seen(moments: Mapping[int, datetime]) -> None:
    """Stations that said something, and when; written at most once a minute each."""
    due = [
        (station, at)
        for station, at in sorted(moments.items())
        if station not in _last_seen_written or at - _last_seen_written[station] >= FLUSH_LAST_SEEN
    ]
    if due:
        rows.update(ChargingStation, ("id",), ("last_seen",), due)
        transaction.on_commit(partial(_last_seen_written.update, dict(due)))


def forget_last_seen() -> None:
    """As after a restart."""
    _last_seen_written.clear()
