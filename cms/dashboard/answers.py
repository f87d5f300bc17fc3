"""The sentences that answer a chart's or a card's question. A picture never stands without one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cms.dashboard.selectors import station as one
from cms.dashboard.selectors.station import Socket
from cms.templatetags import figures
from cms.templatetags.ui import state_word
from stations.models import ChargingStation, Fault, FirmwareUpdate

NB = figures.NB
_WORST = ("faulted", "unavailable", "charging", "occupied", "reserved", "available", "offline")
_SOME = {
    "faulted": gettext_lazy("Fault on %(n)s of %(all)s"),
    "unavailable": gettext_lazy("%(n)s of %(all)s out of service"),
    "charging": gettext_lazy("Charging on %(n)s of %(all)s"),
    "occupied": gettext_lazy("%(n)s of %(all)s occupied"),
    "reserved": gettext_lazy("%(n)s of %(all)s reserved"),
}
Curves = Mapping[int, Sequence[tuple[datetime, int]]]


def station_state(station: ChargingStation, states: Sequence[str]) -> tuple[str, str]:
    """The chip of a whole station: the state token and its words ("Fault on 1 of 2")."""
    if station.last_seen is None:
        return "offline", _("Never connected")
    if not station.online or not states:
        return ("offline", state_word("offline")) if not station.online else ("available", _("Connected"))
    counts = Counter(states)
    worst = next(state for state in _WORST if counts[state])
    if counts[worst] == len(states) or worst not in _SOME:
        return worst, state_word(worst)
    return worst, str(_SOME[worst]) % {"n": counts[worst], "all": len(states)}


def moment(at: datetime, zone: ZoneInfo, now: datetime) -> str:
    """`13:51` today, `3 nov, 13:51` before."""
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == now.astimezone(zone).date() else formats.date_format(local, "j b, H:i")


def roughly(span: timedelta) -> str:
    """In one unit: `41 min`, `7 h`, `3 days`."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return f"{minutes}{NB}min"
    if minutes < 48 * 60:
        return f"{minutes // 60}{NB}h"
    days = minutes // (24 * 60)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


def connector_name(socket: Socket) -> str:
    return _("Connector %(number)s") % {"number": socket.number}


def current(amperes: Sequence[Decimal]) -> str:
    """`3 × 16,0 A` where the phases agree within half an ampere, else the strongest."""
    if not amperes:
        return ""
    strongest = figures.number(max(amperes), 1)
    if len(amperes) > 1 and max(amperes) - min(amperes) <= Decimal("0.5"):
        return f"{len(amperes)}{NB}×{NB}{strongest}{NB}A"
    return f"{strongest}{NB}A"


def power(station: ChargingStation, sockets: Sequence[Socket], curves: Curves, zone: ZoneInfo, now: datetime) -> str:
    """Is power flowing? What a station that is away said last is not what flows now."""
    if not station.online and station.offline_since:
        return _("Not known since %(time)s: it cannot be reached.") % {"time": moment(station.offline_since, zone, now)}
    live = [s for s in sockets if s.session and curves.get(s.number)]
    flowing = [(s, curves[s.number][-1][1]) for s in live if curves[s.number][-1][1] > 0]
    plugged = [s for s in sockets if s.session and all(s.number != other.number for other, _w in flowing)]
    parts = [
        _("On connector %(number)s yes, %(power)s.") % {"number": socket.number, "power": figures.kw(watts)}
        for socket, watts in flowing
    ]
    parts += [_("On connector %(number)s nothing, though a charge runs.") % {"number": s.number} for s in plugged]
    return " ".join(parts) or _("No, and no charge runs.")


def silence(station: ChargingStation, zone: ZoneInfo, now: datetime) -> str:
    """Since when a station is away, and whether it is alone: before patience ends and a problem is opened."""
    since = station.offline_since or station.last_seen or now
    said = _("Not reached since %(time)s.") % {"time": moment(since, zone, now)}
    online, others = one.neighbours(station)
    if not others:
        return said
    if not online:
        return f"{said} " + _("Nor does anything else at this site answer: likely the site’s power or line.")
    answer = _("%(online)s of %(all)s others at this site answer: likely its own line or power.")
    return f"{said} " + answer % {"online": online, "all": others}


def strip(
    station: ChargingStation, faults: Sequence[Fault], uptime: Decimal | None, zone: ZoneInfo, now: datetime
) -> str:
    """When did it break, and for how long?"""
    up = (
        _("%(uptime)s uptime over 30 days.") % {"uptime": f"{figures.number(uptime, 2)}{NB}%"}
        if uptime is not None
        else ""
    )
    if not station.online and station.offline_since:
        return _("Not reached since %(time)s; %(uptime)s") % {
            "time": moment(station.offline_since, zone, now),
            "uptime": up,
        }
    fault = next((fault for fault in faults if fault.evse_id), None)
    if fault:
        failed = _("Connector %(number)s failed at %(time)s;") % {
            "number": fault.evse_id,
            "time": moment(fault.since, zone, now),
        }
        return f"{failed} {up}"
    return _("Nothing is broken now;") + f" {up}" if up else _("Nothing is broken now.")


def evidence(
    station: ChargingStation, fault: Fault, sockets: Sequence[Socket], zone: ZoneInfo, now: datetime
) -> list[tuple[str, str]]:
    """(when or who, what): the facts behind a diagnosis, as far as we know them."""
    lines = [(moment(fault.since, zone, now), _("first seen"))]
    if fault.hits > 1:
        lines.append((_("%(n)s times") % {"n": fault.hits}, _("it has come back since")))
    if fault.code and fault.kind != Fault.Kind.CLOCK:
        lines.append((_("Its own code"), fault.code))
    if fault.kind == Fault.Kind.OFFLINE:
        online, others = one.neighbours(station)
        if others:
            said = _("%(online)s of %(all)s others at this site answer") % {"online": online, "all": others}
            lines.append((_("Neighbours"), said))
        if station.last_seen:
            lines.append((moment(station.last_seen, zone, now), _("last message from it")))
    elif fault.kind != Fault.Kind.CLOCK:
        working = [s for s in sockets if s.number != fault.evse_id and s.state in ("charging", "available")]
        lines += [(connector_name(s), _("works: site power and link are fine")) for s in working[:1]]
    if station.firmware_version:
        lines.append((_("Firmware"), station.firmware_version))
    return lines


_PHASES = (
    (FirmwareUpdate.Status.REQUESTED, gettext_lazy("Asked for")),
    (FirmwareUpdate.Status.DOWNLOADING, gettext_lazy("Downloading")),
    (FirmwareUpdate.Status.INSTALLING, gettext_lazy("Installing")),
    (FirmwareUpdate.Status.INSTALLED, gettext_lazy("New version seen")),
)


def phases(update: FirmwareUpdate) -> list[dict[str, str]]:
    """The four phases for `.steps`; the last is green only when the new version showed in a BootNotification."""
    order = [status for status, _word in _PHASES]
    status = FirmwareUpdate.Status.INSTALLING if update.status == FirmwareUpdate.Status.DOWNLOADED else update.status
    if update.status == FirmwareUpdate.Status.FAILED:
        return [
            {"kind": "done", "word": str(_PHASES[0][1]), "time": ""},
            {"kind": "failed", "word": str(update.get_status_display()), "time": ""},
        ]
    at = order.index(FirmwareUpdate.Status(status))
    steps = []
    for place, (_status, word) in enumerate(_PHASES):
        kind = "done" if place < at else "now" if place == at else "ahead"
        if place == at == len(_PHASES) - 1:
            kind = "seen" if update.version_after else "now"
        steps.append({"kind": kind, "word": str(word), "time": ""})
    return steps
