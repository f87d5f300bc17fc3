"""The story of a fault: when it began, who took it, what was asked of the station and what came of it, how it ended."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from cms.dashboard import answers, refusals, stages
from stations.models import Command, Fault

MOST = 20  # commands


def of(fault: Fault, *, now: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Oldest first: `time` and `word`, for commands their `steps` and `why`. One query."""
    told: list[tuple[datetime, dict[str, Any]]] = [(fault.since, {"word": _("First seen")})]
    if fault.hits > 1:
        told.append((fault.last_seen_at, {"word": _("Seen again, %(n)s times in all") % {"n": fault.hits}}))
    if fault.acknowledged_at:
        told.append(
            (fault.acknowledged_at, {"word": _("In hand with %(who)s") % {"who": fault.acknowledged_by or "–"}})
        )
    told += [(command.created_at, _asked(command, now, zone)) for command in _commands(fault)]
    if fault.closed_at:
        told.append((fault.closed_at, {"word": _end(fault)}))
    return [{"time": answers.moment(at, zone, now), **line} for at, line in sorted(told, key=lambda one: one[0])]


def _commands(fault: Fault) -> list[Command]:
    """What people asked of the station while it lasted."""
    asked = Command.objects.filter(station=fault.station_id, automatic=False, created_at__gte=fault.since)
    if fault.closed_at:
        asked = asked.filter(created_at__lte=fault.closed_at)
    return list(asked.select_related("requested_by", "requested_with").order_by("-id")[:MOST])


def _asked(command: Command, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    who, where = command.requested_by or command.requested_with, stages.where(command)
    word = " · ".join(part for part in (stages.word(command), where, str(who or "")) if part)
    return {"word": word, "steps": stages.of(command, now=now, zone=zone), "why": refusals.sentence(command)}


def _end(fault: Fault) -> str:
    if fault.closed_by:
        return _("Closed by %(who)s") % {"who": fault.closed_by}
    return _("Over: the charger has proved it")
