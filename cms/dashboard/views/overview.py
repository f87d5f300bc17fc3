"""/ops/: is anything broken now? The first screen needs no click."""

from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts import access
from accounts.doors import MemberRequest, members_only
from accounts.models import Role
from billing.selectors import assurance
from cms import charts
from cms.dashboard import answers, blocks, headlines, stages
from cms.dashboard.selectors import first_steps, overview, states, stations
from cms.templatetags.ui import STATES


@members_only("file.take")
def page(request: MemberRequest) -> HttpResponse:
    if request.membership.role == Role.HOST:
        return redirect("host:page")
    operator, now = request.operator, timezone.now()
    zone = ZoneInfo(operator.time_zone)
    size = overview.size(operator)
    context = {
        "topic": f"operator:{operator.pk}",
        "may_command": access.can(request.user, "station.command", operator),
        "size": size,
    }

    def head() -> dict[str, Any]:
        fresh, in_hand = overview.stations_in_need(operator)
        return {"headline": headlines.network(fresh, in_hand, size), "now": now, "fresh": fresh}

    def problems() -> dict[str, Any]:
        found = overview.problems(operator, now=now)
        rows = [
            {
                "problem": problem,
                "since": answers.moment(problem.fault.since, zone, now),
                "lasted": answers.roughly(now - problem.fault.since),
                "steps": stages.of(problem.command, now=now, zone=zone) if problem.command else [],
                "asked": stages.word(problem.command) if problem.command else "",
            }
            for problem in found
        ]
        risk = assurance.latest(operator) if access.can(request.user, "invoice.view", operator) else None
        return {"rows": rows, "currency": operator.currency, "now": now, "risk": risk}

    def ribbon() -> dict[str, Any]:
        counts = stations.network(operator)
        address = reverse("dashboard:stations")
        drawn = charts.ribbon(
            [
                charts.StateCount(token, str(STATES[token]), n, f"{address}?{urlencode({'state': token})}")
                for token, n in states.in_order(counts)
            ]
        )
        return {"chart": drawn, "answer": headlines.ribbon(counts), "any": bool(counts)}

    def power() -> dict[str, Any]:
        points = overview.band(operator, now=now)
        local = now.astimezone(zone)
        drawn = charts.power_band(points, now=local.hour * 60 + local.minute, band_words=headlines.band_words(local))
        return {"chart": drawn, "answer": headlines.power(points, local)}

    def today() -> dict[str, Any]:
        return headlines.today(operator, now=now, zone=zone)

    def steps() -> dict[str, Any]:
        listed = first_steps.of(operator, request.user)
        left = [step for step in listed if not step.done]
        return {"first_steps": listed, "left": len(left), "next": left[0]}

    shown = {
        "headline": blocks.Block("operator/overview/headline.html", head),
        "problems": blocks.Block("operator/overview/problems.html", problems),
        "ribbon": blocks.Block("operator/overview/ribbon.html", ribbon),
        "power": blocks.Block("operator/overview/power.html", power),
        "today": blocks.Block("operator/overview/today.html", today),
    }
    if not size:
        shown = {}
    if not first_steps.over(operator):
        shown["steps"] = blocks.Block("operator/overview/first_steps.html", steps)
    return blocks.page(request, "operator/overview/page.html", context, shown)
