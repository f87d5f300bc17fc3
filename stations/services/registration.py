"""A station introduces itself: BootNotification (1.6 §4.2, 2.0.1 B01)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from cms.core import rows
from stations.diagnostics import firmware
from stations.models import ChargingStation, Command, SecurityEvent, Variable
from stations.services import announce, commands, proofs
from stations.vocabulary import replies
from stations.vocabulary.commands import GetBaseReport, GetVariables
from stations.vocabulary.events import StationBooted

SHORTEST_INTERVAL_S = 60
REPEAT_WITHIN = timedelta(minutes=1)  # some repeat a boot every few seconds although accepted (quirk 15)
ASK_AGAIN_AFTER = timedelta(hours=1)


class _Said(NamedTuple):
    """What a station says of itself."""

    vendor: str
    model: str
    serial_number: str
    firmware_version: str
    iccid: str
    imsi: str
    meter_type: str
    meter_serial_number: str


def boot(events: Sequence[StationBooted]) -> list[replies.BootAnswer]:
    """Always accepted, since only provisioned stations come this far. A changed serial number is a security event (someone
    may have swapped the hardware), a changed firmware version ends the update that was under way (quirk 91)."""
    latest = {event.station.id: event for event in events}
    before = _before(set(latest))
    said = {pk: _Said(*(getattr(event, name) for name in _Said._fields)) for pk, event in latest.items()}
    changed = {pk for pk in latest if pk in before and _is_news(latest[pk], said[pk], *before[pk])}
    rows.update(
        ChargingStation,
        ("id",),
        (*_Said._fields, "last_boot", "updated_at"),
        [(pk, *said[pk], latest[pk].received_at, latest[pk].received_at) for pk in sorted(changed)],
    )
    _note_swaps({pk: (before[pk][0], said[pk], latest[pk].received_at) for pk in changed})
    updated = {pk for pk in changed if _differs(before[pk][0].firmware_version, said[pk].firmware_version)}
    firmware.booted({pk: (said[pk].firmware_version, latest[pk].received_at) for pk in updated})
    proofs.booted({pk: latest[pk].received_at for pk in changed})
    _read_settings({pk: latest[pk] for pk in changed}, afresh=updated)
    announce.stations(changed)
    announce.booted(changed)
    now, interval = timezone.now(), max(SHORTEST_INTERVAL_S, settings.HEARTBEAT_INTERVAL_S)
    return [replies.BootAnswer("Accepted", now, interval) for _event in events]


def _before(stations: set[int]) -> dict[int, tuple[_Said, datetime | None]]:
    found = ChargingStation.objects.filter(id__in=stations).values_list("id", "last_boot", *_Said._fields)
    return {pk: (_Said(*said), last_boot) for pk, last_boot, *said in found}


def _is_news(event: StationBooted, said: _Said, before: _Said, last_boot: datetime | None) -> bool:
    return said != before or last_boot is None or abs(event.received_at - last_boot) >= REPEAT_WITHIN


def _differs(old: str, new: str) -> bool:
    return bool(old and new and old != new)


def _note_swaps(boots: dict[int, tuple[_Said, _Said, datetime]]) -> None:
    rows.insert(
        SecurityEvent,
        ("station_id", "type", "at", "received_at", "tech_info"),
        [
            (pk, "SerialNumberChanged", at, at, f"{old.serial_number} → {new.serial_number}")
            for pk, (old, new, at) in sorted(boots.items())
            if _differs(old.serial_number, new.serial_number)
        ],
    )


def _read_settings(boots: dict[int, StationBooted], *, afresh: set[int]) -> None:
    """Asks for the configuration (1.6) or the device model (2.x) where we never read it, and after new firmware."""
    if not boots:
        return
    read = set(Variable.objects.filter(station__in=boots).values_list("station_id", flat=True).distinct()) - afresh
    asked = Command.objects.filter(
        station__in=boots, automatic=True, created_at__gte=timezone.now() - ASK_AGAIN_AFTER
    ).values_list("station_id", flat=True)
    unread = boots.keys() - read - (set(asked) - afresh)
    commands.ask_all(
        {
            pk: GetVariables()
            if boots[pk].version == "ocpp1.6"
            else GetBaseReport(request_id=commands.request_number())
            for pk in sorted(unread)
        }
    )
