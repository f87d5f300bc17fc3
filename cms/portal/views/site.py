"""`/l/<id>-<name>/`: one place with all its sockets. Only the number counts; the name is for people."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from cms.dashboard import blocks
from cms.dashboard.blocks import Block
from cms.portal.selectors import busy, places


def page(request: HttpRequest, where: str) -> HttpResponse:
    number = where.partition("-")[0]
    known = number.isascii() and number.isdigit() and len(number) < 19
    if not known or not places.listed().filter(pk=number).exists():
        raise Http404("no such public place")
    place = places.described([int(number)], at=timezone.now(), asker=request.user)[0]
    if request.path != place.url:
        return redirect(place.url)
    once = {"place": place, "busy": busy.hours(place.location)}
    return blocks.page(request, "driver/site.html", once, {"site": Block("driver/_site.html", dict)})
