"""Help and privacy: short, true, and in the same place on every page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from cms.portal.selectors import evses, help_lines


def help_page(request: HttpRequest) -> HttpResponse:
    """With `?code=` the charger that the driver stands at comes first (WCAG 3.2.6, ux.md)."""
    evse = evses.by_code(request.GET.get("code", ""))
    return render(request, "driver/help.html", {"evse": evse, "lines": help_lines.of(request.user, evse)})


def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "driver/privacy.html")
