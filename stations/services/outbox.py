"""What an online station is sent next: oldest first, one at a time (OCPP-J 4.1.1)."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from django.utils import timezone

from cms.core import rows
from stations.models import ChargingStation, Command
from stations.services import announce, outcomes
from stations.vocabulary import commands as words
from stations.vocabulary import events, replies, written


class _Waiting(NamedTuple):
    id: int
    station: int
    automatic: bool
    version: str
    kind: str
    arguments: str
    action: str
    payload: str
    timeout: int


def take(outboxes: Sequence[events.OutboxOpened]) -> list[replies.NextCommand]:
    """The oldest waiting command of each, claimed. Nothing for a connection that a newer one has replaced, and our own
    questions only once the station has booted. What was asked under another version is not translated: it fails."""
    stations = {outbox.station.id for outbox in outboxes}
    epochs = dict(ChargingStation.objects.filter(id__in=stations).values_list("id", "epoch"))
    queues: dict[int, list[_Waiting]] = {}
    for row in _queued(stations):
        queues.setdefault(row[1], []).append(_Waiting(*row))
    taken: dict[int, tuple[int, int]] = {}
    stale: dict[int, int] = {}
    answers = []
    for outbox in outboxes:
        version = outbox.version.removeprefix("ocpp")
        current = epochs.get(outbox.station.id) == outbox.epoch
        mine = [each for each in queues.get(outbox.station.id, ()) if current and each.id not in taken]
        stale |= {each.id: each.station for each in mine if each.version != version}
        ready = [each for each in mine if each.version == version and (outbox.booted or not each.automatic)]
        if ready:
            taken[ready[0].id] = (outbox.station.id, outbox.epoch)
        answers.append(_next(ready[0]) if ready else replies.NOTHING_TO_SEND)
    now = timezone.now()
    sent = Command.Status.SENT.value
    rows.update(
        Command, ("id",), ("status", "epoch", "sent_at"), [(pk, sent, epoch, now) for pk, (_s, epoch) in taken.items()]
    )
    outcomes.close(stale, "The station came back with another protocol version.")
    return answers


def _queued(stations: set[int]) -> Iterable[tuple[Any, ...]]:
    waiting = Command.objects.filter(station__in=stations, status=Command.Status.PENDING).order_by("id")
    return waiting.select_for_update(of=("self",)).values_list(
        "id", "station_id", "automatic", "ocpp_version", "kind", "arguments", "action", "payload", "timeout"
    )


def _next(waiting: _Waiting) -> replies.NextCommand:
    command: words.Command = (
        words.RawCall(waiting.action, waiting.payload)
        if waiting.kind == "RawCall"
        else written.command(waiting.kind, waiting.arguments)
    )
    return replies.NextCommand(waiting.id, command, waiting.timeout)


def waiting(stations: Collection[int]) -> set[int]:
    """Those of these stations with a pending command: the safety net for a bell that nobody heard."""
    pending = Command.objects.filter(status=Command.Status.PENDING).values_list("station_id", flat=True)
    return set(pending).intersection(stations)


def sent(event: events.CommandSent) -> bool:
    """Records what goes on the wire. False: the command has ended meanwhile and must not be sent."""
    claimed = Command.objects.filter(pk=event.command, station=event.station.id, status=Command.Status.SENT)
    known = claimed.update(action=event.action, payload=event.payload, sent_at=event.sent_at)
    if known:
        announce.command(id=event.command, station_id=event.station.id)
    return bool(known)
