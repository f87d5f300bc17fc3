"""/ops/stations/<identity>/: one charger, in six tabs. Tab, range and filters live in the query string."""

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import access
from accounts.doors import MemberRequest, members_only
from cms.dashboard import asking, blocks, tabs
from cms.dashboard.tabs import Asked
from stations import catalogue
from stations.models import ChargingStation
from stations.views import links

TABS: dict[str, tuple[Any, str]] = {  # tab → its word, the right it needs
    "now": (_("Now"), "station.view"),
    "sessions": (_("Sessions"), "session.view"),
    "messages": (_("Messages"), "messages.view"),
    "config": (_("Config"), "station.view"),
    "maintenance": (_("Maintenance"), "station.view"),
    "setup": (_("Set-up"), "station.view"),
}
CONTENT: Mapping[str, Callable[[Asked], Mapping[str, blocks.Block]]] = {
    "now": tabs.now,
    "sessions": tabs.sessions,
    "messages": tabs.messages,
    "config": tabs.config,
    "maintenance": tabs.maintenance,
    "setup": tabs.setup,
}


@members_only("station.view")
def page(request: MemberRequest, key: str) -> HttpResponse:
    station = links.station_or_404(request.user, key)
    tab = request.GET.get("tab", "now")
    tab = tab if tab in TABS else "now"
    access.demand(request.user, TABS[tab][1], station)
    asked = Asked(request=request, station=station, now=timezone.now())
    context = {
        "station": station,
        "tab": tab,
        "tabs": [(name, word) for name, (word, needs) in TABS.items() if access.can(request.user, needs, station)],
        "topic": f"station:{station.pk}",
        "messages_topic": f"messages:{station.pk}",
        "operator_topic": f"operator:{station.operator_id}",
        "may": rights(request, station),
        "can": buttons(request, station),
        "asks": request.GET.get("ask", ""),
    }
    shown = {
        "head": blocks.Block("operator/station/head.html", lambda: tabs.head(asked)),
        "commands": blocks.Block("operator/station/commands.html", lambda: tabs.commands(asked)),
        **CONTENT[tab](asked),
    }
    return blocks.page(request, f"operator/station/{tab}.html", context | tabs.dialogs(asked), shown)


def rights(request: MemberRequest, station: ChargingStation) -> dict[str, bool]:
    needed = (
        "station.command",
        "station.edit",
        "station.raw_command",
        "session.stop",
        "messages.view",
        "tariff.view",
        "driver.view",
    )
    return {name.replace(".", "_"): access.can(request.user, name, station) for name in needed}


def buttons(request: MemberRequest, station: ChargingStation) -> dict[str, bool]:
    """Which buttons are shown: the role allows them, and the station's protocol version knows them."""
    version = station.ocpp_version
    return {
        name.replace("-", "_"): access.can(request.user, button.needs, station)
        and (not version or catalogue.supports(version, button.word))
        for name, button in asking.BUTTONS.items()
    }
