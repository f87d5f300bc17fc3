"""Evidence that a command really happened: sets `Command.effect_at`. "Accepted" is a promise, this is the proof.

Reset → BootNotification; ChangeAvailability → the state asked for; UnlockConnector → a report of that connector;
TriggerMessage → the message. Starts and stops are proved by sessions_app through `commands.awaited` and `commands.seen`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from stations.services import commands
from stations.services.commands import Awaited
from stations.vocabulary.events import StatusReported

# A reset on idle or a change of availability may wait for a long charge.
WITHIN_S = {"Reset": 24 * 3600, "ChangeAvailability": 24 * 3600, "UnlockConnector": 60, "TriggerMessage": 60}
_OF_STATUS = ("ChangeAvailability", "UnlockConnector")
TRIGGERS = ("TriggerMessage", "ExtendedTriggerMessage")

_triggered: dict[int, datetime] = {}  # stations asked for a message lately, by this process: spares a look per batch


def booted(boots: Mapping[int, datetime]) -> None:
    """`boots`: station → when."""
    _prove(commands.awaited(station_ids=boots, actions=("Reset",), within_s=WITHIN_S["Reset"]), boots)


def status(events: Sequence[StatusReported]) -> None:
    waiting = commands.awaited(
        station_ids={event.station.id for event in events},
        actions=_OF_STATUS,
        within_s=WITHIN_S["ChangeAvailability"],
    )
    if waiting:
        moments = {event.station.id: event.received_at for event in events}
        _prove([each for each in waiting if any(_shows(event, each) for event in events)], moments)


def asked(station_id: int) -> None:
    """A TriggerMessage went out."""
    _triggered[station_id] = timezone.now() + timedelta(seconds=WITHIN_S["TriggerMessage"])


def messages(seen: Mapping[int, Collection[str]], at: datetime) -> None:
    """`seen`: station → actions of its own CALLs in this batch."""
    hopeful = {station for station in seen if station in _triggered}
    if not hopeful:
        return
    for station in hopeful:
        if _triggered[station] < at:
            del _triggered[station]
    waiting = commands.awaited(station_ids=hopeful, actions=TRIGGERS, within_s=WITHIN_S["TriggerMessage"])
    _prove(
        [
            each
            for each in waiting
            if _MESSAGES.get(wanted := str(each.payload.get("requestedMessage")), wanted) in seen[each.station]
        ],
        dict.fromkeys(hopeful, at),
    )


# the messages that are not called as their trigger
_MESSAGES = {
    "SignChargingStationCertificate": "SignCertificate",
    "SignChargePointCertificate": "SignCertificate",
    "SignV2GCertificate": "SignCertificate",
    "SignCombinedCertificate": "SignCertificate",
    "PublishFirmwareStatusNotification": "PublishFirmwareStatusNotification",
}


def _shows(event: StatusReported, command: Awaited) -> bool:
    too_late = event.received_at - command.sent_at > timedelta(seconds=WITHIN_S[command.action])
    if event.station.id != command.station or too_late or not _same_place(event, command):
        return False
    if command.action == "UnlockConnector":
        return True
    wanted = command.payload.get("type", command.payload.get("operationalStatus"))
    return (event.status == "Unavailable") == (wanted == "Inoperative")


def _same_place(event: StatusReported, command: Awaited) -> bool:
    """1.6 names a connector (0 = all), 2.x an EVSE (absent = all)."""
    evse = command.payload.get("evse")
    asked = (
        evse.get("id") if isinstance(evse, dict) else command.payload.get("evseId", command.payload.get("connectorId"))
    )
    return asked in (None, 0) or event.evse.id == asked


def _prove(proved: Iterable[Awaited], moments: Mapping[int, datetime]) -> None:
    commands.seen_all({each.id: (each.station, moments[each.station]) for each in proved})


def forget() -> None:
    """As after a restart."""
    _triggered.clear()
