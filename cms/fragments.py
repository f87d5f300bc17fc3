"""One address, two answers: the page, and the block that htmx fetches of it (cms.dashboard.blocks). Browsers are told, or the back
button finds the block where the page was."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

SAID_BY_HTMX = ("HX-Request", "HX-Target")


def kept_apart(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        answer = get_response(request)
        patch_vary_headers(answer, SAID_BY_HTMX)
        return answer

    return middleware
