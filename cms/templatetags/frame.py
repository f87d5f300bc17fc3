"""The operator's frame: the eight entries of the rail, their badges, whose network this is."""

from dataclasses import dataclass
from typing import Any

from django import template
from django.template import Context
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import access
from accounts.models import Operator
from billing.selectors import exports, worklist
from sessions_app.models import ChargingSession
from stations.models import ChargingStation, Fault

register = template.Library()


@dataclass(frozen=True, slots=True)
class Entry:
    """`paths` are the prefixes that belong to the entry; it leads to the first door whose action the role may do."""

    icon: str
    word: Any
    paths: tuple[str, ...]
    doors: tuple[tuple[str, str], ...]  # (action, path)

    def leads(self, role: str | None) -> str | None:
        return next((path for action, path in self.doors if role in access.ALLOWED[action]), None)


ENTRIES = (
    Entry("overview", _("Overview"), ("/ops/",), (("station.view", "/ops/"),)),
    Entry(
        "stations",
        _("Stations"),
        ("/ops/stations/", "/ops/map/", "/ops/locations/"),
        (("station.view", "/ops/stations/"),),
    ),
    Entry("sessions", _("Sessions"), ("/ops/sessions/",), (("session.view", "/ops/sessions/"),)),
    Entry("incidents", _("Incidents"), ("/ops/incidents/",), (("station.view", "/ops/incidents/"),)),
    Entry(
        "drivers",
        _("Drivers"),
        ("/ops/drivers/", "/ops/tokens/", "/ops/subscriptions/", "/ops/companies/", "/ops/groups/"),
        (("driver.view", "/ops/drivers/"), ("token.view", "/ops/tokens/")),
    ),
    Entry(
        "money",
        _("Money"),
        ("/ops/billing/", "/ops/tariffs/", "/ops/cdrs/", "/ops/promotions/"),
        (
            ("invoice.view", "/ops/billing/invoices/"),
            ("tariff.view", "/ops/tariffs/"),
            ("statement.view", "/ops/billing/statements/"),
        ),
    ),
    Entry("reports", _("Reports"), ("/ops/reports/",), (("report.view", "/ops/reports/"),)),
    Entry(
        "setup",
        _("Set-up"),
        ("/ops/settings/", "/ops/members/", "/ops/api-keys/"),
        (("operator.edit", "/ops/settings/"),),
    ),
)


def entries_for(user: Any, operator: Operator) -> list[tuple[Entry, str]]:
    """What this person may open, and where it leads."""
    role = access.role_at(user, operator.pk)
    return [(entry, path) for entry in ENTRIES if (path := entry.leads(role))]


def _here(entry: Entry, path: str) -> bool:
    if entry.paths == ("/ops/",):
        return path == "/ops/"
    return path.startswith(entry.paths)


@register.inclusion_tag("components/bell.html", takes_context=True)
def bell(context: Context) -> dict[str, Any]:
    request = context["request"]
    news = exports.news(request.user, request.operator) if request.operator else 0
    return {"request": request, "news": news}


@register.inclusion_tag("components/rail.html", takes_context=True)
def rail(context: Context) -> dict[str, Any]:
    request = context["request"]
    operator: Operator | None = request.operator
    path: str = context.get("here") or request.path
    shared: dict[str, Any] = {
        "csrf_token": context.get("csrf_token"),
        "operator": operator,
        "entries": [],
        "path": path,
    }
    if operator is None:
        return shared
    faults = Fault.objects.filter(operator=operator, closed_at=None, acknowledged_at=None).count()
    running = ChargingSession.objects.filter(operator=operator).active().count()
    stations = ChargingStation.objects.filter(operator=operator, archived_at=None).count()
    decisions = worklist.decisions(operator) if access.can(request.user, "invoice.view", operator) else 0
    badges = {"sessions": (running, False), "incidents": (faults, True), "money": (decisions, False)}
    entries = []
    for entry, href in entries_for(request.user, operator):
        badge, hot = badges.get(entry.icon, (0, False))
        entries.append(
            {
                "icon": entry.icon,
                "word": entry.word,
                "href": href,
                "here": _here(entry, path),
                "badge": badge,
                "hot": hot,
            }
        )
    return shared | {
        "entries": entries,
        "more_here": any(entry["here"] for entry in entries[4:]),
        "operators": list(Operator.objects.visible_to(request.user)),
        "size": ngettext("%(n)s charger", "%(n)s chargers", stations) % {"n": stations},
    }
