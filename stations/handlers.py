"""Which events of a station this room answers, in the order in which a batch is worked off: the door first, the journal last."""

from collections.abc import Callable, Sequence
from typing import Any

from django.utils import timezone

from stations.diagnostics import firmware, logs
from stations.services import (
    alarms,
    gateways,
    journal,
    outbox,
    outcomes,
    presence,
    proofs,
    registration,
    security,
    status,
    variables,
)
from stations.vocabulary import events, replies
from stations.vocabulary.central_system import Handler, one_by_one


def noted(record: Callable[[Sequence[Any]], Any]) -> Handler:
    """For events that are recorded and answered with nothing."""

    def batch(told: Sequence[Any]) -> list[replies.Reply]:
        record(told)
        return [replies.DONE] * len(told)

    return batch


def gateway_alive(event: events.GatewayAlive) -> replies.Reply:
    if event.started:
        gateways.started(event.gateway)
    else:
        gateways.alive(event.gateway)
    return replies.DONE


def command_sent(event: events.CommandSent) -> replies.Reply:
    if not outbox.sent(event):
        return replies.Failed("GenericError", "the command has ended")
    if event.action in proofs.TRIGGERS:
        proofs.asked(event.station.id)
    return replies.DONE


def command_settled(event: events.CommandSettled) -> replies.Reply:
    outcomes.settle(event)
    return replies.DONE


def outboxes_polled(event: events.OutboxesPolled) -> replies.Reply:
    return replies.WorkWaiting(frozenset(outbox.waiting(event.stations)))


def heartbeat(told: Sequence[events.HeartbeatSeen]) -> list[replies.Reply]:
    return [replies.HeartbeatAnswer(timezone.now())] * len(told)


def data_transferred(told: Sequence[events.DataTransferred]) -> list[replies.Reply]:
    """No vendor's extension is known here; the journal keeps the text for analysis (quirk 90)."""
    return [replies.DataTransferAnswer("UnknownVendorId")] * len(told)


HANDLERS: dict[type, Handler] = {
    events.GatewayAlive: one_by_one(gateway_alive),
    events.StationKnocked: presence.knock,
    events.StationGone: noted(presence.gone),
    events.CommandSent: one_by_one(command_sent),
    events.CommandSettled: one_by_one(command_settled),
    events.StationBooted: registration.boot,
    events.HeartbeatSeen: heartbeat,
    events.StatusReported: noted(status.report),
    events.VariablesReported: noted(variables.report),
    events.EventsReported: noted(alarms.report),
    events.FirmwareStatusReported: noted(firmware.reported),
    events.LogStatusReported: noted(logs.reported),
    events.SecurityEventReported: noted(security.report),
    events.DataTransferred: data_transferred,
    events.NoticeReceived: noted(lambda told: None),
    events.OutboxOpened: outbox.take,
    events.OutboxesPolled: one_by_one(outboxes_polled),
    events.FramesSeen: noted(journal.write),
}
