"""`/`: where can I charge, how far, free or not, at what price."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from cms import maps
from cms.dashboard import blocks
from cms.dashboard.blocks import Block
from cms.portal import codes, sketch, wishes
from cms.portal.selectors import evses, places


@maps.with_tiles
def page(request: HttpRequest) -> HttpResponse:
    if pill := request.GET.get("toggle"):
        return redirect(f"{request.path}?{wishes.toggled(request.GET, pill)}")
    wish = wishes.read(request.GET)
    if codes.looks_like(wish.text) and (evse := evses.by_code(wish.text)):
        return redirect("portal:evse", evse.uid)
    start = wishes.start(request.GET)
    found = places.search(wish, at=timezone.now(), asker=request.user, start=start)
    shown = start + len(found.places)
    context = {
        "wish": wish,
        "found": found,
        "filters": wishes.pressed(request.GET),
        "next_from": shown if shown < found.total else None,
        "filtered": wishes.anywhere(wish) != wish,
        "cities": [] if found.places else places.cities(),
        "sketch": sketch.of(found.places, me=wish.near),
        "tiles": settings.TILE_URL,
        "attribution": settings.TILE_ATTRIBUTION,
    }
    return blocks.page(request, "driver/find.html", context, {"places": Block("driver/_places.html", dict)})
