"""The API speaks UTC, and English unless the request names a language: no operator's defaults leak into it. No cache keeps its answers."""

from collections.abc import Callable
from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

PREFIX = "/api/"


def api_conventions(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        language = translation.get_language() if "Accept-Language" in request.headers else "en"
        with timezone.override(UTC), translation.override(language):
            response = get_response(request)
        response.setdefault("Cache-Control", "no-store")
        return response

    return middleware
