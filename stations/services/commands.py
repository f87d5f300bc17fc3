"""The one door through which anything is asked of a station. What becomes of it: `outbox`, `outcomes`, `proofs`."""

import logging
import secrets
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiKey, User
from cms.core import rows
from cms.core.errors import Conflict, Invalid
from cms.core.prepared import Given, prepared
from stations import catalogue, doorbell
from stations.models import ChargingStation, Command
from stations.services import announce
from stations.vocabulary import commands as words
from stations.vocabulary import written

logger = logging.getLogger(__name__)

DEFAULT_TIMEOUT_S, LONGEST_TIMEOUT_S = 30, 300


@transaction.atomic
def request(
    *,
    station: ChargingStation,
    command: words.Command,
    by: User | ApiKey | None,
    timeout: int = DEFAULT_TIMEOUT_S,
    automatic: bool = False,
) -> Command:
    """Queues a command and wakes the outbox. Until it is sent, `payload` is what a RawCall says, else empty.

    Raises Conflict station_offline (nothing is queued), not_supported for a word the station's version does not have.
    """
    online, version = ChargingStation.objects.values_list("online", "ocpp_version").get(pk=station.pk)
    if not online:
        raise Conflict(_("The station is not connected."), code="station_offline", station=station.identity)
    if not catalogue.supports(version, type(command)):
        raise Conflict(_("OCPP %(version)s has no such command.") % {"version": version}, code="not_supported")
    queued = Command.objects.create(
        station=station,
        ocpp_version=version,
        timeout=timeout,
        automatic=automatic,
        requested_by=by if isinstance(by, User) else None,
        requested_with=by if isinstance(by, ApiKey) else None,
        created_at=timezone.now(),
        **_spelt(version, command),
    )
    doorbell.ring(station.pk)
    announce.command(id=queued.pk, station_id=station.pk)
    logger.info("command queued station=%s action=%s by=%s", station.identity, queued.action, by)
    return queued


def raw_call(
    *,
    station: ChargingStation,
    action: str,
    payload: str,
    by: User | ApiKey | None,
    timeout: int = DEFAULT_TIMEOUT_S,
) -> Command:
    """Any operation of the version the station speaks; `payload` is JSON text and goes out member for member as given.

    It is checked against that version's schema, never against what we believe of the station.
    Raises Conflict station_offline, Invalid action, payload or timeout.
    """
    online, version = ChargingStation.objects.values_list("online", "ocpp_version").get(pk=station.pk)
    if online:
        _check(version, action, payload, timeout)
    return request(station=station, command=words.RawCall(action, payload), by=by, timeout=timeout)


def _check(version: str, action: str, payload: str, timeout: int) -> None:
    if not 1 <= timeout <= LONGEST_TIMEOUT_S:
        raise Invalid({"timeout": [_("1 to %(most)d seconds.") % {"most": LONGEST_TIMEOUT_S}]})
    if action not in catalogue.actions(version):
        unknown = _("“%(action)s” is not an operation that OCPP %(version)s lets us start.")
        raise Invalid({"action": [unknown % {"action": action[:64], "version": version}]})
    if wrong := catalogue.check(version, action, payload):
        raise Invalid({"payload": wrong})


def _spelt(version: str, command: words.Command) -> dict[str, str]:
    """The columns that hold the word. A RawCall's own are `action` and `payload`."""
    if isinstance(command, words.RawCall):
        return {"kind": "RawCall", "arguments": "{}", "action": command.action, "payload": command.payload}
    kind = type(command)
    said = written.arguments(command)
    return {"kind": kind.__name__, "arguments": said, "action": catalogue.action_of(version, kind), "payload": "{}"}


def ask_all(wanted: Mapping[int, words.Command]) -> None:
    """Our own questions, to those of these stations that are online: they wait until the station has booted."""
    if not wanted:
        return
    online = ChargingStation.objects.filter(id__in=wanted, online=True).order_by("id")
    versions = dict(online.values_list("id", "ocpp_version"))
    spelt = {station: _spelt(version, wanted[station]) for station, version in versions.items()}
    columns = ("kind", "arguments", "action", "payload")
    pending, now = Command.Status.PENDING.value, timezone.now()
    rows.insert(
        Command,
        ("uid", "station_id", "ocpp_version", "created_at", "timeout", "automatic", "status", *columns),
        [
            (uuid.uuid4(), pk, versions[pk], now, 2 * DEFAULT_TIMEOUT_S, True, pending, *(said[c] for c in columns))
            for pk, said in spelt.items()
        ],
    )
    for station in versions:
        doorbell.ring(station)


def request_number() -> int:
    """A requestId of 2.x: 31 random bits, so that nobody guesses another station's."""
    return secrets.randbelow(2**31 - 1) + 1


# ---- the proof ---------------------------------------------------------------------------------------------------


class Awaited(NamedTuple):
    """A command whose effect has not been seen yet. `payload` as decoded from the wire."""

    id: int
    station: int
    version: str
    action: str
    payload: dict[str, Any]
    sent_at: datetime


def awaited(*, station_ids: Collection[int], actions: Collection[str], within_s: int) -> list[Awaited]:
    """Commands of these actions sent in the last `within_s` seconds and not refused, oldest first."""
    since = timezone.now() - timedelta(seconds=within_s)
    return [
        Awaited(pk, station, version, action, _members(payload), sent_at)
        for pk, station, version, action, payload, sent_at in _awaited(since, list(station_ids), list(actions))
    ]


@prepared
def _awaited(since: Given, stations: Given, actions: Given) -> QuerySet:
    sent = Command.objects.filter(status__in=("sent", "accepted"), effect_at=None, sent_at__gte=since)
    wanted = sent.filter(station_id__among=stations, action__among=actions).order_by("id")
    return wanted.values_list("id", "station_id", "ocpp_version", "action", "payload", "sent_at")


def _members(text: str) -> dict[str, Any]:
    payload = orjson.loads(text)
    return payload if isinstance(payload, dict) else {}


def seen_all(proved: Mapping[int, tuple[int, datetime]]) -> None:
    """`proved`: command → (station, when). Told twice, the first stays."""
    if not proved:
        return
    unproved = set(Command.objects.filter(id__in=proved, effect_at=None).values_list("id", flat=True))
    rows.update(Command, ("id",), ("effect_at",), [(pk, proved[pk][1]) for pk in sorted(unproved)])
    for pk in unproved:
        announce.command(id=pk, station_id=proved[pk][0])
