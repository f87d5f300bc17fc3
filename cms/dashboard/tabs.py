"""What the tabs of a station's page show."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.core.paginator import Paginator
from django.utils import formats
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts import access
from accounts.doors import MemberRequest
from accounts.models import Token
from billing import pricing
from cms import charts
from cms.core import typed
from cms.dashboard import answers, asking, journal, limits, meters, settings, stages
from cms.dashboard.blocks import Block
from cms.dashboard.selectors import readings, strips
from cms.dashboard.selectors import station as one
from cms.dashboard.selectors.station import Socket
from cms.templatetags.ui import STATES
from sessions_app.models import ChargingSession
from sessions_app.selectors import feedback
from stations.diagnostics import faults, firmware, logs
from stations.models import ChargingStation, Fault, FirmwareUpdate, LogRequest, SecurityEvent
from stations.selectors import masking
from stations.views import clocks, codes, links, provisioning
from stations.views.evses import public_address
from stations.views.forms import StationForm

RANGES = {
    "24h": (timedelta(hours=24), gettext_lazy("24 h")),
    "7d": (timedelta(days=7), gettext_lazy("7 d")),
    "30d": (timedelta(days=30), gettext_lazy("30 d")),
}
POWER_SPAN = timedelta(hours=1)


@dataclass(frozen=True)
class Asked:
    """One request for a station's page; what several blocks show is looked up once."""

    request: MemberRequest
    station: ChargingStation
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """The site's own, else the operator's."""
        return ZoneInfo(links.zone_name(self.station))

    @cached_property
    def sessions(self) -> list[ChargingSession]:
        return one.sessions(self.station)

    @cached_property
    def faults(self) -> list[Fault]:
        return one.open_faults(self.station)

    @cached_property
    def sockets(self) -> list[Socket]:
        return one.sockets(self.station, self.sessions, self.faults, now=self.now)


Content = Mapping[str, Any]


# ---- every tab ---------------------------------------------------------------------------------------------------


def head(asked: Asked) -> Content:
    sockets = asked.sockets
    chip_state, chip_word = answers.station_state(asked.station, [socket.state for socket in sockets])
    return {
        "chip_state": chip_state,
        "chip_word": chip_word,
        "last_message": one.last_message_at(asked.station),
        "running": asked.sessions,
        "silence": 2 * django_settings.HEARTBEAT_INTERVAL_S,
        "clock": clocks.warning(asked.station),
        "rated": feedback.by_station([asked.station.pk], now=asked.now).get(asked.station.pk),
        "offline_buttons": (("play", _("Start")), ("unlock", _("Unlock")), ("reset", _("Reset"))),
    }


def commands(asked: Asked) -> Content:
    return {
        "commands": [
            {
                "command": command,
                "word": stages.word(command),
                "where": stages.where(command),
                "steps": stages.of(command, now=asked.now, zone=asked.zone),
                "why": stages.refusals.sentence(command),
            }
            for command in one.recent_commands(asked.station, now=asked.now)
        ]
    }


def dialogs(asked: Asked) -> dict[str, Any]:
    """What the forms behind the buttons offer."""
    evses = list(asked.station.evses.prefetch_related("connectors").order_by("evse_id"))
    places = [
        {"value": f"{evse.evse_id}.{connector.connector_id}", "number": evse.evse_id, "uid": evse.uid}
        for evse in evses
        for connector in evse.connectors.all()
    ]
    tokens = Token.objects.filter(operator=asked.station.operator_id, status=Token.Status.ACCEPTED)
    return {
        "places": places,
        "tokens": tokens.select_related("driver__user").order_by("-updated_at")[:30],
        "running_sessions": asked.sessions,
        "triggers": asking.TRIGGERS,
        "limit_hours": asking.LIMIT_HOURS.items(),
    }


# ---- now ---------------------------------------------------------------------------------------------------------


def now(asked: Asked) -> Mapping[str, Block]:
    shown = {
        "diagnosis": Block("operator/station/diagnosis.html", lambda: diagnosis(asked)),
        "limits": Block("operator/station/limits.html", lambda: {"limits": limits.of(asked.station, asked.zone)}),
        "sockets": Block("operator/station/sockets.html", lambda: sockets(asked)),
        "power": Block("operator/station/power.html", lambda: power(asked)),
        "strip": Block("operator/station/strip.html", lambda: strip(asked)),
    }
    if access.can(asked.request.user, "messages.view", asked.station):
        shown["log"] = Block("operator/station/log.html", lambda: log(asked))
    return shown


def diagnosis(asked: Asked) -> Content:
    found = asked.faults
    if not found:
        gone = not asked.station.online and asked.station.last_seen
        return {"fault": None, "silence": answers.silence(asked.station, asked.zone, asked.now) if gone else ""}
    worst = found[0]
    return {
        "fault": worst,
        "book": faults.describe(worst),
        "others": [(fault, faults.describe(fault)) for fault in found[1:]],
        "evidence": answers.evidence(asked.station, worst, asked.sockets, asked.zone, asked.now),
        "place": f"{worst.evse_id}.{worst.connector_id}" if worst.evse_id else "",
    }


def sockets(asked: Asked) -> Content:
    cards = asked.sockets
    return {"sockets": [_card(asked, card) for card in cards]}


def _card(asked: Asked, card: Socket) -> dict[str, Any]:
    cost = pricing.running_cost(card.session) if card.session else None
    told_at = card.reading.at if card.reading else card.session.last_reading_at if card.session else None
    current = answers.current(card.reading.amperes) if card.reading else ""
    return {
        "card": card,
        "state": card.state,
        "connector": card.connector,
        "evse": card.connector.evse,
        "session": card.session,
        "ask": f"stop-{card.session.pk}" if card.session else "",
        "reading": card.reading,
        "fault": faults.describe(card.fault) if card.fault else None,
        "lasted": asked.now - card.session.started_at if card.session else None,
        "cost": cost.total_incl_vat if cost else None,
        "currency": asked.station.operator.currency,
        "stale_since": told_at if not asked.station.online else None,
        "current": current,
        "power_w": card.session.power_w if card.session else (card.reading.power_w if card.reading else None),
    }


def power(asked: Asked) -> Content:
    since = asked.now - POWER_SPAN
    by_evse = readings.power(asked.station, since=since, until=asked.now)
    cards = asked.sockets
    for socket in cards:
        if by_evse.get(socket.number) and socket.session is None:  # the charge is over: so is its power
            last = by_evse[socket.number][-1][0]
            by_evse[socket.number].append((min(last + timedelta(seconds=1), asked.now), 0))
    lines = [
        charts.Line(answers.connector_name(socket), by_evse[socket.number], socket.state == "faulted")
        for socket in cards
        if by_evse.get(socket.number) and (socket.state == "faulted" or any(w for _at, w in by_evse[socket.number]))
    ]
    return {
        "chart": charts.power_lines(lines, start=since, end=asked.now, zone=asked.zone),
        "answer": answers.power(asked.station, cards, by_evse, asked.zone, asked.now),
    }


def strip(asked: Asked) -> Content:
    wanted = asked.request.GET.get("range", "24h")
    wanted = wanted if wanted in RANGES else "24h"
    start = asked.now - RANGES[wanted][0]
    parts = strips.of(asked.station, start=start, end=asked.now)
    tracks = [
        charts.Track(_("Connector %(number)s") % {"number": evse if connector == 1 else f"{evse}.{connector}"}, found)
        for (evse, connector), found in parts.items()
    ]
    words = {token: str(word) for token, word in STATES.items()}
    uptime = one.uptime(asked.station, now=asked.now)
    return {
        "chart": charts.strip(tracks, start=start, end=asked.now, now=asked.now, zone=asked.zone, words=words),
        "empty": not tracks,
        "answer": answers.strip(asked.station, asked.faults, uptime, asked.zone, asked.now),
        "range": wanted,
        "ranges": [(name, word) for name, (_span, word) in RANGES.items()],
    }


def log(asked: Asked) -> Content:
    return {"lines": journal.lines(journal.latest(asked.station), asked.zone)}


# ---- the other tabs ----------------------------------------------------------------------------------------------


def sessions(asked: Asked) -> Mapping[str, Block]:
    def listed() -> Content:
        rows = ChargingSession.objects.filter(station=asked.station).select_related("driver__user", "token")
        return {"page": Paginator(rows.order_by("-id"), 25).get_page(asked.request.GET.get("page"))}

    return {"sessions": Block("operator/station/sessions_list.html", listed)}


def messages(asked: Asked) -> Mapping[str, Block]:
    def listed() -> Content:
        filters = journal.Filters.read(asked.request.GET.dict())
        frames = journal.matching(asked.station, filters, now=asked.now)
        return {
            "filters": filters,
            "lines": journal.lines(frames, asked.zone),
            "actions": journal.actions(asked.station, now=asked.now),
            "ranges": journal.RANGES,
            "older": frames[-1].pk if len(frames) == journal.PAGE else None,
        }

    return {"journal": Block("operator/station/journal.html", listed)}


def config(asked: Asked) -> Mapping[str, Block]:
    def listed() -> Content:
        search = typed.line(asked.request.GET.dict(), "search")
        return {"groups": settings.groups(asked.station, search), "search": search}

    return {"settings": Block("operator/station/settings.html", listed)}


def maintenance(asked: Asked) -> Mapping[str, Block]:
    def jobs() -> Content:
        updates = FirmwareUpdate.objects.filter(station=asked.station).order_by("-id")[:10]
        requests = LogRequest.objects.filter(station=asked.station).order_by("-id")[:10]
        return {
            "updates": [
                (update, firmware.describe(update), answers.phases(update), masking.address(update.url))
                for update in updates
            ],
            "logs": [(request, logs.describe(request)) for request in requests],
        }

    def events() -> Content:
        return {"events": SecurityEvent.objects.filter(station=asked.station).order_by("-received_at")[:50]}

    return {
        "jobs": Block("operator/station/jobs.html", jobs),
        "events": Block("operator/station/events.html", events),
    }


def setup(asked: Asked) -> Mapping[str, Block]:
    def shown() -> Content:
        station = asked.station
        version = pricing.tariff_for(
            operator_id=station.operator_id, location_id=station.location_id, station_id=station.pk, at=asked.now
        )
        evses = station.evses.prefetch_related("connectors").order_by("evse_id")
        return {
            "form": StationForm.of(station),
            "station_key": links.key(station),
            "address": links.websocket(station),
            "tariff": version,
            "price": pricing.describe(version, get_language() or "it") if version else "",
            "evses": [(evse, list(evse.connectors.all()), public_address(evse)) for evse in evses],
            "created": formats.date_format(station.created_at.astimezone(asked.zone), "DATE_FORMAT"),
            **provisioning.refusal(station),
            "meters": meters.of(station, now=asked.now),
            "zone": asked.zone.key,
            **clocks.shown(station, asked.zone),
            **codes.shown(station, asked.request.user),
        }

    return {"setup": Block("operator/station/setup_cards.html", shown)}
