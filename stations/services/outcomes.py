"""How a command ended: the station's answer, its refusal, a time-out, or the end of the connection."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson
from django.db import transaction
from django.utils import timezone

from stations import doorbell
from stations.models import Command
from stations.services import announce, effects
from stations.vocabulary import events

logger = logging.getLogger(__name__)

GRACE = timedelta(seconds=10)  # the gateway settles a time-out itself; the sweep is for those that died
WAIT_FOR_RETURN = timedelta(seconds=30)  # a station that drops its connection may come back for what still waits

CONNECTION_ENDED = "The connection ended first."  # for machines, as a CALLERROR's description

# A CALLRESULT's status that means yes, in any case of letters (api-contract §3, quirk 82).
_YES = {"accepted", "scheduled", "unlocked", "rebootrequired", "acceptedcanceled"}
_OPEN = (Command.Status.PENDING, Command.Status.SENT)


def settle(event: events.CommandSettled) -> None:
    """Records how a CALL ended and lets an answer take effect. A command that has ended already stays as it is."""
    outcome: dict[str, str | None] = {"status": _status(event), "response": None, "error": None}
    if event.outcome == "result":
        outcome["response"] = event.payload or "{}"
    elif event.outcome == "error":
        outcome["error"] = _error(event.error_code, event.error_description, event.error_details)
    elif event.outcome == "closed":
        outcome["error"] = _error("ConnectionClosed", event.error_description or CONNECTION_ENDED)
    unsettled = Command.objects.filter(pk=event.command, station=event.station.id, status__in=_OPEN)
    if not unsettled.update(**outcome, completed_at=timezone.now()):
        logger.info("late answer dropped station=%s command=%s", event.station.identity, event.command)
        return
    settled = Command.objects.get(pk=event.command)
    effects.apply(settled)
    announce.command(id=settled.pk, station_id=event.station.id)


def _status(event: events.CommandSettled) -> str:
    if event.outcome == "timeout":
        return Command.Status.TIMEOUT
    if event.outcome != "result":
        return Command.Status.ERROR
    return Command.Status.ACCEPTED if _is_yes(event.payload) else Command.Status.REJECTED


def _is_yes(payload: str | None) -> bool:
    answer = orjson.loads(payload or "{}")
    if not isinstance(answer, dict) or "status" not in answer:
        return True
    return str(answer["status"]).lower() in _YES


def _error(code: str, description: str, details: str = "{}") -> str:
    """JSON text; `details` is JSON text already."""
    return f'{{"code":{json.dumps(code)},"description":{json.dumps(description)},"details":{details or "{}"}}}'


def close_sent(connections: Mapping[int, int]) -> None:
    """Commands on their way over connections older than station → epoch will not be answered any more."""
    on_their_way = Command.objects.filter(station__in=connections, status=Command.Status.SENT)
    lost = {
        pk: station
        for pk, station, epoch in on_their_way.values_list("id", "station_id", "epoch")
        if epoch is None or epoch < connections[station]
    }
    close(lost, CONNECTION_ENDED)


def close(lost: Mapping[int, int], why: str) -> None:
    """`lost`: command → station."""
    if lost:
        _end(lost, status=Command.Status.ERROR, error=_error("ConnectionClosed", why))


def _end(commands: Mapping[int, int], **outcome: str) -> None:
    Command.objects.filter(id__in=commands, status__in=_OPEN).update(**outcome, completed_at=timezone.now())
    effects.failed(commands)
    for pk, station in commands.items():
        announce.command(id=pk, station_id=station)


@transaction.atomic
def expire(*, now: datetime) -> int:
    """Sweep: ends what nobody answers any more, wakes outboxes with work in front of them. Returns how many ended."""
    lost, late, waiting = {}, {}, set()
    unfinished = Command.objects.filter(status__in=_OPEN).values_list(
        "id", "station_id", "status", "epoch", "created_at", "sent_at", "timeout", "station__online", "station__epoch"
    )
    for pk, station, status, epoch, created_at, sent_at, timeout, online, current in unfinished:
        if status == Command.Status.PENDING:
            if not online and created_at < now - WAIT_FOR_RETURN:
                lost[pk] = station
            elif online:
                waiting.add(station)
        elif not online or epoch != current:
            lost[pk] = station
        elif (sent_at or created_at) + timedelta(seconds=timeout) + GRACE < now:
            late[pk] = station
    close(lost, CONNECTION_ENDED)
    if late:
        _end(late, status=Command.Status.TIMEOUT)
    for station in sorted(waiting):
        doorbell.ring(station)
    return len(lost) + len(late)
