"""Pages of no room: the one without a network, and the worker that shows it."""

from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control


@cache_control(max_age=3600)
def offline(request: HttpRequest) -> HttpResponse:
    return render(request, "offline.html")


@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """From the root, because a worker serves only what lies below it."""
    path = finders.find("js/sw.js")
    return HttpResponse(Path(str(path)).read_bytes(), content_type="text/javascript")
